# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The devices that wrote the latest messages, by the ids of the messages.

SECURITY: Gajim finds the message that a correction replaces by its id alone,
and anybody on the way can give a message another id. Gajim 1.7 leaves the shield
of the earlier message, so that the words of one device would pass for those of
another. A correction replaces only a message of the same device in the same
protocol; any other is a row of its own.

Gajim also takes a retraction, a reaction or a receipt for its sender's, whatever device
it came from. A server can add a device to an account. While the user has not decided
about it, or has refused it, its texts are marked; what has no row to be marked does
not count.
"""

from __future__ import annotations

from collections import OrderedDict

from nbxmpp.simplexml import Node

from ...engine.messages.receiving import ReceivedMessage
from ...engine.values import Device
from ...engine.values import Protocol
from ..xml.payload_elements import ANSWERS
from ..xml.payload_elements import CHANGES
from ..xml.payload_elements import CORRECTION
from ..xml.payload_elements import RETRACT
from ..xml.payload_elements import part_of

# More messages than a correction goes back. An older one, or one of before the
# start of Gajim, is not replaced
KEPT = 2000

# Code points. Honest ids have a few dozens; a contact may send one as long as a
# stanza, and this many of those would fill the memory
ID_MAX = 256

Origin = tuple[Device, Protocol]


class MessageOrigins:
    """The origins of the latest messages of one account."""

    def __init__(self) -> None:
        self._origins: OrderedDict[tuple[str, str], Origin | None] = OrderedDict()

    def note(
        self, chat: str, message_id: str | None, device: Device, protocol: Protocol
    ) -> None:
        """
        Remember where a message came from.

        Args:
            chat: the bare JID of the contact or the room.
        """
        if not message_id or len(message_id) > ID_MAX:
            return
        key, origin = (chat, message_id), (device, protocol)
        if key in self._origins and self._origins[key] != origin:
            # Two messages have this id, so a correction cannot name one of them
            self._origins[key] = None
        else:
            self._origins[key] = origin
        while len(self._origins) > KEPT:
            self._origins.popitem(last=False)

    def is_known(self, chat: str, message_id: str) -> bool:
        """Whether a message with this id was decrypted."""
        return (chat, message_id) in self._origins

    def may_replace(
        self, chat: str, message_id: str | None, device: Device, protocol: Protocol
    ) -> bool:
        """Whether a correction of this origin may replace a message."""
        known = self._origins.get((chat, message_id or ""))
        return known is not None and known == (device, protocol)

    def may_change(self, chat: str, node: Node, result: ReceivedMessage) -> bool:
        """
        Whether an element of an envelope may have its effect on earlier messages.

        Args:
            chat: the bare JID of the contact or the room.
            result: the message that the envelope came in.
        """
        part = part_of(node)
        if part == CORRECTION:
            target = node.getAttr("id")
            return self.may_replace(chat, target, result.device, result.protocol)
        if part not in CHANGES | ANSWERS:
            return True
        if part[1] == RETRACT:
            known = self._origins.get((chat, node.getAttr("id") or ""))
            if known is not None and known[0].jid != result.device.jid:
                # In a room its server says whose a message is
                return False
            if known is not None and known[0] == result.device:
                return True
        return result.trust.may_receive
