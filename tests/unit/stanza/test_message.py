# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from omemo_plugin.engine.errors import MalformedStanza
from omemo_plugin.engine.values import EncryptedKey
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.limits import JID_BYTES_MAX
from omemo_plugin.stanza.message import build_encrypted
from omemo_plugin.stanza.message import find_encrypted
from omemo_plugin.stanza.message import parse_encrypted
from omemo_plugin.stanza.writer import write_element

from . import samples
from .samples import EXCHANGE
from .samples import EXCHANGE_2
from .samples import RATCHET
from .samples import RATCHET_2
from .samples import xml


def test_legacy_message() -> None:
    assert parse_encrypted(xml(samples.LEGACY)) == EncryptedMessage(
        Protocol.LEGACY,
        27183,
        (EncryptedKey(31415, RATCHET), EncryptedKey(12321, EXCHANGE)),
        b"i" * 12,
        b"ciphertext",
    )


def test_legacy_message_in_another_order_with_broken_lines() -> None:
    assert parse_encrypted(xml(samples.LEGACY_OLD)) == EncryptedMessage(
        Protocol.LEGACY,
        27183,
        (EncryptedKey(31415, RATCHET),),
        b"i" * 16,
        b"ciphertext",
    )


def test_omemo_2_message() -> None:
    assert parse_encrypted(xml(samples.OMEMO_2)) == EncryptedMessage(
        Protocol.OMEMO_2,
        27183,
        (
            EncryptedKey(31415, RATCHET_2, "juliet@capulet.lit"),
            EncryptedKey(1337, RATCHET_2, "romeo@montague.lit"),
            EncryptedKey(12321, EXCHANGE_2, "romeo@montague.lit"),
        ),
        None,
        b"c" * 272,
    )


def test_unknown_elements_and_attributes_are_passed_over() -> None:
    more = samples.OMEMO_2.replace(
        "<header ", '<new xmlns="urn:new"/><hint/><header x="1" '
    ).replace("<key ", '<other/><key later="yes" ')
    assert parse_encrypted(xml(more)) == parse_encrypted(xml(samples.OMEMO_2))


def test_a_recipient_without_keys_does_not_hide_the_others() -> None:
    nobody = '<keys jid="nobody@capulet.lit"/>'
    text = samples.OMEMO_2.replace("<keys ", f"{nobody}<keys ", 1)
    assert parse_encrypted(xml(text)) == parse_encrypted(xml(samples.OMEMO_2))


def test_the_longest_address_of_a_recipient() -> None:
    longest = f"{'a' * (JID_BYTES_MAX - 12)}@example.org"
    text = samples.OMEMO_2.replace("juliet@capulet.lit", longest)
    assert parse_encrypted(xml(text)).keys[0].jid == longest


@pytest.mark.parametrize("name", samples.MESSAGES)
def test_round_trip(name: str) -> None:
    message = parse_encrypted(xml(samples.MESSAGES[name]))
    element = build_encrypted(message)
    assert parse_encrypted(element) == message
    assert parse_encrypted(xml(write_element(element).decode())) == message


def test_a_built_legacy_message_has_the_form_that_others_read() -> None:
    element = build_encrypted(parse_encrypted(xml(samples.LEGACY)))
    assert write_element(element).decode() == (
        f'<encrypted xmlns="{samples.LEGACY_NS}"><header sid="27183">'
        f'<key rid="31415">{samples.b64(RATCHET)}</key>'
        f'<key rid="12321" prekey="true">{samples.b64(EXCHANGE)}</key>'
        "<iv>aWlpaWlpaWlpaWlp</iv></header><payload>Y2lwaGVydGV4dA==</payload>"
        "</encrypted>"
    )


def test_built_omemo_2_message_groups_keys_by_account() -> None:
    ours = EncryptedKey(1, EXCHANGE_2, "a@a")
    theirs = EncryptedKey(2, RATCHET_2, "b@b")
    ours_too = EncryptedKey(3, RATCHET_2, "a@a")
    message = EncryptedMessage(
        Protocol.OMEMO_2, 9, (ours, theirs, ours_too), None, b"x"
    )
    assert write_element(build_encrypted(message)).decode() == (
        f'<encrypted xmlns="{samples.OMEMO_2_NS}"><header sid="9">'
        f'<keys jid="a@a"><key rid="1" kex="true">{samples.b64(EXCHANGE_2)}</key>'
        f'<key rid="3">{samples.b64(RATCHET_2)}</key></keys>'
        f'<keys jid="b@b"><key rid="2">{samples.b64(RATCHET_2)}</key></keys>'
        "</header><payload>eA==</payload></encrypted>"
    )


def test_a_key_without_a_recipient_is_not_built() -> None:
    message = EncryptedMessage(Protocol.OMEMO_2, 9, (EncryptedKey(1, RATCHET_2),))
    with pytest.raises(ValueError, match="without a recipient"):
        build_encrypted(message)


def test_find_encrypted() -> None:
    body = xml('<body xmlns="jabber:client">fallback</body>')
    omemo_1 = xml('<encrypted xmlns="urn:xmpp:omemo:1"/>')
    legacy = xml(samples.LEGACY)
    omemo_2 = xml(samples.OMEMO_2)
    assert find_encrypted([]) == ()
    assert find_encrypted([body, omemo_1]) == ()
    assert find_encrypted([body, omemo_2, legacy]) == (
        parse_encrypted(omemo_2),
        parse_encrypted(legacy),
    )
    with pytest.raises(MalformedStanza):
        parse_encrypted(omemo_1)
