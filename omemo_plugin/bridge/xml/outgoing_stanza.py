# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Building the stanza of an encrypted message: the elements in its envelope, and the
few that stay beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from xml.etree.ElementTree import Element

from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import Message
from nbxmpp.simplexml import Node

from ...engine.messages.encrypting import SentMessage
from ...engine.values import EncryptedMessage
from ...engine.values import KeyDecision
from ...engine.values import Protocol
from ...stanza.envelope import build_envelope
from ...stanza.message import build_encrypted
from ...stanza.trust_message import build_trust_message
from ..gajim.constants import ENCRYPTION_NAME
from ..notices.texts import FALLBACK_BODY
from .nodes import CLIENT
from .nodes import children
from .nodes import to_element
from .nodes import to_node
from .payload_elements import BODY
from .payload_elements import CORRECTION
from .payload_elements import HINTS
from .payload_elements import INSIDE
from .payload_elements import REQUESTS
from .payload_elements import part_of

# What stays beside the encrypted element. SECURITY: everything else is dropped.
# An upload's jabber:x:oob would carry the key of the file.
_BESIDE = HINTS | {("origin-id", Namespace.SID)}

# The legacy protocol encrypts the body only. The reference of a correction stays
# beside it: other programs show the message again as a new one otherwise. Nothing
# else that relates to another message does: of a `<fallback/>` they would cut words
# out of the text, and a reply quotes the other message in its encrypted text.
_BESIDE_LEGACY = REQUESTS | {CORRECTION}


def content_of(stanza: Message) -> list[Element]:
    """The elements of a message that OMEMO 2 carries in its envelope."""
    return [
        _with_namespace(to_element(child))
        for child in children(stanza)
        if part_of(child) in INSIDE or part_of(child) == BODY
    ]


def plaintexts(
    stanza: Message,
    *,
    from_jid: str,
    to_jid: str,
    has_text: bool = True,
    beside_text: Sequence[Element] = (),
) -> dict[Protocol, bytes]:
    """
    What is to be encrypted of a message, for each protocol that can.

    Args:
        has_text: whether it has one that the user wrote. The legacy protocol
            carries nothing else.
        beside_text: more for the envelope; the legacy protocol has none.
    """
    envelope = build_envelope(
        [*content_of(stanza), *beside_text],
        from_jid=from_jid,
        to_jid=to_jid,
        stamp=datetime.now(UTC),
    )
    texts = {Protocol.LEGACY: stanza.getBody().encode()} if has_text else {}
    return {**texts, Protocol.OMEMO_2: envelope}


def _with_namespace(element: Element) -> Element:
    if not element.tag.startswith("{"):
        element.tag = f"{{{CLIENT}}}{element.tag}"
    return element


# What stands around the keys and the payload of a stanza, and around each key
_AROUND = 2000
_AROUND_KEY = 60


def seal(stanza: Message, sent: SentMessage, *, has_text: bool = True) -> None:
    """
    Turn a message in clear into the encrypted one.

    Args:
        has_text: whether there is something to show. Without, it has neither a
            hint that it is encrypted nor a body: programs that cannot read it
            would show those.
    """
    protocols = {message.protocol for message in sent.messages}
    legacy = Protocol.LEGACY in protocols
    allowed = _BESIDE | _BESIDE_LEGACY if legacy else _BESIDE
    kept = [
        child
        for child in children(stanza)
        if part_of(child) in allowed or _is_private_mark(child)
    ]
    _empty(stanza)
    for child in kept:
        stanza.addChild(node=child)
    for message in sent.messages:
        stanza.addChild(node=to_node(build_encrypted(message)))
    if not has_text:
        if stanza.getTag("no-store", namespace=Namespace.HINTS) is None:
            _ask_to_store(stanza)
        return
    # One hint is enough, and the older protocol is known to more programs
    hinted = Protocol.LEGACY if legacy else Protocol.OMEMO_2
    stanza.addChild(
        node=Node(
            f"{Namespace.EME} encryption",
            attrs={"name": ENCRYPTION_NAME, "namespace": hinted.namespace},
        )
    )
    _ask_to_store(stanza)
    stanza.setBody(FALLBACK_BODY)


def size_of(sent: SentMessage) -> int:
    """The number of bytes of an encrypted message as a stanza, or a few more."""
    size = _AROUND
    for message in sent.messages:
        size += _base64_size(len(message.payload or b""))
        for key in message.keys:
            size += _AROUND_KEY + _base64_size(len(key.data))
            size += 0 if key.jid is None else len(key.jid.encode())
    return size


def _base64_size(size: int) -> int:
    return (size + 2) // 3 * 4


def _is_private_mark(node: Node) -> bool:
    """Whether an element marks a private message in a room (XEP-0045, 7.5)."""
    return part_of(node) == ("x", Namespace.MUC_USER) and not node.getChildren()


def empty_message(to_jid: str, message: EncryptedMessage) -> Message:
    """
    A stanza that only moves a ratchet.

    It has no hint that it is encrypted: programs without OMEMO would show that
    in place of a text that it does not have.
    """
    stanza = Message(to=to_jid, typ="chat")
    stanza.addChild(node=to_node(build_encrypted(message)))
    _ask_to_store(stanza)
    return stanza


def trust_envelope(
    decisions: Sequence[KeyDecision], *, from_jid: str, to_jid: str, stamp: int
) -> bytes:
    """
    The plaintext of a trust message.

    Args:
        stamp: when it was decided, in seconds since 1970.
    """
    return build_envelope(
        [build_trust_message(decisions)],
        from_jid=from_jid,
        to_jid=to_jid,
        stamp=datetime.fromtimestamp(stamp, UTC),
    )


def trust_message(to_jid: str, sent: SentMessage) -> Message:
    """
    The stanza of a trust message. Nothing of it is to be shown, so it has
    neither a body nor a hint that it is encrypted: devices it is not for would
    show that.
    """
    stanza = Message(to=to_jid, typ="chat")
    for message in sent.messages:
        stanza.addChild(node=to_node(build_encrypted(message)))
    _ask_to_store(stanza)
    return stanza


def _empty(stanza: Message) -> None:
    for child in list(stanza.getChildren()):
        stanza.delChild(child)
    stanza.clearData()


def _ask_to_store(stanza: Message) -> None:
    if stanza.getTag("store", namespace=Namespace.HINTS) is None:
        stanza.addChild(node=Node(f"{Namespace.HINTS} store"))
