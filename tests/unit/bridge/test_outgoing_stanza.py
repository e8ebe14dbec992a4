# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from nbxmpp.protocol import Message

from omemo_plugin.bridge.xml import outgoing_stanza
from omemo_plugin.engine.messages.encrypting import SentMessage
from omemo_plugin.engine.values import EncryptedKey
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.envelope import parse_envelope

ALICE = "alice@example.org"
BOB = "bob@example.org"

SECRET = "https://files.example/secret.jpg"

RECEIPT = '<request xmlns="urn:xmpp:receipts"/>'
STATE = '<active xmlns="http://jabber.org/protocol/chatstates"/>'
ORIGIN = '<origin-id xmlns="urn:xmpp:sid:0" id="1"/>'
REPLACE = '<replace xmlns="urn:xmpp:message-correct:0" id="0"/>'
LEAKS = (
    f'<x xmlns="jabber:x:oob"><url>{SECRET}</url></x>',
    f'<html xmlns="http://jabber.org/protocol/xhtml-im">{SECRET}</html>',
    f"<subject>{SECRET}</subject>",
    f'<nick xmlns="http://jabber.org/protocol/nick">{SECRET}</nick>',
    f'<reactions xmlns="urn:xmpp:reactions:0" id="1"><reaction>{SECRET}</reaction>'
    "</reactions>",
    f'<unknown xmlns="urn:example:new">{SECRET}</unknown>',
    f'<active xmlns="urn:example:lookalike">{SECRET}</active>',
)


def stanza(*children: str) -> Message:
    inner = "".join(children)
    return Message(
        node=f'<message xmlns="jabber:client" to="{BOB}" type="chat" id="1">'
        f"<body>{SECRET}</body>{inner}</message>"
    )


def sent(*protocols: Protocol) -> SentMessage:
    messages = []
    for protocol in protocols:
        legacy = protocol is Protocol.LEGACY
        key = EncryptedKey(
            7, (b"3\x0a" if legacy else b"\x0a") + b"k" * 70, None if legacy else BOB
        )
        iv = b"i" * 12 if legacy else None
        messages.append(EncryptedMessage(protocol, 5, (key,), iv, b"x" * 32))
    return SentMessage(tuple(messages), (), ())


BOTH = (Protocol.LEGACY, Protocol.OMEMO_2)


@pytest.mark.parametrize("protocols", [BOTH, BOTH[:1], BOTH[1:]])
def test_only_allowed_elements_stay_beside(protocols: tuple[Protocol, ...]) -> None:
    one = stanza(RECEIPT, STATE, ORIGIN, *LEAKS)
    outgoing_stanza.seal(one, sent(*protocols))
    assert SECRET not in str(one)
    kinds = {child.getName() for child in one.getChildren()}
    legacy = {"request", "active"} if Protocol.LEGACY in protocols else set()
    assert kinds == {
        'encrypted', 'encryption', 'store', 'body', 'origin-id', *legacy
    }  # fmt: skip
    assert "encrypted with OMEMO" in one.getBody()


def test_without_a_text_nothing_is_for_the_legacy_protocol() -> None:
    one = Message(
        node=f'<message xmlns="jabber:client" to="{BOB}" type="chat" id="1">'
        '<displayed xmlns="urn:xmpp:chat-markers:0" id="0"/>'
        '<no-store xmlns="urn:xmpp:hints"/>'
        '<x xmlns="http://jabber.org/protocol/muc#user"/></message>'
    )
    texts = outgoing_stanza.plaintexts(one, from_jid=ALICE, to_jid=BOB, has_text=False)
    assert list(texts) == [Protocol.OMEMO_2]
    (content,) = parse_envelope(texts[Protocol.OMEMO_2]).content
    assert content.tag == "{urn:xmpp:chat-markers:0}displayed"
    outgoing_stanza.seal(one, sent(Protocol.OMEMO_2), has_text=False)
    # Nothing that a program which cannot read it would show
    assert {child.getName() for child in one.getChildren()} == {
        'encrypted', 'no-store', 'x'
    }  # fmt: skip


def test_text_outside_any_element_is_dropped() -> None:
    one = Message(
        node=f'<message xmlns="jabber:client">{SECRET}<body>b</body></message>'
    )
    outgoing_stanza.seal(one, sent(Protocol.LEGACY))
    assert SECRET not in str(one)


def test_the_legacy_protocol_keeps_elements_it_cannot_encrypt() -> None:
    one = stanza(REPLACE)
    outgoing_stanza.seal(one, sent(*BOTH))
    assert one.getTag("replace") is not None


def test_case_53_nothing_beside_cuts_words_out_of_a_text() -> None:
    """Other programs hide what a fallback names, and the envelope has it too."""
    around = (
        '<reply xmlns="urn:xmpp:reply:0" id="0" to="x@y"/>',
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0">'
        '<body start="0" end="4"/></fallback>',
        "<thread>elsewhere</thread>",
    )
    one = stanza(*around)
    texts = outgoing_stanza.plaintexts(one, from_jid=ALICE, to_jid=BOB)
    outgoing_stanza.seal(one, sent(*BOTH))
    names = {child.getName() for child in one.getChildren()}
    assert names.isdisjoint({"reply", "fallback", "thread"})
    envelope = parse_envelope(texts[Protocol.OMEMO_2])
    inside = {element.tag.partition("}")[2] for element in envelope.content}
    assert inside == {"body", "reply", "fallback", "thread"}
    assert texts[Protocol.LEGACY] == SECRET.encode()


def test_omemo_2_alone_puts_it_into_the_envelope() -> None:
    one = stanza(REPLACE)
    texts = outgoing_stanza.plaintexts(one, from_jid=ALICE, to_jid=BOB)
    outgoing_stanza.seal(one, sent(Protocol.OMEMO_2))
    assert one.getTag("replace") is None
    envelope = parse_envelope(texts[Protocol.OMEMO_2])
    tags = [element.tag for element in envelope.content]
    assert tags == ["{jabber:client}body", "{urn:xmpp:message-correct:0}replace"]
    assert envelope.content[0].text == SECRET
    assert (envelope.from_jid, envelope.to_jid) == (ALICE, BOB)
    assert texts[Protocol.LEGACY] == SECRET.encode()


@pytest.mark.parametrize(
    ("protocols", "hint"),
    [
        (BOTH, Protocol.LEGACY),
        (BOTH[:1], Protocol.LEGACY),
        (BOTH[1:], Protocol.OMEMO_2),
    ],
)
def test_one_hint_names_the_older_protocol(
    protocols: tuple[Protocol, ...], hint: Protocol
) -> None:
    one = stanza()
    outgoing_stanza.seal(one, sent(*protocols))
    hints = one.getTags("encryption", namespace="urn:xmpp:eme:0")
    assert [child.getAttr("namespace") for child in hints] == [hint.namespace]
    assert len(one.getTags("encrypted")) == len(protocols)


def test_the_store_hint_is_not_doubled() -> None:
    one = stanza('<store xmlns="urn:xmpp:hints"/>')
    outgoing_stanza.seal(one, sent(Protocol.LEGACY))
    assert len(one.getTags("store")) == 1


def test_an_empty_message_has_no_body() -> None:
    message = sent(Protocol.OMEMO_2).messages[0]
    empty = EncryptedMessage(message.protocol, 5, message.keys)
    one = outgoing_stanza.empty_message(BOB, empty)
    assert one.getBody() is None
    assert [child.getName() for child in one.getChildren()] == ["encrypted", "store"]
    assert one.getTag("encrypted").getTag("payload") is None
    assert str(one.getTo()) == BOB
