# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What Gajim knows of this plugin on each account: a module with handlers for
stanzas and events. No error leaves it: Gajim would drop the whole stanza.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from gajim.common import app
from gajim.common import configpaths
from gajim.common import ged
from gajim.common.modules.base import BaseModule
from gi.repository import GLib
from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import JID
from nbxmpp.protocol import Message
from nbxmpp.protocol import NodeProcessed
from nbxmpp.structs import StanzaHandler

from ..engine.errors import MalformedStanza
from ..engine.errors import StanzaTooLarge
from . import compat
from . import messages
from . import pep
from .account import AccountService
from .contents import REACTIONS
from .contents import RETRACT
from .failures import report
from .latch import LatchUnreadable
from .receive import CHANGE_PRIORITY
from .receive import CORRECTION_PRIORITY
from .receive import HINT_PRIORITY
from .receive import NAMESPACES
from .receive import PRIORITY
from .receive import RECEIPT_PRIORITY
from .receive import forbid_plain_changes
from .receive import forbid_plain_correction
from .receive import forbid_plain_receipt
from .receive import forget_hint

log = logging.getLogger("gajim.p.omemo_plugin")

# The name under which Gajim keeps the module; the built-in one is 'OMEMO'
name = "OmemoPlugin"
zeroconf = False

# Before nbxmpp interprets the event (15): it fails on some lists
_EVENT_PRIORITY = 14

# After Gajim has learned who is behind a nickname (47)
_ROOM_PRIORITY = 48

# Told of each account's service when it begins
_follower: Callable[[AccountService], None] | None = None


def follow_services(callback: Callable[[AccountService], None] | None) -> None:
    """Be told of each account's service when it begins; None for no more."""
    global _follower  # noqa: PLW0603
    _follower = callback


def _handler(
    namespace: str,
    priority: int,
    callback: Callable[..., None],
    stanza: str = "message",
) -> StanzaHandler:
    return StanzaHandler(
        name=stanza, callback=callback, ns=namespace, priority=priority
    )


