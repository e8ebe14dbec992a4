# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The plugin's module on each account, with its handlers for stanzas and events.

No error leaves a handler: Gajim would drop the whole stanza.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING
from typing import cast

from gajim.common import ged
from gajim.common.modules.base import BaseModule
from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import NodeProcessed

from .account import AccountService
from .gajim import archive as gajim_archive
from .gajim import chat_window
from .gajim import constants as gajim_constants
from .gajim import contacts as gajim_contacts
from .gajim import drafts as gajim_drafts
from .gajim import folders as gajim_folders
from .gajim import messages as gajim_messages
from .gajim.patches import Patches
from .gajim.stanza_handlers import handler
from .identity_move import MovableIdentity
from .incoming.clear_handlers import ClearHandlers
from .incoming.plaintext_guard import NAMESPACES
from .incoming.plaintext_guard import PRIORITY
from .log import guard
from .log import report
from .notices import moving_texts
from .notices import texts
from .off_reader import end_reading
from .pep.events import read_event
from .rooms import ROOM_PRIORITY
from .setting_changes import SettingChanges
from .signals import Signal
from .state.earlier_store import EarlierStore
from .state.encrypted_chats import EncryptedChats
from .state.encrypted_chats import EncryptedChatsUnreadable
from .state.paths import Folders
from .state.paths import encrypted_chats_path
from .state.paths import rollback_marker_path
from .state.paths import store_path
from .takeover import KeyTakeover
from .timers import later
from .without_identity import WithoutIdentity

if TYPE_CHECKING:
    # It needs Gajim 2
    from .gajim.builtin_facade import FacadeService
    from .gajim.builtin_takeover import BuiltinTakeover
    from .gajim.nbxmpp_protocols import MessageProperties
    from .gajim.nbxmpp_protocols import MessageStanza
    from .gajim.nbxmpp_protocols import Stanza
    from .gajim.protocols import AccountEvent
    from .gajim.protocols import Client
    from .gajim.protocols import Contact
    from .gajim.protocols import OutgoingMessage

log = logging.getLogger("gajim.p.omemo_plugin")

# The name under which Gajim keeps the module; the built-in one is 'OMEMO'
name = "OmemoPlugin"
zeroconf = False

# Before nbxmpp interprets the event (15): it fails on some lists
_EVENT_PRIORITY = 14

# Emitted with each account's service when it begins
service_started: Signal[[AccountService]] = Signal("showing a new account")

# Emitted with the name of an account whose service has ended while Gajim goes on
service_stopped: Signal[[str]] = Signal("closing the windows of an account")


