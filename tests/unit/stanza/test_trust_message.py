# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trust messages in the form that QXmpp sends, and malformed ones."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from omemo_plugin.engine.errors import MalformedStanza
from omemo_plugin.engine.values import KeyDecision
from omemo_plugin.engine.values import Trust
from omemo_plugin.stanza.envelope import parse_envelope
from omemo_plugin.stanza.limits import JID_BYTES_MAX
from omemo_plugin.stanza.limits import TRUST_DECISIONS_MAX
from omemo_plugin.stanza.trust_message import build_trust_message
from omemo_plugin.stanza.trust_message import find_trust_message
from omemo_plugin.stanza.trust_message import parse_trust_message
from omemo_plugin.stanza.writer import write_element

# Sent by QXmpp 1.10 when a key was authenticated, and decrypted
_FROM_QXMPP = (
    '<envelope xmlns="urn:xmpp:sce:1">'
    '<time stamp="2026-11-23T04:06:49.991Z"/><to jid="sam@localhost"/>'
    '<from jid="rita@localhost"/><rpad>x</rpad><content>'
    '<trust-message xmlns="urn:xmpp:tm:1" usage="urn:xmpp:atm:1" '
    'encryption="urn:xmpp:omemo:2"><key-owner jid="rita@localhost">'
    "<trust>kEMGWP9lFfDFssePN9Thyl2qK8eRzxLvzbgv/rBYDng=</trust>"
    "</key-owner></trust-message></content></envelope>"
)

_ONE = bytes(range(32))
_TWO = bytes(range(32, 64))


def _message(inner: str, **attributes: str) -> Element:
    given = {"usage": "urn:xmpp:atm:1", "encryption": "urn:xmpp:omemo:2", **attributes}
    written = " ".join(f'{key}="{value}"' for key, value in given.items() if value)
    return ElementTree.fromstring(
        f'<trust-message xmlns="urn:xmpp:tm:1" {written}>{inner}</trust-message>'
    )


def _owner(inner: str, jid: str = "a@example.org") -> str:
    return f'<key-owner jid="{jid}">{inner}</key-owner>'


def _key(key: bytes = _ONE, tag: str = "trust") -> str:
    return f"<{tag}>{b64encode(key).decode()}</{tag}>"


def test_a_trust_message_of_qxmpp() -> None:
    envelope = parse_envelope(_FROM_QXMPP.encode())
    (decision,) = find_trust_message(envelope.content)
    assert decision == KeyDecision(
        "rita@localhost",
        bytes.fromhex(
            "90430658ff6515f0c5b2c78f37d4e1ca5daa2bc791cf12efcdb82ffeb0580e78"
        ),
        Trust.VERIFIED,
    )


def test_a_built_trust_message_can_be_parsed() -> None:
    decisions = (
        KeyDecision("a@example.org", _ONE, Trust.VERIFIED),
        KeyDecision("a@example.org", _TWO, Trust.DISTRUSTED),
        KeyDecision("b@example.org", _ONE, Trust.VERIFIED),
    )
    element = build_trust_message(decisions)
    assert len(element) == 2
    again = ElementTree.fromstring(write_element(element))
    assert parse_trust_message(again) == decisions


def test_it_is_built_with_default_namespaces() -> None:
    built = build_trust_message([KeyDecision("a@b.c", _ONE, Trust.VERIFIED)])
    assert write_element(built).decode() == (
        '<trust-message xmlns="urn:xmpp:tm:1" usage="urn:xmpp:atm:1" '
        'encryption="urn:xmpp:omemo:2"><key-owner jid="a@b.c">'
        f"{_key()}</key-owner></trust-message>"
    )


@pytest.mark.parametrize("trust", [Trust.BLIND, Trust.UNDECIDED])
def test_only_two_decisions_can_be_told(trust: Trust) -> None:
    with pytest.raises(ValueError, match="neither"):
        build_trust_message([KeyDecision("a@b.c", _ONE, trust)])
    with pytest.raises(ValueError, match="no decisions"):
        build_trust_message([])


def test_no_trust_message_is_none() -> None:
    assert find_trust_message([Element("{jabber:client}body")]) == ()


@pytest.mark.parametrize(
    "other", [{"usage": "urn:xmpp:atm:0"}, {"encryption": "urn:xmpp:openpgp:0"}]
)
def test_one_for_another_purpose_is_passed_over(other: dict[str, str]) -> None:
    assert parse_trust_message(_message(_owner(_key()), **other)) == ()


def _many(count: int = TRUST_DECISIONS_MAX + 1) -> Element:
    keys = "".join(_key(number.to_bytes(32, "big")) for number in range(count))
    return _message(_owner(keys))


def test_as_much_as_there_may_be() -> None:
    assert len(parse_trust_message(_many(TRUST_DECISIONS_MAX))) == TRUST_DECISIONS_MAX
    longest = f"{'a' * (JID_BYTES_MAX - 12)}@example.org"
    (decision,) = parse_trust_message(_message(_owner(_key(), longest)))
    assert decision.owner == longest


@pytest.mark.parametrize(
    "make",
    [
        lambda: _message(_owner(_key()), usage=""),
        lambda: _message(_owner(_key()), encryption=""),
        lambda: _message(""),
        lambda: _message(_owner("")),
        lambda: _message(_owner("<maybe>AAAA</maybe>")),
        lambda: _message(_owner(_key(), jid="")),
        lambda: _message(f"<key-owner>{_key()}</key-owner>"),
        lambda: _message(_owner(_key(), jid="a@example.org/resource")),
        lambda: _message(_owner(_key(), jid="a&#x202e;@example.org")),
        lambda: _message(_owner(_key(), jid=f"{'a' * 4000}@example.org")),
        lambda: _message(_owner(_key(b""))),
        lambda: _message(_owner(_key(bytes(31)))),
        lambda: _message(_owner(_key(bytes(33)))),
        lambda: _message(_owner(f"<trust>{'00' * 32}</trust>")),
        lambda: _message(_owner("<trust>AA!!</trust>")),
        lambda: _message(_owner("<trust><b/></trust>")),
        lambda: _message(_owner(_key() + _key())),
        lambda: _message(_owner(_key() + _key(tag="distrust"))),
        lambda: _message(_owner(_key()) + _owner(_key())),
        _many,
    ],
)
def test_case_46_a_malformed_trust_message_is_refused_whole(
    make: Callable[[], Element],
) -> None:
    with pytest.raises(MalformedStanza):
        parse_trust_message(make())


def test_case_46_two_trust_messages_in_one_envelope_are_refused() -> None:
    one = _message(_owner(_key()))
    two = _message(_owner(_key(_TWO)))
    with pytest.raises(MalformedStanza):
        find_trust_message([one, two])
