# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of the OMEMO program that Gajim used before."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omemo_plugin.bridge.state import earlier_store
from omemo_plugin.bridge.state.earlier_store import EarlierState
from omemo_plugin.bridge.state.earlier_store import EarlierStore
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import EarlierStoreError
from omemo_plugin.engine.errors import EarlierStoreInUse
from omemo_plugin.engine.takeover.reader import read
from omemo_plugin.engine.takeover.takeover import has_identity
from tests.support.engine.earlier_database import make_database

ME = "me@example.org"


class Place:
    """Gajim's folder with the file, and where the plugin has its own."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / f"omemo_{ME}.db"
        self.claimed = folder / f"omemo_{ME}.db.taking-over"
        self.store = folder / "ours.db"
        self.device_id = make_database(self.file, used=True)

    def earlier(self) -> EarlierStore:
        return EarlierStore(ME, self.file.parent, self.store)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_user_is_asked_about_keys_that_were_in_use(place: Place) -> None:
    assert place.earlier().state() is EarlierState.ASK
    before = place.file.read_bytes()
    own = place.earlier().own_key()
    assert own is not None
    assert own.device_id == place.device_id
    assert not own.is_unused
    # To look changes nothing
    assert place.file.read_bytes() == before
    assert not place.store.exists()


def test_the_user_is_not_asked_about_unused_keys(place: Place) -> None:
    """Gajim 2 makes some for each account."""
    place.file.unlink()
    make_database(place.file, used=False)
    assert place.earlier().state() is EarlierState.NOTHING
    own = place.earlier().own_key()
    assert own is not None
    assert own.is_unused


def test_the_own_key_is_known_where_the_rest_is_damaged(place: Place) -> None:
    connection = sqlite3.connect(place.file)
    with connection:
        connection.execute("DROP TABLE sessions")
    connection.close()
    with pytest.raises(EarlierStoreError):
        read(place.file)
    own = place.earlier().own_key()
    assert own is not None
    assert own.device_id == place.device_id
    assert not own.is_unused


def test_the_user_is_not_asked_if_there_is_an_identity(place: Place) -> None:
    OmemoEngine.open(place.store, ME).close()
    assert place.earlier().state() is EarlierState.NOTHING


def test_it_is_taken_once(place: Place) -> None:
    place.earlier().take()
    assert not place.file.exists()
    assert place.earlier().state() is EarlierState.NOTHING
    engine = OmemoEngine.open(place.store, ME)
    assert engine.device_id == place.device_id
    engine.close()
    with pytest.raises(EarlierStoreError):
        place.earlier().take()


def test_case_143_what_was_taken_is_gone_from_the_disk(place: Place) -> None:
    """Its prekeys and sessions would open messages that are read later, and whose keys
    the plugin's own store has forgotten."""
    before = read(place.file)
    assert before is not None
    secrets = [one.private for one in before.prekeys]
    secrets += [one.private for one in before.signed_prekeys]
    other_name = place.file.with_name("link")
    other_name.hardlink_to(place.file)
    assert all(one in other_name.read_bytes() for one in secrets)
    place.earlier().take()
    assert list(place.file.parent.glob("omemo_*")) == []
    assert not any(other_name.read_bytes())


def test_case_143_what_cannot_be_deleted_is_deleted_at_the_next_start(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path) -> None:
        raise OSError(30, "read-only")

    monkeypatch.setattr(Path, "unlink", refuse)
    place.earlier().take()
    monkeypatch.undo()
    assert place.claimed.exists()
    assert place.earlier().state() is EarlierState.NOTHING
    assert not place.claimed.exists()


def test_used_keys_do_not_come_back(place: Place) -> None:
    """The user has moved the plugin's folder away, to begin with new keys."""
    place.earlier().take()
    place.store.unlink()
    assert place.earlier().state() is EarlierState.NOTHING


def test_the_other_program_may_make_new_keys(place: Place) -> None:
    place.earlier().take()
    other = make_database(place.file, used=True, number=1)
    assert place.earlier().state() is EarlierState.NOTHING
    own = place.earlier().own_key()
    assert own is not None
    assert own.device_id == other != place.device_id


def test_a_journal_goes_with_it(place: Place) -> None:
    """A user may have switched the other program's file to a journal of its own."""
    connection = sqlite3.connect(place.file)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("UPDATE identities SET trust = 1")
    connection.commit()
    copies = {
        path: path.read_bytes()
        for path in place.file.parent.glob(f"{place.file.name}*")
    }
    connection.close()
    for path, data in copies.items():
        # As a crash leaves it
        path.write_bytes(data)
    assert place.file.with_name(place.file.name + "-wal").exists()
    place.earlier().take()
    assert list(place.file.parent.glob("omemo_*")) == []
    engine = OmemoEngine.open(place.store, ME)
    devices = engine.devices.of("bob@example.org")
    assert [one.trust.name for one in devices] == ["VERIFIED"]
    engine.close()


def test_a_file_in_use_stays(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier_store, "_PATIENCE_SECONDS", 0.1)
    connection = sqlite3.connect(place.file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(EarlierStoreInUse):
        place.earlier().take()
    connection.execute("ROLLBACK")
    connection.close()
    assert place.file.exists()
    assert not place.store.exists()
    assert place.earlier().state() is EarlierState.ASK


def test_a_locked_file_is_not_waited_for(place: Place) -> None:
    """Gajim's window would freeze. It is not taken for a damaged one."""
    connection = sqlite3.connect(place.file, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(EarlierStoreInUse):
        place.earlier().state()
    connection.execute("ROLLBACK")
    connection.close()
    assert place.earlier().state() is EarlierState.ASK


def test_a_damaged_file_stays(place: Place) -> None:
    place.file.write_bytes(b"no database" * 1000)
    with pytest.raises(EarlierStoreError):
        place.earlier().state()
    with pytest.raises(EarlierStoreError):
        place.earlier().take()
    assert place.file.exists()
    assert place.earlier().own_key() is None


def test_an_address_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    for jid in ("../x@example.org", "a/b@example.org"):
        assert EarlierStore(jid, tmp_path, tmp_path / "x.db").state() is (
            EarlierState.NOTHING
        )


@pytest.mark.parametrize("step", range(40))
def test_case_111_killed_at_each_step(place: Place, step: int) -> None:
    """
    At each system call: either the other program still has its file and nothing of
    ours is there, or it has none and the next start has the identity.
    """
    child = os.fork()
    if child == 0:
        _die_at(step)
        try:
            place.earlier().take()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    others = place.file.exists()
    if others:
        assert not has_identity(place.store)
        assert not place.claimed.exists()
        identity = read(place.file)
        assert identity is not None
        assert identity.device_id == place.device_id
        # A store without an identity does not stand in the way of the question
        assert place.earlier().state() is EarlierState.ASK
    else:
        state = place.earlier().state()
        if state is EarlierState.INTERRUPTED:
            place.earlier().take()
        engine = OmemoEngine.open(place.store, ME)
        assert engine.device_id == place.device_id
        assert engine.devices.of("bob@example.org")
        engine.close()
        assert place.earlier().state() is EarlierState.NOTHING
        assert not place.claimed.exists()


def _die_at(step: int) -> None:
    """Have this process die in a later call of a function that changes the disk."""
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
    os.fdatasync = mortal(os.fdatasync)
    os.open = mortal(os.open)
    Path.rename = mortal(Path.rename)  # type: ignore[method-assign]
    sqlite3.connect = mortal(sqlite3.connect)
    from omemo_plugin.engine.state.store import Store

    for name in ("commit", "flush", "close"):
        setattr(Store, name, mortal(getattr(Store, name)))
