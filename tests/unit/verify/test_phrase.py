# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words and digits that two people read to each other."""

from __future__ import annotations

from typing import Any

import pytest

from omemo_plugin.engine.keys.device_info import DeviceInfo
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.verify import phrase as module
from omemo_plugin.verify.phrase import Form
from omemo_plugin.verify.phrase import Person
from omemo_plugin.verify.phrase import digits_of
from omemo_plugin.verify.phrase import load_word_lists
from omemo_plugin.verify.phrase import load_words
from omemo_plugin.verify.phrase import numeric_fingerprint
from omemo_plugin.verify.phrase import phrase_of
from omemo_plugin.verify.phrase import words_of
from tests.support.engine.devices import MadeUpDevice

A = "06863bc66d02b40d27b8d49ca7c09e9239236f9d7d25d6fcca5ce13c7064d868"
B = "f781b6fb32fed9ba1cf2de978d4d5da28dc34046ae814402b5c0dbd96fda907b"

ALICE = Person("alice@example.org", frozenset({A}))
BOB = Person("bob@example.com", frozenset({B}))

# Any 2048 words do for what is not about the words
NUMBERS = tuple(f"w{number}" for number in range(2048))


def test_signals_own_example() -> None:
    """libsignal, NumericFingerprintGeneratorTest, the displayable one."""
    halves = sorted(
        module._digits(numeric_fingerprint(bytes.fromhex(f"05{key}"), name))
        for key, name in ((A, b"+14152222222"), (B, b"+14153333333"))
    )
    assert "".join(group for half in halves for group in half) == (
        "300354477692869396892869876765458257569162576843440918079131"
    )


def test_the_same_on_both_sides() -> None:
    assert digits_of(ALICE, BOB) == digits_of(BOB, ALICE)
    assert words_of(ALICE, BOB, NUMBERS) == words_of(BOB, ALICE, NUMBERS)
    digits = digits_of(ALICE, BOB)
    assert len(digits) == 12
    assert all(len(group) == 5 and group.isdigit() for group in digits)
    assert len(words_of(ALICE, BOB, NUMBERS)) == 18


def test_the_words_are_the_bits_in_front() -> None:
    """As BIP-39 takes them: eleven at a time, the first bit first."""
    value = numeric_fingerprint(bytes.fromhex(f"05{A}"), ALICE.jid.encode())
    bits = "".join(f"{byte:08b}" for byte in value)
    expected = [f"w{int(bits[at : at + 11], 2)}" for at in range(0, 99, 11)]
    words = list(words_of(ALICE, BOB, NUMBERS))
    assert expected in (words[:9], words[9:])


def test_an_address_in_any_form() -> None:
    other = Person("Alice@EXAMPLE.org", ALICE.fingerprints)
    assert digits_of(other, BOB) == digits_of(ALICE, BOB)


@pytest.mark.parametrize(
    "other",
    [
        Person(ALICE.jid, frozenset({B})),
        Person(ALICE.jid, frozenset({A, B})),
        Person("alicia@example.org", frozenset({A})),
    ],
)
def test_any_other_key_or_person_gives_another_phrase(other: Person) -> None:
    assert digits_of(other, BOB) != digits_of(ALICE, BOB)
    assert words_of(other, BOB, NUMBERS) != words_of(ALICE, BOB, NUMBERS)


@pytest.mark.parametrize(
    "nobody",
    [
        Person(ALICE.jid, frozenset()),
        Person(ALICE.jid, frozenset({A[:-2]})),
        Person(ALICE.jid, frozenset({A.upper()})),
        Person("alice", frozenset({A})),
    ],
)
def test_invalid_persons(nobody: Person) -> None:
    with pytest.raises(ValueError, match=r"a|e"):
        digits_of(nobody, BOB)
    with pytest.raises(ValueError, match=r"a|e"):
        words_of(BOB, nobody, NUMBERS)


def test_another_list_of_words_is_refused() -> None:
    with pytest.raises(ValueError, match="list"):
        words_of(ALICE, BOB, NUMBERS[:-1])


def test_the_words_of_bip_39() -> None:
    pytest.importorskip("mnemonic", reason="apt install python3-mnemonic")
    words = load_words("en")
    assert len(words) == 2048
    assert (words[0], words[2047]) == ("abandon", "zoo")
    # BIP-39 makes the first four letters unambiguous
    assert len({word[:4] for word in words}) == 2048


