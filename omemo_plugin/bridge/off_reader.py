# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Reads what comes for the device of an account after the plugin was switched off, for as
long as it is not decided who has the key next. No other program has it meanwhile:
Gajim would show the messages as unreadable, and never ask for them again.

It only reads: it sends and publishes nothing, and answers no request for a receipt.
The next program that has the key publishes what is missing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Protocol
from typing import cast

from gajim.common import modules
from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import NodeProcessed

from ..engine.effects import Effect
from .gajim import archive as gajim_archive
from .gajim import constants as gajim_constants
from .gajim import contacts as gajim_contacts
from .gajim import folders as gajim_folders
from .gajim import messages as gajim_messages
from .gajim.patches import Patches
from .gajim.stanza_handlers import handler
from .incoming.content_writer import ContentWriter
from .incoming.envelope_reader import EnvelopeReader
from .incoming.plaintext_guard import NAMESPACES
from .incoming.plaintext_guard import PRIORITY
from .incoming.receiver import MessageReceiver
from .incoming.senders import Senders
from .log import guard
from .notices.chat_notices import ChatNotices
from .notices.unopened import UnopenedMessages
from .rooms import ROOM_PRIORITY
from .rooms import Rooms
from .state.keystore import Keystore
from .state.paths import rollback_marker_path
from .state.paths import store_path

if TYPE_CHECKING:
    from .gajim.nbxmpp_protocols import Element
    from .gajim.nbxmpp_protocols import MessageProperties
    from .gajim.nbxmpp_protocols import MessageStanza
    from .gajim.nbxmpp_protocols import Stanza
    from .gajim.protocols import Client

log = logging.getLogger("gajim.p.omemo_plugin")

# Beside the name of the plugin's module, which Gajim deletes when the plugin is off
_NAME = "OmemoPluginOff"


class _Closable(Protocol):
    """A reader, also of another version of this plugin."""

    def close(self) -> None: ...


class OffReader:
    """
    Reads for one account. It is one of Gajim's modules of the account, so that it holds
    across connections.

    Attributes:
        handlers: of stanzas; Gajim registers them at each connection.
    """

    def __init__(self, client: Client, device_id: int, rooms: Rooms) -> None:
        """
        Begin to read. Nothing else may use the key store.

        Args:
            device_id: the device whose messages it reads.
            rooms: who is behind the nicknames.
        """
        end_reading(client)
        self._client = client
        self._device_id = str(device_id)
        self._rooms = rooms
        self.handlers = [
            *(
                handler(namespace, PRIORITY, self._message_received)
                for namespace in sorted(NAMESPACES)
            ),
            handler(
                Namespace.MUC_USER, ROOM_PRIORITY, self._presence_received, "presence"
            ),
        ]
        own_jid = gajim_constants.own_jid(client)
        self._keystore = Keystore(
            store_path(gajim_folders.plugin_data(), own_jid),
            own_jid,
            rollback_marker_path(gajim_folders.plugin_settings(), own_jid),
            lambda: None,
        )
        self._receiver = self._build_receiver(own_jid)
        self._undo = Patches()
        self._undo.add(gajim_archive.on_shutdown(self.close))
        modules.register_single_module(client, self, _NAME)
        if client.connection is not None:
            for one in self.handlers:
                client.connection.register_handler(one)

    def _build_receiver(self, own_jid: str) -> MessageReceiver:
        show = ChatNotices(self._client.account).show
        store = self._keystore

        def name_of(jid: str) -> str:
            return gajim_contacts.name_of(self._client, jid)

        return MessageReceiver(
            store.get,
            _ignore,
            store.schedule_commit,
            lambda: None,
            Senders(own_jid, self._rooms, name_of),
            EnvelopeReader(own_jid, store.get, _ignore, show),
            ContentWriter(
                own_jid,
                show,
                lambda _sender, _stanza, _properties: None,
                lambda: False,
                self._dispatch_again,
                # With the plugin off, nothing is offered
                UnopenedMessages(own_jid, store.devices, lambda _jid: False),
            ),
        )

    def close(self) -> None:
        """Read nothing any more. What was read is written, and the store is free."""
        handlers, self.handlers = self.handlers, []
        with guard("reading nothing any more"):
            modules.unregister_single_module(self._client, _NAME)
            self._undo.restore()
            connection = self._client.connection
            if connection is not None:
                for one in handlers:
                    connection.unregister_handler(one)
        self._keystore.close()

    def cleanup(self) -> None:
        """Gajim gives up the client. It counts its modules at this moment."""
        # The connection that they were on has forgotten them
        self.handlers = []
        self._undo.restore()
        self._keystore.close()

    def _dispatch_again(
        self, stanza: MessageStanza, properties: MessageProperties
    ) -> None:
        gajim_messages.dispatch_again(self._client, stanza, properties)

    def _message_received(
        self, _client: object, stanza: MessageStanza, properties: MessageProperties
    ) -> None:
        if self._keystore.engine is None or not self._is_for_us(stanza):
            return
        if properties.mam is not None and not gajim_archive.was_asked_for(
            self._client, properties
        ):
            # SECURITY: as in the module of the plugin that is on
            raise NodeProcessed
        self._receiver.handle(stanza, properties)

    def _is_for_us(self, stanza: MessageStanza) -> bool:
        """Whether there is a key for the device; an id of another account's device
        may be the same, and is found out when the message is read."""
        return any(
            self._has_key(child)
            for child in stanza.getChildren()
            if not isinstance(child, str)
            and child.getName() == "encrypted"
            and child.getNamespace() in NAMESPACES
        )

    def _has_key(self, element: Element) -> bool:
        if element.getName() == "key" and element.getAttr("rid") == self._device_id:
            return True
        return element.getName() != "payload" and any(
            self._has_key(child)
            for child in element.getChildren()
            if not isinstance(child, str)
        )

    def _presence_received(
        self, _client: object, stanza: Stanza, _properties: object
    ) -> None:
        with guard("reading a presence"):
            self._rooms.presence(stanza)


def _ignore(effects: Sequence[Effect]) -> None:
    if effects:
        log.info("The plugin is off, and leaves %s to be done", len(effects))


def end_reading(client: Client) -> None:
    """End what reads for an account, if there is something, also of another version of
    the plugin that was not switched on again."""
    with guard("ending to read"):
        try:
            reader = cast(_Closable, client.get_module(_NAME))
        except KeyError:
            return
        reader.close()
