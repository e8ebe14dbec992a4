# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deciding which messages may leave, in clear or encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Protocol

from ..gajim import constants as gajim_constants
from ..gajim import messages as gajim_messages
from ..gajim import settings as gajim_settings
from ..log import report
from ..notices import texts
from ..rooms import Rooms
from ..state.encrypted_chats import EncryptedChats
from .give_back import GiveBack
from .outbox import Outbox
from .send_notices import SendNotices

if TYPE_CHECKING:
    from ..gajim.protocols import Contact
    from ..gajim.protocols import OutgoingMessage


# The address of an encrypted file, with its key (XEP-0454)
_AESGCM = "aesgcm://"


def _has_key(message: OutgoingMessage) -> bool:
    return (message.oob_url or "").lower().startswith(_AESGCM) or (
        _AESGCM in (gajim_messages.text_of(message) or "").lower()
    )


class DefaultPolicy(Protocol):
    """The rules for chats in which the user has not chosen an encryption."""

    def wants(self, contact: Contact) -> bool:
        """Whether it is to be encrypted all the same."""

    def switch_on(self, jid: str) -> None:
        """Encryption is on from now on."""

    def why_blocked(self, jid: str) -> str:
        """Why nothing may be sent in clear, or ''."""


class Admission:
    """The rules of one account."""

    def __init__(
        self,
        encrypted_chats: EncryptedChats,
        rooms: Rooms,
        outbox: Outbox,
        give_back: GiveBack,
        notices: SendNotices,
        policy: DefaultPolicy,
    ) -> None:
        self._encrypted_chats = encrypted_chats
        self._rooms = rooms
        self._outbox = outbox
        self._give_back = give_back
        self._notices = notices
        self._policy = policy
        # The message that Gajim is handing over to be encrypted
        self._taken: OutgoingMessage | None = None

    def note_taken(self, message: OutgoingMessage | None) -> None:
        """A message is to be encrypted. Gajim 2 goes on with it by itself, as if
        it were encrypted already; until None is noted, that is refused."""
        self._taken = message

    # In clear

    def admits(self, message: OutgoingMessage) -> bool:
        """Whether Gajim may send a message as it is. If not, the user gets the
        text back with the reason."""
        if message is self._taken or self._outbox.holds(message):
            return False
        contact = message.contact
        if contact.settings.get("encryption") == gajim_constants.ENCRYPTION_NAME:
            # Gajim should have asked for it to be encrypted, and did not
            reason = texts.internal_error()
        else:
            reason = self.why_not_in_clear(contact)
        if not reason and _has_key(message):
            # SECURITY: a user who switched encryption off while a file was
            # uploaded did not mean to give its key away
            reason = texts.link_with_key()
        if reason:
            self._give_back.refuse_later(message, reason)
        return not reason

    def why_not_in_clear(self, contact: Contact) -> str:
        """
        Why nothing leaves a conversation for which OMEMO is not chosen, or ''.
        If it is an encrypted one its setting was lost, and is put back. Nothing
        is raised.
        """
        jid = str(contact.jid)
        if contact.settings.get("encryption"):
            return ""
        if self._policy.wants(contact):
            self._policy.switch_on(jid)
            return texts.stays_encrypted()
        if jid not in self._encrypted_chats:
            return self._policy.why_blocked(jid)
        if self._rooms.is_exposed(jid):
            return texts.room_is_not_private()
        try:
            gajim_settings.set_encryption_of(
                contact.account, jid, gajim_constants.ENCRYPTION_NAME
            )
        except Exception as error:  # noqa: BLE001 - the message stays here
            report("switching encryption on again", error)
            return texts.internal_error()
        return texts.stays_encrypted()

    # Encrypted

    def why_not_encrypted(self, message: OutgoingMessage) -> str:
        """Why a message cannot be sent encrypted whatever happens, or ''."""
        is_chat_state = gajim_messages.is_chat_state(message)
        if gajim_messages.text_of(message) is None and not (
            is_chat_state or gajim_messages.is_change(message)
        ):
            return texts.only_in_clear()
        jid = str(message.contact.jid)
        if gajim_messages.is_private_message(message):
            # A chat state, which the user does not see, must not note whom the
            # user has written to
            reason = "" if is_chat_state else self._why_not_to(jid)
            if reason:
                return reason
        elif message.is_groupchat and not self._rooms.is_private(jid):
            return texts.room_is_not_private()
        if message.oob_url is not None and not message.oob_url.startswith(_AESGCM):
            # Gajim 2.6 encrypts files itself, the others ask the plugin to
            return texts.uploaded_in_clear()
        return ""

    def _why_not_to(self, address: str) -> str:
        """
        Why nothing can be sent to a nickname, or ''.

        SECURITY: when an occupant leaves a room, another one may take the
        nickname, and must not get what was meant for the first.
        """
        person = self._rooms.person(address)
        if person is None:
            return texts.person_unknown()
        previous = self._rooms.previous_person(address, person)
        if previous is None:
            self._notices.private_messages_are_for(address, person)
        elif previous != person:
            return texts.nickname_changed_hands(person)
        return ""
