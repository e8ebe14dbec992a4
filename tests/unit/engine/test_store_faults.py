# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A disk that is full, read-only or damaged. There is a typed error or none; what
was not written was not sent; and no message key is used twice.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import tempfile
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from omemo_plugin.engine.effects import AlarmRaised
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import OmemoError
from omemo_plugin.engine.errors import StoreDamaged
from omemo_plugin.engine.errors import StoreError
from omemo_plugin.engine.values import Device
from tests.support.engine.fake_network import Clock
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.engine.ratchets import Step
from tests.support.engine.ratchets import steps_of

_NOBODY = 65534
_PAGE = 4096


def pair(world: FakeNetwork) -> tuple[Peer, Peer, list[Step]]:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    seen: list[Step] = []
    for number in range(2):
        say(ann, ben, b"a%d" % number, seen)
        say(ben, ann, b"b%d" % number, seen)
    return ann, ben, seen


def say(sender: Peer, to: Peer, text: bytes, seen: list[Step]) -> None:
    sent = sender.encrypt(text, to.jid)
    seen += steps_of(sent.messages)
    assert to.decrypt(sender, sent).plaintext == text


def wal_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Writing ends there as on a full disk: with the bytes that still fit."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("room", [0, 1, 24, 100, 4119, 4120, 4121, 8300])
def test_case_47_disk_full_while_sending(world: FakeNetwork, room: int) -> None:
    ann, ben, seen = pair(world)
    ann.engine.commit()
    ann.prepare(ben.jid)
    size = wal_of(ann.path).stat().st_size

    def send_until_full() -> None:
        for _ in range(9):
            seen.extend(steps_of(ann.encrypt(b"x", ben.jid).messages))

    for _ in range(3):
        with no_file_beyond(size + room), pytest.raises(StoreError):
            send_until_full()
    say(ann, ben, b"on", seen)
    ann.restart(commit=False)
    say(ann, ben, b"and on", seen)
    say(ben, ann, b"back", seen)
    assert len(set(seen)) == len(seen)


def test_case_47_disk_full_while_receiving(world: FakeNetwork) -> None:
    """A message that could not be written can be decrypted again."""
    ann, ben, seen = pair(world)
    ann.engine.commit()
    cat = world.peer("cat@test")
    sent = [(ben, ben.encrypt(b"b", ann.jid)), (cat, cat.encrypt(b"c", ann.jid))]
    for _ in range(2):
        with no_file_beyond(wal_of(ann.path).stat().st_size):
            for sender, message in sent:
                result = ann.engine.incoming.decrypt(sender.jid, message.messages)
                assert result.plaintext is not None
            with pytest.raises(StoreError):
                ann.engine.commit()
        assert not ann.engine.uncommitted
    for sender, message in sent:
        assert ann.decrypt(sender, message).plaintext is not None
    say(ann, ben, b"on", seen)
    say(ann, cat, b"on", seen)
    assert len(set(seen)) == len(seen)


def test_case_47_database_full(world: FakeNetwork) -> None:
    """SQLite itself reports that the disk is full."""
    ann, ben, seen = pair(world)
    ann.engine.commit()
    execute = ann.engine._core.store._connection.execute
    pages = execute("PRAGMA page_count").fetchone()[0]
    execute(f"PRAGMA max_page_count = {pages}")

    def choose_much() -> None:
        for number in range(2000):
            ann.engine.trust.set_blind_trust_of(f"{number}@test", False)

    with pytest.raises(StoreError):
        choose_much()
    execute("PRAGMA max_page_count = 1000000")
    say(ann, ben, b"on", seen)
    assert len(set(seen)) == len(seen)


