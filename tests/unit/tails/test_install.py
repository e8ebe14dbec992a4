# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system's part: put in place on Tails, and taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tails_integration import cli
from tails_integration import policy
from tails_integration.base.errors import NotTails
from tails_integration.base.errors import TailsError
from tails_integration.install import activation

from .machine import Machine

PLACES = (activation.GENERATED, activation.BUS_POLICY, activation.APPARMOR)


@pytest.fixture
def root(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path, uid=0)
    machine.write("/usr/bin/gajim", "the real one")
    machine.write("/sys/module/apparmor/parameters/enabled", "Y\n")
    return machine


def files(machine: Machine) -> set[str]:
    skipped = ("home", "run", "proc", "sys")
    return {
        str(path.relative_to(machine.root))
        for path in machine.root.rglob("*")
        if not path.is_dir() and path.relative_to(machine.root).parts[0] not in skipped
    }


def test_everything_is_put_in_place(root: Machine) -> None:
    system = root.system()
    assert activation.activate(system) == []
    assert system.file(activation.OVERRIDES).readlink() == activation.GENERATED
    assert json.loads(system.file(activation.GENERATED).read_text()) == (
        policy.overrides((1, 7, 3))
    )
    assert system.file(activation.DIVERTED).read_text() == "the real one"
    assert system.file(activation.PROGRAM).readlink() == activation.LAUNCHER
    assert [command[0] for command in root.ran if command[0] != 'dpkg-query'] == [
        'apparmor_parser', 'dpkg-divert',
    ]  # fmt: skip
    assert list(activation.missing(system, lambda *words: words)) == []


def test_twice_is_as_good_as_once(root: Machine) -> None:
    activation.activate(root.system())
    before = files(root)
    activation.activate(root.system())
    assert files(root) == before
    assert sum(command[0] == "dpkg-divert" for command in root.ran) == 1


def test_it_is_taken_back(root: Machine) -> None:
    before = files(root)
    activation.activate(root.system())
    assert files(root) != before
    activation.deactivate(root.system())
    assert files(root) == before
    assert not (root.root / "etc" / "gajim").exists()
    assert root.system().file(activation.PROGRAM).read_text() == "the real one"


@pytest.mark.parametrize("name", ["debian", "ubuntu", "tailsx"])
def test_another_system_is_left_alone(tmp_path: Path, name: str) -> None:
    machine = Machine(tmp_path, name=name, uid=0)
    before = files(machine)
    with pytest.raises(NotTails):
        activation.activate(machine.system())
    assert cli.main(["tails-gajim", "activate"], machine.system()) == 3
    assert cli.main(["tails-gajim", "setup"], machine.system()) == 3
    assert cli.main(["tails-gajim", "install"], machine.system()) == 3
    activation.deactivate(machine.system())
    assert files(machine) == before
    assert machine.ran == []


def test_while_an_image_is_built(tmp_path: Path) -> None:
    """The kernel is the builder's: AppArmor's profile is not loaded into it."""
    machine = Machine(tmp_path, name="debian", uid=0)
    machine.write("/usr/bin/gajim", "the real one")
    machine.write("/sys/module/apparmor/parameters/enabled", "Y\n")
    words = ["tails-gajim", "activate", "--anywhere"]
    assert cli.main(words, machine.system()) == 0
    assert all(machine.system().file(path).exists() for path in PLACES)
    assert "apparmor_parser" not in [command[0] for command in machine.ran]


def test_the_administrators_overrides_are_left_alone(root: Machine) -> None:
    theirs = root.write(str(activation.OVERRIDES), '{"autoaway": true}')
    (warning,) = activation.activate(root.system())
    assert str(activation.OVERRIDES) in warning
    assert theirs.read_text() == '{"autoaway": true}'
    found = list(activation.missing(root.system(), lambda *words: words))
    assert len(found) == 1
    activation.deactivate(root.system())
    assert theirs.read_text() == '{"autoaway": true}'
    assert not root.system().file(activation.GENERATED).parent.exists()


@pytest.mark.parametrize("word", ["activate", "deactivate"])
def test_only_root_can(
    machine: Machine, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["tails-gajim", word], machine.system()) == 3
    assert "root" in capsys.readouterr().err


def test_without_apparmor_it_says_so(root: Machine) -> None:
    root.write("/sys/module/apparmor/parameters/enabled", "N\n")
    (warning,) = activation.activate(root.system())
    assert "AppArmor" in warning


def test_a_profile_that_is_not_taken_is_no_reason_to_stop(root: Machine) -> None:
    root.answers["apparmor_parser"] = (1, "")
    (warning,) = activation.activate(root.system())
    assert "it failed" in warning
    assert root.system().file(activation.PROGRAM).is_symlink()


def test_dpkg_divert_fails(root: Machine) -> None:
    root.answers["dpkg-divert"] = (2, "")
    with pytest.raises(TailsError, match="it failed"):
        activation.activate(root.system())
    assert root.system().file(activation.PROGRAM).read_text() == "the real one"


@pytest.mark.parametrize(
    ("text", "is_tails"),
    [
        ('ID="tails"', True),
        ("ID='tails'", True),
        ("NAME=Tails", True),
        ('ID=debian\nNAME="Tails"', True),
        ("ID=debian", False),
        ('PRETTY_NAME="Tails"\nID=debian', False),
        ("", False),
    ],
)
def test_tails_is_recognised_by_os_release(
    machine: Machine, text: str, is_tails: bool
) -> None:
    machine.write("/etc/os-release", text)
    assert machine.system().is_tails() is is_tails


def test_older_ones_have_a_folder(machine: Machine) -> None:
    (machine.root / "etc/os-release").unlink()
    assert not machine.system().is_tails()
    (machine.root / "etc/amnesia").mkdir()
    assert machine.system().is_tails()
