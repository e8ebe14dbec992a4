# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The identity goes back into the file of the OMEMO program that Gajim has."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from xeddsa import priv_to_ed25519_pub

from omemo_plugin.bridge.state import key_return
from omemo_plugin.bridge.state.earlier_store import EarlierState
from omemo_plugin.bridge.state.earlier_store import EarlierStore
from omemo_plugin.engine.backend.codec import curve_form
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import EarlierStoreError
from omemo_plugin.engine.errors import StoreError
from omemo_plugin.engine.errors import StoreLocked
from omemo_plugin.engine.state.store import Store
from omemo_plugin.engine.takeover.reader import read
from omemo_plugin.engine.takeover.reader import read_own
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust
from tests.support.engine.earlier_database import make_database
from tests.support.engine.secrets_on_disk import found_below
from tests.support.engine.secrets_on_disk import values_of

ME = "me@example.org"
BOB = "bob@example.org"


class Place:
    """Gajim's folder, and the plugin's own with the identity."""

    def __init__(self, folder: Path) -> None:
        self.gajim = folder / "gajim"
        self.plugin = folder / "plugin"
        self.gajim.mkdir()
        self.plugin.mkdir()
        self.file = self.gajim / f"omemo_{ME}.db"
        self.store = self.plugin / "ours.db"
        self.marker = folder / "ours.generation"
        self.device_id = make_database(self.file, used=True)
        self.files().take()
        self.open().close()

    def files(self) -> EarlierStore:
        return EarlierStore(ME, self.gajim, self.store, self.marker)

    def open(self) -> OmemoEngine:
        engine = OmemoEngine.open(self.store, ME, rollback_marker=self.marker)
        engine.flush()
        return engine

    def names(self) -> list[str]:
        """The files with keys, without the one that was taken over once."""
        found = [*self.gajim.iterdir(), *self.plugin.iterdir()]
        return sorted(one.name for one in found if not one.name.endswith("-lock"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_it_is_given_and_taken_again(place: Place) -> None:
    assert place.files().device_to_give() == place.device_id
    assert place.files().give() == 0
    assert place.names() == [place.file.name]
    identity = read(place.file)
    assert identity is not None
    assert identity.device_id == place.device_id
    assert [one.device.jid for one in identity.devices] == [BOB]
    assert place.file.stat().st_mode & 0o777 == 0o600
    assert place.files().device_to_give() == 0
    with pytest.raises(EarlierStoreError):
        place.files().give()
    assert place.files().state() is EarlierState.ASK
    place.files().take()
    engine = place.open()
    assert engine.device_id == place.device_id
    # It is not taken for an old copy of the one that was given
    assert not engine._core.is_behind
    assert not engine.alarms.open()
    engine.close()
    assert place.files().device_to_give() == place.device_id


@pytest.mark.parametrize("trust", list(Trust))
def test_decisions_stay(place: Place, trust: Trust) -> None:
    """On a key in use, and on keys that no device has shown yet."""
    engine = place.open()
    (info,) = engine.devices.of(BOB)
    assert info.identity_key is not None
    engine._core.devices.set_trust(BOB, info.identity_key, trust)
    early = curve_form(priv_to_ed25519_pub(bytes(32)))
    preverified = engine._core.decisions.preverified
    preverified.add_key(BOB, early.hex(), trust, 1)
    preverified.add_device(Device(BOB, 5), early.hex())
    engine.close()
    place.files().give()
    identity = read(place.file)
    assert identity is not None
    found = {key.identity: key.trust for key in identity.keys if key.jid == BOB}
    assert found == {curve_form(info.identity_key): trust, early: Trust.VERIFIED}
    place.files().take()
    engine = place.open()
    (info,) = engine.devices.of(BOB)
    assert info.trust is trust
    engine.close()


def test_a_device_that_is_back_gets_nothing(place: Place) -> None:
    """Until the user has decided."""
    engine = place.open()
    record = next(iter(engine._core.devices.of(BOB).values()))
    record.returned = True
    engine._core.devices.save(record)
    engine.close()
    place.files().give()
    identity = read(place.file)
    assert identity is not None
    assert [key.trust for key in identity.keys] == [Trust.UNDECIDED]


def test_a_copy_of_the_store_that_comes_back_is_an_old_one(place: Place) -> None:
    """The other program has gone on with its keys."""
    copy = place.store.read_bytes()
    place.files().give()
    place.store.write_bytes(copy)
    engine = place.open()
    assert engine._core.rollback_marker.generation(place.device_id) > 0
    assert engine.alarms.open()
    sessions = next(iter(engine._core.sessions.values()))
    bob = next(iter(engine._core.devices.of(BOB).values())).device
    assert not sessions.has_current(bob)
    engine.close()


def test_keys_that_nobody_has_met_are_deleted(place: Place) -> None:
    """Gajim 2 has made some when the plugin was switched off."""
    other = make_database(place.file, used=False, number=2)
    assert place.files().give() == other
    assert place.names() == [place.file.name]
    own = read_own(place.file)
    assert own is not None
    assert own.device_id == place.device_id


def test_keys_in_use_are_set_aside(place: Place) -> None:
    other = make_database(place.file, used=True, number=3)
    assert place.files().give() == other
    assert place.names() == [place.file.name, f"{place.file.name}.replaced"]
    own = read_own(place.file.with_name(f"{place.file.name}.replaced"))
    assert own is not None
    assert own.device_id == other


def test_a_damaged_file_is_set_aside(place: Place) -> None:
    connection = sqlite3.connect(place.file)
    with connection:
        connection.execute("CREATE TABLE secret (device_id INTEGER)")
        connection.execute("PRAGMA user_version = 12")
    connection.close()
    assert place.files().give() == 0
    own = read_own(place.file)
    assert own is not None
    assert own.device_id == place.device_id


def test_keys_that_nobody_has_met_are_not_given(place: Place) -> None:
    """They would be taken for those that Gajim makes by itself."""
    place.store.unlink()
    OmemoEngine.open(place.store, ME).close()
    before = place.names()
    assert place.files().device_to_give() == 0
    with pytest.raises(EarlierStoreError):
        place.files().give()
    assert place.names() == before


def test_a_store_in_use_is_not_given(place: Place) -> None:
    """The plugin is on again."""
    engine = place.open()
    with pytest.raises(StoreLocked):
        place.files().give()
    engine.close()
    assert place.names() == [place.store.name]


def test_while_the_other_program_writes_nothing_is_given(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_return, "_PATIENCE_SECONDS", 0.1)
    make_database(place.file, used=True, number=4)
    before = place.file.read_bytes()
    connection = sqlite3.connect(place.file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(EarlierStoreError):
        place.files().give()
    connection.execute("ROLLBACK")
    connection.close()
    assert place.file.read_bytes() == before
    assert place.names() == [place.file.name, place.store.name]
    engine = place.open()
    assert engine.device_id == place.device_id
    engine.close()


@pytest.mark.parametrize("step", range(3))
def test_a_disk_that_refuses_leaves_the_key_here(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    renamed = 0
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        nonlocal renamed
        renamed += 1
        if renamed == step + 1:
            raise OSError("full")
        return rename(path, target)

    make_database(place.file, used=True, number=5)
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises((EarlierStoreError, StoreError, OSError)):
        place.files().give()
    monkeypatch.undo()
    own = read_own(place.file) if place.file.exists() else None
    assert own is None or own.device_id != place.device_id
    engine = place.open()
    assert engine.device_id == place.device_id
    assert not engine.alarms.open()
    engine.close()


def test_no_key_of_the_store_stays_beside(place: Place) -> None:
    values = values_of(place.store)
    assert found_below([place.plugin], values)
    place.files().give()
    assert not found_below([place.plugin], values)


def test_an_address_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    store = tmp_path / "x.db"
    for jid in ("../x@example.org", "a/b@example.org"):
        assert EarlierStore(jid, tmp_path, store).device_to_give() == 0


@pytest.mark.parametrize("step", range(40))
def test_case_130_killed_at_each_step(place: Place, step: int) -> None:
    """Before each system call: one of the two has the identity, and never both."""
    make_database(place.file, used=True, number=6)
    child = os.fork()
    if child == 0:
        _die_at(step)
        try:
            place.files().give()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    own = read_own(place.file)
    if own is not None and own.device_id == place.device_id:
        assert not place.store.exists()
        assert place.files().state() is EarlierState.ASK
        place.files().take()
    else:
        # Whatever the other program does now, it does not do it with this identity
        make_database(place.file, used=True, number=7)
        assert place.files().state() is EarlierState.NOTHING
    assert place.store.exists()
    engine = place.open()
    assert engine.device_id == place.device_id
    assert engine.devices.of(BOB)
    assert not engine.alarms.open()
    engine.close()
    # What a crash has left is gone
    left = [name for name in place.names() if not name.endswith(".replaced")]
    assert left in ([place.store.name], [place.file.name, place.store.name])


def _die_at(step: int) -> None:
    """Have this process die in a later call of a function that changes the disk."""
    left = step

    def mortal(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            if left == 0:
                os._exit(9)
            left -= 1
            return function(*arguments, **named)

        return call

    for name in ("fsync", "fdatasync", "open", "write"):
        setattr(os, name, mortal(getattr(os, name)))
    for name in ("rename", "unlink"):
        setattr(Path, name, mortal(getattr(Path, name)))
    sqlite3.connect = mortal(sqlite3.connect)
    for name in ("close", "close_as"):
        setattr(Store, name, mortal(getattr(Store, name)))