def without_rights(work: Callable[[], None]) -> None:
    """Do something in a process of an ordinary user."""
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(_NOBODY)
            work()
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder of another user."""
    folder = Path(tempfile.mkdtemp(prefix="omemo-store-"))
    if os.geteuid() == 0:
        os.chown(folder, _NOBODY, _NOBODY)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


def test_case_47_read_only(public_folder: Path) -> None:
    path = public_folder / "keys.db"

    def make() -> None:
        OmemoEngine.open(path, "ann@test", Clock()).close()

    def refuse() -> None:
        try:
            OmemoEngine.open(path, "ann@test", Clock())
        except StoreDamaged:
            raise AssertionError("it is not damaged") from None
        except StoreError:
            return
        raise AssertionError("it was opened")

    without_rights(make)
    before = path.read_bytes()
    public_folder.chmod(0o500)
    without_rights(refuse)
    assert path.read_bytes() == before
    public_folder.chmod(0o700)
    without_rights(make)


# Damage


def use(folder: Path, name: str, ben: Peer) -> list[Step]:
    """Open a store that may be damaged, and do with it all there is to do."""
    seen: list[Step] = []
    path = folder / name
    jid = "ann@test"
    engine = OmemoEngine.open(path, jid, Clock(), path.with_suffix(".generation"))
    try:
        peer = Peer(ben.world, path, jid, Clock(), engine)
        peer.online()
        for info in engine.devices.of(ben.jid):
            assert isinstance(info.device, Device)
        sent = peer.encrypt(b"x", ben.jid)
        seen += steps_of(sent.messages)
        assert ben.decrypt(peer, sent).plaintext == b"x"
        assert engine.incoming.decrypt(ben.jid, ben.encrypt(b"y", jid).messages)
        engine.commit()
    finally:
        engine.close()
    return seen


def copies(
    world: FakeNetwork, folder: Path, ann: Peer, number: int
) -> tuple[FakeNetwork, Peer]:
    """Everything again, so that damage to one does nothing to the next."""
    again = FakeNetwork(folder, bundles=dict(world.bundles), lists=dict(world.lists))
    ben_path = folder / f"ben-{number}.db"
    ben = next(peer for peer in world.peers if peer is not ann)
    shutil.copy(ben.path, ben_path)
    engine = OmemoEngine.open(ben_path, ben.jid, Clock())
    peer = Peer(again, ben_path, ben.jid, Clock(), engine)
    again.peers.append(peer)
    return again, peer


@pytest.mark.thorough
def test_case_47_damaged_pages(world: FakeNetwork, tmp_path: Path) -> None:
    """Bytes of each page of the database are turned: nothing but our errors."""
    ann, ben, _ = pair(world)
    ann.engine.close()
    ben.restart()
    whole = ann.path.read_bytes()
    dice = random.Random(47)
    refused = 0
    places = [*range(0, 100, 7)]
    for page in range(len(whole) // _PAGE):
        start = page * _PAGE
        places += [start + offset for offset in (0, 1, 3, 5, 8, 9, 12)]
        places += [start + dice.randrange(_PAGE) for _ in range(2)]
    assert len(places) > 50
    for number, place in enumerate(places):
        damaged = bytearray(whole)
        damaged[place] ^= dice.randrange(1, 256)
        name = f"{number}.db"
        (tmp_path / name).write_bytes(damaged)
        again, peer = copies(world, tmp_path, ann, number)
        try:
            use(tmp_path, name, peer)
        except OmemoError:
            refused += 1
        again.close()
    assert refused > 10
    ann.engine = OmemoEngine.open(ann.path, ann.jid, ann.clock, ann.rollback_marker)


@pytest.mark.thorough
def test_case_47_damaged_journal(world: FakeNetwork, tmp_path: Path) -> None:
    """
    SQLite goes on from the last transaction that is whole. That is a store
    which was rolled back, and is treated like one.
    """
    ann, ben, seen = pair(world)
    for number in range(3):
        say(ann, ben, b"%d" % number, seen)
    ben.restart()
    database, journal = ann.path.read_bytes(), wal_of(ann.path).read_bytes()
    rollback_marker = ann.rollback_marker.read_bytes()
    assert len(journal) > 10 * _PAGE
    step = len(journal) // 40
    rolled_back = 0
    for number, place in enumerate(range(0, len(journal), step)):
        path = tmp_path / f"j{number}.db"
        damaged = bytearray(journal)
        damaged[place] ^= 0x55
        path.write_bytes(database)
        wal_of(path).write_bytes(damaged)
        path.with_suffix(".generation").write_bytes(rollback_marker)
        again, peer = copies(world, tmp_path, ann, number)
        try:
            engine = OmemoEngine.open(
                path, ann.jid, Clock(), path.with_suffix(".generation")
            )
            rolled_back += any(
                isinstance(one, AlarmRaised) for one in engine.connected()
            )
            engine.close()
            if engine.device_id == ann.engine.device_id:
                steps = use(tmp_path, path.name, peer)
                assert not set(steps) & set(seen), "a message key was used twice"
        except OmemoError:
            pass
        again.close()
    assert rolled_back > 10