class OmemoModule(BaseModule):  # type: ignore[misc]
    """The module of one account."""

    def __init__(self, client: Client) -> None:
        BaseModule.__init__(self, client, plugin=True)
        self.service: AccountService | None = None
        self.problem = ""
        self._client: Client
        self._account: str
        self.own_jid = ""
        self._takeover: BuiltinTakeover | None = None
        self.keys: KeyTakeover | None = None
        self._undo = Patches()
        self.identity: MovableIdentity | None = None
        self._without: WithoutIdentity | None = None
        self._setting_changes: SettingChanges | None = None
        room = Namespace.MUC_USER
        self.handlers = [
            *(
                handler(namespace, PRIORITY, self._message_received)
                for namespace in sorted(NAMESPACES)
            ),
            handler(Namespace.PUBSUB_EVENT, _EVENT_PRIORITY, self._event_received),
            *ClearHandlers(lambda: self.service).handlers,
            handler(room, ROOM_PRIORITY, self._room_announcement_received),
            handler(room, ROOM_PRIORITY, self._room_presence_received, "presence"),
        ]
        try:
            self._start()
        except Exception as error:  # noqa: BLE001 - Gajim refuses to send then
            report("starting on an account", error)
            self.problem = texts.internal_error()
            self.deactivate()

    def _start(self) -> None:
        folder = gajim_folders.plugin_data()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folders = Folders(folder, gajim_folders.plugin_settings())
        own_jid = self.own_jid = gajim_constants.own_jid(self._client)
        earlier = EarlierStore(
            own_jid,
            gajim_folders.gajim_data(),
            store_path(folder, own_jid),
            rollback_marker_path(self._folders.config, own_jid),
        )
        self._undo.add(gajim_archive.on_shutdown(self._gajim_ends))
        self.register_events(
            [
                ("signed-in", ged.PRECORE, self._on_signed_in),
                ("account-connected", ged.POSTCORE, self._on_connection_changed),
                ("account-disconnected", ged.POSTCORE, self._on_connection_changed),
                ("raw-mam-message-received", ged.PRECORE, self._on_archive_message),
            ]
        )
        self.problem = texts.key_question_is_open()
        self.keys = KeyTakeover(self._client, earlier, self._serve)
        self.identity = MovableIdentity(
            self._client, own_jid, self._folders, earlier.renamed_files, self
        )
        self.identity.start()
        if self.identity.is_ended:
            path = encrypted_chats_path(folder, own_jid)
            self._be_without_identity(EncryptedChats(path))
        elif self.identity.is_beginning:
            self.begin()
        else:
            self.keys.start()

    def _serve(self, line: str) -> None:
        """
        Begin to encrypt.

        Args:
            line: what the user is told about keys from before.
        """
        try:
            self._start_service()
        except EncryptedChatsUnreadable:
            log.error("It is not known which chats of %s are encrypted", self._account)
            self.problem = texts.encrypted_chats_unreadable()
            self.deactivate()
        except Exception as error:  # noqa: BLE001 - Gajim refuses to send then
            report("starting on an account", error)
            self.problem = texts.internal_error()
            self.deactivate()
        if self.service is not None and line:
            self.service.notices.show("", line)
        self._dispatch_held()

    def _start_service(self) -> None:
        assert self.keys is not None
        is_new = not store_path(self._folders.data, self.own_jid).exists()
        self.service = AccountService(self._client, self._folders, self.keys.own_key())
        if is_new and not (self.identity is not None and self.identity.is_beginning):
            self.service.settings.wait_for_user()
        self.problem = self.service.problem
        if self.service.engine is not None and self.identity is not None:
            self.service.engine.publication.ended = self.identity.leaving
        service_started.emit(self.service)
        self._answer_gajim(self.service)
        self._setting_changes = SettingChanges(self.service)
        self._setting_changes.start()
        chats = self.service.encrypted_chats
        self._undo.add(gajim_drafts.forget_at_end(self._account, lambda: chats.jids))
        if gajim_constants.is_available(self._client):
            # The plugin was enabled on a connection that stands already. Gajim
            # registers the handlers after this
            later(self._start_on_connection)

    def _answer_gajim(self, service: FacadeService) -> None:
        """Gajim 2 asks this one, and not what it has built in."""
        if not gajim_constants.HAS_BUILTIN_OMEMO:
            return
        from .gajim.builtin_takeover import BuiltinTakeover

        if self._takeover is None:
            self._takeover = BuiltinTakeover(self._client, service)
        else:
            self._takeover.answer_with(service)

    # The end of an identity

    @property
    def device_id(self) -> int:
        """0 if there is no identity that can be used."""
        return 0 if self.service is None else self.service.device_id

    @property
    def can_end(self) -> bool:
        """Whether there is an identity that can be ended."""
        return self.service is not None and self.service.can_end

    @property
    def texts_wait(self) -> bool:
        """Whether messages have not been sent."""
        return self.service is not None and not self.service.waiting.is_empty

    def stop(self) -> None:
        """Close the service for good. Nothing leaves an encrypted chat."""
        assert self.service is not None
        chats = self.service.encrypted_chats
        self._close()
        self._be_without_identity(chats)
        service_stopped.emit(self._account)
        with guard("asking for no device list any more"):
            # Servers send them because of what this client says of itself
            self._client.get_module("Caps").update_caps()

    def _be_without_identity(self, chats: EncryptedChats) -> None:
        self._explain()
        self._without = WithoutIdentity(
            self._client, self.own_jid, chats, self.refuse, self.say_why_not
        )
        self._answer_gajim(self._without)

    def explain(self) -> None:
        """Say, also in the windows, why nothing is encrypted now."""
        self._explain()
        service_stopped.emit(self._account)

    def _explain(self) -> None:
        moved = self.identity is not None and self.identity.is_moved
        has_moved, has_ended = moving_texts.identity_has_moved, texts.identity_has_ended
        self.problem = has_moved() if moved else has_ended()

    def begin(self) -> None:
        """Encrypt, with a new identity or with one that has arrived."""
        without, self._without = self._without, None
        if without is not None:
            without.close()
        self._serve("")
        if self.device_id and self.identity is not None:
            self.identity.has_begun()

    def _dispatch_held(self) -> None:
        """Let what has waited for the user's answer go on its way."""
        held = [] if self.keys is None else self.keys.take_held()
        for stanza, properties in held:
            with (
                guard("going on with a message"),
                suppress(NodeProcessed),
                gajim_archive.as_asked_for(self._client, properties),
            ):
                if self.service is not None:
                    try:
                        self.service.receiver.handle(stanza, properties)
                    finally:
                        self._note_encrypted(stanza, properties)
                gajim_messages.dispatch_again(self._client, stanza, properties)

    def _start_on_connection(self) -> None:
        if self.service is not None and gajim_constants.is_available(self._client):
            self._client.get_module("Caps").update_caps()
            self.service.connected()

    def deactivate(self) -> None:
        """The plugin is being disabled: give back what was taken."""
        self._undo.restore()
        self.unregister_events()
        if self._takeover is not None:
            takeover, self._takeover = self._takeover, None
            with guard("giving back the place of the built-in module"):
                takeover.restore()
        self._close()

    def cleanup(self) -> None:
        """The account is being disabled."""
        self._undo.restore()
        self._close()
        BaseModule.cleanup(self)

    def _gajim_ends(self) -> None:
        if self.service is not None:
            with guard("keeping what is not sent"):
                self.service.sender.keep_drafts()
        self._close()

    def _close(self) -> None:
        if self.keys is not None:
            self.keys.offer = None
        if self.identity is not None:
            self.identity.close()
        changes, self._setting_changes = self._setting_changes, None
        if changes is not None:
            changes.close()
        without, self._without = self._without, None
        if without is not None:
            without.close()
        service, self.service = self.service, None
        if service is not None:
            with guard("closing"):
                service.close()
        self._dispatch_held()

    @property
    def is_asking(self) -> bool:
        """Whether the question about keys from before is open."""
        return self.keys is not None and self.keys.offer is not None

    def chat_opened(self, jid: str) -> None:
        """A chat is on screen now."""
        if self._setting_changes is not None:
            self._setting_changes.follow(jid)
        if self.service is not None:
            self.service.chat_opened(jid)

    def refuse(self, message: OutgoingMessage) -> None:
        """There is no service, and so nothing can be encrypted."""
        later(self._give_back, message.contact, gajim_messages.text_of(message))

    def _give_back(self, contact: Contact, text: str | None) -> None:
        if text is not None:
            chat_window.give_back(contact, text, join=True)
        self.say_why_not(contact)

    def say_why_not(self, contact: Contact) -> None:
        """Say in a chat why nothing can be encrypted."""
        reason = self.problem or texts.internal_error()
        if self.keys is not None:
            self.keys.ask()
        line = texts.not_sent(reason)
        chat_window.show_info(self._account, str(contact.jid), line)

    # Stanzas

    def _message_received(
        self, _client: object, stanza: MessageStanza, properties: MessageProperties
    ) -> None:
        if self.service is None and not self.is_asking:
            return
        if properties.mam is not None and not gajim_archive.was_asked_for(
            self._client, properties
        ):
            # SECURITY: Gajim drops it too, but after it has been decrypted: the
            # true message would be a duplicate then, and Gajim 2 logs the text
            log.warning("Dropped a message that Gajim asked no archive for")
            raise NodeProcessed
        if self.service is None:
            # What is built into Gajim 2 decrypts it as before
            if self.keys is not None and self.keys.hold(stanza, properties):
                raise NodeProcessed
            return
        try:
            self.service.receiver.handle(stanza, properties)
        finally:
            self._note_encrypted(stanza, properties)

    def _note_encrypted(
        self, stanza: MessageStanza, properties: MessageProperties
    ) -> None:
        """Note that an encrypted message came: its answer must not go in clear."""
        if properties.encrypted is None or self.service is None:
            return
        if not stanza.getBody():
            # Such as a receipt: a program sends it by itself, and it may still be
            # on its way when the user switches encryption off
            return
        contact = gajim_contacts.chat_of(
            self._client, properties.jid, in_room=properties.type.is_groupchat
        )
        if contact is not None:
            self.service.default_encryption.encrypted_message_came(
                contact, is_live=properties.mam is None
            )

    def _room_presence_received(
        self, _client: object, stanza: Stanza, _properties: object
    ) -> None:
        with guard("reading a presence"):
            if self.service is not None:
                self.service.rooms.presence(stanza)

    def _room_announcement_received(
        self, _client: object, stanza: MessageStanza, properties: MessageProperties
    ) -> None:
        # SECURITY: only as the room sends it, not in a copy of anything
        if properties.carbon is not None or properties.mam is not None:
            return
        with guard("reading an announcement"):
            if self.service is not None:
                self.service.rooms.announcement(stanza)

    def _event_received(
        self, _client: object, stanza: MessageStanza, properties: MessageProperties
    ) -> None:
        with guard("reading an event"):
            if self.service is not None:
                lists = self.service.device_lists
                read_event(self.service.own_jid, stanza, properties, lists)

    # The connection

    def _on_signed_in(self, event: AccountEvent) -> None:
        if event.account != self._account:
            return
        with guard("signing in"):
            if self.service is not None:
                self.service.connected()
        with guard("taking off what has ended"):
            if self.identity is not None:
                self.identity.connected()
        with guard("beginning again"):
            self._begin_again()

    def _begin_again(self) -> None:
        """The account was to be removed, and was not."""
        if self._without is None or self.identity is None:
            return
        if not self.identity.is_ended and not self.identity.is_beginning:
            self.begin()

    def _on_connection_changed(self, event: AccountEvent) -> None:
        # It was made, resumed, or lost
        if event.account == self._account and self.service is not None:
            self.service.connection_changed()

    def _on_archive_message(self, event: AccountEvent) -> None:
        if event.account == self._account and self.service is not None:
            self.service.catch_up.archive_heard()


def find_module(client: Client) -> OmemoModule | None:
    """The module of an account; None if it has none."""
    try:
        return cast(OmemoModule, client.get_module(name))
    except KeyError:
        return None


def get_instance(client: Client) -> tuple[OmemoModule, str]:
    """Called by Gajim for each account."""
    # It has the key store open
    end_reading(client)
    return OmemoModule(client), name
