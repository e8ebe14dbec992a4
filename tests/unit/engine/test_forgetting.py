# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The keys of messages that were read are gone from the disk. Somebody who copies the
files, or pulls the stick out, finds no key that opens such a message.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import DuplicateMessage
from omemo_plugin.engine.errors import ReceiveError
from omemo_plugin.engine.state.prekeys import KEPT_SECONDS
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from tests.support.engine.dying import Diary
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.engine.secrets_on_disk import copy_files
from tests.support.engine.secrets_on_disk import files_of
from tests.support.engine.secrets_on_disk import found_in_files
from tests.support.engine.secrets_on_disk import opens
from tests.support.engine.secrets_on_disk import opens_as_first
from tests.support.engine.secrets_on_disk import secrets_of
from tests.support.engine.secrets_on_disk import states_of
from tests.unit.engine.case_peers import LEGACY
from tests.unit.engine.case_peers import both_protocols
from tests.unit.engine.case_peers import pair


def forgetful_pair(
    world: FakeNetwork, protocols: tuple[Protocol, ...] = LEGACY
) -> tuple[Peer, Peer]:
    """Two peers with a session both ways, whose used prekeys are deleted."""
    ann, ben = pair(world, protocols)
    for peer in (ann, ben):
        peer.wait(KEPT_SECONDS + 60)
        peer.engine.commit()
        peer.engine.journal.empty()
    return ann, ben


class Reader:
    """Receives, and keeps what its store must forget."""

    def __init__(self, ann: Peer, ben: Peer) -> None:
        self.ann = ann
        self.ben = ben
        self.messages: list[EncryptedMessage] = []
        self.secrets: set[str] = set()

    def read(self, count: int) -> None:
        """A conversation, with an answer now and then."""
        for number in range(count):
            sent = self.ann.encrypt(b"%d" % number, self.ben.jid)
            self.messages += sent.messages
            self.secrets |= secrets_of(self.ben.engine, self.ann.device)
            self.ben.decrypt(self.ann, sent)
            if number % 7 == 3:
                self.ben.engine.commit()
            if number % 23 == 11:
                self.secrets |= secrets_of(self.ben.engine, self.ann.device)
                self.ben.send(b"yes", self.ann)
        self.ben.engine.commit()

    @property
    def old_secrets(self) -> set[str]:
        return self.secrets - secrets_of(self.ben.engine, self.ann.device)

    def opened(self, path: Path, folder: Path) -> int:
        return sum(
            opens(state, self.ann.device, self.messages, self.ben.engine.device_id)
            for state in states_of(path, folder)
        )


@both_protocols
def test_case_51_a_copied_disk_opens_nothing_that_was_read(
    world: FakeNetwork, tmp_path: Path, protocols: tuple[Protocol, ...]
) -> None:
    """300 messages, and the files are copied while the program runs."""
    ann, ben = forgetful_pair(world, protocols)
    reader = Reader(ann, ben)
    reader.read(300)
    assert len(reader.old_secrets) > 300
    # The reason for all this
    assert found_in_files(ben.path, reader.old_secrets)

    journal = ben.engine.journal
    assert journal.read >= 300
    journal.empty()
    assert journal.read == 0
    assert journal.is_empty
    copy = copy_files(ben.path, tmp_path / "copy")
    assert {one.name for one in files_of(copy)} >= {copy.name, copy.name + "-wal"}
    assert found_in_files(copy, reader.old_secrets) == set()
    assert reader.opened(copy, tmp_path / "states") == 0
    # It can be gone on with
    ben.restart(commit=False)
    assert ann.send(b"on", ben).plaintext == b"on"


def test_case_51_the_search_finds_secrets_in_a_full_journal(
    world: FakeNetwork, tmp_path: Path
) -> None:
    """The search finds what is there: a journal that nobody has emptied."""
    ann, ben = forgetful_pair(world)
    reader = Reader(ann, ben)
    reader.read(12)
    copy = copy_files(ben.path, tmp_path / "copy")
    assert found_in_files(copy, reader.old_secrets)
    assert reader.opened(copy, tmp_path / "states") > 3


@pytest.mark.thorough
def test_case_51_many_devices_fill_and_leave_pages(
    world: FakeNetwork, tmp_path: Path
) -> None:
    """Rows of all sizes come, grow and go, so that pages of the database are
    divided, joined and freed. Nothing is left in the gaps."""
    dice = random.Random(51)
    ben = world.peer("ben@test", protocols=LEGACY)
    senders = [world.peer(f"ann{n}@test", protocols=LEGACY) for n in range(8)]
    for sender in senders:
        sender.send(b"hello", ben)
        ben.send(b"hello", sender)
    ben.wait(KEPT_SECONDS + 60)
    secrets: set[str] = set()
    for _ in range(60):
        sender = dice.choice(senders)
        sent = [sender.encrypt(b"x", ben.jid) for _ in range(dice.randrange(1, 30))]
        dice.shuffle(sent)
        for one in sent:
            secrets |= secrets_of(ben.engine, sender.device)
            ben.decrypt(sender, one)
        ben.engine.commit()
        if dice.random() < 0.5:
            secrets |= secrets_of(ben.engine, sender.device)
            ben.send(b"yes", sender)
        if dice.random() < 0.2:
            ben.engine.journal.empty()
    ben.engine.journal.empty()
    for sender in senders:
        secrets -= secrets_of(ben.engine, sender.device)
    copy = copy_files(ben.path, tmp_path / "copy")
    assert len(secrets) > 300
    assert found_in_files(copy, secrets) == set()


