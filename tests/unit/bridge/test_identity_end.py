# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of an identity: on the disk, through crashes, and without a connection."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from omemo_plugin.bridge import identity_end
from omemo_plugin.bridge.identity_end import IdentityEnd
from omemo_plugin.bridge.state.earlier_store import EarlierStore
from omemo_plugin.bridge.state.key_files import delete_key_files
from omemo_plugin.bridge.state.leaving import AfterEnd
from omemo_plugin.bridge.state.leaving import LeavingRecord
from omemo_plugin.bridge.state.paths import Folders
from omemo_plugin.bridge.state.paths import encrypted_chats_path
from omemo_plugin.bridge.state.paths import leaving_path
from omemo_plugin.bridge.state.paths import recipients_path
from omemo_plugin.bridge.state.paths import rollback_marker_path
from omemo_plugin.bridge.state.paths import store_path
from omemo_plugin.engine.effects import AlarmRaised
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import StoreDamaged
from omemo_plugin.engine.values import AlarmKind
from tests.support.engine.earlier_database import make_database
from tests.support.engine.secrets_on_disk import found_below
from tests.support.engine.secrets_on_disk import values_of
from tests.support.main_loop import MainLoop

ME = "me@example.org"


class FakeDeparture:
    """Takes devices off when told to."""

    def __init__(self, *_arguments: object) -> None:
        self.asked: list[tuple[frozenset[int], Callable[[bool], None]]] = []

    def connected(self) -> None:
        """The requests of before are not answered."""

    def take_off(self, devices: frozenset[int], done: Callable[[bool], None]) -> None:
        self.asked.append((devices, done))

    def answer(self, complete: bool) -> None:
        self.asked.pop(0)[1](complete)


