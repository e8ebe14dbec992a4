# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stanzas that a server has changed by their structure, in running Gajims.

After our handler all of Gajim's own look at them. For more than a few:
tools/fuzz --stanzas.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.envelope import build_envelope
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.support.fuzz.stanza_checks import Report
from tests.support.fuzz.stanza_mutations import Mutant
from tests.support.fuzz.stanza_mutations import Mutator
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

STANZAS = int(os.environ.get("OMEMO_FUZZ_STANZAS", "2000"))
FIRST = int(os.environ.get("OMEMO_FUZZ_FIRST", "0"))
MINUTES = float(os.environ.get("OMEMO_FUZZ_MINUTES", "inf"))
# A folder for what was found so far
RESULTS = os.environ.get("OMEMO_FUZZ_RESULTS")
BATCH = 50
# Of envelopes by a contact
ENVELOPES = STANZAS // 4
KINDS: tuple[str, ...] = ("chat", "carbon", "archive")
STANDS_FOR = {"{urn:xmpp:reactions:0}reactions", "{urn:xmpp:message-retract:1}retract"}
# As in tests/corpus/stanzas
ROOM = "den@rooms.localhost"


def encrypted(
    peer: OmemoPeer, text: str, reader: str, to: str, content: Iterable[Element] = ()
) -> str:
    """A fresh message in the protocol of a contact.

    :param to: the reader, or a room
    :param content: what else an envelope has
    """
    body = Element("{jabber:client}body")
    body.text = text
    envelope = build_envelope(
        [body, *content], from_jid=peer.jid, to_jid=to, stamp=datetime.now(UTC)
    )
    plain = {Protocol.LEGACY: text.encode(), Protocol.OMEMO_2: envelope}
    (protocol,) = peer.protocols
    sent = peer.engine.outgoing.encrypt([reader], {protocol: plain[protocol]})
    return peer.encrypted(sent.messages)


def talk(alice: Gajim, peer: OmemoPeer, about: str) -> None:
    """Honest messages both ways."""
    alice.open_chat(peer.jid, "OMEMO")
    text = secret(about)
    peer.say(alice.account.jid, text)
    check_encrypted(alice, alice.wait_for_message(text))
    answer = secret(about)
    alice.send(answer)
    peer.wait_for_text(answer)


def enter(alice: Gajim, peers: Sequence[OmemoPeer]) -> None:
    """Have contacts in a room of Alice's."""
    alice.create_room(ROOM)
    for peer in peers:
        alice.set_affiliation(ROOM, peer.jid, "member")
        peer.client.send(
            f"<presence xmlns='jabber:client' to='{ROOM}/{peer.name}'>"
            "<x xmlns='http://jabber.org/protocol/muc'/></presence>"
        )
        wait_for(f"{peer.name} is in the room", partial(sees_in_room, alice, peer.name))


def sees_in_room(alice: Gajim, nick: str) -> bool:
    """Whether Alice's Gajim sees somebody in the room."""
    seen = alice.call("nicknames", account=alice.account_name, room=ROOM)
    return nick in seen


@dataclass(frozen=True)
class Stage:
    """Where the stanzas go.

    :ivar kinds: of stanzas
    :ivar to: Alice, or the room
    """

    alice: Gajim
    peers: Sequence[OmemoPeer]
    kinds: tuple[str, ...]
    to: str

    def inject(self, first: int, report: Report) -> None:
        """Give Gajim a batch of changed stanzas, and note what it makes of them.

        :param first: the number of the first one; it decides what they are
        """
        mutator, own = Mutator(74_000_000 + first, self.kinds), self.alice.account.jid
        batch: list[tuple[Mutant, str, OmemoPeer]] = []
        for number in range(first, first + BATCH):
            peer = self.peers[number % len(self.peers)]
            text = secret(f"> quoted {number}")
            element = encrypted(peer, text, own, self.to)
            mutant = mutator.mutant([element], peer.jid, own, number, peer.name)
            batch.append((mutant, text, peer))
        results = self.alice.call(
            "inject",
            account=self.alice.account_name,
            stanzas=[mutant.xml for mutant, _text, _peer in batch],
        )
        for (mutant, text, peer), result in zip(batch, results, strict=True):
            report.note(mutant, text, peer.jid, result)
        for peer in self.peers:
            # The empty messages that Gajim owes them move their ratchets
            peer.read()


