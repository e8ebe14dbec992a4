# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks before Gajim empties its input, or uploads a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..gajim import constants as gajim_constants
from ..gajim import contacts as gajim_contacts
from ..notices import texts
from ..notices.chat_notices import ChatNotices
from ..rooms import Rooms
from ..state.keystore import Keystore
from .sender import MessageSender

if TYPE_CHECKING:
    from ..gajim.protocols import Contact


class Preconditions:
    """For the user's comfort: the gate and the sender decide."""

    def __init__(
        self,
        keystore: Keystore,
        rooms: Rooms,
        notices: ChatNotices,
        sender: MessageSender,
    ) -> None:
        self._keystore = keystore
        self._rooms = rooms
        self._notices = notices
        self._sender = sender

    def check(self, contact: Contact) -> bool:
        """
        Whether a message to a contact or a room can be sent. If not, the chat
        says why. An obstacle that passes is no reason: the message waits in the
        queue.
        """
        reason = self._keystore.problem
        if (
            not reason
            and contact.is_groupchat
            and not gajim_contacts.is_private_room(contact)
        ):
            reason = texts.room_is_not_private()
        if reason:
            self._notices.show(str(contact.jid), texts.not_sent(reason))
        return not reason

    def why_no_file(self, contact: Contact) -> str:
        """Why a file would not be encrypted, or could not be read, or ''."""
        if contact.settings.get("encryption") != gajim_constants.ENCRYPTION_NAME:
            return self._sender.why_not_in_clear(contact)
        if self._rooms.is_exposed(str(contact.jid)):
            return texts.room_is_not_private()
        return self._keystore.problem
