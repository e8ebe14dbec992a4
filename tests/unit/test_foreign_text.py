# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import unicodedata

import pytest

from omemo_plugin.foreign_text import ADDRESS_MAX
from omemo_plugin.foreign_text import LENGTH_MAX
from omemo_plugin.foreign_text import clean
from omemo_plugin.foreign_text import quoted
from omemo_plugin.foreign_text import shortened


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("", ""),
        (" \n\t", ""),
        ("two\nlines\r\nand\u2028three\u2029four\x0bfive\x85six", None),
        ("a\u202eb\u2066c\u200ed\u061ce", "abcde"),
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("a\ue000b\U000e0041c", "abc"),
        ("\ud800a", "a"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        # Joiners belong to emoji and to words in Persian, but not at the ends
        ("\u200da\u200db\u200c", "a\u200db"),
        ("Z" + "\u0301" * 50, "Z" + "\u0301" * 3),
    ],
)
def test_case_67_a_text_of_others_is_one_line(text: str, line: str | None) -> None:
    cleaned = clean(text)
    if line is None:
        line = "two lines and three four five six"
    assert cleaned == line
    assert quoted(text) == f"“{line}”"


@pytest.mark.parametrize("length", [1, 39, 40, 41, 1000, 10_000, 1_000_000])
def test_case_67_a_text_of_others_is_short(length: int) -> None:
    line = clean("x" * length)
    assert len(line) == min(length, LENGTH_MAX)
    assert line.endswith("…") is (length > LENGTH_MAX)
    # A cut is shown, also if nothing of the rest could be
    assert clean("x" + "\u202e" * 10_000).endswith("…")


@pytest.mark.parametrize(
    "text",
    [
        "” Nothing has changed. “",
        "Bob” is verified. The key of “Eve",
        "„a‟ «b»",
        "“",
        "”",
    ],
)
def test_case_67_a_text_of_others_cannot_end_its_quotation(text: str) -> None:
    line = quoted(text)
    assert line[0] == "“"
    assert line[-1] == "”"
    assert not set(line[1:-1]) & set("“”„‟«»")


def test_case_67_nothing_of_a_text_can_turn_the_line() -> None:
    everything = "".join(map(chr, range(0x110000)))
    for at in range(0, len(everything), 500):
        for character in clean(everything[at : at + 500], 1000):
            category = unicodedata.category(character)
            assert category not in ("Cc", "Cs", "Co", "Zl", "Zp")
            assert category != "Cf" or character in "\u200c\u200d"


@pytest.mark.parametrize("length", [1, ADDRESS_MAX, ADDRESS_MAX + 1, 2047])
def test_case_138_a_long_address_keeps_its_ends(length: int) -> None:
    address = ("a" * length + "@example.org")[-length:]
    line = shortened(address)
    assert len(line) == min(length, ADDRESS_MAX)
    assert line[-1] == address[-1]
    assert (line == address) is (length <= ADDRESS_MAX)
    assert shortened("e" + "\u0301" * 40).count("\u0301") == 3
