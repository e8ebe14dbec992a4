# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of a decrypted message, fit to be shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from ...engine.errors import MalformedStanza
from ...media.uri import InvalidMediaUri
from ...media.uri import parse_media_body
from ..xml.nodes import CLIENT

_BODY = f"{{{CLIENT}}}body"

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

# XML 1.0, "Characters": an encrypted text can contain others, a stanza cannot
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean_text(data: bytes) -> str:
    """
    Decode a decrypted text, and replace the characters that XML forbids.

    Raises:
        MalformedStanza: it is not UTF-8.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedStanza("the text is not UTF-8") from error
    return _NOT_XML.sub("\ufffd", text)


def without_thumbnail(text: str) -> str:
    """
    Keep only the link of an encrypted file. Some programs write a small picture
    into a second line (XEP-0454, "Embedded Thumbnails"), and Gajim would show
    that as letters; it makes its own of the file.
    """
    if "\n" not in text:
        return text
    try:
        parse_media_body(text)
    except InvalidMediaUri:
        return text
    return text.partition("\n")[0]


def is_body(element: Element) -> bool:
    """Whether an element of an envelope is a text."""
    return element.tag == _BODY


def body_of(content: Sequence[Element]) -> str:
    """
    Find the text in the content of an envelope; '' if it has none.

    Several bodies are translations of one text (RFC 6121, 5.2.3): the one
    without a language counts, else the first.
    """
    bodies = [element for element in content if is_body(element)]
    if not bodies:
        return ""
    body = next((one for one in bodies if not one.get(_LANG)), bodies[0])
    return clean_text((body.text or "").encode())
