# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The types of Gajim 1.7.3, 2.1.1 and 2.6.0, as far as this plugin uses them.

Where the versions differ, there is a type for each of them, and a module of this
room tells them apart. A test in each real Gajim compares the types with its
objects.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import MutableSequence
from pathlib import Path
from typing import Literal
from typing import Protocol
from typing import overload

from .nbxmpp_protocols import Connection
from .nbxmpp_protocols import Jid
from .nbxmpp_protocols import MessageProperties
from .nbxmpp_protocols import MessageStanza
from .nbxmpp_protocols import Stanza

# Contacts and rooms


class StoredContactSettings(Protocol):
    """The settings of a contact or a room."""

    def get(self, setting: str) -> object: ...


class Contact(Protocol):
    """A contact, a room, or an occupant of a room."""

    @property
    def account(self) -> str: ...
    @property
    def jid(self) -> Jid: ...
    @property
    def name(self) -> str: ...
    @property
    def is_groupchat(self) -> bool: ...
    @property
    def is_pm_contact(self) -> bool: ...
    @property
    def settings(self) -> StoredContactSettings: ...
    def notify(self, signal_name: str, *args: object) -> None: ...


class Resource(Protocol):
    """A place at which a contact is online."""

    @property
    def resource(self) -> str: ...


class RosterContact(Contact, Protocol):
    """A contact by its bare address."""

    def iter_resources(self) -> Iterable[Resource]: ...


class ChatControl(Protocol):
    """The part of Gajim's window that shows a chat."""

    # Asked by Gajim 1.7 after its extension points: whether to send
    sendmessage: bool

    @property
    def contact(self) -> Contact: ...
    def has_active_chat(self) -> bool: ...
    def add_info_message(self, text: str) -> None: ...


class Participant(Protocol):
    """An occupant of a room."""

    @property
    def real_jid(self) -> Jid | None: ...


class GajimRoom(Contact, Protocol):
    """A room."""

    @property
    def encryption_available(self) -> bool: ...
    def get_disco(self) -> object | None: ...
    def get_resource(self, resource: str) -> Participant: ...


class Contacts(Protocol):
    """Gajim's module for contacts."""

    def get_contact(self, jid: Jid) -> RosterContact: ...


class OldContacts(Contacts, Protocol):
    """The contacts of an account in Gajim 1.7 and 2.1."""

    def get_bare_contact(self, jid: Jid) -> Contact:
        """
        Raises:
            KeyError: there is no such contact.
        """


class NewContacts(Contacts, Protocol):
    """The contacts of an account since Gajim 2.6."""

    def get_contact_if_exists(self, jid: Jid) -> Contact | None: ...


class RosterItem(Protocol):
    """A contact in the roster."""

    @property
    def subscription(self) -> str | None: ...


class Roster(Protocol):
    """Gajim's module for the roster."""

    def get_item(self, jid: Jid) -> RosterItem | None: ...


# Messages


class OutgoingMessage(Protocol):
    """A message that Gajim is about to send."""

    contact: Contact
    chatstate: object | None
    marker: tuple[str, str] | None
    oob_url: str | None

    @property
    def is_groupchat(self) -> bool: ...


class OldOutgoingMessage(OutgoingMessage, Protocol):
    """An outgoing message in Gajim 1.7."""

    message: str | None
    stanza: MessageStanza
    xhtml: str | None
    additional_data: dict[str, object]


class NewOutgoingMessage(OutgoingMessage, Protocol):
    """An outgoing message since Gajim 2."""

    @property
    def is_pm(self) -> bool: ...
    def get_text(self, *, with_fallback: bool) -> str | None: ...
    def get_stanza(self) -> MessageStanza: ...
    def set_encryption(self, data: object) -> None: ...


class Receipts(Protocol):
    """Gajim's module for receipts."""

    def _should_answer(self, properties: MessageProperties) -> bool: ...


class Mam(Protocol):
    """Gajim's module for archives."""

    available: bool

    def _is_valid_request(self, properties: MessageProperties) -> bool: ...


class OldMam(Mam, Protocol):
    """The module for archives in Gajim 1.7."""

    def is_catch_up_finished(self, jid: Jid) -> bool: ...


class NewMam(Mam, Protocol):
    """The module for archives since Gajim 2."""

    def _is_catch_up_finished(self, jid: Jid) -> bool: ...


# Files


class TransferState(Protocol):
    """The state of a transfer; Gajim's `FTState`."""

    @property
    def is_finished(self) -> bool: ...
    @property
    def is_error(self) -> bool: ...
    @property
    def is_cancelled(self) -> bool: ...


