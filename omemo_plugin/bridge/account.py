# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""OMEMO for one of Gajim's accounts: puts its parts together."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING

from ..engine.engine import OmemoEngine
from ..engine.keys.device_info import DeviceInfo
from ..engine.messages.planning import SendPlan
from ..engine.takeover.values import OwnKey
from ..engine.values import Device
from .alarms import OpenAlarms
from .default_encryption import DefaultEncryption
from .device_management import DeviceManagement
from .files.save import FileSaver
from .files.uploads import Uploads
from .gajim import archive as gajim_archive
from .gajim import constants as gajim_constants
from .gajim import contacts as gajim_contacts
from .gajim import drafts as gajim_drafts
from .gajim import messages as gajim_messages
from .gajim import settings as gajim_settings
from .gone_devices import GoneDevices
from .incoming.catch_up import CatchUp
from .incoming.content_writer import ContentWriter
from .incoming.envelope_reader import EnvelopeReader
from .incoming.receiver import MessageReceiver
from .incoming.senders import Senders
from .log import guard
from .new_members import NewMembers
from .notices import texts
from .notices.chat_notices import ChatNotices
from .notices.engine_notices import EngineNotices
from .notices.observers import Observers
from .notices.unopened import UnopenedMessages
from .outgoing.clear_requests import ClearRequests
from .outgoing.ephemeral import EphemeralSender
from .outgoing.preconditions import Preconditions
from .outgoing.sender import MessageSender
from .outgoing.waiting import WaitingMessages
from .pep.announced_lists import AnnouncedLists
from .pep.effects import EffectRunner
from .pep.engine_clock import EngineClock
from .rooms import Rooms
from .settings import Settings
from .state.account_state import AccountState
from .state.known_contacts import KnownContacts
from .state.paths import Folders
from .state.paths import settings_path
from .timers import later
from .trust_undo import TrustUndo
from .verification import Verification

if TYPE_CHECKING:
    from .gajim.nbxmpp_protocols import MessageProperties
    from .gajim.nbxmpp_protocols import MessageStanza
    from .gajim.protocols import Client