def test_case_51_a_forgotten_device_leaves_nothing(
    world: FakeNetwork, tmp_path: Path
) -> None:
    ann, ben = forgetful_pair(world)
    reader = Reader(ann, ben)
    reader.read(20)
    secrets = reader.secrets | secrets_of(ben.engine, ann.device)
    ben.engine.devices.forget(ann.device)
    ben.engine.journal.empty()
    assert found_in_files(copy_files(ben.path, tmp_path / "copy"), secrets) == set()


@both_protocols
def test_case_51_first_messages_are_forgotten_with_their_prekeys(
    world: FakeNetwork, tmp_path: Path, protocols: tuple[Protocol, ...]
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    sent = ann.encrypt(b"first", ben.jid)
    ben.decrypt(ann, sent)
    private = private_prekeys(ben, protocols[0])
    ben.wait(KEPT_SECONDS + 60)
    ben.engine.journal.empty()
    gone = private - private_prekeys(ben, protocols[0])
    assert len(gone) == 1
    copy = copy_files(ben.path, tmp_path / "copy")
    assert found_in_files(copy, gone) == set()


@both_protocols
def test_case_141_a_lock_forgets_used_prekeys(
    world: FakeNetwork, tmp_path: Path, protocols: tuple[Protocol, ...]
) -> None:
    """What opens the first messages of a session, sooner than the ten minutes for
    which used prekeys are kept otherwise."""
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    sent = [ann.encrypt(b"%d" % number, ben.jid) for number in range(5)]
    messages = [message for one in sent for message in one.messages]
    for one in sent:
        ben.decrypt(ann, one)
    private = private_prekeys(ben, protocols[0])
    # The bundle that the server has is another one a few seconds later
    ben.engine.publication.forget_used()
    assert private_prekeys(ben, protocols[0]) == private
    ben.wait(15)
    ben.engine.commit()
    before = copy_files(ben.path, tmp_path / "before")
    assert opens_as_first(before, ben.jid, ann.jid, messages) == len(messages)

    ben.engine.publication.forget_used()
    ben.engine.commit()
    ben.engine.journal.empty()
    copy = copy_files(ben.path, tmp_path / "copy")
    gone = private - private_prekeys(ben, protocols[0])
    assert len(gone) == 1
    assert found_in_files(copy, gone) == set()
    assert opens_as_first(copy, ben.jid, ann.jid, messages) == 0
    assert ann.send(b"on", ben).plaintext == b"on"
    assert ben.send(b"on", ann).plaintext == b"on"


def test_case_141_nothing_is_forgotten_during_a_catch_up(world: FakeNetwork) -> None:
    """The archive may have a message of another device that took the same prekey."""
    _ann, ben = pair(world)
    dan = world.peer("dan@test", protocols=LEGACY)
    ben.carry_out(ben.engine.connected())
    before = private_prekeys(ben, Protocol.LEGACY)
    dan.send(b"first", ben)
    ben.carry_out(ben.engine.publication.maintain())
    ben.engine.publication.forget_used()
    assert private_prekeys(ben, Protocol.LEGACY) >= before


def private_prekeys(peer: Peer, protocol: Protocol) -> set[str]:
    """The private prekeys, as they are written in the store."""
    state = peer.engine._core.store.get(f"/{protocol.namespace}/x3dh")
    return set(state["pre_keys"])


def test_case_51_closing_leaves_no_journal(world: FakeNetwork, tmp_path: Path) -> None:
    ann, ben = forgetful_pair(world)
    reader = Reader(ann, ben)
    reader.read(40)
    secrets = reader.old_secrets
    ben.restart()
    copy = copy_files(ben.path, tmp_path / "copy")
    assert found_in_files(copy, secrets) == set()


# Steps, and what happens between them


def test_a_commit_while_the_journal_is_copied_is_kept(world: FakeNetwork) -> None:
    """A transaction between copying and cutting is not lost, and is said."""
    ann, ben = forgetful_pair(world)
    journal = ben.engine.journal
    ann.send(b"1", ben)
    ben.engine.commit()
    journal.begin()
    journal.copy()
    ann.send(b"2", ben)
    ben.engine.commit()
    assert not journal.cut()
    journal.copy()
    assert journal.cut()
    ann.send(b"3", ben)
    ben.engine.commit()
    journal.settle()
    journal.settled()
    assert not journal.is_empty
    ben.restart(commit=False)
    assert ann.send(b"4", ben).plaintext == b"4"


def test_the_store_is_used_while_it_is_copied(world: FakeNetwork) -> None:
    """Another thread copies again and again; nothing waits and nothing is lost."""
    ann, ben = forgetful_pair(world)
    journal = ben.engine.journal
    stop = threading.Event()
    failures: list[BaseException] = []

    def copy() -> None:
        try:
            while not stop.is_set():
                journal.copy()
        except BaseException as error:
            failures.append(error)

    journal.begin()
    thread = threading.Thread(target=copy)
    thread.start()
    try:
        for number in range(200):
            assert ann.send(b"%d" % number, ben).plaintext == b"%d" % number
            ben.engine.commit()
    finally:
        stop.set()
        thread.join()
    assert not failures
    journal.copy()
    assert journal.cut()
    ben.restart(commit=False)
    assert ann.send(b"on", ben).plaintext == b"on"


def test_the_store_does_not_wait_for_the_disk(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the journal has been emptied, a commit flushes nothing."""
    ann, ben = forgetful_pair(world)
    ben.engine.journal.empty()
    pragma = ben.engine._core.store._connection.execute
    assert pragma("PRAGMA synchronous").fetchone()[0] == 0
    ben.engine.journal.begin()
    assert pragma("PRAGMA synchronous").fetchone()[0] == 1
    ann.send(b"1", ben)


def test_a_very_long_journal_is_emptied_by_itself(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omemo_plugin.engine.state.journal.PAGES_MAX", 50)
    ann, ben = forgetful_pair(world)
    ben.engine.journal.empty()
    wal = ben.path.with_name(ben.path.name + "-wal")
    sizes = []
    for _ in range(60):
        ann.send(b"x", ben)
        ben.engine.commit()
        sizes.append(wal.stat().st_size)
    assert 0 in sizes
    assert max(sizes) <= 60 * 4120


# Killed


# Messages that a reader may go on with before it is killed in the middle of them
_AHEAD = 10


def copies_of_a_killed_reader(
    world: FakeNetwork, folder: Path, rounds: int
) -> Iterator[tuple[Path, int, list[EncryptedMessage], Peer, Peer]]:
    """
    A process that reads and forgets as it goes is killed at random. It reads no
    more than it is allowed to, so that on a busy machine it has not come to its end
    before it is killed.
    """
    dice = random.Random(5151)
    for number in range(rounds):
        ann, ben = forgetful_pair(world)
        messages = [
            message
            for n in range(400)
            for message in ann.encrypt(b"%d" % n, ben.jid).messages
        ]
        device_id = ben.engine.device_id
        ben.engine.close()
        diary = Diary(folder / f"diary-{number}")
        _kill_while_it_reads(
            partial(_read_and_forget, ben, ann.jid, messages, diary),
            dice.randrange(len(messages) - _AHEAD),
        )
        forgotten = max((entry[0] for entry in diary.read()), default=0)
        copy = copy_files(ben.path, folder / f"killed-{number}")
        ben.engine = OmemoEngine.open(ben.path, ben.jid, ben.clock, ben.rollback_marker)
        assert ben.engine.device_id == device_id
        yield copy, forgotten, messages, ann, ben


def _kill_while_it_reads(work: Callable[[int, int], None], number: int) -> None:
    """
    Args:
        work: gets two files: it takes a byte from the first one before each
            message, and writes one to the second one after it.
        number: so many messages are read for certain.
    """
    allowed, allow = os.pipe()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        work(allowed, tell)
    os.close(tell)
    os.write(allow, bytes(number))
    read = 0
    while read < number:
        done = len(os.read(told, number - read))
        assert done, "it has ended by itself"
        read += done
    os.write(allow, bytes(_AHEAD))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for one in (allowed, allow, told):
        os.close(one)


def _read_and_forget(
    ben: Peer,
    jid: str,
    messages: list[EncryptedMessage],
    diary: Diary,
    allowed: int,
    tell: int,
) -> None:
    try:
        engine = OmemoEngine.open(ben.path, ben.jid, ben.clock, ben.rollback_marker)
        for number, message in enumerate(messages):
            os.read(allowed, 1)
            engine.incoming.decrypt(jid, [message])
            if number % 3 == 2:
                engine.commit()
            if number % 30 == 29:
                engine.journal.empty()
                diary.note(number + 1)
            os.write(tell, b".")
        signal.pause()
    finally:
        os._exit(1)


@pytest.mark.thorough
def test_case_51_killed_at_random(world: FakeNetwork, tmp_path: Path) -> None:
    """
    Whenever it is killed, what was read before the journal was emptied last stays
    closed, and what was read after that opens at most: the stated bound.
    """
    seen = set()
    killed = copies_of_a_killed_reader(world, tmp_path, 6)
    for number, (copy, forgotten, messages, ann, ben) in enumerate(killed):
        seen.add(forgotten)
        closed = messages[:forgotten]
        for state in states_of(copy, tmp_path / f"states-{number}"):
            assert opens(state, ann.device, closed, ben.engine.device_id) == 0
        # And nothing is lost: the archive sends all of it again
        for message in messages:
            try:
                ben.engine.incoming.decrypt(ann.jid, [message])
            except DuplicateMessage:
                continue
            except ReceiveError as error:
                raise AssertionError("a message was lost") from error
        ben.engine.commit()
    assert len(seen) > 1
