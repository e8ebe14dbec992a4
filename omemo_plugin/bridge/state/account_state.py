# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that the bridge keeps on the disk for one account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..gajim import archive as gajim_archive
from .device_history import DeviceHistory
from .drafts import UnsentDrafts
from .encrypted_chats import EncryptedChats
from .keystore import Keystore
from .message_recipients import MessageRecipients
from .paths import Folders
from .paths import drafts_path
from .paths import encrypted_chats_path
from .paths import recipients_path
from .paths import rollback_marker_path
from .paths import store_path
from .sent_files import SentFiles

if TYPE_CHECKING:
    from ..gajim.protocols import Client


@dataclass(frozen=True)
class AccountState:
    """
    The state of one account.

    Attributes:
        keystore: the engine with its keys.
        encrypted_chats: the conversations that are encrypted.
        recipients: the devices that could read each message.
        drafts: texts that wait to be sent.
        device_history: what has happened to devices.
        sent_files: what is known of files that are on their way.
        history_max_age: for how many seconds a history is kept.
    """

    keystore: Keystore
    encrypted_chats: EncryptedChats
    recipients: MessageRecipients
    drafts: UnsentDrafts
    device_history: DeviceHistory
    sent_files: SentFiles
    history_max_age: Callable[[], float]

    @classmethod
    def open(
        cls,
        own_jid: str,
        folders: Folders,
        history_max_age: Callable[[], float],
        changed: Callable[[], None],
    ) -> AccountState:
        """
        Args:
            history_max_age: returns for how many seconds Gajim keeps its history;
                0 for as long as it runs, below 0 for ever.
            changed: called when devices or trust may have changed.

        Raises:
            EncryptedChatsUnreadable: it is not known which conversations are
                encrypted.
        """
        data = folders.data
        keystore = Keystore(
            store_path(data, own_jid),
            own_jid,
            rollback_marker_path(folders.config, own_jid),
            changed,
        )
        return cls(
            encrypted_chats=EncryptedChats(encrypted_chats_path(data, own_jid)),
            recipients=MessageRecipients(
                recipients_path(data, own_jid), history_max_age()
            ),
            drafts=UnsentDrafts(
                drafts_path(data, own_jid), lambda: history_max_age() != 0
            ),
            keystore=keystore,
            device_history=DeviceHistory(keystore.get, lambda: history_max_age() != 0),
            sent_files=SentFiles(),
            history_max_age=history_max_age,
        )

    def history_is_lost(self, client: Client) -> bool:
        """Whether Gajim keeps a history of the account, and has nothing in it."""
        return self.history_max_age() != 0 and gajim_archive.is_new(client)

    def history_changed(self) -> None:
        """The user chose whether Gajim keeps a history."""
        self.drafts.history_changed()
        self.device_history.setting_changed()
        self.recipients.history_changed(self.history_max_age())

    def close(self) -> None:
        """Write what is to be written, and close the files."""
        self.keystore.close()
        self.recipients.close()
