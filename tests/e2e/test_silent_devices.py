# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
A contact has a phone, and two tablets that lie in a drawer. After half a year and many
messages the tablets get no keys; the user sees that, and it ends when one is heard. A
tablet of the user's own is offered for removal.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from omemo_plugin.engine.state.silence import ASKED_AFTER
from omemo_plugin.engine.state.silence import LEFT_OUT_AFTER
from omemo_plugin.engine.state.silence import MESSAGES_MIN
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import is_key_exchange
from omemo_plugin.stanza.message import find_encrypted
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import said_in_dock
from tests.e2e.conversation import secret
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

from .test_windows import DETAILS
from .test_windows import said
from .test_windows import wait_until_gone
from .test_windows import wait_until_said

MakeScene = Callable[..., Scene]

OFFER = "for half a year"
BOTH = "2 devices get nothing: they have not been heard for long."
ONE = "1 device gets nothing: it has not been heard for long."


class Drawer:
    """Alice writes to Ben, and Ben answers from his phone."""

    def __init__(self, scene: Scene, alice: Gajim) -> None:
        self.server = scene.server
        self.alice = alice
        self._peers: list[OmemoPeer] = []
        # The tablets know the older protocol alone, in which they owe no answer
        legacy = (Protocol.LEGACY,)
        self.phone = self._peer(scene, "ben", "phone", tuple(Protocol))
        self.first = self._peer(scene, "ben", "first", legacy)
        self.second = self._peer(scene, "ben", "second", legacy)
        self.own = self._peer(scene, "alice", "own", legacy)

    def _peer(
        self, scene: Scene, name: str, folder: str, protocols: tuple[Protocol, ...]
    ) -> OmemoPeer:
        account = scene.server.accounts[name]
        peer = OmemoPeer(scene.server, account, scene.folder / folder, protocols)
        self._peers.append(peer)
        return peer

    def close(self) -> None:
        for peer in self._peers:
            peer.close()

    def begin(self) -> None:
        """All have met, and no answer is owed."""
        alice = self.alice
        alice.open_chat(self.phone.jid, "OMEMO")
        self.write()
        wait_for("the own tablet is known", self._own_key)
        # That it is new is another question, and is answered
        alice.call("set_trust", **self._own_key(), trust="VERIFIED")
        for peer in (self.phone, self.first, self.second):
            self.answer(peer)
        assert self.readers() == {self.first, self.second, self.own}

    def _own_key(self) -> dict[str, str]:
        account = {"account": self.alice.account_name, "jid": self.own.jid}
        key = self.own.engine.fingerprint
        known = self.alice.call("trust", **account)
        return {**account, "key": key} if key in known else {}

    def write(self) -> str:
        """Alice says something, and Ben reads it on his phone."""
        text = secret("for Ben")
        self.alice.send(text)
        self.phone.wait_for_text(text)
        return text

    def answer(self, peer: OmemoPeer) -> None:
        text = secret(f"from {peer.device.device_id}")
        peer.say(self.alice.account.jid, text)
        check_encrypted(self.alice, self.alice.wait_for_message(text))

    def readers(self) -> set[OmemoPeer]:
        """The tablets for which a message that Alice writes now has a key, on the
        wire."""
        before = len(self.server.wire())
        self.write()
        wire = self.server.wire()[before:]
        found = {peer for peer in self._peers if f"rid='{number_of(peer)}'" in wire}
        assert self.phone in found
        return found - {self.phone}

    def let_pass(self, seconds: int) -> None:
        """So much time passes, in which many messages are written."""
        account = self.alice.account_name
        self.alice.call("let_time_pass", account=account, seconds=seconds)
        for _ in range(MESSAGES_MIN + 1):
            self.alice.send(secret("for Ben"))
        self.write()
        self.answer(self.phone)

    def let_half_a_year_pass(self) -> None:
        tablets = (self.first, self.second, self.own)
        self.let_pass(ASKED_AFTER)
        wait_for(
            "all are asked", lambda: all(self.questions(one) == 1 for one in tablets)
        )
        assert not {one for one in (OFFER, ONE, BOTH) if one in self.said()}
        self.let_pass(LEFT_OUT_AFTER)
        wait_for("the dock says it", lambda: BOTH in self.said())
        wait_for("the dock offers to remove one", lambda: OFFER in self.said())

    def questions(self, peer: OmemoPeer) -> int:
        """How often Alice asked a device whether it is there: by a new session, in a
        message for it alone."""
        return sum(
            [key.device_id for key in message.keys] == [number_of(peer)]
            and is_key_exchange(message.protocol, message.keys[0].data)
            for stanza in list(peer.client.messages.queue)
            # Ben's phone has a session with Alice's tablet, too
            if (stanza.get("from") or "").startswith(f"{self.alice.account.jid}/")
            for message in find_encrypted(stanza)
        )

    def said(self) -> str:
        return said_in_dock(self.alice)


