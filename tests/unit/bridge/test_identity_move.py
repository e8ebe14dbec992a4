# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""An identity goes to another computer and comes back: on the disk, through crashes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from omemo_plugin.bridge import identity_end
from omemo_plugin.bridge import identity_move
from omemo_plugin.bridge.identity_move import MovableIdentity
from omemo_plugin.bridge.pep.client import Unavailable
from omemo_plugin.bridge.state.encrypted_chats import EncryptedChats
from omemo_plugin.bridge.state.leaving import AfterEnd
from omemo_plugin.bridge.state.leaving import LeavingRecord
from omemo_plugin.bridge.state.paths import Folders
from omemo_plugin.bridge.state.paths import departed_path
from omemo_plugin.bridge.state.paths import encrypted_chats_path
from omemo_plugin.bridge.state.paths import leaving_path
from omemo_plugin.bridge.state.paths import rollback_marker_path
from omemo_plugin.bridge.state.paths import store_path
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.moving.moving_file import unseal
from omemo_plugin.engine.values import AlarmKind
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.pep import build_bundle
from omemo_plugin.stanza.pep import bundle_node
from tests.support.engine.quick_argon2 import make_quick
from tests.support.engine.secrets_on_disk import found_below
from tests.support.engine.secrets_on_disk import values_of
from tests.support.main_loop import Disk
from tests.support.main_loop import MainLoop

ME = "me@example.org"
PASSPHRASE = "six words that nobody knows"


class FakeDeparture:
    """Takes devices off at once."""

    def __init__(self, *_arguments: object) -> None:
        self.asked: list[frozenset[int]] = []

    def connected(self) -> None:
        """There are no requests."""

    def take_off(self, devices: frozenset[int], done: Callable[[bool], None]) -> None:
        self.asked.append(devices)
        done(True)


class Server:
    """Keeps the bundles of one account."""

    def __init__(self) -> None:
        self.bundles: dict[str, Element] = {}
        self.failure: Unavailable | None = None

    def publish(self, engine: OmemoEngine) -> None:
        for protocol in Protocol:
            bundle = engine._core.prekeys[protocol].bundle()
            node = bundle_node(protocol, engine.device_id)
            self.bundles[node] = build_bundle(bundle)

    def fetch(self, _jid: str, node: str, _item: str | None, answer: Any) -> None:
        if self.failure is not None:
            answer(None, self.failure)
        else:
            answer(self.bundles.get(node), None)

    def connected(self) -> None:
        """Nothing waits."""