class Account:
    """The files of an account, and what begins and stops on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folders = Folders(folder / "data", folder / "config")
        for one in (self.folders.data, self.folders.config):
            one.mkdir(exist_ok=True)
        self.path = store_path(self.folders.data, ME)
        self.engine: OmemoEngine | None = None
        self.is_damaged = False
        self.calls: list[str] = []
        self.client: Any = SimpleNamespace(state=SimpleNamespace(is_available=True))
        self.end = self.make()

    def make(self) -> IdentityEnd:
        """As a start of Gajim does."""
        gajim = self.folder / "gajim"
        gajim.mkdir(exist_ok=True)
        earlier = EarlierStore(ME, gajim, self.path)
        return IdentityEnd(self.client, ME, self.folders, earlier.renamed_files, self)

    @property
    def departure(self) -> FakeDeparture:
        departure = self.end._departure
        assert isinstance(departure, FakeDeparture)
        return departure

    @property
    def device_id(self) -> int:
        return 0 if self.engine is None else self.engine.device_id

    def open(self) -> OmemoEngine:
        marker = rollback_marker_path(self.folders.config, ME)
        self.engine = OmemoEngine.open(self.path, ME, rollback_marker=marker)
        return self.engine

    @property
    def can_end(self) -> bool:
        return self.engine is not None or self.is_damaged

    def stop(self) -> None:
        self.calls.append("stop")
        self.is_damaged = False
        if self.engine is not None:
            self.engine.close()
        self.engine = None

    def begin(self) -> None:
        self.calls.append("begin")
        self.open()
        self.end.has_begun()

    def fill(self) -> set[str]:
        """An identity with all that belongs to it. Returns its keys."""
        engine = self.open()
        engine.commit()
        engine.flush()
        gajim = self.folder / "gajim"
        for ending in ("taking-over", "taking-over-journal", "replaced"):
            make_database(gajim / f"omemo_{ME}.db.{ending}", used=True)
        recipients_path(self.folders.data, ME).write_text("names")
        encrypted_chats_path(self.folders.data, ME).write_text("{}")
        return values_of(self.path)

    def left(self) -> list[str]:
        return sorted(one.name for one in self.folder.rglob("*") if not one.is_dir())


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr(identity_end, "Departure", FakeDeparture)
    return Account(tmp_path)


def test_nothing_is_left_on_the_disk(account: Account) -> None:
    secrets = account.fill()
    assert len(secrets) > 200
    engine = account.engine
    assert engine is not None
    number = engine.device_id
    # All of them can be found, in the journal and in the database
    assert found_below([account.folder], secrets) == secrets
    engine.journal.empty()
    engine.trust.blind_trust = False
    engine.commit()
    assert account.end.end(anew=False) == ""
    assert account.left() == [
        f"{ME}.encrypted.json",
        f"{ME}.leaving.json",
        f"omemo_plugin.{ME}.generation",
    ]
    assert found_below([account.folder], secrets) == set()
    record = leaving_path(account.folders.data, ME).read_bytes()
    assert str(number).encode() in record
    assert len(record) < 100
    assert account.calls == ["stop"]
    assert account.end.is_ended


def test_case_142_the_mark_says_that_a_copy_is_an_old_one(account: Account) -> None:
    """The store comes back with a backup, and its keys are not used twice."""
    account.fill()
    account.stop()
    copy = account.path.read_bytes()
    account.open()
    account.end.end(anew=False)
    account.path.write_bytes(copy)
    alarms = account.open().alarms.connected()
    kinds = [one.alarm.kind for one in alarms if isinstance(one, AlarmRaised)]
    assert kinds == [AlarmKind.OLD_KEYS]
    # And once more, though it has come far by then
    account.end.end(anew=False)
    account.path.write_bytes(copy)
    assert len(account.open().alarms.connected()) == 1
    account.stop()


def test_the_content_is_overwritten(account: Account) -> None:
    """Somebody has the file open, or another name for it."""
    secrets = account.fill()
    account.stop()
    other_name = account.folder / "link"
    other_name.hardlink_to(account.path)
    delete_key_files([account.path])
    assert not account.path.exists()
    assert other_name.stat().st_size > 0
    assert not any(other_name.read_bytes())
    assert found_below([account.folder / "data"], secrets) == set()


def test_a_link_is_deleted_and_not_what_it_leads_to(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    link = tmp_path / "store.db"
    link.symlink_to(precious)
    delete_key_files([link])
    assert not link.is_symlink()
    assert precious.read_text() == "mine"


def test_the_server_is_asked_until_it_is_done(account: Account) -> None:
    account.fill()
    number = account.device_id
    account.end.end(anew=False)
    assert account.departure.asked[0][0] == {number}
    account.departure.answer(False)
    assert account.end.is_leaving
    # The next login, after a start
    account.end = account.make()
    assert account.end.is_ended
    account.end.connected()
    account.departure.answer(True)
    assert not account.end.is_leaving
    account.end.connected()
    assert account.departure.asked == []
    assert account.make().is_ended


def test_offline_it_is_done_at_the_next_connection(account: Account) -> None:
    account.client.state.is_available = False
    account.fill()
    account.end.end(anew=True)
    assert account.departure.asked == []
    assert account.calls == ["stop", "begin"]
    account.client.state.is_available = True
    account.end.connected()
    account.departure.answer(True)
    assert account.left() == [
        f"{ME}.db",
        f"{ME}.db-lock",
        f"{ME}.db-shm",
        f"{ME}.db-wal",
        f"{ME}.encrypted.json",
        f"omemo_plugin.{ME}.generation",
    ]
    account.stop()


def test_a_new_one_waits_for_the_old_device(account: Account) -> None:
    """Two must not write the lists at once."""
    account.fill()
    number = account.device_id
    account.end.end(anew=True)
    assert account.calls == ["stop"]
    assert account.make().is_beginning
    assert not account.make().is_ended
    account.departure.answer(True)
    assert account.calls == ["stop", "begin"]
    assert account.device_id not in (0, number)
    assert not account.end.is_beginning
    # Nothing is written down any more
    assert not leaving_path(account.folders.data, ME).exists()
    account.stop()


def test_it_does_not_wait_for_ever(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = MainLoop()
    loop.install(monkeypatch)
    account.fill()
    account.end.end(anew=True)
    loop.run_for(11)
    assert account.calls == ["stop", "begin"]
    account.departure.answer(True)
    assert account.calls == ["stop", "begin"]
    account.stop()


def test_after_the_plugin_was_switched_off_nothing_begins(account: Account) -> None:
    account.fill()
    account.end.end(anew=True)
    account.end.close()
    account.departure.answer(True)
    assert account.calls == ["stop"]
    assert account.make().is_beginning


def test_anew_after_an_end(account: Account) -> None:
    account.fill()
    account.end.end(anew=False)
    account.end = account.make()
    assert account.end.start_anew() == ""
    assert account.calls == ["stop", "begin"]
    assert not account.end.is_ended
    # It is not asked for twice
    assert account.end.start_anew() == ""
    assert account.calls == ["stop", "begin"]
    account.stop()


def test_without_an_identity_nothing_ends(account: Account) -> None:
    assert account.end.end(anew=False) != ""
    assert account.calls == []
    assert account.left() == []


@pytest.mark.parametrize("is_known", [True, False])
def test_a_damaged_store_is_replaced(account: Account, is_known: bool) -> None:
    """Its device leaves the server all the same: the mark has its id."""
    account.fill()
    number = account.device_id
    account.stop()
    account.calls.clear()
    account.path.write_bytes(b"no database " * 1000)
    with pytest.raises(StoreDamaged):
        account.open()
    if not is_known:
        rollback_marker_path(account.folders.config, ME).unlink()
    account.is_damaged = True
    assert account.end.end(anew=True) == ""
    if is_known:
        assert account.departure.asked[0][0] == {number}
        account.departure.answer(True)
    assert account.calls == ["stop", "begin"]
    assert account.device_id not in (0, number)
    account.stop()


def test_a_full_disk_changes_nothing(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.fill()
    before = account.left()

    def full(*_arguments: object) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(os, "fsync", full)
    assert "Nothing has changed" in account.end.end(anew=True)
    assert account.calls == []
    assert not account.end.is_ended
    monkeypatch.undo()
    assert [one for one in account.left() if ".leaving" not in one] == before
    assert not account.make().is_ended
    account.stop()


def test_files_that_cannot_be_deleted_are_deleted_at_the_next_start(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = account.fill()

    def refuse(_self: Path) -> None:
        raise OSError(30, "read-only")

    monkeypatch.setattr(Path, "unlink", refuse)
    assert "could not be deleted" in account.end.end(anew=True)
    # Nothing begins on top of the old files
    assert account.calls == ["stop"]
    monkeypatch.undo()
    end = account.make()
    end.finish_deleting()
    assert end.is_beginning
    assert found_below([account.folder], secrets) == set()
    assert not account.path.exists()


@pytest.mark.parametrize("content", ["", "[]", '{"devices": 5}', "{"])
def test_a_record_that_makes_no_sense_ends_nothing(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "record"
    path.write_text(content)
    record = LeavingRecord(path)
    assert record.after is AfterEnd.GO_ON
    assert not record.deleting
    assert not record.devices


@pytest.mark.parametrize("step", range(60))
def test_case_112_killed_at_each_step(account: Account, step: int) -> None:
    """
    At each system call: either nothing has ended, or the next start deletes what is
    left, knows that the identity has ended, and which device has to leave.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            account.fill()
            number = account.device_id
            (account.folder / "number").write_text(str(number))
            _die_at(step)
            account.end.end(anew=False)
            status = 0
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
    number = int((account.folder / "number").read_text())
    end = account.make()
    end.finish_deleting()
    if end.is_ended:
        assert account.left() == [
            f"{ME}.encrypted.json",
            f"{ME}.leaving.json",
            "number",
            f"omemo_plugin.{ME}.generation",
        ]
        end.connected()
        departure: Any = end._departure
        assert departure.asked[0][0] == {number}
    else:
        assert status == 9
        assert not end.is_beginning
        assert account.open().device_id == number
        account.stop()


def _die_at(step: int) -> None:
    """Have this process die before or after a later call that changes the disk."""
    left = step

    def mortal(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            if left == 0:
                os._exit(9)
            left -= 1
            result = function(*arguments, **named)
            if left == 0:
                os._exit(9)
            left -= 1
            return result

        return call

    os.fsync = mortal(os.fsync)
    os.open = mortal(os.open)
    os.write = mortal(os.write)
    Path.replace = mortal(Path.replace)  # type: ignore[method-assign]
    Path.unlink = mortal(Path.unlink)  # type: ignore[method-assign]


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"[" * 10_000])
def test_a_damaged_record_counts_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "leaving.json"
    path.write_bytes(content)
    record = LeavingRecord(path)
    assert record.devices == frozenset()
    assert record.after is AfterEnd.GO_ON
