# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The small parts every element is made of: numbers, base64, single children.

All of it is input of strangers. Whatever could be read in two ways is refused,
because another program would read it in the other one. Elements and attributes
that are not known are passed over, as RFC 6120, 8.4 wants it.
"""

from __future__ import annotations

from binascii import a2b_base64
from binascii import b2a_base64
from xml.etree.ElementTree import Element

from ..engine.errors import MalformedStanza
from ..engine.values import DEVICE_ID_MAX

# XML 1.0, 2.3: white space. It is not what str.strip() takes for it
_WITHOUT_SPACE = dict.fromkeys(map(ord, " \t\r\n"))

# 2^32 - 1 has ten digits. Python takes quadratic time for many more
_DIGITS_MAX = 10


def parse_number(
    text: str | None,
    lowest: int = 1,
    highest: int = DEVICE_ID_MAX,
    *,
    digits: int = _DIGITS_MAX,
) -> int:
    """
    A device or key id, or a size: ASCII digits only, no sign, no space, no leading
    zero.

    Args:
        digits: how many it may have; `highest` has no more.

    Raises:
        MalformedStanza: it is missing, not a number, or out of range.
    """
    if (
        not text
        or len(text) > digits
        or not text.isascii()
        or not text.isdigit()
        or (text[0] == "0" and text != "0")
    ):
        raise MalformedStanza("not an id")
    number = int(text)
    if not lowest <= number <= highest:
        raise MalformedStanza("an id out of range")
    return number


def parse_base64(element: Element, most: int) -> bytes:
    """
    The base64 text of an element. XML white space in it is allowed.

    Args:
        most: the largest number of bytes that is accepted.

    Raises:
        MalformedStanza: it is not base64, too long, or beside other elements.
    """
    text = element.text or ""
    if len(element):
        raise MalformedStanza("elements within base64")
    # Enough for the encoding, and for any way of breaking and indenting lines
    if len(text) > 2 * most + 256:
        raise MalformedStanza("too much base64")
    data = _decode(text)
    if data is None:
        # Rare, and slower
        data = _decode(text.translate(_WITHOUT_SPACE))
    if data is None:
        raise MalformedStanza("not base64")
    if len(data) > most:
        raise MalformedStanza("too much base64")
    return data


def _decode(text: str) -> bytes | None:
    try:
        data = a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
    # Python's strict mode lets more padding pass than there should be
    return data if len(text) == (len(data) + 2) // 3 * 4 else None


def to_base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode("ascii")


def single_child(parent: Element, tag: str) -> Element | None:
    """
    The one child of this name, if there is one.

    Raises:
        MalformedStanza: there are several.
    """
    found = parent.findall(tag)
    if not found:
        return None
    if len(found) > 1:
        raise MalformedStanza(f"more than one {local_name(tag)}")
    return found[0]


def required_child(parent: Element, tag: str) -> Element:
    """
    The one child of this name.

    Raises:
        MalformedStanza: there is none, or there are several.
    """
    child = single_child(parent, tag)
    if child is None:
        raise MalformedStanza(f"no {local_name(tag)}")
    return child


def local_name(tag: str) -> str:
    return tag.rpartition("}")[2]
