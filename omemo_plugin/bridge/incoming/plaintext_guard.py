# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Limits for elements in clear in an encrypted conversation.

SECURITY: any server on the way could have written it. It is not answered in
clear, it changes no encrypted message, and it does not pass for encrypted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbxmpp.protocol import Message

from ...engine.values import Protocol
from ..gajim import messages as gajim_messages
from ..notices import texts
from ..xml.nodes import children
from ..xml.payload_elements import ANSWERS
from ..xml.payload_elements import RECEIPT_REQUEST
from ..xml.payload_elements import part_of

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import MessageProperties

NAMESPACES = frozenset(protocol.namespace for protocol in Protocol)

# The order of the handlers in nbxmpp's chain, lowest number first.

# Before nbxmpp reads the body (10) and the built-in module decrypts (9), after
# nbxmpp has found out whom the stanza is from (5, 6)
PRIORITY = 8

# After a message has been decrypted, before nbxmpp reads its other elements (15)
RECEIPT_PRIORITY = 9

# After nbxmpp has found a correction (15), before Gajim applies it
CORRECTION_PRIORITY = 16

# After nbxmpp has found a reaction (15) or a retraction (20)
CHANGE_PRIORITY = 22

# After nbxmpp has found a hint at the encryption of a message (40)
HINT_PRIORITY = 41


def forbid_plain_receipt(stanza: Message, properties: MessageProperties) -> None:
    """
    Remove the request for a receipt from a message in clear. Gajim would send
    the receipt in clear too, and not through the gate.
    """
    if properties.encrypted is not None or properties.type.is_groupchat:
        return
    for node in list(children(stanza)):
        if part_of(node) == RECEIPT_REQUEST:
            stanza.delChild(node)


def forbid_plain_answers(stanza: Message, properties: MessageProperties) -> None:
    """
    Remove receipts and read markers from a message in clear. Gajim would show
    that a message has come, or was read, and take a chat for read.
    """
    if properties.encrypted is not None:
        return
    for node in list(children(stanza)):
        if part_of(node) in ANSWERS:
            stanza.delChild(node)


def forbid_plain_changes(properties: MessageProperties, encrypted: bool) -> str:
    """
    Ignore a reaction or a retraction in clear in an encrypted conversation.

    Args:
        encrypted: whether the conversation is.

    Returns:
        What to tell the user, or ''.
    """
    if not encrypted or properties.encrypted is not None:
        return ""
    if gajim_messages.take_retraction(properties) is not None:
        return texts.plain_retraction()
    reactions = gajim_messages.take_reactions(properties)
    if reactions is not None and reactions.emojis:
        return texts.plain_reaction(reactions.emojis)
    return ""


def forbid_plain_correction(properties: MessageProperties, encrypted: bool) -> None:
    """
    Ignore a correction in clear in an encrypted conversation. Gajim would
    change the text of the row and leave its shield. The correction becomes a
    row of its own, which says that it was not encrypted.

    Args:
        encrypted: whether the conversation is.
    """
    if encrypted and properties.encrypted is None:
        properties.correction = None


def forget_hint(properties: MessageProperties, encrypted: bool) -> None:
    """
    Ignore the hint (XEP-0380) of a message that was not encrypted, so that it
    is shown as any other text in clear. Gajim would put a line of its own in
    its place, with the name that the hint gives to the encryption, and since 2.6
    with a shield that says it was encrypted.

    Args:
        encrypted: whether the conversation is. Then no hint counts, whatever
            encryption it names.
    """
    hint = properties.eme
    if hint is not None and (encrypted or hint.namespace in NAMESPACES):
        properties.eme = None