class OmemoModule(BaseModule):
    """The module of one account."""

    def __init__(self, client: Any) -> None:
        BaseModule.__init__(self, client, plugin=True)
        self.service: AccountService | None = None
        self.problem = ""
        self._takeover: Any = None
        self._unhook: Callable[[], None] = lambda: None
        # Conversations whose setting is listened to
        self._followed: set[str] = set()
        room = Namespace.MUC_USER
        self.handlers = [
            *(
                _handler(namespace, PRIORITY, self._message_received)
                for namespace in sorted(NAMESPACES)
            ),
            _handler(Namespace.RECEIPTS, RECEIPT_PRIORITY, self._receipt_received),
            _handler(Namespace.PUBSUB_EVENT, _EVENT_PRIORITY, self._event_received),
            _handler(Namespace.CORRECT, CORRECTION_PRIORITY, self._correction_received),
            _handler(REACTIONS, CHANGE_PRIORITY, self._change_received),
            _handler(RETRACT, CHANGE_PRIORITY, self._change_received),
            _handler(Namespace.EME, HINT_PRIORITY, self._hint_received),
            _handler(room, _ROOM_PRIORITY, self._room_announcement_received),
            _handler(room, _ROOM_PRIORITY, self._room_presence_received, "presence"),
        ]
        try:
            self._start()
        except LatchUnreadable:
            log.error("It is not known which chats of %s are encrypted", self._account)
            self.problem = messages.latch_unreadable()
            self.deactivate()
        except Exception as error:
            report("starting on an account", error)
            self.problem = messages.internal_error()
            self.deactivate()

    def _start(self) -> None:
        folder = configpaths.get("PLUGINS_DATA") / "omemo_plugin"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.service = AccountService(
            self._client, folder, configpaths.get("PLUGINS_CONFIG_DIR")
        )
        self.problem = self.service.problem
        if _follower is not None:
            _follower(self.service)
        if compat.HAS_BUILTIN_OMEMO:
            from .takeover import install

            self._takeover = install(self._client, self.service)
        self._follow_settings()
        self._unhook = compat.on_shutdown(self._gajim_ends)
        self.register_events(
            [
                ("signed-in", ged.PRECORE, self._on_signed_in),
                ("account-connected", ged.POSTCORE, self._on_account_connected),
                ("raw-mam-message-received", ged.PRECORE, self._on_archive_message),
            ]
        )
        if compat.is_available(self._client):
            # The plugin was enabled on a connection that stands already. Gajim
            # registers the handlers after this
            GLib.idle_add(self._start_on_connection)

    def _start_on_connection(self) -> bool:
        if self.service is not None and compat.is_available(self._client):
            self._begin()
        return GLib.SOURCE_REMOVE

    def deactivate(self) -> None:
        """The plugin is being disabled: give back what was taken."""
        self._unhook()
        self.unregister_events()
        app.settings.disconnect_signals(self)
        if self._takeover is not None:
            takeover, self._takeover = self._takeover, None
            try:
                takeover.restore()
            except Exception as error:
                report("giving back the place of the built-in module", error)
        self._close()

    def cleanup(self) -> None:
        """The account is being disabled."""
        self._unhook()
        app.settings.disconnect_signals(self)
        self._close()
        BaseModule.cleanup(self)

    def _gajim_ends(self) -> None:
        if self.service is not None:
            try:
                self.service.keep_unsent()
            except Exception as error:
                report("keeping what is not sent", error)
        self._close()

    def _close(self) -> None:
        self._unhook = lambda: None
        service, self.service = self.service, None
        if service is not None:
            try:
                service.close()
            except Exception as error:
                report("closing", error)

    def refuse(self, message: Any) -> None:
        """There is no service, and so nothing can be encrypted."""
        GLib.idle_add(self._give_back, message.contact, compat.text_of(message))

    def _give_back(self, contact: Any, text: str | None) -> bool:
        try:
            if text is not None and compat.give_back(contact, text):
                text = None
            self.say_why_not(contact, text)
        except Exception as error:
            report("giving a text back", error)
        return GLib.SOURCE_REMOVE

    def say_why_not(self, contact: Any, text: str | None = None) -> None:
        """Say in a chat why nothing can be encrypted."""
        reason = self.problem or messages.internal_error()
        line = messages.not_sent(reason, text)
        compat.show_info(self._account, str(contact.jid), line)

    # Stanzas

    def _message_received(self, _client: Any, stanza: Message, properties: Any) -> None:
        if self.service is None:
            return
        if properties.mam is not None and not compat.was_asked_for(
            self._client, properties
        ):
            # SECURITY: Gajim drops it too, but when it has been decrypted: the
            # true message would be a duplicate then, and Gajim 2 logs the text
            log.warning("Dropped a message nobody asked an archive for")
            raise NodeProcessed
        self.service.receiver.handle(stanza, properties)

    def _correction_received(
        self, _client: Any, _stanza: Message, properties: Any
    ) -> None:
        try:
            jid = compat.bare(properties.jid)
            service = self.service
            encrypted = service is not None and service.is_encrypted(jid)
            forbid_plain_correction(properties, encrypted)
        except Exception as error:
            report("looking at a correction", error)
            properties.correction = None

    def _receipt_received(self, _client: Any, stanza: Message, properties: Any) -> None:
        try:
            service = self.service
            if service is not None and service.is_encrypted(
                compat.bare(properties.jid)
            ):
                forbid_plain_receipt(stanza, properties)
        except Exception as error:
            report("looking at a request for a receipt", error)

    def _hint_received(self, _client: Any, _stanza: Message, properties: Any) -> None:
        # Without a service there may be something that is really encrypted
        if self.service is not None:
            forget_hint(properties)

    def _change_received(self, _client: Any, _stanza: Message, properties: Any) -> None:
        try:
            jid = compat.bare(properties.jid)
            service = self.service
            encrypted = service is not None and service.is_encrypted(jid)
            line = forbid_plain_changes(properties, encrypted)
            if line and service is not None and properties.mam is None:
                service.tell(jid, line)
        except Exception as error:
            report("looking at a reaction or retraction", error)
            raise NodeProcessed from error

    def _room_presence_received(
        self, _client: Any, stanza: Any, _properties: Any
    ) -> None:
        try:
            if self.service is not None:
                self.service.rooms.presence(stanza)
        except Exception as error:
            report("reading a presence", error)

    def _room_announcement_received(
        self, _client: Any, stanza: Message, properties: Any
    ) -> None:
        # SECURITY: only as the room sends it, not in a copy of anything
        if properties.carbon is not None or properties.mam is not None:
            return
        try:
            if self.service is not None:
                self.service.rooms.announcement(stanza)
        except Exception as error:
            report("reading an announcement", error)

    def _event_received(self, _client: Any, stanza: Message, properties: Any) -> None:
        try:
            self._process_event(stanza, properties)
        except Exception as error:
            report("reading an event", error)

    def _process_event(self, stanza: Message, properties: Any) -> None:
        if self.service is None or properties.type.is_error:
            return
        if properties.carbon is not None or properties.mam is not None:
            # SECURITY: an event counts only as the server sends it
            return
        sender = stanza.getFrom()
        jid = self.service.own_jid if sender is None else str(sender)
        if sender is not None and not sender.is_bare:
            return
        try:
            found = pep.device_list_event(stanza)
        except StanzaTooLarge as error:
            log.info("Device list refused: %s", error)
            self.service.device_list_too_long(jid)
            return
        except MalformedStanza as error:
            log.info("Device list refused: %s", error)
            return
        if found is None:
            return
        protocol, payload = found
        self.service.device_list_event(jid, protocol, payload)

    # The connection

    def _on_signed_in(self, event: Any) -> None:
        if event.account != self._account or self.service is None:
            return
        try:
            self._begin()
        except Exception as error:
            report("signing in", error)

    def _begin(self) -> None:
        assert self.service is not None
        self.service.connected()

    def _on_account_connected(self, event: Any) -> None:
        if event.account == self._account and self.service is not None:
            self.service.available()

    def _on_archive_message(self, event: Any) -> None:
        if event.account == self._account and self.service is not None:
            self.service.catch_up.archive_heard()

    # What the user chooses

    def _follow_settings(self) -> None:
        """
        Keep the latch and Gajim's setting together. The setting counts as the
        user's choice only while we are here to see it change.
        """
        assert self.service is not None
        for jid in self.service.encrypted_conversations:
            self._follow(jid)
            if not compat.encryption_of(self._account, jid):
                compat.set_encryption_of(self._account, jid, compat.ENCRYPTION_NAME)
                self.service.tell(jid, messages.switched_on_again())
        self.service.follow_conversations(self._follow)
        compat.follow_blind_trust(self._account, self._on_blind_trust_changed)

    def _follow(self, jid: str) -> None:
        if jid in self._followed:
            return
        self._followed.add(jid)
        app.settings.connect_signal(
            "encryption",
            self._on_encryption_changed,
            account=self._account,
            jid=JID.from_string(jid),
        )

    def _on_blind_trust_changed(self, *_args: Any) -> None:
        if self.service is not None:
            self.service.choices.follow_blind_trust()

    def _on_encryption_changed(
        self, value: Any, _setting: str, _account: str | None, jid: Any
    ) -> None:
        if self.service is not None:
            self.service.encryption_chosen(str(jid), value or "")


def get_instance(client: Any) -> tuple[OmemoModule, str]:
    """Called by Gajim for each account."""
    return OmemoModule(client), name
