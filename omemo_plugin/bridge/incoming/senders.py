# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sender of a received stanza, as far as the own server vouches for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import Message

from ...verify.jid import same_account
from ..gajim import constants as gajim_constants
from ..gajim import messages as gajim_messages
from ..rooms import Reflection
from ..rooms import Rooms
from ..xml.nodes import children
from ..xml.payload_elements import part_of

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import MessageProperties


def sender_of(
    properties: MessageProperties,
    own_jid: str,
    in_room: Callable[[MessageProperties], str | None] = lambda _properties: None,
    is_private: bool = False,
) -> str | None:
    """
    Find the bare JID that sent a stanza.

    Args:
        in_room: finds the bare JID of an occupant of a room.
        is_private: whether the stanza is a private message in a room.

    Returns:
        None if the sender is not known.
    """
    if properties.type.is_groupchat:
        return in_room(properties)
    if properties.carbon is not None and properties.carbon.is_sent:
        return own_jid
    if is_private:
        return in_room(properties)
    if properties.from_ is None:
        return own_jid
    return gajim_constants.bare(properties.from_)


def is_private_message(stanza: Message, properties: MessageProperties) -> bool:
    """
    Whether an occupant of a room sent it to this account alone (XEP-0045, 7.5).

    nbxmpp 4.2 finds that out only after the message has been decrypted.
    """
    return bool(properties.type.is_chat) and (
        stanza.getTag("x", namespace=Namespace.MUC_USER) is not None
    )


class Senders:
    """Finds the senders of the messages of one account."""

    def __init__(
        self,
        own_jid: str,
        rooms: Rooms,
        name_of_jid: Callable[[str], str] = lambda jid: jid,
    ) -> None:
        """
        Args:
            name_of_jid: finds what the user calls somebody.
        """
        self.own_jid = own_jid
        self._rooms = rooms
        self._name_of_jid = name_of_jid

    def of(self, stanza: Message, properties: MessageProperties) -> str | None:
        """Find the bare JID of the sender; None if it is not known."""
        is_private = is_private_message(stanza, properties)
        return sender_of(properties, self.own_jid, self._rooms.sender, is_private)

    def forget_false_mark(self, stanza: Message, properties: MessageProperties) -> None:
        """
        Remove the mark of a private message in a room where there is no such room.

        SECURITY: a server can add the mark to any message. The message would not
        be decrypted, and Gajim would look in vain for the room.
        """
        if not is_private_message(stanza, properties) or properties.jid is None:
            return
        if self._rooms.is_room(gajim_constants.bare(properties.jid)):
            return
        for node in list(children(stanza)):
            if part_of(node) == ("x", Namespace.MUC_USER):
                stanza.delChild(node)
        gajim_messages.forget_private(properties)

    def name_of(self, stanza: Message, properties: MessageProperties) -> str:
        """The user's name for the sender; '' if the sender is not known, or is the
        user."""
        jid = self.of(stanza, properties)
        if jid is None or same_account(jid, self.own_jid):
            return ""
        return self._name_of_jid(jid)

    def is_vouched_for(self, properties: MessageProperties) -> bool:
        """
        Whether the statement of an archive about the sender counts.

        SECURITY: anybody can send a stanza that looks like a result of an
        archive. Gajim drops it too, but only after it would have been decrypted,
        and a device of the attacker had been taken for one of the alleged
        sender's.
        """
        if properties.mam is None or properties.type.is_groupchat:
            return True
        return same_account(gajim_constants.bare(properties.mam.archive), self.own_jid)

    def knows_room(self, properties: MessageProperties) -> bool:
        """Whether a message of a room is of one that Gajim is in, or was. Gajim 1.7
        fails over any other one, after it would have been decrypted."""
        jid = properties.jid
        return jid is not None and self._rooms.is_room(gajim_constants.bare(jid))

    def reflected(
        self, stanza: Message, properties: MessageProperties
    ) -> Reflection | None:
        """
        A message of this device that a room has sent back; None if this device
        has not sent it since Gajim was started.
        """
        return self._rooms.reflected(properties, stanza.getID())
