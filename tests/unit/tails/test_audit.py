# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings of `tails-gajim check`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tails_integration import cli
from tails_integration.install import activation
from tails_integration.settings import audit
from tails_integration.settings import preseed
from tails_integration.settings import profile
from tails_integration.settings.audit import Severity

from .machine import Machine


def prepared(machine: Machine) -> None:
    machine.write("/usr/bin/gajim", "")
    user = machine.uid
    machine.uid = 0
    activation.activate(machine.system())
    machine.uid = user
    with profile.edit(machine.system()) as edited:
        edited.add_account("alice", {})
    preseed.apply(machine.system())


def change(machine: Machine, **settings: Any) -> None:
    with profile.edit(machine.system()) as edited:
        edited.accounts["alice"]["account"].update(settings)


def test_nothing(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    prepared(machine)
    assert audit.findings(machine.system()) == []
    assert cli.main(["tails-gajim", "check"], machine.system()) == 0
    assert capsys.readouterr().out == "Nothing would leak.\n"


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("no-proxy", "directly"),
        ("nowhere", "does not exist"),
        ("Mine", "not Tor"),
        ("Far", "not Tor"),
    ],
)
def test_past_tor(
    machine: Machine, proxy: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared(machine)
    with profile.edit(machine.system()) as edited:
        edited.proxies["Mine"] = {"type": "http", "host": "127.0.0.1", "port": 9050}
        edited.proxies["Far"] = {"type": "socks5", "host": "x.example", "port": 9050}
    change(machine, proxy=proxy)
    (found,) = audit.findings(machine.system())
    assert found.severity is Severity.LEAK
    assert words in found.what
    assert cli.main(["tails-gajim", "audit", "--json"], machine.system()) == 1
    (printed,) = json.loads(capsys.readouterr().out)
    assert set(printed) == {"severity", "what", "reason", "mend"}
    assert all(printed.values())


@pytest.mark.parametrize("proxy", ["", "Tails alice", "Tor"])
def test_not_past_tor(machine: Machine, proxy: str) -> None:
    prepared(machine)
    with profile.edit(machine.system()) as edited:
        edited.proxies["Tor"] = {"type": "socks5", "host": "localhost", "port": 9050}
    change(machine, proxy=proxy)
    found = profile.read(machine.system())
    assert found is not None
    assert list(audit.direct_connections(found)) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"send_os_info": True}, "send_os_info is true"),
        ({"use_plain_connection": True}, "use_plain_connection"),
        ({"custom_type": "PLAIN"}, "without TLS"),
    ],
)
def test_weaker(machine: Machine, settings: dict[str, Any], words: str) -> None:
    prepared(machine)
    change(machine, **settings)
    (found,) = audit.findings(machine.system())
    assert found.severity is Severity.WEAK
    assert words in found.what


def test_two_accounts_with_one_identity(machine: Machine) -> None:
    prepared(machine)
    with profile.edit(machine.system()) as edited:
        edited.proxies["Tails alice"] = edited.proxies["Tails"]
    (found,) = audit.findings(machine.system())
    assert "same name" in found.what


def test_the_plugin_is_off(machine: Machine) -> None:
    prepared(machine)
    with profile.edit(machine.system()) as edited:
        edited.plugins["omemo_plugin"] = {"active": False}
    (found,) = audit.findings(machine.system())
    assert "“omemo_plugin” is switched off" in found.what
    assert audit.is_violation(found)


def test_another_plugin_is_on(machine: Machine) -> None:
    """As where Gajim was started without the launcher, beside gajim-omemo."""
    prepared(machine)
    with profile.edit(machine.system()) as edited:
        edited.plugins["omemo"] = {"active": True}
    (found,) = audit.findings(machine.system())
    assert "“omemo” is switched on" in found.what
    assert cli.main(["tails-gajim", "check"], machine.system()) == 1


def test_the_plugin_is_not_installed(machine: Machine) -> None:
    prepared(machine)
    (machine.root / "usr/share/gajim/plugins/omemo_plugin").rename(
        machine.root / "elsewhere"
    )
    (found,) = audit.findings(machine.system())
    assert "“omemo_plugin” is not installed" in found.what
    assert audit.is_violation(found)


def test_others_can_read_it(machine: Machine) -> None:
    prepared(machine)
    profile.settings_file(machine.system()).chmod(0o644)
    (found,) = audit.findings(machine.system())
    assert "read by others" in found.what


def test_gajim_was_started_past_us(machine: Machine) -> None:
    prepared(machine)
    machine.add_process(
        4_000_001, "gajim", "/usr/bin/python3 -I /x/tails_integration/bin/gajim"
    )
    assert audit.findings(machine.system()) == []
    machine.add_process(4_000_002, "gajim", "/usr/bin/python3 /usr/bin/gajim.real")
    (found,) = audit.findings(machine.system())
    assert found.severity is Severity.LEAK
    assert "4000002" in found.what


@pytest.mark.parametrize("path", [activation.GENERATED, activation.BUS_POLICY])
def test_the_system_was_changed(machine: Machine, path: Any) -> None:
    prepared(machine)
    machine.system().file(path).write_text("{}")
    (found,) = audit.findings(machine.system())
    assert str(path) in found.reason


def test_an_account_of_this_session_is_no_violation(machine: Machine) -> None:
    prepared(machine)
    with profile.edit(machine.system()) as edited:
        del edited.proxies["Tails alice"]
    change(machine, proxy="")
    (found,) = audit.findings(machine.system())
    assert "alice" in found.what
    assert found.severity is Severity.NOTE


def test_notes_are_no_violations(machine: Machine) -> None:
    prepared(machine)
    machine.write("/usr/lib/x/girepository-1.0/Farstream-0.2.typelib", "")
    plugins = machine.system().data / "plugins"
    (plugins / "strange").mkdir(parents=True)
    (plugins / "omemo_plugin").mkdir()
    found = audit.findings(machine.system())
    assert [finding.severity for finding in found] == [Severity.NOTE] * 2
    assert cli.main(["tails-gajim", "check"], machine.system()) == 0


def test_nothing_was_installed(machine: Machine) -> None:
    assert cli.main(["tails-gajim", "check"], machine.system()) == 1