class AccountService:
    """
    OMEMO for one account. Everything runs in the main loop. Nothing raises
    unless it says so.

    Attributes:
        account: Gajim's name of the account.
        own_jid: its bare JID.
        encrypted_chats: the conversations that are encrypted.
        recipients: the devices that could read each sent message.
        device_history: what has happened to devices.
        notices: lines in the chats.
        unopened: the rows of messages that were not opened.
        rooms: the members of the rooms.
        preconditions: looked at before a message or a file is sent.
        device_lists: those that contacts announce.
        new_members: those who were added to a room.
        alarms: what the user has to know, until it is answered.
        sender: sends encrypted messages.
        receiver: decrypts received messages.
        catch_up: the reading of the archive.
        device_management: what the user does with devices.
        verification: codes and phrases.
        trust_undo: what the outcome of a check can be undone to.
        settings: the user's choices.
        default_encryption: which chats are encrypted without a choice.
        uploads: files on their way out.
        files: files that the user saves.
    """

    def __init__(
        self, client: Client, folders: Folders, earlier: OwnKey | None = None
    ) -> None:
        """
        Args:
            client: Gajim's client of the account.
            earlier: the device that another OMEMO of this Gajim has.

        Raises:
            EncryptedChatsUnreadable: it is not known which chats are encrypted.
            GateMissing: this Gajim sends messages in an unknown way. In both cases
                there is no service, and Gajim refuses to send in encrypted chats.
        """
        self.account = client.account
        self.own_jid = gajim_constants.own_jid(client)
        self._client = client
        self._observers = Observers()
        self.notices = ChatNotices(self.account)
        self._state = self._open_state(folders)
        self._keystore = self._state.keystore
        self.encrypted_chats = self._state.encrypted_chats
        self.recipients = self._state.recipients
        self._contacts = KnownContacts(
            client, self.own_jid, self._keystore, self.encrypted_chats
        )
        self._earlier = earlier
        self.device_history = self._state.device_history
        known = self._contacts.is_known
        lost = partial(self._state.history_is_lost, client)
        self.unopened = UnopenedMessages(self.own_jid, self.devices, known, lost)
        notices = self._engine_notices = self._build_engine_notices(earlier)
        self.rooms = Rooms(client, self.own_jid)
        self._effects = self._build_effects()
        self.device_lists = AnnouncedLists(self._contacts, self._effects, notices)
        self._clock = EngineClock(client, self._effects)
        self.new_members = self._build_new_members()
        self.alarms = self._build_alarms()
        self.settings = self._build_settings(folders)
        self.default_encryption = self._build_default_encryption()
        self._observers.follow(self.default_encryption.look_again)
        ephemeral = EphemeralSender(client, self.own_jid, self._keystore, self._effects)
        self.catch_up = CatchUp(client, self.catch_up_ended)
        self._gone_devices = GoneDevices(
            self._state, self.notices, self.catch_up, self._engine_notices
        )
        self._senders = Senders(
            self.own_jid, self.rooms, lambda jid: gajim_contacts.name_of(client, jid)
        )
        self.receiver = self._build_receiver(ephemeral)
        self.sender = self._build_sender(ephemeral)
        self.sender.waiting_changed.connect(self._observers.notify)
        self.device_management = self._build_device_management()
        self.verification = self._build_verification()
        self.trust_undo = TrustUndo(self._keystore, self._effects, self.device_history)
        self.preconditions = Preconditions(
            self._keystore, self.rooms, self.notices, self.sender
        )
        self.uploads = self._build_uploads()
        self._requests = ClearRequests(client, self.is_encrypted, self.notices.show)
        self.files = FileSaver(self.account, partial(self.notices.show, ""))

    def _open_state(self, folders: Folders) -> AccountState:
        return AccountState.open(
            self.own_jid,
            folders,
            lambda: gajim_archive.kept_with_history(self.account, folders.data),
            self._observers.notify,
        )

    def _build_engine_notices(self, earlier: OwnKey | None) -> EngineNotices:
        known, history = self._contacts.is_known, self.device_history
        own, unopened = self.own_jid, self.unopened
        return EngineNotices(
            own, self.notices, self.devices, known, history, unopened, earlier
        )

    def _build_effects(self) -> EffectRunner:
        return EffectRunner(
            self._client,
            self.own_jid,
            self._keystore,
            self.encrypted_chats,
            self._engine_notices,
            self.rooms.has_member,
        )

    def _build_new_members(self) -> NewMembers:
        new_members = NewMembers(
            self._client,
            self.own_jid,
            self.rooms,
            self._keystore,
            self._effects,
            self.notices,
            self.encrypted_chats,
        )
        new_members.changed.connect(self._recipients_changed)
        return new_members

    def _build_alarms(self) -> OpenAlarms:
        alarms = OpenAlarms(
            self.own_jid, self._keystore, self._effects, self.device_history
        )
        alarms.answered.connect(self.new_members.answered)
        alarms.answered.connect(self._recipients_changed)
        # Not while a window is being drawn
        alarms.settled.connect(
            lambda alarm: later(
                self.notices.show, alarm.device.jid, texts.alarm_is_settled(alarm)
            )
        )
        self._engine_notices.alarm_raised.connect(
            lambda _alarm: self._observers.notify()
        )
        return alarms

    def _build_settings(self, folders: Folders) -> Settings:
        return Settings(
            self._client,
            self.own_jid,
            self._keystore,
            self._effects,
            settings_path(folders.data, self.own_jid),
        )

    def _build_default_encryption(self) -> DefaultEncryption:
        return DefaultEncryption(
            self._client,
            self.settings,
            self.encrypted_chats,
            self.notices,
            self._can_read,
            self.device_history.note_account,
        )

    def _build_sender(self, ephemeral: EphemeralSender) -> MessageSender:
        return MessageSender(
            self._client,
            self._state,
            self.notices,
            self._effects,
            self.rooms,
            ephemeral,
            self.default_encryption,
        )

    def _build_device_management(self) -> DeviceManagement:
        history, unopened = self.device_history, self.unopened
        store, effects = self._keystore, self._effects
        management = DeviceManagement(store, effects, self.notices, history, unopened)
        management.trust_set.connect(self.sender.work)
        management.trust_set.connect(self._clock.trust_was_set)
        # Not while the list is being handled
        self._engine_notices.unused_device_listed.connect(
            lambda device: later(management.remove_own, device)
        )
        return management

    def _build_verification(self) -> Verification:
        work, note = self.sender.work, self.device_history.note_account
        return Verification(self.own_jid, self._keystore, self._effects, work, note)

    def _build_receiver(self, ephemeral: EphemeralSender) -> MessageReceiver:
        carry_out = self._effects.carry_out_later
        show = self.notices.show
        return MessageReceiver(
            self._keystore.get,
            carry_out,
            self._received,
            self.catch_up.message_came,
            self._senders,
            EnvelopeReader(self.own_jid, self._keystore.get, carry_out, show),
            ContentWriter(
                self.own_jid,
                show,
                ephemeral.answer_receipt,
                lambda: self.settings.plain_receipts,
                self._dispatch_again,
                self.unopened,
            ),
        )

    def _build_uploads(self) -> Uploads:
        why_not = self.preconditions.why_no_file
        folder, sent = gajim_archive.downloads_folder, self._state.sent_files.note
        return Uploads(self._client, why_not, self.notices.show, folder, sent)

    def history_setting_changed(self) -> None:
        """The user chose whether Gajim keeps a history."""
        self._state.history_changed()
        with guard("taking texts out of Gajim's drafts"):
            if gajim_archive.history_max_age(self.account) == 0:
                gajim_drafts.take_back(self.account)

    def session_locked(self) -> None:
        """The user locks the screen, or the computer goes to sleep: no key of a
        message that was read stays on the disk."""
        with guard("emptying the journal"):
            if self.engine is not None:
                self._keystore.empty_journal()

    def close(self) -> None:
        """Let go of the client and of the key store."""
        self._clock.stop()
        self.settings.close()
        self.catch_up.stop()
        self.uploads.remove()
        self._requests.remove()
        self.files.close()
        self._observers.close()
        self.rooms.close()
        self.sender.close()
        self._state.close()

    # This device

    @property
    def engine(self) -> OmemoEngine | None:
        """None if the key store cannot be used; then `problem` says why."""
        return self._keystore.engine

    @property
    def problem(self) -> str:
        """Why there is no engine, in the user's words; '' if there is one."""
        return self._keystore.problem

    @property
    def can_end(self) -> bool:
        """Whether nothing but this program has the keys, which can be deleted then,
        also where they are damaged."""
        return self.engine is not None or self._keystore.is_damaged

    @property
    def device_id(self) -> int:
        """The id of this device; 0 without an engine."""
        return 0 if self.engine is None else self.engine.device_id

    @property
    def fingerprint(self) -> str:
        """The fingerprint of this device, 64 hex digits; '' without an engine."""
        return "" if self.engine is None else self.engine.fingerprint

    # Connection

    def connected(self) -> None:
        """A new stream has begun."""
        if not self.notices.has_windows:
            # Nothing shows the first page
            self.settings.publish()
        self.rooms.connected()
        self.unopened.connected()
        self._effects.connected()
        self.catch_up.begin()
        if self.engine is not None:
            self._clock.start()

    def connection_changed(self) -> None:
        """The connection was made, resumed, or lost."""
        if self.is_online:
            self.sender.connected()
        self._observers.notify()

    @property
    def is_online(self) -> bool:
        """Whether messages can be sent now."""
        return gajim_constants.is_available(self._client)

    def catch_up_ended(self) -> None:
        """The archive has been read to its end."""
        self._keystore.commit()
        with guard("tidying up the recipients"):
            self.recipients.tidy(
                lambda jid: gajim_archive.has_history(self.account, jid), time.time()
            )
        effects = self._keystore.call(
            "ending the catch-up", lambda engine: engine.catch_up_ended()
        )
        self._effects.carry_out_later(effects)
        self._effects.tidy_temporary()
        self._gone_devices.look()

    # Received messages and events

    def _dispatch_again(
        self, stanza: MessageStanza, properties: MessageProperties
    ) -> None:
        gajim_messages.dispatch_again(self._client, stanza, properties)

    def answers_encrypted(
        self, stanza: MessageStanza, properties: MessageProperties
    ) -> bool:
        """Whether the sender of a stanza would encrypt a receipt or a read marker.
        If the sender is not known, a receipt in clear counts for nothing too."""
        sender = self._senders.of(stanza, properties)
        engine = self._keystore.engine
        return sender is None or (
            engine is not None and engine.devices.speaks_omemo_2(sender)
        )

    def changes_encrypted(self, properties: MessageProperties) -> bool:
        """Whether a message corrects, retracts or reacts to one of the latest
        messages that were encrypted, or to one that was sent encrypted."""
        named = gajim_messages.changed_id(properties)
        return named is not None and (
            self.receiver.has_decrypted(properties, named)
            or self.recipients.of(named) is not None
        )

    def _received(self) -> None:
        self._keystore.schedule_commit()
        self._observers.notify_soon()
        self._clock.message_came()

    # Conversations

    def is_encrypted(self, jid: str) -> bool:
        """Whether messages to a contact have to be encrypted."""
        return (
            jid in self.encrypted_chats
            or gajim_settings.encryption_of(self.account, jid)
            == gajim_constants.ENCRYPTION_NAME
        )

    def encryption_chosen(self, jid: str, name: str) -> None:
        """An encryption was chosen for a contact or room, or none."""
        if name == gajim_constants.ENCRYPTION_NAME:
            # The setting follows the list, too
            self.default_encryption.chosen(jid)
        elif self.rooms.is_exposed(jid):
            # SECURITY: not the user's choice. Gajim 2.6 switches encryption off
            # by itself when a room is opened to all
            self.notices.show(jid, texts.not_sent_any_more())
        else:
            self.encrypted_chats.remove(jid)

    def chat_opened(self, jid: str) -> None:
        """The chat is on screen now."""
        # Not at once: Gajim empties a chat that is opened and chosen in between
        later(self._show_kept, jid)

    def _show_kept(self, jid: str) -> None:
        self.sender.waiting.chat_opened(jid)
        self.notices.chat_opened(jid)

    # Rooms

    def leave_out(self, room_jid: str, jids: Collection[str]) -> None:
        """The user agreed to write in a room without some members."""
        self.rooms.leave_out(room_jid, jids)
        self.notices.show(room_jid, texts.written_without(jids))
        self._observers.notify()

    @property
    def waiting(self) -> WaitingMessages:
        """The messages that have not been sent."""
        return self.sender.waiting

    def _recipients_changed(self, *_args: object) -> None:
        self.sender.recipients_changed()
        self._observers.notify()

    # Devices

    def follow(self, callback: Callable[[], None]) -> Callable[[], None]:
        """
        Call a function when devices or trust may have changed.

        Returns:
            Ends that.
        """
        return self._observers.follow(callback)

    def plan(self, jids: Collection[str]) -> SendPlan | None:
        """The devices that would get a message now; None without an engine.
        Missing keys are fetched."""
        engine = self.engine
        if engine is None:
            return None
        with guard("planning"):
            plan = engine.outgoing.plan(jids)
            self._effects.carry_out_later(plan.effects)
            return plan
        return None

    def _can_read(self, jid: str) -> bool:
        """Whether somebody could read an encrypted message now."""
        plan = self.plan((jid,))
        return plan is not None and any(one.jid == jid for one in plan.recipients)

    def devices(self, jid: str) -> tuple[DeviceInfo, ...]:
        """All known devices of an account."""
        return self._keystore.devices(jid)

    def is_earlier(self, info: DeviceInfo) -> bool:
        """Whether an own device is the one that another OMEMO of this Gajim has."""
        # SECURITY: by its key as well, so that no server can pass another device
        # for it, which the user would then remove without a look
        return (
            self._earlier is not None
            and not info.key_changed
            and info.device == Device(self.own_jid, self._earlier.device_id)
            and info.fingerprint == self._earlier.fingerprint
        )
