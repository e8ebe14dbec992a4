# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import secrets
import time
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement
from xml.etree.ElementTree import fromstring
from xml.etree.ElementTree import tostring

import pytest

from omemo_plugin.engine.errors import MalformedStanza
from omemo_plugin.stanza.envelope import Envelope
from omemo_plugin.stanza.envelope import build_envelope
from omemo_plugin.stanza.envelope import build_heartbeat
from omemo_plugin.stanza.envelope import check_envelope
from omemo_plugin.stanza.envelope import parse_envelope
from omemo_plugin.stanza.writer import write_element

from . import samples

NOON = datetime(2026, 11, 23, 12, 0, 1, 999999, tzinfo=UTC)


def body(text: str) -> Element:
    element = Element("{jabber:client}body")
    element.text = text
    return element


def build(*content: Element, stamp: datetime = NOON) -> bytes:
    return build_envelope(
        content, from_jid="romeo@montague.lit", to_jid="j@capulet.lit", stamp=stamp
    )


# Reading


def test_converse() -> None:
    envelope = parse_envelope(samples.ENVELOPE_CONVERSE)
    (found,) = envelope.content
    assert found.tag == "{jabber:client}body"
    assert (found.text or "").strip() == "Hello World!"
    assert envelope.from_jid == "romeo@montague.lit"
    assert envelope.to_jid is None
    assert envelope.stamp is None


def test_trust_message_of_qxmpp() -> None:
    envelope = parse_envelope(samples.ENVELOPE_TRUST)
    (message,) = envelope.content
    assert message.tag == "{urn:xmpp:tm:1}trust-message"
    assert message.get("usage") == "urn:xmpp:atm:1"
    trust = message.find("{urn:xmpp:tm:1}key-owner/{urn:xmpp:tm:1}trust")
    assert trust is not None
    assert trust.text == "kEMGWP9lFfDFssePN9Thyl2qK8eRzxLvzbgv/rBYDng="
    assert envelope.from_jid == "rita@localhost"
    assert envelope.to_jid == "sam@localhost"
    assert envelope.stamp == datetime(2026, 11, 23, 4, 6, 49, 991000, tzinfo=UTC)


def test_only_a_chat_state() -> None:
    (state,) = parse_envelope(samples.ENVELOPE_STATE).content
    assert state.tag == "{http://jabber.org/protocol/chatstates}active"


def test_a_heartbeat_is_a_chat_state() -> None:
    data = build_heartbeat(
        from_jid="romeo@montague.lit", to_jid="j@capulet.lit", stamp=NOON
    )
    envelope = parse_envelope(data)
    (state,) = envelope.content
    assert state.tag == "{http://jabber.org/protocol/chatstates}active"
    assert envelope.from_jid == "romeo@montague.lit"
    assert envelope.to_jid == "j@capulet.lit"


def test_prefixes_are_read() -> None:
    (found,) = parse_envelope(samples.ENVELOPE_PREFIXED).content
    assert found.tag == "{jabber:client}body"
    assert found.text == "Hello"


def test_as_deep_as_anything_that_makes_sense() -> None:
    start = b"<content>"
    deep = b'<x xmlns="urn:x">' + b"<x>" * 29 + b"</x>" * 29 + b"</x>"
    data = samples.ENVELOPE_STATE.replace(start, start + deep)
    assert len(parse_envelope(data).content) == 2


def test_text_in_pieces_stays_one() -> None:
    text = "ä<&>\n]]>" * 3000
    (found,) = parse_envelope(build(body(text))).content
    assert found.text == text


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("1969-07-21T02:56:15Z", datetime(1969, 7, 21, 2, 56, 15)),
        ("1969-07-20T21:56:15-05:00", datetime(1969, 7, 21, 2, 56, 15)),
        ("2026-01-01T00:00:00.1Z", datetime(2026, 1, 1, 0, 0, 0, 100000)),
        ("2026-01-01T00:00:00.123456789Z", datetime(2026, 1, 1, 0, 0, 0, 123456)),
    ],
)
def test_times(stamp: str, time: datetime) -> None:
    data = samples.ENVELOPE_TRUST.replace(b"2026-11-23T04:06:49.991Z", stamp.encode())
    assert parse_envelope(data).stamp == time.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "now",
        "2026-11-23",
        "2026-11-23T04:06:49",
        "2026-11-23 04:06:49Z",
        "20261123T040649Z",
        "2026-W48-1T04:06:49Z",
        "2026-11-31T04:06:49Z",
        "2026-11-23T24:00:00Z",
        "0000-11-23T04:06:49Z",
        "2026-11-23T04:06:49+24:00",
        "２０２６-11-23T04:06:49Z",
        "2026-11-23T04:06:49Z\n",
        "2026-11-23T04:06:49." + "9" * 5000 + "Z",
    ],
)
def test_invalid_times(stamp: str) -> None:
    data = samples.ENVELOPE_TRUST.replace(
        b"2026-11-23T04:06:49.991Z", stamp.replace("\n", "&#10;").encode()
    )
    with pytest.raises(MalformedStanza):
        parse_envelope(data)


# Writing


def test_round_trip() -> None:
    thread = Element("{jabber:client}thread", {"parent": 'a&"<\n\t'})
    thread.text = "t"
    nested = Element("{urn:one}a")
    SubElement(nested, "{urn:two}b").tail = "between"
    SubElement(nested, "{urn:one}c")
    body_en = body("Hi\r\n")
    body_en.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    content = [body_en, thread, nested]
    envelope = parse_envelope(build(*content))
    assert [tostring(e) for e in envelope.content] == [tostring(e) for e in content]
    assert envelope.from_jid == "romeo@montague.lit"
    assert envelope.to_jid == "j@capulet.lit"
    assert envelope.stamp == NOON.replace(microsecond=0)


