# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
An account whose identity has ended. Nothing can be encrypted, so nothing leaves an
encrypted chat. Gajim 2 gets its answers here, and its own OMEMO does not begin to
publish a device in the place of the one that the user has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..engine.keys.device_info import DeviceInfo
from ..engine.values import Device
from ..engine.values import Trust
from .gajim import constants as gajim_constants
from .outgoing.gate import Gate
from .state.encrypted_chats import EncryptedChats

if TYPE_CHECKING:
    from .gajim.protocols import Client
    from .gajim.protocols import Contact
    from .gajim.protocols import OutgoingMessage
    from .gajim.protocols import UploadTransfer


class WithoutIdentity:
    """In the place of the service of an account."""

    device_id = 0
    fingerprint = ""

    def __init__(
        self,
        client: Client,
        own_jid: str,
        chats: EncryptedChats,
        refuse: Callable[[OutgoingMessage], None],
        say_why_not: Callable[[Contact], None],
    ) -> None:
        """
        Args:
            refuse: gives a message back to the user, with the reason.
            say_why_not: says in a chat why nothing can be encrypted.

        Raises:
            GateMissing: this Gajim sends messages in an unknown way.
        """
        self.own_jid = own_jid
        self._chats = chats
        self._refuse = refuse
        self._say_why_not = say_why_not
        self._taken: OutgoingMessage | None = None
        self._gate = Gate(client, self._admits)

    def close(self) -> None:
        """Remove the gate."""
        self._gate.remove()

    def _admits(self, message: OutgoingMessage) -> bool:
        # SECURITY: Gajim 2 goes on with a message as if it had been encrypted
        is_taken = message is self._taken
        self._taken = None
        if not is_taken and not self._is_encrypted(message.contact):
            return True
        self._refuse(message)
        return False

    def _is_encrypted(self, contact: Contact) -> bool:
        chosen = contact.settings.get("encryption")
        if chosen:
            return bool(chosen == gajim_constants.ENCRYPTION_NAME)
        return str(contact.jid) in self._chats

    # As Gajim 2 asks its own module

    @property
    def sender(self) -> WithoutIdentity:
        return self

    @property
    def uploads(self) -> WithoutIdentity:
        return self

    @property
    def verification(self) -> WithoutIdentity:
        return self

    @property
    def preconditions(self) -> WithoutIdentity:
        return self

    @property
    def device_management(self) -> WithoutIdentity:
        return self

    def encrypt_message(self, message: OutgoingMessage) -> None:
        """It comes to the gate next."""
        self._taken = message

    def encrypt(
        self, transfer: UploadTransfer, _callback: Callable[[UploadTransfer], object]
    ) -> None:
        """The upload never begins."""
        del transfer

    def check(self, contact: Contact) -> bool:
        self._say_why_not(contact)
        return False

    def trust_uri(self, jid: str) -> str:
        return f"xmpp:{jid}"

    def devices(self, _jid: str) -> tuple[DeviceInfo, ...]:
        return ()

    def set_trust(self, device: Device, trust: Trust) -> None:
        """There is nothing to decide about."""

    def forget(self, device: Device) -> None:
        """None is known."""

    def clear_own_lists(self) -> None:
        """The device leaves the server by itself."""
