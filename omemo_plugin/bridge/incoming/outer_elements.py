# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The elements that stay beside a decrypted message.

SECURITY: every server on the way can add elements to a message and remove
them. Nothing that is not encrypted may change a decrypted message: not its
text, its place, what it hides, its sender or its time. So every element that is
not in the list below is removed before Gajim's own handlers see the stanza, and
what stays is written again with the few attributes that are used. The list is
the same in one-to-one chats, in rooms, for carbons and for the archive.

Not in the list, although other programs write it beside OMEMO 0.3:

- `<fallback/>` (XEP-0428) hides a part of the text.
- `<replace/>` (XEP-0308) hides an earlier message.
- `<reply/>` (XEP-0461) makes a text the answer to another question. Programs
  that reply in OMEMO 0.3 quote the other message in the encrypted text, and that
  quotation stays.
- `<thread/>` and `<subject/>` give a text another place, or another meaning.
- Hints (XEP-0334) are for servers; Gajim has no use for them.
"""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING

from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import JID
from nbxmpp.protocol import InvalidJid
from nbxmpp.protocol import Message
from nbxmpp.simplexml import Node

from ..gajim import constants as gajim_constants
from ..xml.nodes import children
from ..xml.payload_elements import CHAT_STATES
from ..xml.payload_elements import RECEIPT_REQUEST
from ..xml.payload_elements import Part
from ..xml.payload_elements import part_of

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import MessageProperties

OCCUPANT_ID = "urn:xmpp:occupant-id:0"

_DELAY: Part = ("delay", Namespace.DELAY2)

_ROOM_USER: Part = ("x", Namespace.MUC_USER)

# Statements of servers about any message, encrypted or not; with the attributes
# that stay. These are needed for a row that says that a message was not decrypted, too
ORIGIN: dict[Part, tuple[str, ...]] = {
    # When a server received a message that it could not deliver at once. A server
    # can hold a message back in any case. Only the own server and the room count,
    # and for OMEMO 2 only as far as the time in the envelope agrees (`written_at`)
    _DELAY: ("from", "stamp"),
    # The number of a message in an archive, by which Gajim finds duplicates.
    # A server can drop a message in any case
    ("stanza-id", Namespace.SID): ("id", "by"),
    # The sender's own number of a message, by which Gajim recognizes the copy of
    # its own message that a room sends back
    ("origin-id", Namespace.SID): ("id",),
    # The room's number of an occupant. Without it Gajim 2 cannot tell whose row
    # a message in a room is. The key of the sender is checked apart from it
    ("occupant-id", OCCUPANT_ID): ("id",),
    # Marks a private message in a room. In the archive of a room it holds the
    # address of the sender, which was compared with the key. Invitations and
    # status codes in it are removed
    _ROOM_USER: (),
}

# Requests of the sender's program to the reader's. None of them changes a message:
# they say that the sender is typing, or asks whether a message has come or was read,
# and the answer goes encrypted or not at all
QUESTIONS: dict[Part, tuple[str, ...]] = {
    **dict.fromkeys(CHAT_STATES, ()),
    RECEIPT_REQUEST: (),
    ("markable", Namespace.CHATMARKERS): (),
}

# A message has a number from its server and one from a room. Of everything else
# the first stays
_SAME_MAX: dict[Part, int] = {("stanza-id", Namespace.SID): 2}


def keep_harmless(
    stanza: Message,
    properties: MessageProperties,
    own_jid: str,
    *,
    questions: bool = True,
    without: frozenset[Part] = frozenset(),
) -> None:
    """
    Remove all elements but the harmless ones from a stanza.

    Args:
        own_jid: the bare JID of the account.
        questions: whether requests for receipts and chat states stay.
        without: more elements that are removed.
    """
    kept = ORIGIN | QUESTIONS if questions else ORIGIN
    found: dict[Part, int] = {}
    harmless = []
    for child in list(children(stanza)):
        stanza.delChild(child)
        part = part_of(child)
        if part not in kept or part in without:
            continue
        node = _rewritten(child, kept[part], properties, own_jid)
        if node is not None and found.get(part, 0) < _SAME_MAX.get(part, 1):
            found[part] = found.get(part, 0) + 1
            harmless.append(node)
    for node in harmless:
        stanza.addChild(node=node)
    # Text between the elements, and the language of texts without one
    stanza.setData("")
    stanza.getAttrs().pop("xml:lang", None)
    _forget_other_encryption(properties)
    _forget_unreadable_ids(properties)


def _rewritten(
    node: Node, attributes: tuple[str, ...], properties: MessageProperties, own_jid: str
) -> Node | None:
    part = part_of(node)
    copy = Node(f"{part[1]} {part[0]}")
    for name in attributes:
        value = node.getAttr(name)
        if value is not None:
            copy.setAttr(name, value)
    if part == _DELAY:
        stamp = _stamp_of(copy, properties, own_jid)
        if stamp is None:
            return None
        # SECURITY: nbxmpp logs the whole stanza, with what was decrypted, when it
        # cannot read a time, and it reads fewer forms than we do
        copy.setAttr("stamp", stamp.isoformat().replace("+00:00", "Z"))
    if part == _ROOM_USER and properties.type.is_groupchat:
        if properties.mam is None:
            return None
        item = node.getTag("item")
        if item is not None:
            known = {
                name: item.getAttr(name)
                for name in ("jid", "affiliation", "role")
                if item.getAttr(name) is not None
            }
            copy.addChild("item", attrs=known)
    return copy


def servers_delay(
    stanza: Message, properties: MessageProperties, own_jid: str
) -> datetime | None:
    """Find the time at which the own server or the room received a message, if
    they say that it was delayed."""
    for delay in stanza.getTags("delay", namespace=Namespace.DELAY2):
        stamp = _stamp_of(delay, properties, own_jid)
        if stamp is not None:
            return stamp
    return None


def _stamp_of(
    delay: Node, properties: MessageProperties, own_jid: str
) -> datetime | None:
    """The time of a delay of the own server or of the room. Gajim takes any other
    for the sender's own, and does not notify the user of the message."""
    domain = own_jid.partition("@")[2]
    allowed = {own_jid, domain}
    if properties.type.is_groupchat and properties.from_ is not None:
        room = gajim_constants.bare(properties.from_)
        allowed |= {room, room.partition("@")[2]}
    if delay.getAttr("from") not in allowed:
        return None
    try:
        stamp = datetime.fromisoformat(delay.getAttr("stamp") or "")
        if stamp.tzinfo is None:
            return None
        stamp = stamp.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    # nbxmpp reads no others
    return stamp if 1 < stamp.year < 9999 else None


def _forget_other_encryption(properties: MessageProperties) -> None:
    """Another encrypted element beside ours, which nbxmpp has found already,
    would take the place of the text."""
    for name in ("openpgp", "pgp_legacy", "muc_ofrom"):
        if getattr(properties, name, None) is not None:
            setattr(properties, name, None)


def _forget_unreadable_ids(properties: MessageProperties) -> None:
    """nbxmpp has found the numbers of archives already, and Gajim fails on one of
    an archive that has no address."""
    ids = getattr(properties, "stanza_ids", None)
    if ids:
        readable = [one for one in ids if _is_address(one.by)]
        # In some versions of nbxmpp the type of properties does not name it
        setattr(properties, "stanza_ids", readable)  # noqa: B010


def _is_address(text: object) -> bool:
    try:
        JID.from_string(str(text))
    except (InvalidJid, ValueError):
        return False
    return True
