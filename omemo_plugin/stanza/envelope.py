# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The envelope that OMEMO 2 encrypts: XEP-0420, with the profile of XEP-0384
0.9.1, "SCE Profile".
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import TreeBuilder
from xml.parsers import expat

from ..engine.errors import MalformedStanza
from ..engine.values import Protocol
from .base import required_child
from .base import single_child
from .limits import ENVELOPE_BYTES_MAX
from .limits import ENVELOPE_DEPTH_MAX
from .limits import ENVELOPE_ELEMENTS_MAX
from .writer import write_element

NAMESPACE = "urn:xmpp:sce:1"

_ENVELOPE = f"{{{NAMESPACE}}}envelope"
_CONTENT = f"{{{NAMESPACE}}}content"
_PADDING = f"{{{NAMESPACE}}}rpad"
_FROM = f"{{{NAMESPACE}}}from"
_TO = f"{{{NAMESPACE}}}to"
_TIME = f"{{{NAMESPACE}}}time"

# XEP-0420, "Server-processed Elements", and what would be encrypted twice
_FORBIDDEN = frozenset(
    {
        "{urn:xmpp:sid:0}stanza-id",
        "{urn:xmpp:eme:0}encryption",
        _ENVELOPE,
        *(f"{{{protocol.namespace}}}encrypted" for protocol in Protocol),
    }
)
_FORBIDDEN_NAMESPACES = (
    "{urn:xmpp:hints}",
    "{http://jabber.org/protocol/address}",
)

# XEP-0420, "Affix Elements": a minimum size, and up to 200 characters on top.
# The text of most messages makes no difference with this minimum.
_SIZE_MIN = 512
_PADDING_ON_TOP = 200

# XEP-0082, 3.2; datetime.fromisoformat takes more than this
_STAMP = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)


@dataclass(frozen=True)
class Envelope:
    """
    A received envelope.

    Attributes:
        content: what the sender wrote, without what must not be in there.
        from_jid: who the sender says it is, if it says so.
        to_jid: whom it says the message is for.
        stamp: when it says it was written, with a time zone.
    """

    content: tuple[Element, ...] = field(repr=False)
    from_jid: str | None = None
    to_jid: str | None = None
    stamp: datetime | None = None


def build_envelope(
    content: Sequence[Element], *, from_jid: str, to_jid: str, stamp: datetime
) -> bytes:
    """
    Write an envelope, padded with random characters.

    Only default namespaces are used: there are clients that look for `body`
    and not for what it is an abbreviation of.

    Args:
        from_jid: our bare JID.
        to_jid: the bare JID of the contact or of the room.
        stamp: the time, with a time zone.

    Raises:
        ValueError: the stamp has no time zone, or an element of the content
            has no namespace or cannot be written.
    """
    if stamp.tzinfo is None:
        raise ValueError("a time without a time zone")
    for element in content:
        if not isinstance(element.tag, str) or not element.tag.startswith("{"):
            raise ValueError("content without a namespace")
    envelope = Element(_ENVELOPE)
    holder = Element(_CONTENT)
    holder.extend(content)
    padding = Element(_PADDING)
    envelope.append(holder)
    envelope.append(padding)
    envelope.append(Element(_TIME, {"stamp": _format_stamp(stamp)}))
    envelope.append(Element(_TO, {"jid": to_jid}))
    envelope.append(Element(_FROM, {"jid": from_jid}))
    size = len(write_element(envelope))
    padding.text = _random_text(
        max(_SIZE_MIN - size, 0) + secrets.randbelow(_PADDING_ON_TOP + 1)
    )
    return write_element(envelope)


def _format_stamp(stamp: datetime) -> str:
    text = stamp.astimezone(UTC).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")


def _random_text(length: int) -> str:
    return secrets.token_urlsafe(length)[:length]


def parse_envelope(data: bytes) -> Envelope:
    """
    Read what was decrypted.

    Elements that must not be in the content (XEP-0420, "Server-processed
    Elements"), or have no namespace, are dropped, and the rest is kept, as the
    XEP wants it.

    Raises:
        MalformedStanza: it is not well-formed XML, not an envelope, uses what
            XMPP forbids (RFC 6120, 11.1: a DTD, entities, comments, processing
            instructions), or something in it is missing or doubled.
    """
    envelope = _parse_xml(data)
    if envelope.tag != _ENVELOPE:
        raise MalformedStanza("not an envelope")
    content = required_child(envelope, _CONTENT)
    single_child(envelope, _PADDING)
    return Envelope(
        tuple([element for element in content if _is_allowed(element.tag)]),
        _attribute(envelope, _FROM, "jid"),
        _attribute(envelope, _TO, "jid"),
        _parse_stamp(_attribute(envelope, _TIME, "stamp")),
    )


def check_envelope(
    envelope: Envelope,
    *,
    sender_jid: str,
    recipient_jid: str | None,
    is_groupchat: bool,
) -> None:
    """
    Compare an envelope with the stanza it came in, so that nobody between the
    two ends can pass a message on as somebody else's or to somebody else.

    How old the message may be is not decided here: it may come from an archive.

    Args:
        sender_jid: the bare JID of the device that encrypted the message.
        recipient_jid: the bare JID in the stanza's `to`, for a message in a
            room the room's; None if the stanza has none.

    Raises:
        MalformedStanza: they do not fit, or the one who a message in a room is
            for is not named (XEP-0384 0.9.1, "SCE Profile").
    """
    if envelope.from_jid is not None and not _same(envelope.from_jid, sender_jid):
        raise MalformedStanza("an envelope of another sender")
    if envelope.to_jid is None:
        if is_groupchat:
            raise MalformedStanza("an envelope for a room does not name it")
    elif recipient_jid is None:
        if is_groupchat:
            raise MalformedStanza("a room without a name")
    elif not _same(envelope.to_jid, recipient_jid):
        raise MalformedStanza("an envelope for another recipient")


def _same(one: str, other: str) -> bool:
    """Whether two JIDs are the same account. Clients write their own JID as the
    user typed it; servers compare without case (RFC 7622, 3.3)."""
    return one == other or _prepared(one) == _prepared(other)


def _prepared(jid: str) -> str:
    return unicodedata.normalize("NFC", jid.lower())


def _is_allowed(tag: str) -> bool:
    return (
        tag.startswith("{")
        and tag not in _FORBIDDEN
        and not tag.startswith(_FORBIDDEN_NAMESPACES)
    )


def _attribute(envelope: Element, tag: str, name: str) -> str | None:
    element = single_child(envelope, tag)
    if element is None:
        return None
    value = element.get(name)
    if not value:
        raise MalformedStanza("an affix element that says nothing")
    return value


def _parse_stamp(text: str | None) -> datetime | None:
    if text is None:
        return None
    if not _STAMP.fullmatch(text):
        raise MalformedStanza("not a time")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise MalformedStanza("not a time") from None


def _parse_xml(data: bytes) -> Element:
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