def inject(stage: Stage, title: str) -> Report:
    """Give changed stanzas to Gajim until there were enough or the time is over.

    Each batch has its verdict at once, which is kept: whoever ends a long run has
    what it has shown, and the next one goes on from there.
    """
    report, begun = Report(), time.monotonic()
    for first in range(FIRST, FIRST + STANZAS, BATCH):
        stage.inject(first, report)
        if RESULTS:
            path = Path(RESULTS) / f"{title}, from {FIRST}.txt"
            path.write_text("\n".join([report.summary(), *report.stalls[:20], ""]))
        report.check()
        if time.monotonic() - begun > 60 * MINUTES:
            break
    return report


@pytest.mark.parametrize("where", ["chats", "room"])
@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_case_74_hostile_stanzas(
    new_scene: Callable[..., Scene], suite: str, where: str
) -> None:
    scene = new_scene("alice", "old", "new", "zoe")
    alice = scene.gajim(suite, "alice", OURS)
    alice.start()
    accounts = scene.server.accounts
    peers = [
        OmemoPeer(scene.server, accounts[name], scene.folder / name, (protocol,))
        for name, protocol in (("old", Protocol.LEGACY), ("new", Protocol.OMEMO_2))
    ]
    try:
        for peer in peers:
            talk(alice, peer, "before")
        kinds, to = KINDS, alice.account.jid
        if where == "room":
            enter(alice, peers)
            kinds, to = ("room",), ROOM
        # Another chat is on screen, so that the rows need not be drawn
        alice.open_chat(accounts["zoe"].jid)
        report = inject(Stage(alice, peers, kinds, to), f"{suite}, {where}")
        print(f"{suite}, {where}: {report.summary()}", *report.stalls[:3], sep="\n")
        assert not report.ours
        assert report.outcomes["decrypted"] > len(report.seconds) // 4
        # Of what was decrypted nothing is in a log, whoever writes it
        assert "quoted" not in alice.log.read_text(errors="replace")
        for peer in peers:
            talk(alice, peer, "after")
        check_scene(scene)
    finally:
        for peer in peers:
            peer.close()


def envelopes(alice: Gajim, peer: OmemoPeer) -> Report:
    """Have a contact write all kinds of things into envelopes."""
    report, own = Report(), alice.account.jid
    mutator = Mutator(75_000_000 + FIRST, ("chat",))
    for first in range(FIRST, FIRST + ENVELOPES, BATCH):
        batch: list[tuple[Mutant, str]] = []
        for number in range(first, first + BATCH):
            text = secret(f"enveloped {number}")
            content = mutator.content()
            # Their text is for programs that do not know them
            must = not {one.tag for one in content} & STANDS_FOR
            try:
                element = encrypted(peer, text, own, own, content)
            except (ValueError, TypeError):
                # Not every change can be written
                continue
            stanza = peer.stanza(own, element, message_id=f"envelope-{number}")
            stanza = stanza.replace("<message ", f"<message from='{peer.jid}/x' ", 1)
            batch.append((Mutant(stanza, must), text))
        results = alice.call(
            "inject",
            account=alice.account_name,
            stanzas=[mutant.xml for mutant, _text in batch],
        )
        for (mutant, text), result in zip(batch, results, strict=True):
            report.note(mutant, text, peer.jid, result)
        peer.read()
        report.check()
    return report


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_case_74_hostile_envelopes(new_scene: Callable[..., Scene], suite: str) -> None:
    """What is inside is authentic, and may be anything."""
    scene = new_scene("alice", "new", "zoe")
    alice = scene.gajim(suite, "alice", OURS)
    alice.start()
    account = scene.server.accounts["new"]
    peer = OmemoPeer(scene.server, account, scene.folder / "new", (Protocol.OMEMO_2,))
    try:
        talk(alice, peer, "before")
        alice.open_chat(scene.server.accounts["zoe"].jid)
        report = envelopes(alice, peer)
        print(f"{suite}, envelopes: {report.summary()}", *report.stalls[:3], sep="\n")
        assert not report.ours
        assert report.outcomes["decrypted"] > len(report.seconds) // 4
        assert "enveloped" not in alice.log.read_text(errors="replace")
        talk(alice, peer, "after")
        check_scene(scene)
    finally:
        peer.close()
