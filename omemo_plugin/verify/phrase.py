# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The phrase that two people read to each other on the telephone: words or digits that are
the same on both sides if both have the right keys of each other's devices.

The phrase is Signal's numeric fingerprint, version 0, with several keys for each person
(sorted) and the bare JID as the stable identifier; docs/verification.md has it
step by step.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..engine.keys.device_info import DeviceInfo
from ..engine.values import Device
from ..engine.values import Trust
from .jid import prepare_bare_jid
from .jid import same_account

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
class Form:
    """
    One way to read a phrase aloud.

    Attributes:
        language: of the words, as `WORD_LISTS` names it; '' for digits.
        parts: eighteen words, or twelve groups of five digits. The first half is
            read by one person, the second half by the other.
    """

    language: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Phrase:
    """
    Attributes:
        jid: of the contact.
        forms: digits, and words for each list that there is.
        own_first: the user reads the first half: the own address sorts first.
        covers: the contact's devices it is about.
        own: ours.
    """

    jid: str
    forms: tuple[Form, ...]
    own_first: bool = True
    covers: tuple[Device, ...] = ()
    own: tuple[Device, ...] = ()


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
        raise ValueError("a person without keys")
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


# The lists of BIP-39 in python3-mnemonic, by the language of the interface. Older
# versions of it have fewer
WORD_LISTS = {
    "en": "english",
    "cs": "czech",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "ja": "japanese",
    "ko": "korean",
    "pt": "portuguese",
    "ru": "russian",
    "tr": "turkish",
    "zh_CN": "chinese_simplified",
    "zh_TW": "chinese_traditional",
}


@lru_cache
def load_words(language: str) -> tuple[str, ...]:
    """
    The words of a language; none without a list of them.

    Args:
        language: as `WORD_LISTS` names it.
    """
    if language not in WORD_LISTS:
        return ()
    try:
        from mnemonic import Mnemonic

        # mnemonic 0.19 has a byte order mark in its French list; letters with
        # accents come in either form
        words = tuple(
            unicodedata.normalize("NFC", word.strip("\ufeff"))
            for word in Mnemonic(WORD_LISTS[language]).wordlist
        )
    except Exception:  # noqa: BLE001 - the package is missing, or has changed
        # Digits do as well
        return ()
    return words if len(words) == _WORD_LIST else ()


def load_word_lists(language: str) -> dict[str, tuple[str, ...]]:
    """
    The lists of words to choose from, by language: the one of the interface and
    the English one, as far as there are such.

    Args:
        language: of the interface, such as "de" or "zh_TW".
    """
    lists = {one: load_words(one) for one in (language, "en")}
    return {one: words for one, words in lists.items() if words}


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
    word_lists: Mapping[str, tuple[str, ...]],
) -> Phrase | None:
    """
    The phrase for a contact; None if a key of theirs or ours is wanting, or the
    JIDs are the same account or none.

    Args:
        theirs, ours: all devices that are known.
        word_lists: see `load_word_lists`.
    """
    covers = in_question(theirs)
    own = in_question(ours)
    if not covers or not own or same_account(jid, own_jid):
        return None
    us = Person(own_jid, _fingerprints(own))
    them = Person(jid, _fingerprints(covers))
    try:
        forms = [Form("", digits_of(us, them))]
        for language, word_list in word_lists.items():
            forms.append(Form(language, words_of(us, them, word_list)))
        own_first = prepare_bare_jid(own_jid) < prepare_bare_jid(jid)
    except ValueError:
        return None
    return Phrase(
        jid,
        tuple(forms),
        own_first,
        tuple(info.device for info in covers),
        tuple(info.device for info in own),
    )


def _fingerprints(infos: Iterable[DeviceInfo]) -> frozenset[str]:
    return frozenset(info.fingerprint for info in infos if info.fingerprint)
