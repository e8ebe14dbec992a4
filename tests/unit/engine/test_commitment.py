# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Case 61: whether a reader of a message, together with a server, can give the other
readers another text.

All readers get the key and the tag of the payload. In OMEMO 0.3 that is AES-GCM:
whoever knows the key finds other texts with the same tag. In OMEMO 2 it is
HMAC-SHA-256, which nobody finds a second text for.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import itertools
import string

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers import modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from omemo_plugin.engine.errors import DecryptionFailed
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork

from .case_peers import OMEMO_2
from .case_peers import message_with_key
from .case_peers import pair

KEY = bytes(range(16))
IV = b"i" * 12
TEXT = b"Let us meet at eight in the usual place, as we said before today"
FORGED = b"Do not come: "


def multiply(one: int, other: int) -> int:
    """Multiply in the field of GCM (NIST SP 800-38D, 6.3)."""
    product = 0
    for bit in range(127, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ (0xE1 << 120 if other & 1 else 0)
    return product


def another_payload(payload: bytes) -> tuple[bytes, int]:
    """
    Find a payload with the same tag that begins with another text.

    Returns:
        The payload, and how many were tried.
    """
    assert len(TEXT) % 16 == 0
    blocks = len(TEXT) // 16
    # GCM's own key is the encrypted block of zeros
    ecb = Cipher(algorithms.AES(KEY), modes.ECB()).encryptor()  # noqa: S305
    point = int.from_bytes(ecb.update(bytes(16)))
    power = point
    for _ in range(blocks - 2):
        power = multiply(power, point)
    endings = itertools.product(string.ascii_letters.encode(), repeat=3)
    for tried, ending in enumerate(endings, 1):
        wanted = FORGED + bytes(ending)
        change = int.from_bytes(wanted) ^ int.from_bytes(TEXT[:16])
        # The last block undoes the change of the tag
        last = multiply(change, power)
        difference = change.to_bytes(16) + bytes(len(TEXT) - 32) + last.to_bytes(16)
        text = bytes(a ^ b for a, b in zip(TEXT, difference, strict=True))
        try:
            text.decode()
        except UnicodeDecodeError:
            continue
        forged = bytes(a ^ b for a, b in zip(payload, difference, strict=True))
        return forged, tried
    raise AssertionError


def test_case_61_the_older_protocol_does_not_hold_a_reader_to_the_text(
    world: FakeNetwork,
) -> None:
    """Nothing in OMEMO 0.3 can prevent this; SECURITY.md says so."""
    ann, ben = pair(world)
    sealed = AESGCM(KEY).encrypt(IV, TEXT, None)
    payload, tag = sealed[:-16], sealed[-16:]
    forged, tried = another_payload(payload)
    assert tried < 100_000
    for each, beginning in ((payload, TEXT[:13]), (forged, FORGED)):
        message = message_with_key(ann, ben, Protocol.LEGACY, KEY, tag)
        message = dataclasses.replace(message, payload=each)
        received = ben.engine.incoming.decrypt(ann.jid, [message])
        assert received.plaintext is not None
        assert received.plaintext.startswith(beginning)


def test_case_61_omemo_2_holds_every_reader_to_the_text(world: FakeNetwork) -> None:
    """With the key known, any change of the payload or of the tag is refused."""
    ann, ben = pair(world, OMEMO_2)
    key = bytes(32)
    material = HKDF(SHA256(), 80, bytes(32), b"OMEMO Payload").derive(key)
    padded = TEXT + b"\x10" * 16
    cipher = Cipher(algorithms.AES(material[:32]), modes.CBC(material[64:]))
    encryptor = cipher.encryptor()
    payload = encryptor.update(padded) + encryptor.finalize()

    def tag_of(data: bytes) -> bytes:
        return hmac.new(material[32:64], data, hashlib.sha256).digest()[:16]

    other = cipher.encryptor()
    forged = other.update(FORGED.ljust(len(TEXT)) + b"\x10" * 16) + other.finalize()
    # A reader cannot give the others another tag: theirs came in their own sessions
    message = message_with_key(ann, ben, Protocol.OMEMO_2, key, tag_of(payload))
    for each in (forged, payload[:-16], payload + payload[-16:], payload[16:]):
        with pytest.raises(DecryptionFailed):
            ben.engine.incoming.decrypt(
                ann.jid, [dataclasses.replace(message, payload=each)]
            )
    true = dataclasses.replace(message, payload=payload)
    assert ben.engine.incoming.decrypt(ann.jid, [true]).plaintext == TEXT