class Computer:
    """The files of the account on one computer, and what begins and stops on it."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        self.server = server
        self.folders = Folders(folder / "data", folder / "config")
        for one in (self.folders.data, self.folders.config):
            one.mkdir(parents=True)
        self.path = store_path(self.folders.data, ME)
        self.engine: OmemoEngine | None = None
        self.texts_wait = False
        self.calls: list[str] = []
        self.client: Any = SimpleNamespace(state=SimpleNamespace(is_available=True))
        # There is no identity until something begins
        leaving = leaving_path(self.folders.data, ME)
        LeavingRecord(leaving).set_after(AfterEnd.STAY_ENDED)
        self.identity = self.make()

    def make(self) -> MovableIdentity:
        """As a start of Gajim does."""
        made = MovableIdentity(self.client, ME, self.folders, (), self)
        made._pep = self.server  # type: ignore[assignment]
        made.start()
        return made

    @property
    def device_id(self) -> int:
        return 0 if self.engine is None else self.engine.device_id

    @property
    def can_end(self) -> bool:
        return self.engine is not None

    def explain(self) -> None:
        self.calls.append("explain")

    def stop(self) -> None:
        self.calls.append("stop")
        # As the module does
        self.identity.close()
        if self.engine is not None:
            self.engine.close()
        self.engine = None

    def begin(self) -> None:
        self.calls.append("begin")
        marker = rollback_marker_path(self.folders.config, ME)
        self.engine = OmemoEngine.open(self.path, ME, rollback_marker=marker)
        self.engine.flush()
        self.server.publish(self.engine)
        self.identity.has_begun()

    def move(self, path: Path) -> str:
        said: list[str] = []
        self.identity.move(PASSPHRASE, path, said.append)
        self.loop.run_until(lambda: said)
        return said[0]

    def read(self, path: Path, passphrase: str = PASSPHRASE) -> tuple[bool, str]:
        said: list[tuple[bool, str]] = []
        self.identity.read_file(
            path, passphrase, lambda used, why: said.append((used, why))
        )
        self.loop.run_until(lambda: said)
        return said[0]

    @property
    def has_old_keys(self) -> bool:
        """Whether the user is told that the keys are old."""
        assert self.engine is not None
        alarms = self.engine.alarms.open()
        return any(one.kind is AlarmKind.OLD_KEYS for one in alarms)

    # Methods, because mypy believes that an attribute stays as it was

    def has_ended(self) -> bool:
        return self.identity.is_ended

    def keeps_file(self) -> bool:
        return self.identity.file_is_here

    def left(self) -> list[str]:
        return sorted(one.name for one in self.folder.rglob("*") if not one.is_dir())

    loop = MainLoop()


class World:
    """Two computers, and something to carry files."""

    def __init__(self, folder: Path) -> None:
        self.server = Server()
        self.old = Computer(folder / "old", self.server)
        self.new = Computer(folder / "new", self.server)
        self.stick = folder / "stick"
        self.stick.mkdir()
        self.file = self.stick / "file.kdbx"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(identity_end, "Departure", FakeDeparture)
    monkeypatch.setattr(identity_move, "ThreadPoolExecutor", Disk)
    make_quick(monkeypatch)
    Computer.loop = MainLoop()
    Computer.loop.install(monkeypatch)
    world = World(tmp_path)
    world.old.begin()
    EncryptedChats(encrypted_chats_path(world.old.folders.data, ME)).add("bob@a")
    return world


def gone(world: World) -> int:
    """The identity is in the file. Returns its device."""
    number = world.old.device_id
    assert world.old.move(world.file) == ""
    return number


def test_there_and_back(world: World) -> None:
    engine = world.old.engine
    assert engine is not None
    print_ = engine.fingerprint
    engine.commit()
    secrets = values_of(world.old.path)
    number = gone(world)
    assert world.old.calls == ["begin", "stop", "explain"]
    assert world.old.identity.is_moved
    assert world.old.has_ended()
    assert not world.old.identity.can_move
    assert not world.old.keeps_file()
    # Only the encrypted file has the keys, and its owner alone may read it
    assert found_below([world.old.folder, world.stick], secrets) == set()
    assert world.old.left() == [
        f"{ME}.encrypted.json",
        f"{ME}.leaving.json",
        f"omemo_plugin.{ME}.generation",
    ]
    assert [one.name for one in world.stick.iterdir()] == ["file.kdbx"]
    assert world.file.stat().st_mode & 0o777 == 0o600
    # The device stays on the server
    assert not world.old.identity.leaving
    assert world.new.read(world.file) == (False, "")
    assert world.new.identity.arrive(used=False) == ""
    arrived = world.new.engine
    assert arrived is not None
    assert (arrived.device_id, arrived.fingerprint) == (number, print_)
    assert not world.new.has_old_keys
    chats = EncryptedChats(encrypted_chats_path(world.new.folders.data, ME))
    assert "bob@a" in chats
    back = world.stick / "back.kdbx"
    assert world.new.move(back) == ""
    assert world.old.read(back) == (False, "")
    assert world.old.identity.arrive(used=False) == ""
    assert world.old.device_id == number
    assert not world.old.has_ended()
    assert not world.old.has_old_keys
    world.old.stop()


def test_what_is_there_ends(world: World) -> None:
    """The new computer has made keys of its own already; its device leaves."""
    number = gone(world)
    world.new.begin()
    own = world.new.device_id
    chats = EncryptedChats(encrypted_chats_path(world.new.folders.data, ME))
    chats.add("carol@a")
    assert world.new.read(world.file) == (False, "")
    assert world.new.device_id == own
    assert world.new.identity.arrive(used=False) == ""
    assert world.new.device_id == number
    departure: Any = world.new.identity._departure
    assert departure.asked == [frozenset({own})]
    chats = EncryptedChats(encrypted_chats_path(world.new.folders.data, ME))
    assert chats.jids == {"bob@a", "carol@a"}
    assert not world.new.identity.is_leaving
    world.new.stop()


def test_case_118_a_file_is_used_once(world: World, tmp_path: Path) -> None:
    """A third computer knows it from the server, the first two know it themselves."""
    gone(world)
    world.new.read(world.file)
    assert world.new.identity.arrive(used=False) == ""
    third = Computer(tmp_path / "third", world.server)
    world.server.failure = Unavailable("slow", permanent=False)
    assert "did not answer" in third.read(world.file)[1]
    world.server.failure = None
    assert third.read(world.file) == (True, "")
    # The user declines
    third.identity.leave_file()
    assert third.left() == [f"{ME}.leaving.json"]
    assert third.identity.arrive(used=False) != ""
    assert world.old.read(world.file) == (True, "")
    world.server.bundles.clear()
    assert world.new.read(world.file) == (True, "")
    world.new.identity.leave_file()
    world.new.stop()
    # The user goes on, and knows what breaks
    assert world.old.identity.arrive(used=True) == ""
    assert world.old.has_old_keys
    world.old.stop()


def test_a_key_that_has_ended_elsewhere(world: World) -> None:
    gone(world)
    world.server.bundles.clear()
    assert world.new.read(world.file) == (True, "")


def test_what_is_refused(world: World, tmp_path: Path) -> None:
    world.old.texts_wait = True
    assert "not been sent" in world.old.move(world.file)
    world.old.texts_wait = False
    assert "no key" in world.new.move(world.file)
    gone(world)
    assert "not the passphrase" in world.new.read(world.file, "another")[1]
    assert "could not be read" in world.new.read(tmp_path / "nothing")[1]
    world.new.client.state.is_available = False
    assert "Connect" in world.new.read(world.file)[1]
    world.new.client.state.is_available = True
    content = world.file.read_bytes()
    world.file.write_bytes(content[:-400])
    assert "damaged" in world.new.read(world.file)[1]
    world.file.write_bytes(content)
    world.new.identity.own_jid = "another@example.org"
    assert ME in world.new.read(world.file)[1]
    assert world.new.left() == [f"{ME}.leaving.json"]
    assert world.new.calls == []


def test_the_stick_is_full(world: World) -> None:
    """The file is kept until it can be saved, also over a restart."""
    nowhere = world.stick / "no folder" / "file"
    assert "could not be saved" in world.old.move(nowhere)
    assert world.old.keeps_file()
    world.old.identity = world.old.make()
    assert world.old.keeps_file()
    assert world.old.identity.save(nowhere) != ""
    # Nothing takes the place of the only copy
    assert "first" in world.old.identity.start_anew()
    assert "first" in world.old.read(world.file)[1]
    assert world.old.identity.save(world.file) == ""
    assert not world.old.keeps_file()
    assert world.new.read(world.file) == (False, "")


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_record_cannot_be_written(
    world: World, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Whatever the disk has of it: it does not go, and goes on."""
    record = world.old.identity._record
    begin = record.begin

    def fail(*arguments: Any) -> None:
        if when == "after":
            begin(*arguments)
            record.after = type(record.after)("go on")
            record.deleting = False
        raise OSError(28, "full")

    monkeypatch.setattr(record, "begin", fail)
    number = world.old.device_id
    assert "Nothing has changed" in world.old.move(world.file)
    assert world.old.device_id == number
    assert not departed_path(world.old.folders.data, ME).exists()
    assert not world.file.exists()
    identity = world.old.make()
    assert not identity.is_ended
    assert world.old.path.exists()
    world.old.stop()


