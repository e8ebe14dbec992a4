# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""XML that was decrypted: a stranger wrote it, and no server looked at it."""

from __future__ import annotations

from xml.etree.ElementTree import Element
from xml.etree.ElementTree import TreeBuilder
from xml.parsers import expat

from ..engine.errors import MalformedStanza
from .limits import ENVELOPE_BYTES_MAX
from .limits import ENVELOPE_DEPTH_MAX
from .limits import ENVELOPE_ELEMENTS_MAX


def parse_xml(data: bytes) -> Element:
    """
    Read an element.

    Raises:
        MalformedStanza: it is too large, not well-formed XML, or uses what XMPP
            forbids (RFC 6120, 11.1: a DTD, entities, comments, processing
            instructions).
    """
    if len(data) > ENVELOPE_BYTES_MAX:
        raise MalformedStanza("too large")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedStanza("not UTF-8") from None
    if "\0" in text:
        # To expat this would be a sign of UTF-16, whatever it is told
        raise MalformedStanza("not text")
    parser = expat.ParserCreate("UTF-8", "}")
    parser.buffer_text = True
    builder = TreeBuilder()
    depth = 0
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth += 1
        count += 1
        if depth > ENVELOPE_DEPTH_MAX or count > ENVELOPE_ELEMENTS_MAX:
            raise MalformedStanza("too deep or too many elements")
        builder.start(
            _tag(name),
            {_tag(key): value for key, value in attributes.items()},
        )

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_tag(name))

    def forbidden(*_args: object) -> None:
        raise MalformedStanza("XML that XMPP forbids")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = forbidden
    parser.EntityDeclHandler = forbidden
    parser.ProcessingInstructionHandler = forbidden
    parser.CommentHandler = forbidden
    parser.SkippedEntityHandler = forbidden
    try:
        parser.Parse(text, True)
    except expat.ExpatError:
        raise MalformedStanza("not well-formed XML") from None
    return builder.close()


def _tag(name: str) -> str:
    return f"{{{name}" if "}" in name else name
