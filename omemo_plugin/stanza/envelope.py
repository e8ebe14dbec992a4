# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The envelope that OMEMO 2 encrypts: XEP-0420, with the profile of XEP-0384
0.9.1, "SCE Profile".
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime
from xml.etree.ElementTree import Element

from ..engine.errors import MalformedStanza
from ..engine.values import Protocol
from ..verify.jid import same_account
from .base import required_child
from .base import single_child
from .reader import parse_xml
from .writer import write_element

NAMESPACE = "urn:xmpp:sce:1"

_ENVELOPE = f"{{{NAMESPACE}}}envelope"
_CONTENT = f"{{{NAMESPACE}}}content"
_PADDING = f"{{{NAMESPACE}}}rpad"
_FROM = f"{{{NAMESPACE}}}from"
_TO = f"{{{NAMESPACE}}}to"
_TIME = f"{{{NAMESPACE}}}time"

# XEP-0085, 5.3
_ACTIVE = "{http://jabber.org/protocol/chatstates}active"

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
_SIZE_MIN = 608
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
        from_jid: the JID of the sender, as the envelope names it; None if it
            does not.
        to_jid: the JID of the contact or room that the envelope is for.
        stamp: the time of writing by the sender's clock, with a time zone.
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
    and not for what it is an abbreviation of. Converse looks for affix elements
    that name their namespace themselves, and drops messages of rooms without.

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
    padding = Element(_PADDING, {"xmlns": NAMESPACE})
    envelope.append(holder)
    envelope.append(padding)
    literal = {"xmlns": NAMESPACE}
    envelope.append(Element(_TIME, {**literal, "stamp": _format_stamp(stamp)}))
    envelope.append(Element(_TO, {**literal, "jid": to_jid}))
    envelope.append(Element(_FROM, {**literal, "jid": from_jid}))
    size = len(write_element(envelope))
    padding.text = _random_text(
        max(_SIZE_MIN - size, 0) + secrets.randbelow(_PADDING_ON_TOP + 1)
    )
    return write_element(envelope)


def build_heartbeat(*, from_jid: str, to_jid: str, stamp: datetime) -> bytes:
    """
    Write the envelope of an answer that has to have a payload and nothing to show:
    a chat state.

    Args:
        from_jid, to_jid, stamp: see `build_envelope`.

    Raises:
        ValueError: the stamp has no time zone.
    """
    return build_envelope(
        [Element(_ACTIVE)], from_jid=from_jid, to_jid=to_jid, stamp=stamp
    )


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
    envelope = parse_xml(data)
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
    Compare an envelope with the stanza it came in. Otherwise a server or a reader
    could pass a message on under another sender's name, or to another reader.

    The age of the message is not checked here: it may come from an archive.

    Args:
        sender_jid: the bare JID of the device that encrypted the message.
        recipient_jid: the bare JID in the stanza's `to`, for a message in a
            room the room's; None if the stanza has none.

    Raises:
        MalformedStanza: they differ, or an envelope for a room does not name the
            room (XEP-0384 0.9.1, "SCE Profile").
    """
    if envelope.from_jid is not None and not same_account(
        envelope.from_jid, sender_jid
    ):
        raise MalformedStanza("an envelope of another sender")
    if envelope.to_jid is None:
        if is_groupchat:
            raise MalformedStanza("an envelope for a room does not name it")
    elif recipient_jid is None:
        if is_groupchat:
            raise MalformedStanza("a room without a name")
    elif not same_account(envelope.to_jid, recipient_jid):
        raise MalformedStanza("an envelope for another recipient")


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
