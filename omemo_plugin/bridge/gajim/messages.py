# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gajim's outgoing and received messages, in each supported version."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING
from typing import NoReturn
from typing import TypeGuard
from typing import cast

from gajim.common import app
from nbxmpp.modules.receipts import build_receipt
from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import NodeProcessed

from ...engine.values import Trust
from .constants import ENCRYPTION_NAME
from .constants import HAS_BUILTIN_OMEMO
from .constants import StanzaDecrypted
from .constants import gajim_trust
from .contacts import is_nickname

if TYPE_CHECKING:
    from .nbxmpp_protocols import MessageProperties
    from .nbxmpp_protocols import MessageStanza
    from .nbxmpp_protocols import NewMessageProperties
    from .nbxmpp_protocols import OldConnection
    from .nbxmpp_protocols import Reactions
    from .nbxmpp_protocols import Retraction
    from .protocols import Client
    from .protocols import Contact
    from .protocols import NewOutgoingMessage
    from .protocols import OldOutgoingMessage
    from .protocols import OutgoingMessage


def encryption_data(trust: Trust, fingerprint: str | None) -> object:
    """The value of `properties.encrypted` for a received message."""
    if HAS_BUILTIN_OMEMO:
        # The archive's column must not be empty
        return _new_encryption_data(trust, fingerprint or "Unknown")
    from gajim.common.const import EncryptionData

    return EncryptionData(
        {
            "name": ENCRYPTION_NAME,
            "fingerprint": fingerprint,
            "trust": gajim_trust(trust),
        }
    )


def _new_encryption_data(trust: Trust, fingerprint: str) -> object:
    from nbxmpp.structs import EncryptionData

    return EncryptionData(
        protocol=ENCRYPTION_NAME, key=fingerprint, trust=gajim_trust(trust)
    )


def _is_new(message: OutgoingMessage) -> TypeGuard[NewOutgoingMessage]:
    return hasattr(message, "get_stanza")


def _is_old(message: OutgoingMessage) -> TypeGuard[OldOutgoingMessage]:
    return not _is_new(message)


def stanza_of(message: OutgoingMessage) -> MessageStanza:
    """The stanza of an outgoing message."""
    if _is_new(message):
        return message.get_stanza()
    assert _is_old(message)
    return message.stanza


def text_of(message: OutgoingMessage) -> str | None:
    """The text that the user typed; None for a message without one, such as a
    chat state."""
    if _is_new(message):
        return message.get_text(with_fallback=False) or None
    assert _is_old(message)
    return message.message or None


def is_chat_state(message: OutgoingMessage) -> bool:
    """Whether the message consists of a chat state or a marker only."""
    return text_of(message) is None and (
        message.chatstate is not None or message.marker is not None
    )


def is_change(message: OutgoingMessage) -> bool:
    """Whether the message reacts to an earlier one, or takes it back, and has no
    text."""
    return text_of(message) is None and (
        getattr(message, "reaction_data", None) is not None
        or getattr(message, "retraction_id", None) is not None
    )


def is_private_message(message: OutgoingMessage) -> bool:
    """Whether it is for an occupant of a room, by the nickname."""
    return not message.is_groupchat and bool(
        getattr(message, "is_pm", False) or is_nickname(message.contact)
    )


def mark_encrypted(message: OutgoingMessage, trust: Trust, fingerprint: str) -> None:
    """Let Gajim show that an outgoing message has been encrypted."""
    if _is_new(message):
        message.set_encryption(_new_encryption_data(trust, fingerprint))
        return
    assert _is_old(message)
    message.xhtml = None
    message.additional_data["encrypted"] = {
        "name": ENCRYPTION_NAME,
        "fingerprint": fingerprint,
        "trust": gajim_trust(trust),
    }


def send_text(
    client: Client, contact: Contact, text: str, like: OutgoingMessage | None
) -> None:
    """
    Send a text as Gajim's own window does.

    Args:
        like: an earlier try, the relations of which to other messages it has too.
    """
    from gajim.common.structs import OutgoingMessage as Made

    kept = ("correct_id", "oob_url", "reply_data")
    if HAS_BUILTIN_OMEMO:
        options = {"text": text}
    else:
        kind = "groupchat" if contact.is_groupchat else "chat"
        options = {"message": text, "type_": kind}
    for name in kept:
        value = getattr(like, name, None)
        if value is not None:
            options[name] = value
    client.send_message(Made(account=client.account, contact=contact, **options))


_REACTIONS = importlib.util.find_spec("gajim.common.modules.reactions") is not None

