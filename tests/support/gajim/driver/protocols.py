# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the plugin's types of Gajim's and nbxmpp's objects with the objects."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gajim.common import app
from gajim.common import events
from gajim.common.structs import OutgoingMessage
from nbxmpp import structs
from nbxmpp.modules import dataforms
from nbxmpp.modules import pubsub
from nbxmpp.protocol import JID
from nbxmpp.protocol import Message
from nbxmpp.structs import MessageProperties
from nbxmpp.task import Task

# Arguments of every request of nbxmpp, which its decorator takes off
_OF_TASKS = frozenset({"callback", "user_data"})

# Where the types are
_FILES = (
    "bridge.gajim.protocols",
    "bridge.gajim.nbxmpp_protocols",
    "bridge.gajim.preview_protocols",
    "ui.gajim_windows.protocols",
)

_ROOM = "den@rooms.example.org"


class Comparison:
    """Compares one Gajim's objects with the protocols that the plugin has for them."""

    def __init__(self, account: str, jid: str) -> None:
        self._client = app.get_client(account)
        self._jid = jid
        module = self._client.get_module("OmemoPlugin")
        self._ours = module
        package = type(module).__module__.partition(".bridge.")[0]
        self._package = package
        self._is_old = not self._load("bridge.gajim.constants").HAS_BUILTIN_OMEMO
        self._has_transfers = hasattr(app, "ftm")

    def _load(self, name: str) -> Any:
        return importlib.import_module(f"{self._package}.{name}")

    def differences(self) -> dict[str, Any]:
        """
        :returns: the names of the compared types, and of their members that are
            missing or take other arguments
        """
        compared: set[str] = set()
        wrong: list[str] = []
        for name, found in self._objects():
            protocol = self._protocol(name)
            compared.add(name)
            wrong += [f"{name}.{one}" for one in _wrong(protocol, found)]
        known = {
            name
            for file in _FILES
            for name, value in vars(self._load(file)).items()
            if getattr(value, "_is_protocol", False) and name != "Protocol"
        }
        return {"compared": sorted(compared), "known": sorted(known), "wrong": wrong}

    def _protocol(self, name: str) -> type:
        for file in _FILES:
            if hasattr(self._load(file), name):
                found: type = getattr(self._load(file), name)
                return found
        raise LookupError(name)

    def _objects(self) -> Iterator[tuple[str, Any]]:
        """Each type with an object, or a class, that has to have its members."""
        yield from self._of_nbxmpp()
        yield from self._contacts()
        yield from self._of_account()
        yield from self._files()
        yield from self._windows()
        yield from self._rows()

    def _of_nbxmpp(self) -> Iterator[tuple[str, Any]]:
        own = self._client.get_own_jid()
        stanza = Message(to=self._jid, typ="chat", body="text")
        properties = MessageProperties(own_jid=own)
        yield "Jid", own
        for name in ("Element", "Stanza", "MessageStanza"):
            yield name, stanza
        yield "MessageProperties", properties
        yield "MessageKind", properties.type
        yield "Carbon", structs.CarbonData
        yield "ArchiveResult", structs.MAMData
        yield "RoomUser", structs.MucUserData
        yield "EncryptionHint", structs.EMEData
        yield "Reactions", structs.Reactions
        if not self._is_old:
            yield "Retraction", structs.RetractionData
            yield "NewMessageProperties", properties
        yield "Affiliations", structs.AffiliationResult
        yield "Task", Task
        connection = self._client.connection
        yield "Connection", connection
        yield "PubSub", connection.get_module("PubSub")
        yield "NodeConfiguration", pubsub.PubSubNodeConfigurationResult
        yield "ConfigurationForm", dataforms.SimpleDataForm
        yield "ConfigurationField", dataforms.BooleanField
        yield "Ping", connection.get_module("Ping")
        yield "Muc", connection.get_module("MUC")
        yield "UploadSlots", connection.get_module("HTTPUpload")
        if self._is_old:
            yield "OldConnection", connection
            yield "Dispatcher", connection._dispatcher

    def _contacts(self) -> Iterator[tuple[str, Any]]:
        contacts = self._client.get_module("Contacts")
        contact = contacts.get_contact(JID.from_string(self._jid))
        room = contacts.add_group_chat_contact(JID.from_string(_ROOM))
        yield "Contacts", contacts
        yield "NewContacts" if self._has_transfers else "OldContacts", contacts
        yield "Contact", contact
        yield "RosterContact", contact
        yield "StoredContactSettings", contact.settings
        yield "StoredContactSettings", room.settings
        yield "GajimRoom", room
        yield "Participant", room.get_resource("nickname")
        own = contacts.get_contact(self._client.get_own_jid().new_as_bare())
        yield "Resource", next(iter(own.iter_resources()))
        yield "Roster", self._client.get_module("Roster")
        yield "RosterItem", structs.RosterItem
        yield "ChatControl", app.window.get_control()
        yield from self._outgoing(contact)

    def _outgoing(self, contact: Any) -> Iterator[tuple[str, Any]]:
        account = self._client.account
        if self._is_old:
            message = OutgoingMessage(
                account=account, contact=contact, message="text", type_="chat"
            )
            yield "OldOutgoingMessage", message
        else:
            message = OutgoingMessage(account=account, contact=contact, text="text")
            yield "NewOutgoingMessage", message
        yield "OutgoingMessage", message

    def _of_account(self) -> Iterator[tuple[str, Any]]:
        client = self._client
        for event in (events.SignedIn, events.RawMamMessageReceived):
            yield "AccountEvent", event
        yield "Client", client
        yield "ClientState", client.state
        yield "Caps", client.get_module("Caps")
        yield "Receipts", client.get_module("Receipts")
        yield "Mam", client.get_module("MAM")
        yield "OldMam" if self._is_old else "NewMam", client.get_module("MAM")
        yield "RoomModule", client.get_module("MUC")
        if self._is_old:
            yield "DirectTransfers", client.get_module("Jingle")
            yield "Bytestreams", client.get_module("Bytestream")
        yield "HttpUpload", client.get_module("HTTPUpload")
        if not self._is_old:
            builtin = self._ours._takeover._builtin
            yield "BuiltinOmemo", builtin
            yield "BuiltinBackend", builtin.backend
            yield "BuiltinStorage", builtin.backend._storage

    def _files(self) -> Iterator[tuple[str, Any]]:
        upload = self._client.get_module("HTTPUpload")
        contact = self._client.get_module("Contacts").get_contact(
            JID.from_string(self._jid)
        )
        transfer = upload._make_transfer(Path(__file__), "OMEMO", contact)
        yield "TransferState", transfer.state
        if self._has_transfers:
            from gajim.common.aes import AESKeyData
            from gajim.common.file_transfer_manager import FileTransfer
            from gajim.common.util.preview import UrlPreview

            yield "GajimUpload", transfer
            yield "FileKey", AESKeyData
            yield "FileTransferManager", app.ftm
            yield "FileTransfer", FileTransfer
            yield "PreviewData", UrlPreview
        else:
            manager = app.preview_manager
            link = "https://example.org/file.png"
            widget = SimpleNamespace(account=self._client.account)
            yield "UploadTransfer", transfer
            yield "PreviewManager", manager
            yield "PreviewModule", importlib.import_module(type(manager).__module__)
            yield "Preview", manager._process_web_uri(link, widget, False, None)
        yield "Proxy", structs.ProxyData

    def _windows(self) -> Iterator[tuple[str, Any]]:
        from .actions import walk

        view = app.window.get_control()
        yield "MainWindow", app.window
        yield "ChatView", view
        yield "ChatRows", view._scrolled_view
        for row in view._scrolled_view.iter_rows():
            yield "ChatRow", row
        box = next(
            widget
            for widget in walk(app.window)
            if type(widget).__name__ == "MessageActionsBox"
        )
        yield "InputBox", box
        yield "OldInputBox" if self._is_old else "NewInputBox", box
        yield "InputWidgets", box._ui
        yield "ChatStack", app.window.get_chat_stack()
        yield "MessageInput", app.window.get_chat_stack().get_message_input()

    def _rows(self) -> Iterator[tuple[str, Any]]:
        rows = importlib.import_module("gajim.gtk.conversation.rows.message")
        yield "RowModule", rows
        row = next(
            row
            for row in app.window.get_control()._scrolled_view.iter_rows()
            if row.type == "chat"
        )
        yield "MessageRow", row
        if self._is_old:
            yield "OldMessageRow", row
            yield "AdditionalData", row.additional_data
        else:
            yield "NewMessageRow", row
            yield "Direction", row.direction
            yield "StoredMessage", row._original_message
            yield "StoredEncryption", row.encryption


