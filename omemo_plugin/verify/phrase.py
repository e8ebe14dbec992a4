# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What two people read to each other on the telephone: the same words or digits
on both sides, if both have the right keys of each other's devices.

It is Signal's numeric fingerprint, version 0, with several keys for each person
(sorted) and the bare JID as the stable identifier; docs/verification.md has it
step by step.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ..engine.device_info import DeviceInfo
from ..engine.values import Device
from ..engine.values import Trust
from .jid import prepare_bare_jid

_VERSION = bytes(2)
_ROUNDS = 5200

# Each person is 30 digits, in groups of five made of five bytes
_GROUPS = 6
_CHUNK = 5

# The type of a Curve25519 key in libsignal
_TYPE = b"\x05"

# BIP-39: a word is eleven bits. Nine of them are as much as 30 digits
_WORD_BITS = 11
_WORDS = 9
_WORD_LIST = 1 << _WORD_BITS

_FINGERPRINT = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Person:
    """
    Attributes:
        jid: bare.
        fingerprints: of the devices in question, 64 lower-case hex digits each.
    """

    jid: str
    fingerprints: frozenset[str]


@dataclass(frozen=True)
class Phrase:
    """
    Attributes:
        jid: of the contact.
        digits: twelve groups of five.
        words: eighteen words; none without the library that has them.
        covers: the contact's devices it is about.
        own: ours.
    """

    jid: str
    digits: tuple[str, ...]
    words: tuple[str, ...] = ()
    covers: tuple[Device, ...] = ()
    own: tuple[Device, ...] = ()

    @property
    def is_words(self) -> bool:
        return bool(self.words)

    @property
    def groups(self) -> tuple[str, ...]:
        """What to read: the words, or the digits where there are none."""
        return self.words or self.digits


def digits_of(one: Person, other: Person) -> tuple[str, ...]:
    """
    The twelve groups of digits of two people, in either order.

    Raises:
        ValueError: a JID or a fingerprint is none, or somebody has none.
    """
    halves = sorted(_digits(_hash(person)) for person in (one, other))
    return tuple(group for half in halves for group in half)


def words_of(one: Person, other: Person, word_list: tuple[str, ...]) -> tuple[str, ...]:
    """
    The eighteen words of two people, in either order.

    Args:
        word_list: 2048 words.

    Raises:
        ValueError: see `digits_of`; or the list has another length.
    """
    if len(word_list) != _WORD_LIST:
        raise ValueError("another list of words")
    # In the order of the digits, so that both can be compared side by side
    hashes = sorted((_hash(person) for person in (one, other)), key=_digits)
    return tuple(word for value in hashes for word in _words(value, word_list))


@lru_cache(64)
def _hash(person: Person) -> bytes:
    if not person.fingerprints:
        raise ValueError("nobody without keys")
    if not all(_FINGERPRINT.fullmatch(one) for one in person.fingerprints):
        raise ValueError("not a fingerprint")
    keys = b"".join(sorted(_TYPE + bytes.fromhex(one) for one in person.fingerprints))
    return numeric_fingerprint(keys, prepare_bare_jid(person.jid).encode())


def numeric_fingerprint(keys: bytes, identifier: bytes) -> bytes:
    """The 64 bytes of which Signal's numeric fingerprint takes its digits."""
    value = _VERSION + keys + identifier
    for _ in range(_ROUNDS):
        value = hashlib.sha512(value + keys).digest()
    return value


def _digits(value: bytes) -> tuple[str, ...]:
    return tuple(
        f"{int.from_bytes(value[at : at + _CHUNK], 'big') % 100_000:05}"
        for at in range(0, _GROUPS * _CHUNK, _CHUNK)
    )


def _words(value: bytes, word_list: tuple[str, ...]) -> list[str]:
    number = int.from_bytes(value, "big")
    bits = 8 * len(value)
    return [
        word_list[number >> bits - at & _WORD_LIST - 1]
        for at in range(_WORD_BITS, (_WORDS + 1) * _WORD_BITS, _WORD_BITS)
    ]


@lru_cache(1)
def load_words() -> tuple[str, ...]:
    """The English list of BIP-39, of python3-mnemonic; none without it."""
    try:
        from mnemonic import Mnemonic

        words = tuple(Mnemonic("english").wordlist)
    except Exception:
        # Not installed, or not what it was: digits do as well
        return ()
    return words if len(words) == _WORD_LIST else ()


def in_question(infos: Iterable[DeviceInfo]) -> tuple[DeviceInfo, ...]:
    """The devices of one person that a phrase covers: those in use whose key is
    known, but for what the user does not trust."""
    return tuple(
        info
        for info in infos
        if info.active
        and info.fingerprint is not None
        and info.trust is not Trust.DISTRUSTED
    )


def phrase_of(
    jid: str,
    theirs: Iterable[DeviceInfo],
    own_jid: str,
    ours: Iterable[DeviceInfo],
    word_list: tuple[str, ...],
) -> Phrase | None:
    """
    The phrase for a contact; None if a key of theirs or ours is wanting, or the
    JIDs are the same account or none.

    Args:
        theirs, ours: all devices that are known.
        word_list: see `load_words`.
    """
    covers = in_question(theirs)
    own = in_question(ours)
    if not covers or not own or jid == own_jid:
        return None
    us = Person(own_jid, _fingerprints(own))
    them = Person(jid, _fingerprints(covers))
    try:
        digits = digits_of(us, them)
        words = words_of(us, them, word_list) if word_list else ()
    except ValueError:
        return None
    return Phrase(
        jid,
        digits,
        words,
        tuple(info.device for info in covers),
        tuple(info.device for info in own),
    )


def _fingerprints(infos: Iterable[DeviceInfo]) -> frozenset[str]:
    return frozenset(info.fingerprint for info in infos if info.fingerprint)
