# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running Gajim, an honest contact, and others with real sessions, whom a test
lets do what they should not. A module of tests shares it, for each Gajim."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

from omemo_plugin.engine.values import Protocol
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import has_come_back
from tests.e2e.conversation import said_in_dock
from tests.e2e.conversation import secret
from tests.support.gajim.program import Row
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import BOTH
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.peers.raw_client import RawClient
from tests.support.servers.hostile import HostileServer
from tests.support.servers.prosody import XmppAccount
from tests.support.waiting import wait_for

# Nobody has a device with this id
NOBODY = 666666

# Contacts; each test meets others of them
CONTACTS = ("eve", "dan", "cat")


class Stage:
    """A Gajim, an honest contact, and others."""

    def __init__(self, scene: Scene, suite: str, **options: Any) -> None:
        """Name the suite of the Gajim, and its options."""
        self.scene = scene
        self.server = scene.server
        self.suite = suite
        self._numbers = itertools.count(1)
        self._peers: list[OmemoPeer] = []
        self._used: Counter[str] = Counter()
        self.alice = scene.gajim(suite, "alice", OURS, **options)
        self.hostile = HostileServer(scene.server, self.alice)

    def begin(self) -> None:
        """Both come online, and have spoken."""
        self.begin_alone()
        self.check("before")

    def begin_alone(self) -> None:
        """Both come online."""
        self.alice.launch()
        self.bob = self.peer("bob")
        self.alice.wait_until_online()

    def peer(self, name: str, protocols: tuple[Protocol, ...] = BOTH) -> OmemoPeer:
        """Somebody nobody has met yet comes online with a device."""
        if name in CONTACTS:
            name = self.nobody(name)
        return self.device_of(self.server.accounts[name], protocols)

    def nobody(self, name: str) -> str:
        """An account that has no device."""
        self._used[name] += 1
        return f"{name}{self._used[name]}"

    def device_of(
        self,
        account: XmppAccount,
        protocols: tuple[Protocol, ...] = BOTH,
        *,
        folder: Path | None = None,
    ) -> OmemoPeer:
        """A device comes online.

        :param folder: with its keys, if it has some already
        """
        folder = folder or self.scene.folder / f"peer-{next(self._numbers)}"
        peer = OmemoPeer(self.server, account, folder, protocols)
        self._peers.append(peer)
        return peer

    def leave(self, peer: OmemoPeer) -> None:
        """A device goes offline for good."""
        self._peers.remove(peer)
        peer.close()

    def client_of(self, account: XmppAccount) -> RawClient:
        """A client of an account that knows no OMEMO. Whoever asks for it closes
        it."""
        return RawClient(self.server, account)

    def clear(self) -> None:
        """Remove the contacts of a test, and delete the text in the input."""
        for peer in self._peers:
            if peer is not self.bob:
                peer.close()
        self._peers = [self.bob]
        self.open_chat(self.bob)
        self.alice.call("clear_input")

    def close(self) -> None:
        """Remove all contacts."""
        for peer in self._peers:
            peer.close()

    @property
    def own(self) -> str:
        """The bare JID of the one who is attacked."""
        return self.alice.account.jid

    def open_chat(self, peer: OmemoPeer) -> None:
        """Look at the chat with somebody, encrypted."""
        self.alice.open_chat(peer.jid, "OMEMO")

    def hear(self, peer: OmemoPeer, about: str) -> str:
        """Somebody is heard, in the chat that is shown."""
        text = secret(about)
        peer.say(self.own, text)
        row = self.alice.wait_for_message(text)
        check_encrypted(self.alice, row)
        assert not row.outgoing
        return text

    def tell(self, peer: OmemoPeer, about: str) -> str:
        """Somebody hears, by way of the chat that is shown."""
        text = secret(about)
        self.alice.send(text)
        peer.wait_for_text(text)
        check_encrypted(self.alice, self.alice.wait_for_message(text))
        return text

    def talk(self, peer: OmemoPeer, about: str) -> list[str]:
        """Both ways."""
        return [self.hear(peer, about), self.tell(peer, about)]

    def check(self, about: str) -> None:
        """The honest contact is heard, and hears; nothing was logged or leaked."""
        self.open_chat(self.bob)
        self.talk(self.bob, about)
        check_scene(self.scene)

    def id_of(self, peer: OmemoPeer, text: str) -> str:
        """The id of a message, once Gajim has it on disk."""

        def found() -> list[str]:
            history = self.alice.history(peer.jid)
            return [one["id"] for one in history if one["text"] == text]

        return wait_for(f"{text!r} is kept", found)[0]

    def lines(self) -> list[str]:
        """The lines in the chat that is shown."""
        return [row.text for row in self.alice.rows() if row.type != "chat"]

    def wait_for_line(self, words: str) -> None:
        """Wait until the user is told something."""
        wait_for(
            f"a line says {words!r}", lambda: any(words in one for one in self.lines())
        )

    def wait_for_warning(self, words: str) -> None:
        """Wait until the user is warned above the message input."""
        wait_for(
            f"a warning says {words!r}",
            lambda: words in " ".join(self.alice.call("dock")["texts"]),
        )

    def wait_for_refusal(self, words: str, before: int) -> Row:
        """Wait for a row in place of a message, of those after the first ones."""

        def found() -> list[Row]:
            return [row for row in self.alice.messages()[before:] if words in row.text]

        row = wait_for(f"a row says {words!r}", found)[0]
        assert "not opened]" in row.text
        assert row.trust not in ("BLIND", "VERIFIED"), row
        return row

    def is_not_sent(self, words: str) -> None:
        """Write a text that stays here, and see that the user is told why."""
        text = secret("must not leave")
        self.alice.call("clear_input")
        self.alice.call("type_text", text=text)
        self.alice.call("press_send")
        wait_for(f"it is said: {words!r}", lambda: words in said_in_dock(self.alice))
        wait_for("the text is not sent", lambda: has_come_back(self.alice, text))
        if self.alice.call("typed_text") != text:
            self.alice.call("press_waiting", text=text, label="Delete")
        self.alice.call("clear_input")
        assert not self.server.leaks(text)
