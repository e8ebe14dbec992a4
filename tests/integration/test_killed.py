# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A client that is killed with SIGKILL before each statement of a conversation, in
turn, and goes on from what its store has.

Around each kill: whatever reached the network, a message key is seen once; what
left can be read; and what the archive still has is read or was shown before.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import pytest

from omemo_plugin.engine.effects import AlarmRaised
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import DuplicateMessage
from omemo_plugin.engine.messages.encrypting import SentMessage
from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from tests.support.engine.dying import Diary
from tests.support.engine.dying import run_until_statement
from tests.support.engine.fake_network import Clock
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.engine.ratchets import Step
from tests.support.engine.ratchets import steps_of

ANN, BEN, CAT = "ann@test", "ben@test", "cat@test"


class NotedBundles(dict[tuple[Device, Protocol], Bundle]):
    """The bundles on the server, which outlive the client."""

    diary: Diary

    def __setitem__(self, key: tuple[Device, Protocol], bundle: Bundle) -> None:
        self.diary.note("bundle", key, bundle)
        super().__setitem__(key, bundle)


class NotedLists(dict[tuple[str, Protocol], DeviceList]):
    diary: Diary

    def __setitem__(self, key: tuple[str, Protocol], value: DeviceList) -> None:
        self.diary.note("list", key, value)
        super().__setitem__(key, value)


@dataclass
class Outside:
    """The state outside the stores: the server, the archive of one client, and its
    window."""

    bundles: dict[tuple[Device, Protocol], Bundle] = field(default_factory=dict)
    lists: dict[tuple[str, Protocol], DeviceList] = field(default_factory=dict)
    seen: list[Step] = field(default_factory=list)
    left: list[tuple[bytes, str, SentMessage]] = field(default_factory=list)
    read: list[bytes] = field(default_factory=list)
    archive: list[tuple[bytes, str, SentMessage]] = field(default_factory=list)
    shown: list[bytes] = field(default_factory=list)

    def follow(self, diary: Diary) -> None:
        for kind, *rest in diary.read():
            if kind == "bundle":
                self.bundles[rest[0]] = rest[1]
            elif kind == "list":
                self.lists[rest[0]] = rest[1]
            elif kind == "left":
                self.left.append((rest[0], rest[1], rest[2]))
                self.seen += steps_of(rest[2].messages)
            elif kind == "empty":
                self.seen += steps_of([rest[0]])
            elif kind == "archive":
                self.archive.append((rest[0], rest[1], rest[2]))
            elif kind == "shown":
                self.shown.append(rest[0])
            else:
                self.read.append(rest[0])


class Stage:
    """The three clients, on stores in one folder."""

    def __init__(self, folder: Path, diary: Diary, outside: Outside) -> None:
        self.diary = diary
        self.network = NotingNetwork(folder)
        bundles, lists = NotedBundles(outside.bundles), NotedLists(outside.lists)
        bundles.diary = lists.diary = diary
        self.network.bundles, self.network.lists = bundles, lists
        self.network.diary = diary
        self.ben = self._open(BEN)
        self.cat = self._open(CAT)
        self.ann = self._open(ANN)

    def _open(self, jid: str) -> Peer:
        path = self.network.folder / f"{jid}.db"
        clock = Clock()
        engine = OmemoEngine.open(path, jid, clock, path.with_suffix(".generation"))
        peer = Peer(self.network, path, jid, clock, engine)
        self.network.peers.append(peer)
        return peer

    def online(self) -> None:
        for peer in self.network.peers:
            peer.online()
            peer.engine.commit()

    def ann_sends(self, text: bytes, to: Peer) -> None:
        sent = self.ann.encrypt(text, to.jid)
        self.diary.note("left", text, to.jid, sent)
        result = to.engine.incoming.decrypt(ANN, sent.messages)
        assert result.plaintext == text
        to.engine.commit()
        self.diary.note("read", text)
        to.carry_out(result.effects)
        to.engine.commit()

    def somebody_sends(self, text: bytes, sender: Peer) -> SentMessage:
        sent = sender.encrypt(text, ANN)
        self.diary.note("archive", text, sender.jid, sent)
        return sent

    def ann_reads(self, text: bytes, sender: Peer, sent: SentMessage) -> None:
        """As Gajim does: the row is in its archive before ours is committed,
        and what is owed is sent a little later."""
        result = self.ann.engine.incoming.decrypt(sender.jid, sent.messages)
        assert result.plaintext == text
        self.diary.note("shown", text)
        self.ann.carry_out(result.effects)

    def close(self) -> None:
        self.network.close()


class NotingNetwork(FakeNetwork):
    """Notes the empty messages of Ann."""

    diary: Diary

    def deliver(self, sender: Peer, to: Device, message: EncryptedMessage) -> None:
        if sender.jid == ANN:
            sender.engine.flush()
            self.diary.note("empty", message)
        super().deliver(sender, to, message)
        for peer in self.peers:
            if peer.jid != ANN:
                peer.engine.commit()


