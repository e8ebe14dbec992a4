# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk of a running Gajim is copied, and Gajim is killed: nobody opens a message
that was read with what lies there."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.support.engine.secrets_on_disk import copy_files
from tests.support.engine.secrets_on_disk import distinct_states_of
from tests.support.engine.secrets_on_disk import opens
from tests.support.engine.secrets_on_disk import opens_as_first
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

# How many messages are sent at a time by each of two contacts
BURST = 25


class Disk:
    """Copies of the key store of a Gajim, and what was sent to it."""

    def __init__(self, alice: Gajim, folder: Path) -> None:
        self.alice = alice
        self.folder = folder
        self.folder.mkdir()
        name = f"{alice.account.jid}.db"
        (self.path,) = [one for one in alice.our_stores() if one.name == name]
        ids = alice.server.listed_devices(alice.account)
        (number,) = {int(one) for listed in ids.values() for one in listed}
        self.device_id = number
        self.sent: dict[OmemoPeer, list[EncryptedMessage]] = {}
        self.copies: list[tuple[Path, dict[Device, int]]] = []
        self._numbers = itertools.count()

    @property
    def journal(self) -> int:
        """Its size, in bytes."""
        wal = self.path.with_name(self.path.name + "-wal")
        return wal.stat().st_size if wal.exists() else 0

    def send(self, peer: OmemoPeer) -> str:
        """A contact says something, in its one protocol."""
        text = secret("to be read")
        (message,) = peer.encrypt(text, self.alice.account.jid)
        peer.client.send(peer.stanza(self.alice.account.jid, peer.encrypted([message])))
        self.sent.setdefault(peer, []).append(message)
        return text

    def copy(self, closed: dict[Device, int]) -> None:
        """
        Copy the files as they are now.

        :param closed: how many of the messages of each must not open with them
        """
        path = copy_files(self.path, self.folder / f"copy-{next(self._numbers)}")
        self.copies.append((path, closed))

    def closed(self) -> dict[Device, int]:
        """All messages so far."""
        return {peer.device: len(sent) for peer, sent in self.sent.items()}

    def check(self) -> int:
        """
        Try all messages with every state that the copies can be made to show.

        :returns: how many states there were
        """
        return sum(self._check(path, closed) for path, closed in self.copies)

    def _check(self, path: Path, closed: dict[Device, int]) -> int:
        count = 0
        for peer, sent in self.sent.items():
            device = peer.device
            states = path.with_name(f"{path.name}-states-{next(self._numbers)}")
            for state in distinct_states_of(path, states, device):
                count += 1
                found = opens(state, device, sent[: closed[device]], self.device_id)
                assert not found, f"{state}: {found} messages of {device.jid}"
        return count

    def has_forgotten_all(self) -> bool:
        """Whether no message so far opens with the files. The last of them may be
        read, and not be committed yet: then the journal is empty too early."""
        if self.journal:
            return False
        self.copy(self.closed())
        try:
            self._check(*self.copies[-1])
        except AssertionError:
            self.copies.pop()
            return False
        return True

    def opens_something(self) -> int:
        """Count the messages that the last copy opens, to know that the search finds
        them."""
        path, _closed = self.copies[-1]
        most = 0
        for peer, sent in self.sent.items():
            states = path.with_name(f"{path.name}-{peer.name}-again")
            for state in distinct_states_of(path, states, peer.device):
                most = max(most, opens(state, peer.device, sent, self.device_id))
        return most


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_case_51_68_a_copied_disk(new_scene: Callable[..., Scene], suite: str) -> None:
    scene = new_scene("alice", "old", "new", "zoe")
    alice = scene.gajim(suite, "alice", OURS)
    alice.start()
    accounts = scene.server.accounts
    peers = [
        OmemoPeer(scene.server, accounts[name], scene.folder / name, (protocol,))
        for name, protocol in (("old", Protocol.LEGACY), ("new", Protocol.OMEMO_2))
    ]
    try:
        disk = Disk(alice, scene.folder / "copies")
        for peer in peers:
            # Both have answered, so that no first message is left
            alice.open_chat(peer.jid, "OMEMO")
            for _ in range(2):
                talk(alice, peer)
        copy_at_random(alice, peers, disk)
        check_scene(scene)
        for text in keep_no_history(alice, peers[0], accounts["zoe"].jid):
            assert not scene.server.leaks(text)
    finally:
        for peer in peers:
            peer.close()


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_case_141_the_first_messages_of_a_contact(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """A prekey opens them, and is kept for ten minutes: but not when the screen is
    locked, and not when Gajim has ended."""
    scene = new_scene("alice", "old", "new")
    alice = scene.gajim(suite, "alice", OURS)
    alice.start()
    accounts = scene.server.accounts
    peers = [
        OmemoPeer(scene.server, accounts[name], scene.folder / name, (protocol,))
        for name, protocol in (("old", Protocol.LEGACY), ("new", Protocol.OMEMO_2))
    ]
    disk = Disk(alice, scene.folder / "copies")
    old, new = peers
    try:
        meet(alice, old, disk)
        alice.call("lock_session")
        assert opened_as_first(disk, old) == 0
        meet(alice, new, disk)
        alice.quit()
        assert opened_as_first(disk, new) == 0
    finally:
        for peer in peers:
            peer.close()


def meet(alice: Gajim, peer: OmemoPeer, disk: Disk) -> None:
    """A contact writes for the first time, and the prekey is not offered any more."""
    before = published(peer, disk)
    alice.open_chat(peer.jid, "OMEMO")

    def read() -> None:
        text = disk.send(peer)
        check_encrypted(alice, alice.wait_for_message(text))

    for _ in range(3):
        read()
    wait_for("a new bundle", lambda: not before <= published(peer, disk))
    # What comes now comes behind the server's answer to the publication
    read()
    wait_for("all is written", lambda: opened_as_first(disk, peer) == 4)


def published(peer: OmemoPeer, disk: Disk) -> frozenset[bytes]:
    """The prekeys that the server offers of a Gajim's, in a contact's protocol."""
    device = Device(disk.alice.account.jid, disk.device_id)
    bundle = peer.bundle_of(device, peer.protocols[0])
    assert bundle is not None
    return frozenset(bundle.prekeys.values())


def opened_as_first(disk: Disk, peer: OmemoPeer) -> int:
    """How many of a contact's messages open with the prekeys on the disk."""
    disk.copy({})
    path, _closed = disk.copies.pop()
    return opens_as_first(path, disk.alice.account.jid, peer.jid, disk.sent[peer])


def talk(alice: Gajim, peer: OmemoPeer) -> None:
    text = secret("before")
    peer.say(alice.account.jid, text)
    check_encrypted(alice, alice.wait_for_message(text))
    answer = secret("answer")
    alice.send(answer)
    peer.wait_for_text(answer)


def copy_at_random(alice: Gajim, peers: list[OmemoPeer], disk: Disk) -> None:
    dice = random.Random(51)

    def read(texts: list[str]) -> None:
        def missing() -> set[str]:
            kept = {one["text"] for peer in peers for one in alice.history(peer.jid)}
            return set(texts) - kept

        wait_for("all are read", lambda: not missing(), 60)

    def burst(closed: dict[Device, int], copies: int) -> list[str]:
        texts: list[str] = []
        moments = {dice.randrange(BURST) for _ in range(copies)}
        for number in range(BURST):
            texts += [disk.send(peer) for peer in peers]
            if number in moments:
                time.sleep(dice.uniform(0, 0.3))
                disk.copy(closed)
        return texts

    def journal_after_reading() -> int:
        read(burst(dict.fromkeys((peer.device for peer in peers), 0), 0))
        # On a slow machine, all may be forgotten before anybody looks
        return disk.journal

    # The screen is locked as soon as all are read
    wait_for("there is something to forget", journal_after_reading)
    alice.call("lock_session")
    assert not disk.journal
    disk.copy(disk.closed())
    # Nothing is done but to wait
    earlier = disk.closed()
    read(burst(earlier, 3))
    disk.copy(earlier)
    assert disk.opens_something(), "the search finds nothing at all"
    wait_for("all is forgotten by itself", disk.has_forgotten_all, 25)
    # Killed while it reads
    earlier = disk.closed()
    texts = burst(earlier, 2)
    time.sleep(dice.uniform(0, 0.5))
    alice.kill()
    disk.copy(earlier)
    began = time.monotonic()
    states = disk.check()
    seconds = time.monotonic() - began
    print(f"{len(disk.copies)} copies, {states} states, looked at in {seconds:.0f} s")
    alice.start()
    alice.open_chat(peers[0].jid, "OMEMO")
    # The archive has what was lost
    read(texts)
    wait_for("the journal of before is emptied", lambda: not disk.journal, 25)


def keep_no_history(alice: Gajim, peer: OmemoPeer, nobody: str) -> tuple[str, str]:
    """
    Case 68: chosen while a text waits, and another one is being written.

    :returns: both texts
    """
    waits, draft = secret("waits for keys"), secret("is not finished")
    alice.open_chat(nobody, "OMEMO")
    # The window would leave it in its input, as nobody can read it
    alice.call(
        "send_past_the_window", account=alice.account_name, jid=nobody, text=waits
    )
    alice.open_chat(peer.jid)
    alice.call("type_text", text=draft)
    alice.open_chat(nobody)

    # Gajim 2.6 keeps what is being typed in its archive, whatever the setting says
    folder = alice.home
    if alice.host.gajim_version.startswith("2.6"):
        folder = alice.our_stores()[0].parent

    def on_the_disk(*texts: str) -> list[Path]:
        found = []
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix != ".log":
                data = path.read_bytes()
                if any(text.encode() in data for text in texts):
                    found.append(path)
        return found

    wait_for("the text that waits is kept", lambda: on_the_disk(waits))
    alice.call(
        "change_setting",
        scope="account",
        name="chat_history_max_age",
        value=0,
        account=alice.account_name,
    )
    wait_for(
        "no text of ours is on the disk", lambda: not on_the_disk(waits, draft), 10
    )
    return waits, draft