def test_without_the_library_there_are_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    modules: dict[str, Any] = sys.modules
    monkeypatch.setitem(modules, "mnemonic", None)
    load_words.cache_clear()
    try:
        assert load_words("en") == ()
    finally:
        load_words.cache_clear()
    found = phrase_of(
        BOB.jid, [info(BOB.jid, 2, B)], ALICE.jid, [info(ALICE.jid, 1, A)], {}
    )
    assert found is not None
    assert found.forms == (Form("", digits_of(ALICE, BOB)),)


@pytest.mark.parametrize(
    ("language", "first"), [("fr", "abaisser"), ("es", "ábaco"), ("zh_TW", "的")]
)
def test_words_in_the_language_of_the_interface(language: str, first: str) -> None:
    """As far as the library has them; the English ones are there as well."""
    pytest.importorskip("mnemonic", reason="apt install python3-mnemonic")
    lists = load_word_lists(language)
    assert list(lists) == [language, "en"]
    assert lists[language][0] == first
    assert list(load_word_lists("de")) == ["en"]


def test_the_address_that_sorts_first_reads_first() -> None:
    ours, theirs = info(ALICE.jid, 1, A), info(BOB.jid, 2, B)
    for own, other in ((ours, theirs), (theirs, ours)):
        found = phrase_of(other.device.jid, [other], own.device.jid, [own], {})
        assert found is not None
        assert found.own_first is (own is ours)


# Which devices


def info(
    jid: str,
    number: int,
    fingerprint: str | None,
    trust: Trust = Trust.BLIND,
    *,
    active: bool = True,
) -> DeviceInfo:
    return MadeUpDevice(
        Device(jid, number),
        (Protocol.LEGACY,),
        None,
        trust,
        active,
        None,
        key_changed=False,
        first_seen=0,
        last_seen=0,
        fingerprint=fingerprint,
    )


def test_all_devices_in_use_but_the_distrusted_ones() -> None:
    theirs = [
        info(BOB.jid, 2, B),
        info(BOB.jid, 3, A, Trust.DISTRUSTED),
        info(BOB.jid, 4, A[::-1], active=False),
        info(BOB.jid, 5, None),
        info(BOB.jid, 6, B[::-1], Trust.VERIFIED),
        info(BOB.jid, 7, A[2:] + A[:2], Trust.UNDECIDED),
    ]
    ours = [info(ALICE.jid, 1, A, Trust.VERIFIED)]
    found = phrase_of(BOB.jid, theirs, ALICE.jid, ours, {"en": NUMBERS})
    assert found is not None
    assert [device.device_id for device in found.covers] == [2, 6, 7]
    assert found.own == (Device(ALICE.jid, 1),)
    bob = Person(BOB.jid, frozenset({B, B[::-1], A[2:] + A[:2]}))
    assert found.forms == (
        Form("", digits_of(ALICE, bob)),
        Form("en", words_of(ALICE, bob, NUMBERS)),
    )


def test_there_is_none_without_keys_on_both_sides() -> None:
    ours = [info(ALICE.jid, 1, A)]
    theirs = [info(BOB.jid, 2, B)]
    assert phrase_of(BOB.jid, [], ALICE.jid, ours, {}) is None
    assert phrase_of(BOB.jid, theirs, ALICE.jid, [], {}) is None
    assert phrase_of(ALICE.jid, theirs, ALICE.jid, ours, {}) is None
    assert phrase_of("not an address", theirs, ALICE.jid, ours, {}) is None


def test_the_words_come_in_the_order_of_the_digits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The digits are remainders, so hashes sort in another order than they do."""
    # 100,001 leaves 1 and is larger than 2
    larger, smaller = (number.to_bytes(5, "big") + bytes(59) for number in (100_001, 2))
    monkeypatch.setattr(module, "_hash", {ALICE: larger, BOB: smaller}.__getitem__)
    digits = digits_of(ALICE, BOB)
    assert (digits[0], digits[6]) == ("00001", "00002")
    first = module._words(larger, NUMBERS)
    assert words_of(BOB, ALICE, NUMBERS)[:9] == tuple(first)


def test_a_phrase_is_about_the_contact() -> None:
    ours, theirs = info(ALICE.jid, 1, A), info(BOB.jid, 2, B)
    found = phrase_of(BOB.jid, [theirs], ALICE.jid, [ours], {"en": NUMBERS})
    assert found is not None
    assert (found.jid, found.covers, found.own) == (
        BOB.jid,
        (theirs.device,),
        (ours.device,),
    )
    for them, us in (([], [ours]), ([theirs], [])):
        assert phrase_of(BOB.jid, them, ALICE.jid, us, {}) is None
    for own in (ALICE.jid, "Alice@Example.org"):
        assert phrase_of(ALICE.jid, [ours], own, [theirs], {}) is None