def test_only_default_namespaces_are_written() -> None:
    data = build(body("x"))
    assert data.startswith(
        b'<envelope xmlns="urn:xmpp:sce:1"><content>'
        b'<body xmlns="jabber:client">x</body></content><rpad xmlns='
    )
    assert b"xmlns:" not in data
    fromstring(data)


def test_affix_elements_name_their_namespace_themselves() -> None:
    """It says nothing that the envelope has not said. But Converse looks for
    `to[xmlns="urn:xmpp:sce:1"]`, which finds a literal attribute alone, and drops
    messages of rooms in which it finds none."""
    data = build(body("x"))
    assert data.endswith(
        b'<time xmlns="urn:xmpp:sce:1" stamp="2026-11-23T12:00:01Z"/>'
        b'<to xmlns="urn:xmpp:sce:1" jid="j@capulet.lit"/>'
        b'<from xmlns="urn:xmpp:sce:1" jid="romeo@montague.lit"/></envelope>'
    )
    assert data.count(b'<rpad xmlns="urn:xmpp:sce:1">') == 1


def test_an_element_without_a_namespace_keeps_none_within_another() -> None:
    outer = Element("{urn:one}a")
    SubElement(outer, "b")
    assert write_element(outer) == b'<a xmlns="urn:one"><b xmlns=""/></a>'
    assert write_element(Element("a")) == b"<a/>"


def test_characters_that_xml_lacks_are_replaced() -> None:
    data = build(body("a\x00b\x1bc\ud800d\uffffe\U0001f600"))
    (found,) = parse_envelope(data).content
    assert found.text == "a\ufffdb\ufffdc\ufffdd\ufffde\U0001f600"


def test_the_length_of_a_short_text_cannot_be_told() -> None:
    sizes_short = [len(build(body("no"))) for _ in range(200)]
    sizes_long = [len(build(body("yes" * 30))) for _ in range(200)]
    assert min(sizes_short + sizes_long) >= 512
    assert len(set(sizes_short)) > 50
    assert abs(sum(sizes_short) - sum(sizes_long)) / 200 < 60


def test_padding_differs() -> None:
    assert build(body("x")) != build(body("x"))


@pytest.mark.parametrize("length", [1, 200, 600])
@pytest.mark.parametrize("chance", [0, 200])
def test_the_padding_hides_short_texts_and_the_length_of_long_ones(
    monkeypatch: pytest.MonkeyPatch, length: int, chance: int
) -> None:
    asked: list[int] = []

    def randbelow(most: int) -> int:
        asked.append(most)
        return chance

    monkeypatch.setattr(secrets, "randbelow", randbelow)
    data = build(body("x" * length))
    assert asked == [201]
    envelope = fromstring(data)
    padding = envelope.find("{urn:xmpp:sce:1}rpad")
    assert padding is not None
    filled = len(padding.text or "")
    # As long as 608 bytes with the padding, and up to 200 bytes more
    unpadded = len(data) - filled - len("></rpad>") + len("/>")
    assert filled == max(608 - unpadded, 0) + chance


def test_the_stamp_does_not_depend_on_the_local_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        data = build(body("x"), stamp=NOON)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert b' stamp="2026-11-23T12:00:01Z"/>' in data


def test_the_stamp_is_written_in_utc() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    data = build(body("x"), stamp=NOON.astimezone(east))
    assert b' stamp="2026-11-23T12:00:01Z"/>' in data


def test_elements_that_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="time zone"):
        build(body("x"), stamp=NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="without a namespace"):
        build(Element("body"))
    with pytest.raises(ValueError, match="attribute in a namespace"):
        build(Element("{urn:a}b", {"{urn:c}d": "e"}))


# Checking


def check(
    envelope: Envelope, *, to: str | None = "j@capulet.lit", room: bool = False
) -> None:
    check_envelope(
        envelope, sender_jid="r@montague.lit", recipient_jid=to, is_groupchat=room
    )


@pytest.mark.parametrize(
    "written",
    [
        "r@bücher.example",
        "R@BÜCHER.example",
        "r@xn--bcher-kva.example",
        "r@XN--BCHER-KVA.example.",
        "r@bu\u0308cher.example",
    ],
)
@pytest.mark.parametrize("jid", ["r@bücher.example", "r@xn--bcher-kva.example"])
def test_a_jid_in_another_form_is_the_same(written: str, jid: str) -> None:
    envelope = Envelope((), written, written)
    check_envelope(envelope, sender_jid=jid, recipient_jid=jid, is_groupchat=False)
    for other in ("r@bucher.example", "r@bücher.example/x", "r@bücher.evil"):
        for sender, recipient in ((other, jid), (jid, other)):
            with pytest.raises(MalformedStanza):
                check_envelope(
                    envelope,
                    sender_jid=sender,
                    recipient_jid=recipient,
                    is_groupchat=False,
                )


def test_fitting_envelopes() -> None:
    check(Envelope((), "r@montague.lit", "j@capulet.lit"))
    check(Envelope((), "r@montague.lit"))
    check(Envelope((), None, "j@capulet.lit"))
    check(Envelope(()))
    check(Envelope((), "R@Montague.lit", "J@CAPULET.lit"))
    check(Envelope((), "r@montague.lit", "anybody@capulet.lit"), to=None)
    check(Envelope((), "r@montague.lit", "j@capulet.lit"), room=True)
