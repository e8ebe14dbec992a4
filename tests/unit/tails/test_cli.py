# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command as a whole: its version, its completion, its output for programs."""

from __future__ import annotations

import configparser
import dataclasses
import json
import subprocess
from pathlib import Path

import pytest

from tails_integration import __version__
from tails_integration import cli
from tails_integration.settings import audit
from tails_integration.settings.audit import AuditFinding
from tails_integration.settings.audit import Severity

from .machine import Machine

REPOSITORY = Path(__file__).parents[3]
DATA = REPOSITORY / "tails_integration" / "data"
COMPLETION = DATA / "completions" / "tails-gajim"


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["tails-gajim", "--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"tails-gajim {__version__}\n"
    setup = configparser.ConfigParser()
    setup.read(REPOSITORY / "setup.cfg")
    assert setup["metadata"]["version"] == __version__


def complete(*words: str) -> list[str]:
    """The completions that bash offers for the last word."""
    script = (
        f"source {COMPLETION}; COMP_WORDS=({' '.join(words)} ''); "
        f"COMP_CWORD={len(words)}; _tails_gajim; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    ended = subprocess.run(
        ["bash", "-c", script], check=True, capture_output=True, text=True
    )
    return ended.stdout.split()


def test_every_command_is_completed() -> None:
    names = {command.NAME for command in cli.COMMANDS}
    assert set(complete("tails-gajim")) == names | {"--help", "--version"}


@pytest.mark.parametrize("name", [command.NAME for command in cli.COMMANDS])
def test_completed_words_are_understood(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "start":
        return  # whatever follows is Gajim's
    with pytest.raises(SystemExit):
        cli.main(["tails-gajim", name, "--help"])
    offered = capsys.readouterr().out
    for word in complete("tails-gajim", name):
        assert word in offered


def test_the_schema_is_that_of_the_findings(machine: Machine) -> None:
    item = json.loads((DATA / "check.schema.json").read_text())["items"]
    fields = [field.name for field in dataclasses.fields(AuditFinding)]
    assert list(item["properties"]) == item["required"] == fields
    assert item["properties"]["severity"]["enum"] == list(Severity)
    found = json.loads(audit.as_json(audit.findings(machine.system())))
    assert found
    for finding in found:
        assert set(finding) == set(fields)
        assert finding["severity"] in item["properties"]["severity"]["enum"]
        assert all(isinstance(text, str) and text for text in finding.values())
