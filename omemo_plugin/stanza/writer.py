# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
XML with default namespaces only. ElementTree's own output has prefixes, which
not every client understands.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

_XML = "{http://www.w3.org/XML/1998/namespace}"

# XML 1.0, 2.2: no document can contain these, not even as a reference
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# A parser would turn a carriage return into a line break, and line breaks and
# tabs of an attribute into spaces, if they were not written as references
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
    }
)


def write_element(element: Element) -> bytes:
    """
    Serialise an element, as UTF-8.

    Characters that XML does not have are replaced by U+FFFD.

    Raises:
        ValueError: it cannot be written without a prefix, because it has an
            attribute in a namespace, or is not an element at all.
    """
    parts: list[str] = []
    _write(element, "", parts)
    return "".join(parts).encode()


def _write(element: Element, outer: str, parts: list[str]) -> None:
    if not isinstance(element.tag, str):
        raise ValueError("not an element")
    namespace, name = _split(element.tag)
    parts.append(f"<{name}")
    if namespace != outer:
        parts.append(f' xmlns="{_attribute(namespace)}"')
    for key, value in element.items():
        parts.append(f' {_attribute_name(key)}="{_attribute(value)}"')
    if not element.text and not len(element):
        parts.append("/>")
        return
    parts.append(">")
    if element.text:
        parts.append(_text(element.text))
    for child in element:
        _write(child, namespace, parts)
        if child.tail:
            parts.append(_text(child.tail))
    parts.append(f"</{name}>")


def _split(tag: str) -> tuple[str, str]:
    if not tag.startswith("{"):
        return "", tag
    namespace, _, name = tag[1:].rpartition("}")
    return namespace, name


def _attribute_name(key: str) -> str:
    if key.startswith(_XML):
        return f"xml:{key[len(_XML) :]}"
    if key.startswith("{"):
        raise ValueError("an attribute in a namespace")
    return key


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text).translate(_IN_TEXT)


def _attribute(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text).translate(_IN_ATTRIBUTE)