_RETRACTION = importlib.util.find_spec("gajim.common.modules.retraction") is not None


def can_show(part: tuple[str, str]) -> bool:
    """Whether this Gajim does anything with such a part of a message."""
    unknown = {"reactions": not _REACTIONS, "retract": not _RETRACTION}
    return not unknown.get(part[0], False)


def forget_private(properties: MessageProperties) -> None:
    """A message is not a private one of an occupant of a room. nbxmpp 6 has found
    that out before anything is decrypted, nbxmpp 4.2 does so later."""
    properties.muc_private_message = False
    if hasattr(properties, "remote_jid") and properties.jid is not None:
        properties.remote_jid = properties.jid.new_as_bare()


# Handlers up to this one have seen a stanza before it was decrypted
_BEFORE = 9


def dispatch_again(
    client: Client, stanza: MessageStanza, properties: MessageProperties
) -> NoReturn:
    """
    Let nbxmpp choose the handlers of a stanza once more, by its new content. Those
    chosen before are for the elements that a server wrote: without these they
    fail, and the message would be lost.

    Raises:
        StanzaDecrypted: later versions of nbxmpp do the rest.
        NodeProcessed: in nbxmpp 4.2 all handlers have been called.
    """
    if StanzaDecrypted is not None:
        raise StanzaDecrypted
    connection = cast("OldConnection", client.connection)
    handlers = connection._dispatcher._handlers[Namespace.CLIENT]
    kind = stanza.getType() or "normal"
    found = dict.fromkeys(
        child.getNamespace()
        for child in stanza.getChildren()
        if not isinstance(child, str)
    )
    names = ["default", kind, *(one for each in found for one in (each, kind + each))]
    chain = [
        *handlers["default"]["default"],
        *(each for name in names for each in handlers["message"].get(name, ())),
    ]
    for handler in sorted(chain, key=lambda one: one["priority"]):
        if handler["priority"] > _BEFORE:
            handler["func"](connection, stanza, properties)
    raise NodeProcessed


def receipt_for(
    client: Client, stanza: MessageStanza, properties: MessageProperties
) -> MessageStanza | None:
    """
    The receipt that a message asks for, in clear; None where Gajim would send
    none. To be asked when the message has been decrypted.
    """
    carbon = properties.carbon
    if (
        properties.type.is_groupchat
        or properties.type.is_error
        or properties.is_self_message
        or properties.mam is not None
        or (carbon is not None and carbon.is_sent)
        or stanza.getID() is None
        or not app.settings.get_account_setting(client.account, "answer_receipts")
    ):
        return None
    # To a nickname Gajim always answers, and nbxmpp 4.2 would not know it as one
    private = stanza.getTag("x", namespace=Namespace.MUC_USER) is not None
    if not private and not client.get_module("Receipts")._should_answer(properties):
        return None
    receipt: MessageStanza | None = build_receipt(stanza)
    return receipt


def changed_id(properties: MessageProperties) -> str | None:
    """The id of the message that a received one corrects, retracts or reacts to."""
    for name in ("correction", "retraction", "reactions"):
        found = getattr(getattr(properties, name, None), "id", None)
        if found:
            return str(found)
    return None


def take_reactions(properties: MessageProperties) -> Reactions | None:
    """Remove the reactions from a received message, so that Gajim shows none;
    None if there are none."""
    found: Reactions | None = getattr(properties, "reactions", None)
    if found is not None:
        cast("NewMessageProperties", properties).reactions = None
    return found


def take_retraction(properties: MessageProperties) -> Retraction | None:
    """The same for a retraction. What an earlier retraction has left in the place
    of a message stays."""
    found: Retraction | None = getattr(properties, "retraction", None)
    if found is None or found.is_tombstone:
        return None
    cast("NewMessageProperties", properties).retraction = None
    return found


# What Prosody and ejabberd take of a client if nothing else is configured
_STANZA_BYTES_MAX = 256 * 1024

_LIMITS = "urn:xmpp:stream-limits:0"


def stanza_bytes_max(client: Client) -> int:
    """
    The largest stanza that our server accepts, in bytes (XEP-0478); the limit of most
    servers if it does not say so. It would close the stream on a larger one, and the
    message would be gone.
    """
    features = client.connection.features
    limits = features and features.getTag("limits", namespace=_LIMITS)
    said = limits and limits.getTagData("max-bytes")
    if said and said.isascii() and said.isdecimal() and len(said) < 12:
        return int(said)
    return _STANZA_BYTES_MAX