def converse(stage: Stage) -> None:
    """A key exchange in both directions, sending, a batch, a refill of the
    prekeys, and a new signed prekey."""
    ann, ben, cat = stage.ann, stage.ben, stage.cat
    stage.ann_sends(b"a1", ben)
    sent = stage.somebody_sends(b"b1", ben)
    stage.ann_reads(b"b1", ben, sent)
    stage.ann_sends(b"a2", ben)
    batch = [
        (text, sender, stage.somebody_sends(text, sender))
        for text, sender in ((b"c1", cat), (b"b2", ben), (b"c2", cat), (b"b3", ben))
    ]
    ann.carry_out(ann.engine.connected())
    for text, sender, message in batch:
        stage.ann_reads(text, sender, message)
    ann.engine.commit()
    ann.carry_out(ann.engine.catch_up_ended())
    stage.ann_sends(b"a3", cat)
    ann.wait(8 * 24 * 3600)
    stage.ann_sends(b"a4", ben)


def go_on(stage: Stage, outside: Outside) -> None:
    """After the kill: connect, read the archive, and talk to both."""
    ann = stage.ann
    peers = {peer.jid: peer for peer in stage.network.peers}
    ann.carry_out(ann.engine.connected())
    for text, sender, sent in outside.archive:
        try:
            result = ann.engine.incoming.decrypt(sender, sent.messages)
        except DuplicateMessage:
            continue
        assert result.plaintext == text
        outside.shown.append(text)
        ann.carry_out(result.effects)
    ann.carry_out(ann.engine.catch_up_ended())
    for text, to, sent in outside.left:
        if text not in outside.read:
            assert peers[to].decrypt(ann, sent).plaintext == text
    for peer in (stage.ben, stage.cat):
        stage.ann_sends(b"on", peer)
        sent = stage.somebody_sends(b"on", peer)
        stage.ann_reads(b"on", peer, sent)
        stage.ann_sends(b"and on", peer)


def check(
    folder: Path, start: Path, before: Outside, number: int
) -> tuple[bool, Outside]:
    """Have Ann killed at one statement, and see what comes of it."""
    shutil.copytree(start, folder)
    diary = Diary(folder / "diary")

    def work() -> None:
        stage = Stage(folder, diary, before)
        converse(stage)
        stage.close()

    ended = run_until_statement(number, folder / f"{ANN}.db", work)
    outside = Outside(dict(before.bundles), dict(before.lists))
    outside.follow(diary)
    later = Diary(folder / "later")
    stage = Stage(folder, later, outside)
    go_on(stage, outside)
    rolled_back = [one for one in stage.ann.news if isinstance(one, AlarmRaised)]
    stage.close()
    after = Outside()
    after.follow(later)
    seen = outside.seen + after.seen
    assert len(set(seen)) == len(seen), "a message key was used twice"
    lost = {text for text, _, _ in outside.archive} - set(outside.shown)
    assert not lost, "the archive has it, and it was never shown"
    assert not rolled_back, "nothing was put back"
    shutil.rmtree(folder)
    return ended, outside


@pytest.fixture
def start(tmp_path: Path) -> tuple[Path, Outside]:
    """Three clients that have published and never spoken."""
    folder = tmp_path / "start"
    folder.mkdir()
    diary = Diary(tmp_path / "diary")
    stage = Stage(folder, diary, Outside())
    stage.online()
    stage.close()
    outside = Outside()
    outside.follow(diary)
    return folder, outside


def test_case_47_killed_at_every_statement(
    start: tuple[Path, Outside], tmp_path: Path
) -> None:
    folder, outside = start
    number = 0
    ended = False
    while not ended:
        ended, after = check(tmp_path / f"{number}", folder, outside, number)
        number += 1
    # It was the whole conversation, and not one that stopped early
    assert [text for text, _, _ in after.left] == [b"a1", b"a2", b"a3", b"a4"]
    assert {b"b1", b"b2", b"b3", b"c1", b"c2"} <= set(after.shown)
    print(f"killed {number} times")
    assert number > 60


def test_case_47_killed_while_the_store_is_made(tmp_path: Path) -> None:
    """The next start makes one, whatever there was of it."""
    number = 0
    ended = False
    while not ended:
        path = tmp_path / f"{number}.db"

        def work(path: Path = path) -> None:
            OmemoEngine.open(path, ANN, Clock()).close()

        ended = run_until_statement(number, path, work)
        engine = OmemoEngine.open(path, ANN, Clock())
        assert engine.device_id > 0
        number_of_prekeys = [
            len(prekeys.bundle().prekeys) for prekeys in engine._core.prekeys.values()
        ]
        assert number_of_prekeys == [100, 100]
        engine.close()
        number += 1
    assert number > 15
