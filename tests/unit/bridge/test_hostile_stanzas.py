# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The bare receiver behind nbxmpp's own dispatcher, and stanzas that a server has
changed by their structure. For more than a few: tools/fuzz --stanzas.
"""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from nbxmpp.client import Client
from nbxmpp.protocol import JID
from nbxmpp.protocol import Message
from nbxmpp.simplexml import Node
from nbxmpp.structs import StanzaHandler

from omemo_plugin.bridge.gajim import constants as gajim_constants
from omemo_plugin.bridge.gajim.messages import dispatch_again
from omemo_plugin.bridge.incoming.content_writer import ContentWriter
from omemo_plugin.bridge.incoming.envelope_reader import EnvelopeReader
from omemo_plugin.bridge.incoming.plaintext_guard import HINT_PRIORITY
from omemo_plugin.bridge.incoming.plaintext_guard import NAMESPACES
from omemo_plugin.bridge.incoming.plaintext_guard import PRIORITY
from omemo_plugin.bridge.incoming.plaintext_guard import forget_hint
from omemo_plugin.bridge.incoming.receiver import MessageReceiver
from omemo_plugin.bridge.incoming.senders import Senders
from omemo_plugin.bridge.notices.unopened import UnopenedMessages
from omemo_plugin.bridge.rooms import Rooms
from omemo_plugin.bridge.xml.nodes import to_node
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.envelope import build_envelope
from omemo_plugin.stanza.message import build_encrypted
from tests.support.engine.fake_network import BOTH
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.fuzz.stanza_checks import Report
from tests.support.fuzz.stanza_mutations import Mutator

ALICE = "alice@localhost"
BOB = "bob@localhost"
ROOM = "den@rooms.localhost"

STANZAS = int(os.environ.get("OMEMO_FUZZ_STANZAS", "300"))


class Occupants(Rooms):
    """A room in which Bob is."""

    def __init__(self) -> None:
        super().__init__(SimpleNamespace(), ALICE)

    def person(self, address: str) -> str | None:
        return BOB if address == f"{ROOM}/bob" else None

    def is_room(self, jid: str) -> bool:
        return jid == ROOM


_LOGGERS = ("nbxmpp", "gajim.p.omemo_plugin")


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []
        self._formatter = logging.Formatter("%(name)s: %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self._formatter.format(record))


class Program:
    """nbxmpp without a connection, the receiver, and a reader as Gajim has one."""

    def __init__(self, alice: Peer) -> None:
        self._client = Client("fuzz")
        self._client._jid = JID.from_string(f"{ALICE}/x")
        self._dispatcher = self._client._dispatcher
        self._shown: list[dict[str, Any]] = []
        self._client.connection = self._client
        self._receiver = MessageReceiver(
            lambda: alice.engine,
            alice.carry_out,
            lambda: None,
            lambda: None,
            Senders(ALICE, Occupants()),
            EnvelopeReader(ALICE, lambda: alice.engine, alice.carry_out, self._tell),
            ContentWriter(
                ALICE,
                self._tell,
                self._ignore,
                lambda: False,
                self._ignore,
                UnopenedMessages(ALICE, alice.engine.devices.of, lambda _jid: True),
            ),
        )
        for namespace in NAMESPACES:
            self._register(PRIORITY, self._decrypt, namespace)
        self._register(HINT_PRIORITY, self._hint, "urn:xmpp:eme:0")
        self._register(50, self._read)
        self.errors = _Errors()
        for name in _LOGGERS:
            logging.getLogger(name).addHandler(self.errors)

    def close(self) -> None:
        """Leave the loggers as they were."""
        for name in _LOGGERS:
            logging.getLogger(name).removeHandler(self.errors)

    def _register(self, priority: int, callback: Any, namespace: str = "") -> None:
        self._dispatcher.register_handler(
            StanzaHandler(
                name="message", callback=callback, ns=namespace, priority=priority
            )
        )

    def _tell(self, _jid: str, line: str) -> None:
        assert "\n" not in line

    def _ignore(self, *_arguments: Any) -> None:
        pass

    def _decrypt(self, _client: Any, stanza: Message, properties: Any) -> None:
        self._receiver.handle(stanza, properties)

    def _dispatch_again(self, stanza: Message, properties: Any) -> None:
        self._decrypted = properties.encrypted is not None
        dispatch_again(self._client, stanza, properties)

    def _hint(self, _client: Any, _stanza: Message, properties: Any) -> None:
        forget_hint(properties, encrypted=True)

    def _read(self, _client: Any, _stanza: Message, properties: Any) -> None:
        if properties.type.is_error or properties.is_pubsub:
            return
        bodies = getattr(properties, "bodies", None)
        text = properties.body if bodies is None else bodies.get(None)
        if not text:
            return
        data, trust = properties.encrypted, None
        if data is not None:
            value = getattr(data, "trust", None)
            if value is None:
                value = data.additional_data["trust"]
            trust = gajim_constants.trust_from_gajim(value).name
        correction = properties.correction
        self._shown.append(
            {
                "jid": str(properties.jid),
                "text": text,
                "trust": trust,
                "replaces": "" if correction is None else correction.id,
            }
        )

    def inject(self, xml: str) -> dict[str, Any]:
        """Dispatch a stanza."""
        self._shown.clear()
        self.errors.found.clear()
        self._decrypted = False
        node = Node(node=xml)
        begin = time.thread_time()
        try:
            self._dispatcher.dispatch(node)
        except Exception:
            self.errors.found.append(traceback.format_exc())
        return {
            "shown": list(self._shown),
            "errors": [one for one in self.errors.found if self._concerns_us(one)],
            "seconds": time.thread_time() - begin,
        }

    def _concerns_us(self, error: str) -> bool:
        """nbxmpp fails by itself on some stanzas, which are lost then. With what
        we have decrypted it must not."""
        return self._decrypted or "omemo_plugin" in error


def encrypted(
    bob: Peer, text: str, protocols: Sequence[Protocol], to: str
) -> list[str]:
    """A fresh message of Bob, in these protocols."""
    body = Element("{jabber:client}body")
    body.text = text
    stamp = datetime.now(UTC)
    envelope = build_envelope([body], from_jid=BOB, to_jid=to, stamp=stamp)
    plain = {Protocol.LEGACY: text.encode(), Protocol.OMEMO_2: envelope}
    bob.prepare(ALICE)
    sent = bob.engine.outgoing.encrypt([ALICE], {one: plain[one] for one in protocols})
    return [str(to_node(build_encrypted(message))) for message in sent.messages]


@pytest.mark.parametrize("kinds", [("chat", "carbon", "archive"), ("room",)])
@pytest.mark.parametrize("protocol", list(Protocol))
def test_case_74_the_text_shown_is_the_text_encrypted(
    tmp_path: Path, protocol: Protocol, kinds: tuple[str, ...]
) -> None:
    network = FakeNetwork(tmp_path)
    alice = network.peer(ALICE, protocols=BOTH)
    bob = network.peer(BOB, protocols=(protocol,))
    program = Program(alice)
    try:
        mutator = Mutator(74, kinds)
        report = Report()
        to = ROOM if kinds == ("room",) else ALICE
        for number in range(STANZAS // 4):
            text = f"> number {number}\nthe whole text"
            elements = encrypted(bob, text, (protocol,), to)
            mutant = mutator.mutant(elements, BOB, ALICE, number)
            report.note(mutant, text, BOB, program.inject(mutant.xml))
        print(report.summary(), *report.stalls[:3], sep="\n")
        report.check()
        assert report.outcomes["decrypted"] > STANZAS // 20
    finally:
        program.close()
        network.close()


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.123456Z",
        "2026-01-01T01:00:00+01:00",
        "2026-01-01 00:00:00Z",
        "20260101T000000Z",
        "2026-W01-1T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59+23:59",
        "9999-12-31T23:59:59Z",
        "never",
    ],
)
def test_case_74_a_time_that_cannot_be_read_shows_no_text_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, stamp: str
) -> None:
    """nbxmpp logs a stanza whose delay it cannot read, and had it decrypted. In
    OMEMO 2 the time is in the envelope, and no delay stays."""
    caplog.set_level(logging.DEBUG, "nbxmpp")
    network = FakeNetwork(tmp_path)
    alice = network.peer(ALICE, protocols=BOTH)
    bob = network.peer(BOB, protocols=(Protocol.LEGACY,))
    program = Program(alice)
    try:
        text = "a secret that is in no log"
        (element,) = encrypted(bob, text, (Protocol.LEGACY,), ALICE)
        delay = f"<delay xmlns='urn:xmpp:delay' from='localhost' stamp='{stamp}'/>"
        result = program.inject(
            f"<message xmlns='jabber:client' from='{BOB}/x' to='{ALICE}/x' type='chat'"
            f" id='delayed'>{element}{delay}</message>"
        )
        assert [row["text"] for row in result["shown"]] == [text]
        assert text not in caplog.text
    finally:
        program.close()
        network.close()