def _wrong(protocol: type, found: Any) -> Iterator[str]:
    for name, expected in _members(protocol):
        if not _has(found, name):
            yield f"{name} is missing"
        elif inspect.isfunction(expected) and not _takes(
            getattr(found, name), expected, is_class=inspect.isclass(found)
        ):
            yield f"{name} takes other arguments"


def _members(protocol: type) -> Iterator[tuple[str, Any]]:
    for owner in protocol.__mro__:
        if not getattr(owner, "_is_protocol", False):
            continue
        for name in vars(owner).get("__annotations__", {}):
            yield name, None
        for name, value in vars(owner).items():
            ours = not name.startswith("__") and not name.startswith("_abc_")
            if ours and (inspect.isfunction(value) or isinstance(value, property)):
                yield name, value


def _has(found: Any, name: str) -> bool:
    if hasattr(found, name):
        return True
    fields = getattr(found, "__dataclass_fields__", {})
    return inspect.isclass(found) and name in {*fields, *found.__annotations__}


def _takes(real: Any, expected: Any, *, is_class: bool) -> bool:
    """Whether a method can be called in the way that the plugin declares."""
    parameters = list(inspect.signature(expected).parameters.values())[1:]
    plain = [one for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    named = [one for one in parameters if one.kind is one.KEYWORD_ONLY]
    args = [None] * (len(plain) + is_class)
    if expected.__name__ == "_overload_dummy":
        # `overload` leaves a method with one argument
        args, named = [None], []
    if type(real).__module__ == "gi":
        # A method of GTK's, which keeps to itself how it is called
        return True
    try:
        # As the task's decorator sees it, and as the method below it
        inspect.signature(real, follow_wrapped=False).bind(
            *args, **{one.name: None for one in named}
        )
        below = {one.name: None for one in named if one.name not in _OF_TASKS}
        inspect.signature(real).bind(*args, **below)
    except TypeError:
        return False
    return True