@pytest.mark.parametrize("step", range(38))
def test_case_119_killed_at_each_step_on_the_way_out(world: World, step: int) -> None:
    """Either the old copy works and there is no file to use, or the file is complete
    and the old copy has ended."""
    number = world.old.device_id
    world.old.stop()

    def work() -> None:
        world.old.move(world.file)

    finished = _killed(step, world.old.begin, work)
    world.old.identity = world.old.make()
    if not world.old.has_ended():
        assert not finished
        assert not world.file.exists()
        assert not departed_path(world.old.folders.data, ME).exists()
        world.old.begin()
        assert world.old.device_id == number
        assert not world.old.has_old_keys
        world.old.stop()
        return
    assert world.old.identity.is_moved
    assert not world.old.path.exists()
    if world.old.keeps_file():
        assert world.old.identity.save(world.file) == ""
    assert unseal(world.file.read_bytes(), PASSPHRASE).device_id == number
    assert world.new.read(world.file) == (False, "")
    assert world.new.identity.arrive(used=False) == ""
    assert world.new.device_id == number
    world.new.stop()


@pytest.mark.parametrize("step", range(60))
def test_case_119_killed_at_each_step_on_the_way_in(world: World, step: int) -> None:
    """Either it has not arrived, and the file is still good, or it has."""
    number = gone(world)

    def work() -> None:
        assert world.new.read(world.file) == (False, "")
        assert world.new.identity.arrive(used=False) == ""

    finished = _killed(step, world.new.begin, work)
    world.new.identity = world.new.make()
    if world.new.path.exists():
        world.new.begin()
        if world.new.device_id == number:
            world.new.stop()
            return
    assert not finished
    # The child may have come as far as to publish
    assert world.new.read(world.file)[1] == ""
    assert world.new.identity.arrive(used=False) == ""
    assert world.new.device_id == number
    assert number not in world.new.identity.leaving
    world.new.stop()


def _killed(step: int, prepare: Callable[[], None], work: Callable[[], None]) -> bool:
    """Do something in a process that dies at a call that changes the disk. Returns
    whether it came to its end before."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            prepare()
            _die_at(step)
            work()
            status = 0
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
    return status == 0


def _die_at(step: int) -> None:
    """Have this process die before a later call that changes the disk."""
    left = step

    def mortal(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            if left == 0:
                os._exit(9)
            left -= 1
            return function(*arguments, **named)

        return call

    os.fsync = mortal(os.fsync)
    os.open = mortal(os.open)
    os.write = mortal(os.write)
    Path.replace = mortal(Path.replace)  # type: ignore[method-assign]
    Path.rename = mortal(Path.rename)  # type: ignore[method-assign]
    Path.unlink = mortal(Path.unlink)  # type: ignore[method-assign]
