# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Texts of others inside lines of ours.

SECURITY: a reason, a nickname or a label could hold line breaks, characters that
turn the direction of writing, or a sentence that looks like one of ours. Every
such text goes through here before it becomes a part of a line.
"""

from __future__ import annotations

import unicodedata

# Enough to recognize it by
LENGTH_MAX = 40

# An address may have 2047 characters. What an honest one has
ADDRESS_MAX = 80

# More than this is not even looked at
_READ_MAX = 1000

# Control and format characters (bidi marks, zero-width characters, tags), the
# halves of surrogate pairs, private ones, line and paragraph separators
_REMOVED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# Format characters inside emoji and inside words of some scripts: without them a
# family falls apart, and words in Persian and Hindi are written wrongly
_JOINERS = "\u200c\u200d"

# A letter with more marks on it would reach into the lines above and below
_MARKS_MAX = 3

# With these a text could end its own quotation
_QUOTES = str.maketrans({"“": "'", "”": "'", "„": "'", "‟": "'", "«": "'", "»": "'"})


def clean(text: str, length: int = LENGTH_MAX) -> str:
    """
    Make one line without control characters of a text of somebody else.

    Args:
        length: in code points; a longer text is cut, and ends in “…”.
    """
    spaced = " ".join(text[:_READ_MAX].split())
    kept: list[str] = []
    marks = 0
    for character in spaced:
        category = unicodedata.category(character)
        if category in _REMOVED and not (character in _JOINERS and kept):
            continue
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks <= _MARKS_MAX:
            kept.append(character)
    line = "".join(kept).strip().strip(_JOINERS)
    if len(line) > length or len(text) > _READ_MAX:
        line = line[: length - 1].rstrip() + "…"
    return line


def quoted(text: str, length: int = LENGTH_MAX) -> str:
    """
    Quote a text of somebody else, to be put into a line of ours.

    Args:
        length: in code points, without the quotation marks.

    Returns:
        The text in “ ”, with no quotation mark of that kind in it.
    """
    return f"“{clean(text.translate(_QUOTES), length)}”"


def shortened(address: str) -> str:
    """
    Make a long address fit to be read, with its beginning and its end.

    SECURITY: whoever gives a long address to a member of a room would push what
    follows, other members and the buttons, out of the window.
    """
    if len(address) <= ADDRESS_MAX:
        return clean(address, ADDRESS_MAX)
    half = ADDRESS_MAX // 2
    return f"{clean(address[: half - 1], half)}…{clean(address[-half:], half)}"
