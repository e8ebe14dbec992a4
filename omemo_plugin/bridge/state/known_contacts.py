# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom the user knows: an account that we never met must not fill our store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..gajim import contacts as gajim_contacts
from .encrypted_chats import EncryptedChats
from .keystore import Keystore

if TYPE_CHECKING:
    from ..gajim.protocols import Client


class KnownContacts:
    """The contacts of one account."""

    def __init__(
        self,
        client: Client,
        own_jid: str,
        keystore: Keystore,
        encrypted_chats: EncryptedChats,
    ) -> None:
        self._client = client
        self._own_jid = own_jid
        self._keystore = keystore
        self._encrypted_chats = encrypted_chats

    def is_known(self, jid: str) -> bool:
        """Whether an account is in the roster, or has a chat that the user has
        encrypted."""
        return self._encrypted_chats.is_chosen(jid) or self.is_in_roster(jid)

    def is_in_roster(self, jid: str) -> bool:
        """Whether the server announces the devices of an account to us."""
        return gajim_contacts.is_in_roster(self._client, jid)

    def may_be_kept(self, jid: str) -> bool:
        """Whether a device list that comes unasked is kept."""
        return (
            jid == self._own_jid
            or self.is_known(jid)
            or bool(self._keystore.devices(jid))
        )
