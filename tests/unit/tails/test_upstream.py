# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The merge request for the Tails image: what can be checked without an image."""

from __future__ import annotations

import ast
import base64
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from tails_integration.base import tor
from tails_integration.base.processes import NAMES
from tails_integration.install import activation
from tails_integration.persistence import startup
from tails_integration.persistence.bindings import KEPT
from tails_integration.pidgin import importer

from .tails_facts import ANCHORS
from .tails_facts import SNAPSHOTS
from .tails_facts import STEPS as STEPS_OF_TAILS

REPOSITORY = Path(__file__).parents[3]
TREE = REPOSITORY / "tails_integration" / "upstream"
FILES = TREE / "files"
EDITS = TREE / "edits"
HOOK = FILES / "config" / "chroot_local-hooks" / "55-gajim"
FEATURE = FILES / "features" / "gajim.feature"
STEPS = FILES / "features" / "step_definitions" / "gajim.rb"
REQUEST = TREE / "MERGE-REQUEST.md"
INSTALLED = REPOSITORY / "debian" / "tails-gajim.install"

STUB = Path(__file__).with_name("steps_stub.rb")


def load_tool() -> ModuleType:
    """tools/tails-tree, which has no suffix."""
    path = str(REPOSITORY / "tools" / "tails-tree")
    loader = SourceFileLoader("tails_tree", path)
    spec = spec_from_loader("tails_tree", loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules["tails_tree"] = module
    loader.exec_module(module)
    return module


tool = load_tool()


def inserted(name: str) -> str:
    """The text of an edit."""
    return (EDITS / f"{name}.edit").read_text().partition("---\n")[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with the facts about Tails that the edits need."""
    for name, anchor in ANCHORS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"first\n{anchor}last\n")
    return tmp_path


def test_it_applies(tree: Path) -> None:
    new = tool.apply(tree)
    assert len(new) == len([p for p in FILES.rglob("*") if p.is_file()])
    assert {str(edit.path) for edit in tool.edits()} == set(ANCHORS)
    for edit in tool.edits():
        assert edit.text in (tree / edit.path).read_text()


def test_it_does_not_apply_twice(tree: Path) -> None:
    tool.apply(tree)
    with pytest.raises(tool.Failed, match="there already"):
        tool.apply(tree)


def test_a_place_that_is_gone_is_said(tree: Path) -> None:
    (tree / "config/chroot_local-packageslists/tails-common.list").write_text("x\n")
    with pytest.raises(tool.Failed, match="0 places"):
        tool.apply(tree)


def calls(text: str, name: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == name
    ]


def test_nothing_of_it_can_be_imported() -> None:
    """Neither as a package nor as a namespace package without `__init__.py`."""
    for path in TREE.rglob("*"):
        parts = path.relative_to(TREE).with_suffix("").parts
        importable = path.suffix == ".py" and all(p.isidentifier() for p in parts)
        assert not importable, path


def test_no_package_ships_it() -> None:
    shipped = INSTALLED.read_text()
    rules = (REPOSITORY / "debian" / "rules").read_text()
    assert "tails_integration usr/share/tails-gajim" in shipped
    assert "rm -r debian/tails-gajim$(tails)/tails_integration/upstream" in rules


def test_the_image_keeps_what_the_helper_keeps() -> None:
    """One who changes from the helper's lines to the feature finds it all again."""
    text = inserted("features.py")
    found = [
        tuple(ast.literal_eval(argument) for argument in call.args)
        for call in calls(text, "Binding")
    ]
    assert found == [(str(b.source), str(b.target)) for b in KEPT]


def test_who_is_in_conflict() -> None:
    text = inserted("features.py")
    (call,) = calls(text, "ConflictingApp")
    values = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
    assert set(values["process_names"]) == NAMES


def test_both_sides_have_the_feature() -> None:
    names = []
    for name in ("features.py", "features_view.py"):
        (node,) = (
            n for n in ast.parse(inserted(name)).body if isinstance(n, ast.ClassDef)
        )
        names.append(node.name)
    assert names == ["Gajim", "Gajim"]


def test_the_row() -> None:
    root = ElementTree.fromstring(inserted("features_view.ui"))
    ids = {node.get("id") for node in root.iter() if node.get("id")}
    assert ids == {"gajim_row", "gajim_box", "gajim_switch"}


def scripts() -> list[Path]:
    return [
        path
        for path in sorted(TREE.rglob("*"))
        if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh")
    ]


@pytest.mark.parametrize("script", scripts(), ids=lambda path: str(path.name))
def test_scripts_parse_and_can_be_run(script: Path) -> None:
    subprocess.run(["sh", "-n", script], check=True)
    assert script.stat().st_mode & 0o111
    assert "set -eu" in script.read_text()


def test_the_hook_notes_what_the_assistant_has_noted() -> None:
    (hook,) = (path for path in scripts() if "on-activated-hooks" in str(path))
    text = hook.read_text()
    assert f"gajim/config/tails/{importer._STATE}" in text
    assert "make 0750 .tails/migrations/PidginToGajim" in text


def test_hooks_are_seen() -> None:
    assert len(scripts()) == 2


def test_the_build_hook_looks_for_what_activation_makes() -> None:
    text = HOOK.read_text()
    for path in (
        activation.OVERRIDES,
        activation.BUS_POLICY,
        activation.APPARMOR,
        activation.DIVERTED,
    ):
        assert str(path) in text


def test_hooks_of_the_storage_follow_no_link() -> None:
    (hook,) = (path for path in scripts() if "on-activated-hooks" in str(path))
    assert hook.parent.name == "Gajim"
    paths = re.findall(r"/\S*TailsData_unlocked", hook.read_text())
    assert paths
    assert all(path.startswith("/run/nosymfollow/") for path in paths)


def test_the_packages_are_ours() -> None:
    listed = set(inserted("tails-common.list").split())
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
    patterns = (*defined(), *STEPS_OF_TAILS, *map(re.escape, SNAPSHOTS))
    matching = [pattern for pattern in patterns if re.fullmatch(pattern, step)]
    assert len(matching) == 1, matching


def test_each_definition_is_used() -> None:
    unused = [d for d in defined() if not any(re.fullmatch(d, s) for s in steps())]
    assert not unused


@pytest.mark.skipif(shutil.which("ruby") is None, reason="install ruby")
def test_the_steps_run_against_the_signatures_of_tails(tmp_path: Path) -> None:
    (tmp_path / "steps").write_text("\n".join(steps()))
    ended = subprocess.run(
        ["ruby", STUB, STEPS, tmp_path / "steps"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    ours = [s for s in steps() if any(re.fullmatch(d, s) for d in defined())]
    assert int(ended.stdout) == len(ours)


def test_the_steps_read_the_identity_key_of_a_store(tmp_path: Path) -> None:
    """The query of the step, on a store that the plugin has made."""
    from tests.support.engine.fake_network import FakeNetwork

    engine = FakeNetwork(tmp_path).peer("alice@example.org").engine
    engine.commit()
    (store,) = tmp_path.rglob("*.db")
    query = re.search(r"database\.execute\(\n(.*?)\n    \)", STEPS.read_text(), re.S)
    assert query is not None
    with closing(sqlite3.connect(store)) as database:
        ((key,),) = database.execute(ast.literal_eval(f"({query[1]})"))
    assert base64.urlsafe_b64decode(json.loads(key)) == engine.identity_key


def test_the_steps_know_our_windows() -> None:
    text = STEPS.read_text()
    assert startup.title() in text
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
            activation.OVERRIDES,
            activation.BUS_POLICY,
            activation.APPARMOR,
        )
