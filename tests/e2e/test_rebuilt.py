# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be taken over from another OMEMO of this Gajim is built anew, and said,
and nobody is warned of anything."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from omemo_plugin.engine.values import EncryptedMessage
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_no_leak
from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.conversation import wait_until_known
from tests.e2e.test_giving_back import keep_the_key
from tests.e2e.test_takeover import WAYS
from tests.e2e.test_takeover import listed
from tests.e2e.test_takeover import other_rows
from tests.e2e.test_takeover import switch_on
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import Scene
from tests.support.peers.earlier_program import EarlierProgram
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.peers.raw_client import RawClient
from tests.support.processes import give_away
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]

VERIFIED = 1

# The sender's other devices get no copy: none of them has sent it
PRIVATE = "<private xmlns='urn:xmpp:carbons:2'/>"


class Before:
    """The programs of both sides, without their Gajims: they have talked."""

    def __init__(self, scene: Scene, suite: str, other_suite: str) -> None:
        self._scene = scene
        self._folder = scene.folder / "before"
        self._folder.mkdir()
        self.alice = self._start(suite, "alice")
        self.bob = self._start(other_suite, "bob")
        self.key = self.alice.fingerprint()
        self.alice.meet(self.bob.device, self.bob.bundle())
        for number in range(2):
            self._hand(self.alice, self.bob)
            if number == 0:
                self.bob.list_device(self.alice.device)
            self._hand(self.bob, self.alice)

    def _start(self, suite: str, name: str) -> EarlierProgram:
        jid = self._scene.server.accounts[name].jid
        return EarlierProgram(suite, jid, self._folder / f"omemo_{jid}.db")

    @staticmethod
    def _hand(sender: EarlierProgram, reader: EarlierProgram) -> None:
        text = secret("before")
        assert reader.decrypt(sender.jid, sender.encrypt(reader.jid, text)) == text

    def say(self) -> tuple[str, EncryptedMessage]:
        """Bob writes, and it is on its way."""
        text = secret("on its way")
        return text, self.bob.encrypt(self.alice.jid, text)

    def hear(self) -> None:
        """Alice reads what Bob writes now."""
        self._hand(self.bob, self.alice)

    def begin_anew(self) -> None:
        """Alice begins another session; the first one is an archived one."""
        self.alice.meet(self.bob.device, self.bob.bundle())

    def end(self, alice: Gajim, bob: Gajim) -> None:
        """Both have verified each other. Their Gajims go on with their keys."""
        for program, contact, gajim in (
            (self.alice, self.bob, alice),
            (self.bob, self.alice, bob),
        ):
            program.set_trust(contact.jid, VERIFIED)
            program.close()
            target = gajim.data / program.database.name
            shutil.copyfile(program.database, target)
            target.chmod(0o600)
            give_away(target)

    def send(self, *messages: EncryptedMessage) -> None:
        """What was on its way arrives."""
        client = RawClient(self._scene.server, self._scene.server.accounts["bob"])
        for message in messages:
            content = OmemoPeer.encrypted([message]) + PRIVATE
            client.send(OmemoPeer.stanza(self.alice.jid, content))
        client.close()


def be_asked(
    scene: Scene, alice: Gajim, bob: Gajim, before: str, device: int
) -> list[str]:
    """Both are online with what they had, and Alice switches to our plugin.

    :returns: the rows of Bob's chat that are not messages
    """
    start_all([alice, bob])
    wait_until_known(scene.server, alice, bob)
    wait_until_known(scene.server, bob, alice)
    open_chats(alice, bob)
    assert listed(scene, alice) == {str(device)}
    lines = other_rows(bob)
    switch_on(scene, alice, before)
    return lines


def forget_sessions(database: Path) -> None:
    """Leave an empty record of each, as the other program does when it gives one up."""
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE sessions SET record = ?", (b"",))
    connection.close()


def check_talk(alice: Gajim, bob: Gajim, key: str) -> None:
    """Both go on, with the same keys, which are verified still."""
    for about in ("after", "after an answer"):
        for sender, reader in ((alice, bob), (bob, alice)):
            rows = tell(sender, reader, about)
            assert rows[1].trust == "VERIFIED"
            if reader is bob:
                assert (rows[1].key or "").lower() == key


def check_no_warning(scene: Scene, alice: Gajim, *said: str) -> None:
    """Nothing else is said."""
    lines = [line for line in other_rows(alice) if "device" in line or "key" in line]
    assert set(lines) <= set(said)
    assert "Warning" not in " ".join(alice.call("dock")["texts"])
    assert len(listed(scene, alice)) == 1
    check_no_leak(scene)
    assert not errors_of_our_plugin(alice.log.read_text(errors="replace"))


KEPT = "Your key from before is in use. What was verified stays verified."


@pytest.mark.parametrize(("suite", "before", "other_suite", "other"), WAYS)
def test_what_was_skipped(
    new_scene: MakeScene, suite: str, before: str, other_suite: str, other: str
) -> None:
    """Of two sessions, one of them archived, messages are on their way. Those whose
    keys the other program had skipped are not opened, and all else is."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", before, accessible=True)
    bob = scene.gajim(other_suite, "bob", other)
    pair = Before(scene, suite, other_suite)
    _lost, skipped = pair.say()
    pair.hear()
    text, on_the_old_one = pair.say()
    pair.begin_anew()
    pair.end(alice, bob)
    lines = be_asked(scene, alice, bob, before, pair.alice.device.device_id)
    keep_the_key(alice)
    said = f"{KEPT} 1 message that is still on its way cannot be opened."
    wait_for("it is said", lambda: said in other_rows(alice))
    open_chats(alice, bob)
    pair.send(skipped, on_the_old_one)
    check_encrypted(alice, alice.wait_for_message(text))
    not_opened = [row.text for row in alice.messages() if "not opened" in row.text]
    assert len(not_opened) == 1
    assert "It came too late: its key is no longer here." in not_opened[0]
    check_talk(alice, bob, pair.key)
    alice.screenshot("skipped")
    bob.screenshot("skipped")
    assert other_rows(bob) == lines
    check_no_warning(scene, alice, said)


@pytest.mark.parametrize(("suite", "before", "other_suite", "other"), WAYS)
def test_a_session_that_cannot_be_read(
    new_scene: MakeScene, suite: str, before: str, other_suite: str, other: str
) -> None:
    """The contact's device gets a new one by itself."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", before, accessible=True)
    bob = scene.gajim(other_suite, "bob", other)
    pair = Before(scene, suite, other_suite)
    pair.end(alice, bob)
    lines = be_asked(scene, alice, bob, before, pair.alice.device.device_id)
    # Not before: the other program would have built them anew itself
    forget_sessions(alice.data / pair.alice.database.name)
    keep_the_key(alice)
    said = f"{KEPT} 1 device needs new keys, and gets them by itself."
    wait_for("it is said", lambda: said in other_rows(alice))
    open_chats(alice, bob)
    check_talk(alice, bob, pair.key)
    alice.screenshot("rebuilt")
    assert other_rows(bob) == lines
    # No session has told which of Bob's keys the device has
    met = "bob@localhost has a new device. Its key was verified before."
    check_no_warning(scene, alice, said, met)
