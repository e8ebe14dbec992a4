# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The merge request for the Tails image: what can be checked without an image."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tails_integration import activate
from tails_integration import persistence_step
from tails_integration import tor
from tails_integration.bindings import KEPT
from tails_integration.running import NAMES

REPOSITORY = Path(__file__).parents[3]
TREE = REPOSITORY / "tails_integration" / "tails.git"
HOOK = TREE / "config" / "chroot_local-hooks" / "55-gajim"
FEATURE = TREE / "features" / "gajim.feature"
STEPS = TREE / "features" / "step_definitions" / "gajim.rb"
REQUEST = TREE / "MERGE-REQUEST.md"

# Those that Tails has, in features/step_definitions (seen in 6.16)
OF_TAILS = [
    r"I have started Tails from DVD and logged in and the network is (dis)?connected",
    r"I have started Tails without network from a USB drive with a persistent"
    r" partition enabled and logged in",
    r'I start "[^"]+" via GNOME Activities Overview',
    r"the network is plugged",
    r"Tor is ready",
    r"all persistence presets are enabled",
    r"I shutdown Tails and wait for the computer to power off",
    r'I start Tails from USB drive "[^"]+" with network unplugged and I login with'
    r" persistence enabled",
]


def calls(text: str, name: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == name
    ]


def test_the_image_keeps_what_the_helper_keeps() -> None:
    """One who changes from the helper's lines to the feature finds it all again."""
    text = (TREE / "changes" / "features.py").read_text()
    found = [
        tuple(ast.literal_eval(argument) for argument in call.args)
        for call in calls(text, "Binding")
    ]
    assert found == [(str(b.source), str(b.target)) for b in KEPT]


def test_who_is_in_conflict() -> None:
    text = (TREE / "changes" / "features.py").read_text()
    (call,) = calls(text, "ConflictingApp")
    values = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
    assert set(values["process_names"]) == NAMES


def test_both_sides_have_the_feature() -> None:
    names = []
    for file in ("features.py", "features_view.py"):
        (node,) = (
            n
            for n in ast.parse((TREE / "changes" / file).read_text()).body
            if isinstance(n, ast.ClassDef)
        )
        names.append(node.name)
    assert names == ["Gajim", "Gajim"]


def test_the_row() -> None:
    root = ElementTree.fromstring(
        (TREE / "changes" / "features_view.ui.in").read_text()
    )
    ids = {node.get("id") for node in root.iter() if node.get("id")}
    assert ids == {"gajim_row", "gajim_box", "gajim_switch"}


def scripts() -> list[Path]:
    return [
        path
        for path in sorted(TREE.rglob("*"))
        if path.is_file() and path.read_text().startswith("#!/bin/sh")
    ]


@pytest.mark.parametrize("script", scripts(), ids=lambda path: str(path.name))
def test_scripts_parse_and_can_be_run(script: Path) -> None:
    subprocess.run(["sh", "-n", script], check=True)
    assert script.stat().st_mode & 0o111
    assert "set -eu" in script.read_text()


def test_hooks_are_seen() -> None:
    assert len(scripts()) == 2


def test_the_build_hook_looks_for_what_activation_makes() -> None:
    text = HOOK.read_text()
    for path in (
        activate.OVERRIDES,
        activate.BUS_POLICY,
        activate.APPARMOR,
        activate.DIVERTED,
    ):
        assert str(path) in text


def test_hooks_of_the_storage_follow_no_link() -> None:
    (hook,) = (path for path in scripts() if "on-activated-hooks" in str(path))
    assert hook.parent.name == "Gajim"
    paths = re.findall(r"/\S*TailsData_unlocked", hook.read_text())
    assert paths
    assert all(path.startswith("/run/nosymfollow/") for path in paths)


def test_the_packages_are_ours() -> None:
    lines = (TREE / "changes" / "tails-common.list").read_text().splitlines()
    listed = {line for line in lines if line and not line.startswith("#")}
    control = (REPOSITORY / "debian" / "control").read_text()
    made = set(re.findall(r"^Package: (\S+)$", control, re.MULTILINE))
    assert listed == made | {"gajim"}


def steps() -> list[str]:
    found = re.findall(
        r"^    (?:Given|When|Then|And) (.+)$", FEATURE.read_text(), re.MULTILINE
    )
    assert len(found) > 20
    return list(dict.fromkeys(found))


def defined() -> list[str]:
    return re.findall(
        r"^(?:Given|When|Then) /\^(.+)\$/ do", STEPS.read_text(), re.MULTILINE
    )


@pytest.mark.parametrize("step", steps())
def test_each_step_has_one_definition(step: str) -> None:
    matching = [d for d in (*defined(), *OF_TAILS) if re.fullmatch(d, step)]
    assert len(matching) == 1, matching


def test_each_definition_is_used() -> None:
    unused = [d for d in defined() if not any(re.fullmatch(d, s) for s in steps())]
    assert not unused


def test_the_steps_are_ruby() -> None:
    if shutil.which("ruby") is None:
        # Every block that begins ends, at least
        text = STEPS.read_text()
        code = re.sub(r"<<~PYTHON.*?^\s+PYTHON$", "", text, flags=re.S | re.M)
        begun = len(re.findall(r"\bdo( \|\w+\|)?$|^def ", code, re.MULTILINE))
        assert begun == len(re.findall(r"^\s*end$", code, re.MULTILINE))
        return
    subprocess.run(["ruby", "-c", STEPS], check=True, capture_output=True)


def test_the_steps_know_our_windows() -> None:
    text = STEPS.read_text()
    assert persistence_step.title() in text
    assert tor.TorNotReady().title in text
    assert "Start anyway" in text


def test_every_requirement_and_objection_is_answered() -> None:
    text = REQUEST.read_text()
    rows = re.findall(r"^\| (R\d+) \| [^|]+ \| ([^|]+) \|$", text, re.MULTILINE)
    assert [name for name, _answer in rows] == [f"R{n}" for n in range(1, 14)]
    for word in ("wizard", "keyring", "D-Bus", "CVE-2016-10376", "installer", "AppA"):
        assert word in text


@pytest.mark.parametrize("page", sorted(TREE.rglob("*.mdwn")), ids=lambda p: p.stem)
def test_pages_say_what_is_true_here(page: Path) -> None:
    text = page.read_text()
    assert "SPDX-License-Identifier" in text
    for path in re.findall(r"`(/etc/[^`]+)`", text):
        assert Path(path) in (
            activate.OVERRIDES,
            activate.BUS_POLICY,
            activate.APPARMOR,
        )