class UploadTransfer(Protocol):
    """A file on its way to the server, in Gajim 1.7 and 2.1."""

    _temp_path: Path
    _path: Path
    _mime: str
    _is_encrypted: bool
    get_uri: str | None
    process_result: Callable[[object], None]

    @property
    def path(self) -> Path: ...
    @property
    def payload_path(self) -> Path: ...
    @property
    def state(self) -> TransferState: ...
    def set_uri_transform_func(self, func: Callable[[str], str]) -> None: ...
    def set_error(self, domain: str, text: str) -> None: ...
    def connect(
        self,
        signal_name: str,
        func: Callable[[UploadTransfer, str, TransferState], None],
    ) -> object: ...


class FileKey(Protocol):
    """The key with which Gajim 2.6 encrypts a file."""

    iv: bytes
    key: bytes


class GajimUpload(Protocol):
    """A file that Gajim 2.6 uploads, and encrypts itself if it has a key for it."""

    _mime: str
    get_uri: str | None
    process_result: Callable[[object], None]

    @property
    def path(self) -> Path: ...
    @property
    def state(self) -> TransferState: ...
    def get_encryption_data(self) -> FileKey | None: ...
    def set_error(self, domain: str, text: str) -> None: ...


class TransferredFile(Protocol):
    """A file that goes directly from one device to another, in Gajim 1.7."""

    sender: Jid | str


class DirectTransfers(Protocol):
    """Gajim's module for direct transfers, in 1.7."""

    def start_file_transfer(
        self, jid: str, file_props: TransferredFile, request: bool
    ) -> object: ...


class Bytestreams(Protocol):
    """Gajim's module for the streams of direct transfers, in 1.7."""

    def send_file_approval(self, file_props: TransferredFile) -> None: ...


class CallConnection(Protocol):
    """The account of a call, in Gajim 1.7."""

    @property
    def name(self) -> str: ...


class CallSession(Protocol):
    """A call, in Gajim 1.7."""

    connection: CallConnection
    peerjid: Jid


class HttpUpload(Protocol):
    """Gajim's module for uploads."""

    def send_file(self, contact: Contact, path: Path) -> None: ...


# Accounts


class RoomModule(Protocol):
    """Gajim's module for rooms."""

    def set_subject(self, room_jid: Jid, subject: str) -> object: ...
    def change_nick(self, room_jid: Jid, new_nick: str) -> None: ...
    def invite(
        self, room: Jid, jid: Jid, reason: str | None, continue_: bool
    ) -> object: ...


class Caps(Protocol):
    """Gajim's module for what clients can do."""

    def update_caps(self) -> None: ...


class BuiltinStorage(Protocol):
    """The database of the built-in OMEMO."""

    _con: sqlite3.Connection


class BuiltinBackend(Protocol):
    """omemo-dr, below the built-in OMEMO."""

    _storage: BuiltinStorage


class BuiltinOmemo(Protocol):
    """The OMEMO that is built into Gajim 2."""

    handlers: MutableSequence[object]

    @property
    def backend(self) -> BuiltinBackend: ...

    def cleanup(self) -> None: ...
    def register_events(self, events: list[tuple[object, ...]]) -> None: ...
    def unregister_events(self) -> None: ...
    def set_bundle(self) -> None: ...
    def request_devicelist(self) -> object: ...


class ClientState(Protocol):
    """The state of an account's connection."""

    @property
    def is_available(self) -> bool: ...


class AccountEvent(Protocol):
    """An event of Gajim's on an account."""

    @property
    def account(self) -> str: ...


class Client(Protocol):
    """An account that is enabled."""

    connection: Connection

    @property
    def account(self) -> str: ...
    @property
    def state(self) -> ClientState: ...
    def get_own_jid(self) -> Jid: ...
    @overload
    def get_module(self, name: Literal["Bytestream"]) -> Bytestreams: ...
    @overload
    def get_module(self, name: Literal["Caps"]) -> Caps: ...
    @overload
    def get_module(self, name: Literal["Contacts"]) -> OldContacts | NewContacts: ...
    @overload
    def get_module(self, name: Literal["HTTPUpload"]) -> HttpUpload: ...
    @overload
    def get_module(self, name: Literal["Jingle"]) -> DirectTransfers: ...
    @overload
    def get_module(self, name: Literal["MUC"]) -> RoomModule: ...
    @overload
    def get_module(self, name: Literal["MAM"]) -> OldMam | NewMam: ...
    @overload
    def get_module(self, name: Literal["OMEMO"]) -> BuiltinOmemo: ...
    @overload
    def get_module(self, name: Literal["Receipts"]) -> Receipts: ...
    @overload
    def get_module(self, name: Literal["Roster"]) -> Roster: ...
    @overload
    def get_module(self, name: str) -> object:
        """
        Raises:
            KeyError: there is no such module.
        """

    def send_stanza(self, stanza: Stanza) -> object: ...
    def disconnect(
        self, *, gracefully: bool, reconnect: bool, destroy_client: bool = False
    ) -> None: ...
    def send_message(self, message: OutgoingMessage) -> None: ...
    def _send_message(self, message: OutgoingMessage) -> None: ...
