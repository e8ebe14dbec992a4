# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Encryption without asking: chats and private rooms are encrypted unless the user
chose otherwise for one of them.

What the user chose for a contact holds. Where nothing was chosen, encryption is
switched on when the chat is opened, when the contact writes encrypted, and at
the latest when something would leave in clear.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..engine.state.diary import DiaryKind
from .gajim import constants as gajim_constants
from .gajim import contacts as gajim_contacts
from .gajim import settings as gajim_settings
from .log import guard
from .notices import texts
from .notices.chat_notices import ChatNotices
from .settings import Settings
from .state.encrypted_chats import EncryptedChats
from .values import ClearReason

if TYPE_CHECKING:
    from .gajim.protocols import Client
    from .gajim.protocols import Contact


# These end by themselves when the contact turns out to encrypt
_ENDS = frozenset({None, ClearReason.NO_DEVICE})


class DefaultEncryption:
    """The conversations of one account. Nothing raises."""

    def __init__(
        self,
        client: Client,
        settings: Settings,
        encrypted_chats: EncryptedChats,
        notices: ChatNotices,
        can_read: Callable[[str], bool],
        note: Callable[[str, DiaryKind], None],
    ) -> None:
        """
        Args:
            can_read: whether somebody could read an encrypted message now. What
                has to be fetched to know it is fetched.
            note: writes down what the user has chosen for an account.
        """
        self._client = client
        self._account: str = client.account
        self._settings = settings
        self._chats = encrypted_chats
        self._notices = notices
        self._can_read = can_read
        self._note = note

    def clear_reason(self, jid: str) -> ClearReason | None:
        """Why the user writes to somebody without encryption; None if that was
        not chosen."""
        return self._chats.clear_reason(jid)

    def why_in_clear(self, contact: Contact) -> ClearReason | None:
        """The same; also where the user chose before this plugin followed what
        is chosen."""
        reason = self._chats.clear_reason(str(contact.jid))
        if reason is None and gajim_settings.has_chosen_encryption(contact):
            return ClearReason.SWITCHED_OFF
        return reason

    def wants(self, contact: Contact) -> bool:
        """Whether encryption is to be switched on for a contact or a room,
        because nothing was chosen."""
        jid = str(contact.jid)
        return (
            not contact.settings.get("encryption")
            and self._settings.encrypt_by_default
            and jid != self._settings.own_jid
            # Such a one has lost its setting, which is said when it is put back
            and jid not in self._chats
            and self._chats.clear_reason(jid) is None
            and not gajim_settings.has_chosen_encryption(contact)
            and gajim_contacts.can_be_encrypted(contact)
        )

    def chosen(self, jid: str) -> None:
        """The user chose to write encrypted to a contact or a room."""
        self._note_on(jid)
        if jid not in self._chats:
            self._chats.add(jid)

    def _note_on(self, jid: str) -> None:
        if self._chats.clear_reason(jid) is not None:
            self._note(jid, DiaryKind.SWITCHED_ON)

    def switch_on(self, jid: str) -> None:
        """The user chose that what is written to a contact or a room is encrypted from
        now on, or has chosen nothing else."""
        self._note_on(jid)
        self._switch_on(jid)

    def _switch_on(self, jid: str, *, unasked: bool = False) -> None:
        """
        Args:
            unasked: because something came, and not by an act of the user.
        """
        self._chats.add(jid, unasked=unasked)
        # If this fails, the gate holds it all the same
        with guard("switching encryption on"):
            gajim_settings.set_encryption_of(
                self._account, jid, gajim_constants.ENCRYPTION_NAME
            )

    def switch_off(self, jid: str) -> None:
        """The user chose to write in clear from now on, and was asked."""
        self._switch_off(jid, ClearReason.SWITCHED_OFF)
        self._note(jid, DiaryKind.SWITCHED_OFF)

    def send_without(self, jid: str) -> None:
        """The user chose to write in clear to a contact who has no device."""
        self._switch_off(jid, ClearReason.NO_DEVICE)
        self._note(jid, DiaryKind.SWITCHED_OFF)

    def stay_without(self, jid: str) -> None:
        """The user answered that encryption stays off, although the contact
        writes encrypted."""
        self._switch_off(jid, ClearReason.STAYED)

    def _switch_off(self, jid: str, reason: ClearReason) -> None:
        with guard("switching encryption off"):
            gajim_settings.set_encryption_of(self._account, jid, "")
            self._chats.remove(jid, reason)

    def why_blocked(self, jid: str) -> str:
        """Why nothing is sent in clear although encryption is off, or ''."""
        if self._chats.clear_reason(jid) is not ClearReason.UNANSWERED:
            return ""
        return texts.they_write_encrypted(self._name(jid))

    def encrypted_message_came(self, contact: Contact, *, is_live: bool) -> None:
        """
        A contact or a room has sent something encrypted: an answer in clear
        would give away what it was about.

        Args:
            is_live: it does not come from an archive, which may be old.
        """
        with guard("following what a contact encrypts"):
            self._encrypted_message_came(contact, is_live=is_live)

    def _encrypted_message_came(self, contact: Contact, *, is_live: bool) -> None:
        jid = str(contact.jid)
        setting = contact.settings.get("encryption")
        if (
            setting
            # Such a one has lost its setting, which is said when it is put back
            or jid in self._chats
            or jid == self._settings.own_jid
            or not gajim_contacts.can_be_encrypted(contact)
        ):
            return
        reason = self.why_in_clear(contact)
        if reason is None or (reason in _ENDS and is_live):
            self._switch_on(jid, unasked=True)
            line = texts.answers_are_encrypted(self._name(jid))
            self._notices.show(jid, line)
        elif reason is ClearReason.SWITCHED_OFF and is_live:
            self._chats.remove(jid, ClearReason.UNANSWERED)

    def look_again(self) -> None:
        """Somebody who had no device may have one now."""
        for jid in self._chats.without_device:
            if self._can_read(jid):
                self._switch_on(jid)
                self._notices.show(jid, texts.can_encrypt_now(self._name(jid)))

    def _name(self, jid: str) -> str:
        return gajim_contacts.name_of(self._client, jid)
