# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root helper on a machine with a Persistent Storage, and the restart after it."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tails_integration.persistence.bindings import HISTORY
from tails_integration.persistence.bindings import KEPT
from tails_integration.persistence.user import HELPER
from tests.support.tails.machine import Machine
from tests.support.tails.persistence import CONF
from tests.support.tails.persistence import TPS_IDS
from tests.support.tails.persistence import PersistentStorage
from tests.support.tails.root import HOME
from tests.support.tails.root import USER_IDS
from tests.support.tails.root import TailsRoot

PROGRAM = Path(__file__).parents[2] / "tails_integration"
DATA = HOME / ".local" / "share" / "gajim"
TEXT = "nothing of this may be kept"
USERS = "# mine\n/home/amnesia/notes\tsource=notes\n"
OURS = [binding.line for binding in KEPT]


class Stick:
    """A USB stick with a Tails and a Persistent Storage."""

    def __init__(self, root: TailsRoot, folder: Path) -> None:
        self._folder = folder
        self.storage = PersistentStorage(folder / "TailsData")
        (self.storage.folder / CONF).write_text(USERS)
        self.root = root
        self.machine: Machine | None = None

    def boot(self) -> Machine:
        """Pull the plug of what runs, and start anew with an empty home."""
        self.unplug()
        self.root.forget()
        binds = [self.storage.bind]
        self.machine = Machine("stick", self.root.path, self._folder, binds)
        self.storage.unlock(self.machine)
        return self.machine

    def unplug(self) -> None:
        if self.machine is not None:
            self.machine.stop()
            self.machine = None


@pytest.fixture(scope="module")
def root(namespaces: None, suite: str) -> Iterator[TailsRoot]:
    """A Tails with our program in it."""
    root = TailsRoot(suite)
    shutil.copytree(
        PROGRAM,
        (root.path / HELPER.lstrip("/")).parents[1],
        ignore=shutil.ignore_patterns("__pycache__", "upstream"),
    )
    yield root
    root.close()


@pytest.fixture
def stick(root: TailsRoot, tmp_path: Path) -> Iterator[Stick]:
    stick = Stick(root, tmp_path)
    yield stick
    stick.unplug()


def helper(machine: Machine, word: str) -> str:
    """Start it as pkexec does."""
    argv = [HELPER, word]
    return machine.run(argv, environment={"PKEXEC_UID": str(USER_IDS[0])}).stdout


def as_user(machine: Machine, script: str) -> str:
    return machine.run(["sh", "-c", f"umask 077; {script}"], USER_IDS).stdout


def write(machine: Machine) -> None:
    """Write a file of each kind that Gajim leaves behind."""
    as_user(
        machine,
        f"mkdir -p {HOME}/.config/gajim {DATA}/plugins_data {DATA}/downloads"
        f" && echo accounts >{HOME}/.config/gajim/settings.sqlite"
        f" && echo keys >{DATA}/plugins_data/keys.db"
        f' && echo "{TEXT}" >{DATA}/logs.db && echo "{TEXT}" >{DATA}/downloads/file',
    )


def test_kept_at_once_and_after_a_restart(stick: Stick) -> None:
    machine = stick.boot()
    # What was there before is carried over
    as_user(
        machine,
        f"mkdir -p {HOME}/.config/gajim && echo before >{HOME}/.config/gajim/before",
    )
    assert helper(machine, "enable") == "now\n"
    assert stick.storage.lines == [*USERS.splitlines(), *OURS]
    write(machine)
    machine = stick.boot()
    assert as_user(machine, f"cat {HOME}/.config/gajim/settings.sqlite") == "accounts\n"
    assert as_user(machine, f"cat {HOME}/.config/gajim/before") == "before\n"
    assert as_user(machine, f"cat {DATA}/plugins_data/keys.db") == "keys\n"
    assert as_user(machine, f"ls {DATA}").split() == ["cert_store", "plugins_data"]
    assert stick.storage.files_with(TEXT) == []
    for binding in KEPT:
        state = (stick.storage.folder / binding.source).stat()
        assert (state.st_uid, state.st_gid) == USER_IDS
        assert stat.S_IMODE(state.st_mode) == 0o700


def test_tails_accepts_the_file(stick: Stick) -> None:
    machine = stick.boot()
    for word in ("enable", "enable", "enable-history", "disable-history", "disable"):
        helper(machine, word)
        conf = stick.storage.folder / CONF
        state = conf.stat()
        assert (state.st_uid, state.st_gid) == TPS_IDS
        assert stat.S_IMODE(state.st_mode) == 0o600
        machine.run(["/usr/local/lib/tpscli", "reload"])
        assert not conf.with_suffix(".conf.invalid").exists()
    assert stick.storage.lines == USERS.splitlines()


def test_history_is_kept_when_asked_for(stick: Stick) -> None:
    machine = stick.boot()
    assert helper(machine, "enable-history") == "now\n"
    as_user(machine, f'echo "{TEXT}" >{HISTORY.target}/logs.db')
    machine = stick.boot()
    assert as_user(machine, f"cat {HISTORY.target}/logs.db").strip() == TEXT


def test_not_by_anybody_else(stick: Stick) -> None:
    machine = stick.boot()
    for environment, ids in (
        ({}, (0, 0)),
        ({"PKEXEC_UID": "0"}, (0, 0)),
        ({"PKEXEC_UID": "1000"}, USER_IDS),
    ):
        done = machine.run(
            [HELPER, "enable"], ids, environment=environment, check=False
        )
        assert done.returncode == 2
    assert stick.storage.lines == USERS.splitlines()