def number_of(peer: OmemoPeer) -> int:
    return peer.device.device_id


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_case_120_tablets_in_a_drawer(new_scene: MakeScene, suite: str) -> None:
    scene = new_scene("alice", "ben")
    alice = scene.gajim(suite, "alice", OURS, accessible=True)
    alice.start()
    ben = Drawer(scene, alice)
    try:
        ben.begin()
        ben.let_half_a_year_pass()
        line = "A device of ben@localhost has not been heard for half a year."
        wait_for("the chat says it", lambda: any(line in r.text for r in alice.rows()))
        # The user's own device is only offered for removal
        assert ben.readers() == {ben.own}
        alice.screenshot(f"silent-devices-{suite}-chat")
        answer_the_offer(ben, suite)
        silent = write_again(ben, suite)
        # Its program reads, and answers by itself the question that waits for it
        silent.read()
        wait_for("it is heard", lambda: ONE not in ben.said())
        assert ben.readers() == {ben.first, ben.second, ben.own}
        silent.wait_for_text(ben.write())
        ben.answer(silent)
        check_scene(scene)
    finally:
        ben.close()


def answer_the_offer(ben: Drawer, suite: str) -> None:
    alice = ben.alice
    gajim = alice.accessibility()
    alice.call("press_in_dock", label="My devices…")
    wait_until_said(gajim, DETAILS, "You can remove it.")
    alice.screenshot(f"silent-devices-{suite}-own")
    gajim.key("Escape")
    wait_until_gone(gajim, DETAILS)
    alice.call("press_in_dock", label="Not now")
    wait_for("it is not asked", lambda: OFFER not in ben.said())


def history_of(alice: Gajim) -> str:
    """What the window with the details says has happened."""
    (title,) = [one for one in alice.call("window_titles") if DETAILS in one]
    alice.call("unfold", window=title, words="History")
    return "\n".join(alice.call("texts_of", window=title))


def write_again(ben: Drawer, suite: str) -> OmemoPeer:
    """
    By the button of one tablet.

    :returns: the other one
    """
    alice = ben.alice
    gajim = alice.accessibility()
    alice.call("choose_in_encryption_menu", label="Encryption details…")
    wait_until_said(gajim, DETAILS, "No longer gets keys: not heard since")
    alice.screenshot(f"silent-devices-{suite}-details")
    nodes = gajim.read(DETAILS)
    assert "Gets nothing, not verified" in said(nodes)
    # GTK 4 has the words on the button below it
    names = {node.name for node in nodes if node.name.startswith("Write for ")}
    buttons = sorted(names - {"Write for it again"})
    assert len(buttons) == 2
    history = history_of(alice)
    assert history.count("was not heard, and gets no keys.") == 2
    assert "gets keys again." not in history
    gajim.press(DETAILS, buttons[0])
    wait_until_said(gajim, DETAILS, "gets keys again.")
    device = buttons[0].removeprefix("Write for ").removesuffix(" again")
    wait_for(
        "the history says it",
        lambda: f": “{device}” gets keys again." in history_of(alice),
    )
    gajim.key("Escape")
    wait_until_gone(gajim, DETAILS)
    wait_for("the dock says it of one", lambda: ONE in ben.said())
    (silent,) = {ben.first, ben.second, ben.own} - ben.readers()
    assert silent is not ben.own
    return silent
