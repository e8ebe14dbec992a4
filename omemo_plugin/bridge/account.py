# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
OMEMO for one of Gajim's accounts: puts its parts together, and is what the
rest of the plugin asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from gi.repository import GLib

from ..engine.decisions import Decisions
from ..engine.device_info import DeviceInfo
from ..engine.effects import Effect
from ..engine.effects import FetchDeviceList
from ..engine.effects import PublishDeviceList
from ..engine.engine import OmemoEngine
from ..engine.sending import SendPlan
from ..engine.user_decisions import UNDO_SECONDS
from ..engine.values import Device
from ..engine.values import DeviceList
from ..engine.values import ListedDevice
from ..engine.values import Protocol
from ..engine.values import Trust
from ..verify.judge import Judgement
from ..verify.judge import Source
from ..verify.judge import judge
from ..verify.phrase import Phrase
from ..verify.phrase import load_words
from ..verify.phrase import phrase_of
from ..verify.uri import build_fingerprint_uri
from . import compat
from . import messages
from .catch_up import CatchUp
from .choices import Choices
from .errands import Errands
from .failures import report
from .keystore import Keystore
from .latch import Latch
from .lines import Lines
from .lines import ShowOffer
from .presenters import Reader
from .quiet import Quiet
from .readers import Readers
from .receive import Receiver
from .rooms import Rooms
from .saving import Saving
from .saving import file_name
from .sender import Sender
from .store_path import latch_path
from .store_path import preferences_path
from .store_path import readers_path
from .store_path import store_path
from .store_path import unsent_path
from .store_path import witness_path
from .unsent import Unsent
from .uploads import Uploads
from .watchers import Watchers

_TICK_SECONDS = 60

# Prekeys that received messages used up are replaced after so long
_TICK_AFTER_RECEIVING = 15


class AccountService:
    """
    OMEMO for one account. Everything runs in the main loop. Nothing raises
    unless it says so.

    Attributes:
        account: Gajim's name of the account.
        own_jid: its bare JID.
        receiver: handles received stanzas.
        catch_up: the reading of the archive.
    """

    def __init__(self, client: Any, folder: Path, config_folder: Path) -> None:
        """
        Args:
            client: Gajim's client of the account.
            folder: where the plugin keeps its files.
            config_folder: where plugins keep their settings.

        Raises:
            LatchUnreadable: it is not known which conversations are encrypted.
            GateMissing: this Gajim sends messages in another way than is known.
                In both cases there is no service, and Gajim refuses to send in
                what is set to be encrypted.
        """
        self.account: str = client.account
        self.own_jid = compat.own_jid(client)
        self._client = client
        self._latch = Latch(latch_path(folder, self.own_jid))
        self._lines = Lines(self.account)
        max_age = compat.history_max_age(self.account)
        self._readers = Readers(readers_path(folder, self.own_jid), max_age)
        self._unsent = Unsent(unsent_path(folder, self.own_jid), max_age)
        self._keystore = Keystore(
            store_path(folder, self.own_jid),
            self.own_jid,
            witness_path(config_folder, self.own_jid),
        )
        self._errands = Errands(
            client, self.own_jid, self._keystore, self._latch, self._lines
        )
        self.rooms = Rooms(client, self.own_jid)
        self.rooms.on_members = self._members_met
        self._quiet = Quiet(client, self.own_jid, self._keystore, self._errands)
        self.receiver = Receiver(
            self.own_jid,
            self._keystore.get,
            self._errands.carry_out_later,
            self._received,
            self.rooms,
            self._lines.tell,
            self._quiet.answer_receipt,
            self._dispatch_added,
        )
        self._sender = Sender(
            client,
            self.own_jid,
            self._keystore,
            self._latch,
            self._lines,
            self._errands,
            self._readers,
            self.rooms,
            self._quiet,
            self._unsent,
        )
        self._uploads = Uploads(
            client, self._why_no_file, self._lines.tell, compat.downloads_folder
        )
        self._saving = Saving(self.account, self._tell_on_screen)
        self._on_opened: Callable[[str], None] = lambda _jid: None
        self.catch_up = CatchUp(client, self.catch_up_ended)
        self.receiver.archived = self.catch_up.message_came
        self.receiver.answers_in_clear = lambda: self.choices.plain_receipts
        self._watchers = Watchers()
        self._keystore.changed = self._watchers.tell
        self._tick_timer = 0
        self._soon_timer = 0
        self._final_timer = 0
        self._told_of_unsent = False
        self.choices = Choices(
            client,
            self.own_jid,
            self._keystore,
            self._errands,
            preferences_path(folder, self.own_jid),
        )

    def keep_unsent(self) -> None:
        """Gajim ends: what waits to be sent is given back at its next start."""
        self._sender.keep_unsent()

    def close(self) -> None:
        """Let go of the client and of the key store."""
        for timer in (self._tick_timer, self._soon_timer, self._final_timer):
            if timer:
                GLib.source_remove(timer)
        self._tick_timer = self._soon_timer = self._final_timer = 0
        self.choices.close()
        self.catch_up.stop()
        self._uploads.remove()
        self._saving.close()
        self._watchers.close()
        self.rooms.close()
        self._sender.close()
        self._keystore.close()
        self._readers.close()

    # Ourselves

    @property
    def engine(self) -> OmemoEngine | None:
        """None if the key store cannot be used; then `problem` says why."""
        return self._keystore.engine

    @property
    def problem(self) -> str:
        return self._keystore.problem

    @property
    def device_id(self) -> int:
        return 0 if self.engine is None else self.engine.device_id

    @property
    def fingerprint(self) -> str:
        """Of this device, 64 hex digits; '' without an engine."""
        return "" if self.engine is None else self.engine.fingerprint

    # Connection

    def connected(self) -> None:
        """A new stream has begun."""
        self._errands.connected()
        self.catch_up.begin()
        if not self._tick_timer and self.engine is not None:
            self._tick_timer = GLib.timeout_add_seconds(_TICK_SECONDS, self._tick)

    def available(self) -> None:
        """Messages can be sent, after a connection or a resumption."""
        self._sender.work()

    def catch_up_ended(self) -> None:
        """The archive has been read to its end."""
        self._keystore.commit()
        self._tidy_readers()
        effects = self._keystore.call(
            "ending the catch-up", lambda engine: engine.catch_up_ended()
        )
        self._errands.carry_out_later(effects)
        self._errands.tidy_temporary()

    def _tidy_readers(self) -> None:
        try:
            self._readers.tidy(
                lambda jid: compat.has_history(self.account, jid), time.time()
            )
        except Exception as error:
            report("tidying up the readers", error)

    def readers_of(self, message_id: str) -> tuple[Reader, ...] | None:
        """Who could read a message this device has sent; None if that is not
        known."""
        return self._readers.of(message_id)

    def _tick(self) -> bool:
        if compat.is_available(self._client):
            self._errands.call("tidying up", lambda engine: engine.tick())
        return GLib.SOURCE_CONTINUE

    def _dispatch_added(
        self, stanza: Any, properties: Any, nodes: Sequence[Any]
    ) -> None:
        """Let Gajim look at parts that came out of an envelope."""
        if not nodes:
            return
        try:
            compat.dispatch_added(self._client, stanza, properties, nodes)
        except Exception as error:
            # The text has been decrypted, and is worth more
            report("passing on parts of a message", error)

    def _received(self) -> None:
        self._keystore.schedule_commit()
        self._watchers.tell_soon()
        if not self._soon_timer:
            self._soon_timer = GLib.timeout_add_seconds(
                _TICK_AFTER_RECEIVING, self._tick_soon
            )

    def _tick_soon(self) -> bool:
        self._soon_timer = 0
        self._tick()
        return GLib.SOURCE_REMOVE

    def device_list_event(self, jid: str, protocol: Protocol, payload: Element) -> None:
        """
        An event of PEP about somebody's own device list.

        Args:
            jid: who it is from, which is also who it is about.
        """
        if self._is_known(jid):
            self._errands.device_list_came(jid, protocol, payload)

    def device_list_too_long(self, jid: str) -> None:
        """The same, of a list that is too long to be read."""
        if self._is_known(jid):
            self._errands.device_list_too_long(jid)

    def _is_known(self, jid: str) -> bool:
        """Whom we never met can fill our store, and our chats, with nothing."""
        return (
            jid == self.own_jid
            or jid in self._latch
            or compat.is_in_roster(self._client, jid)
            or bool(self.devices(jid))
        )

    # Messages out

    def encrypt_message(self, message: Any) -> None:
        """See `Sender.encrypt_message`."""
        self._sender.encrypt_message(message)

    def check_send_preconditions(self, contact: Any) -> bool:
        """For the user's comfort, before the input is emptied. What is in the
        way for a short time only is no reason: the message is kept."""
        reason = self.problem
        if not reason and contact.is_groupchat and not compat.is_private_room(contact):
            reason = messages.room_is_not_private()
        if reason:
            self._lines.tell(str(contact.jid), messages.not_sent(reason, None))
        return not reason

    def encrypt_file(self, transfer: Any, callback: Callable[[Any], None]) -> None:
        """An upload to an encrypted conversation."""
        self._uploads.encrypt(transfer, callback)

    @staticmethod
    def file_name(link: str) -> str:
        """A safe name for what is behind a link; '' if it is none to a file."""
        return file_name(link)

    def save_file(self, link: str, path: Path) -> None:
        """Fetch and decrypt what is behind a link (XEP-0454)."""
        self._saving.save(link, path)

    def _tell_on_screen(self, line: str) -> None:
        self._lines.tell("", line)

    def _why_no_file(self, contact: Any) -> str:
        """Why a file would not be encrypted, or could not be read, or ''."""
        if contact.settings.get("encryption") != compat.ENCRYPTION_NAME:
            return self._sender.why_not_in_clear(contact)
        if self.rooms.is_exposed(str(contact.jid)):
            return messages.room_is_not_private()
        return self.problem

    # Which conversations are encrypted

    def is_encrypted(self, jid: str) -> bool:
        """Whether what is written to a contact has to be encrypted."""
        return (
            jid in self._latch
            or compat.encryption_of(self.account, jid) == compat.ENCRYPTION_NAME
        )

    @property
    def encrypted_conversations(self) -> frozenset[str]:
        return self._latch.jids

    def follow_conversations(self, callback: Callable[[str], None]) -> None:
        """Be told, again and again, of conversations whose encryption the user may
        choose now: one is opened, or becomes an encrypted one."""
        self._sender.on_latched = callback
        self._on_opened = callback

    def encryption_chosen(self, jid: str, name: str) -> None:
        """An encryption was chosen for a contact or room, or none."""
        if name == compat.ENCRYPTION_NAME:
            self._latch.close(jid)
        elif self.rooms.is_exposed(jid):
            # SECURITY: not the user's choice. Gajim 2.6 switches encryption off
            # by itself when a room is opened to all
            self.tell(jid, messages.not_sent_any_more())
        else:
            self._latch.open(jid)

    def tell(self, jid: str, line: str) -> None:
        """Show a line in a chat, at once or when it is opened."""
        self._lines.tell(jid, line)

    def chat_opened(self, jid: str) -> None:
        """The chat is on screen now."""
        self._on_opened(jid)
        # Not at once: a chat that is opened and chosen is made empty in between
        GLib.idle_add(self._show_kept_lines, jid)

    def _show_kept_lines(self, jid: str) -> bool:
        self._give_back_unsent(jid)
        self._lines.chat_opened(jid)
        return GLib.SOURCE_REMOVE

    def _give_back_unsent(self, jid: str) -> None:
        """What Gajim had not sent when it ended."""
        try:
            if compat.chat_on_screen(self.account) != jid:
                # Closed or left again at once; there will be another time
                return
            text = "\n".join(self._unsent.left(jid))
            if text:
                filled = compat.fill_input(self.account, jid, text)
                reason = messages.ended_before()
                self.tell(jid, messages.not_sent(reason, None if filled else text))
                self._unsent.take(jid)
            others = self._unsent.conversations
            if others and not self._told_of_unsent:
                self.tell(jid, messages.unsent_elsewhere(others))
            self._told_of_unsent = True
        except Exception as error:
            report("giving back what was not sent", error)

    def show_offers(self, show: ShowOffer | None) -> None:
        """Lines with something to do get a button from now on."""
        self._lines.show_offer = show

    # Rooms

    def person(self, address: str) -> str | None:
        """The bare JID of whoever has a nickname in a room; None if the room
        does not tell."""
        return self.rooms.person(address)

    def room_members(self, room_jid: str) -> tuple[str, ...] | None:
        """The bare JIDs of its members without ourselves; None while they are
        not known."""
        return self.rooms.members(room_jid)

    def leave_out(self, room_jid: str, jids: Collection[str]) -> None:
        """The user agreed to write in a room without some members."""
        self.rooms.leave_out(room_jid, jids)
        self.tell(room_jid, messages.written_without(jids))
        self._watchers.tell()

    def _members_met(self, jids: Collection[str]) -> None:
        """Nobody tells us of the devices of somebody who is no contact."""
        strangers = [
            jid
            for jid in jids
            if jid != self.own_jid and not compat.is_in_roster(self._client, jid)
        ]
        self._errands.carry_out_later(
            [FetchDeviceList(jid, one) for jid in strangers for one in Protocol]
        )
        self._sender.work()
        self._watchers.tell()

    # Devices and trust

    def follow(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Be told when devices or trust may have changed. Returns what ends
        that."""
        return self._watchers.follow(callback)

    def plan(self, jids: Collection[str]) -> SendPlan | None:
        """Who would get a message now; None without an engine. What is missing
        is fetched."""
        if self.engine is None:
            return None
        try:
            plan = self.engine.plan(jids)
        except Exception as error:
            report("planning", error)
            return None
        self._errands.carry_out_later(plan.effects)
        return plan

    def devices(self, jid: str) -> tuple[DeviceInfo, ...]:
        """All known devices of an account."""
        return () if self.engine is None else self.engine.devices(jid)

    def own_devices(self) -> tuple[DeviceInfo, ...]:
        """Our other devices."""
        return tuple(
            info
            for info in self.devices(self.own_jid)
            if info.device.device_id != self.device_id
        )

    def is_verified(self, jid: str) -> bool:
        """Whether all devices that get our messages to a contact have been
        verified."""
        infos = [
            info for info in self.devices(jid) if info.active and info.trust.may_receive
        ]
        return bool(infos) and all(info.trust is Trust.VERIFIED for info in infos)

    def tell_devices(self, jid: str) -> None:
        """Show in a chat which devices it is encrypted for."""
        for who in dict.fromkeys((jid, self.own_jid)):
            self._lines.tell(jid, messages.devices_of(who, self.devices(who)))

    def set_trust(self, device: Device, trust: Trust) -> None:
        """What follows for other devices does so when it is too late to undo
        it."""
        self._errands.call(
            "setting trust", lambda engine: engine.set_trust(device, trust)
        )
        self._sender.work()
        if not self._final_timer:
            self._final_timer = GLib.timeout_add_seconds(
                UNDO_SECONDS + 1, self._tick_final
            )

    def _tick_final(self) -> bool:
        self._final_timer = 0
        self._tick()
        return GLib.SOURCE_REMOVE

    def judge(self, text: str, source: Source, expected: str | None) -> Judgement:
        """What a code means; see `verify.judge.judge`."""
        return judge(
            text,
            source=source,
            expected=expected,
            own_jid=self.own_jid,
            own_device_id=self.device_id,
            devices=self.devices,
        )

    def apply(self, judgement: Judgement, *, confirmed: bool = False) -> Judgement:
        """
        Carry out what a code means, if that is still what was shown.

        Args:
            confirmed: the user said that the source of a link is trusted.

        Returns:
            The judgement with `applied`; or, if nothing was done, the one that
            holds now.
        """
        now = self.judge(judgement.text, judgement.source, judgement.expected)
        if not now.says_the_same(judgement) or not now.can_apply:
            return now
        if now.needs_confirmation and not confirmed:
            return now
        return replace(now, applied=self._decide(now.jid, now.decisions))

    def _decide(self, jid: str, decisions: Decisions) -> bool:
        done = False

        def decide(engine: OmemoEngine) -> list[Effect]:
            nonlocal done
            effects = engine.decide(jid, decisions)
            done = True
            return effects

        self._errands.call("deciding on keys", decide)
        self._sender.work()
        return done

    def phrase(self, jid: str) -> Phrase | None:
        """What to read to a contact; None if keys are wanting."""
        return phrase_of(
            jid,
            self.devices(jid),
            self.own_jid,
            self.devices(self.own_jid),
            load_words(),
        )

    def phrase_matched(self, phrase: Phrase) -> bool:
        """
        Both have read the same: the contact's devices that it covers are
        verified.

        Returns:
            False, and nothing is done, if it is not the phrase any more.
        """
        if self.phrase(phrase.jid) != phrase:
            return False
        fingerprints = {
            info.device.device_id: info.fingerprint
            for info in self.devices(phrase.jid)
            if info.device in phrase.covers and info.fingerprint is not None
        }
        return self._decide(phrase.jid, Decisions(devices=fingerprints))

    def forget_device(self, device: Device) -> None:
        """Delete a device and its sessions. If its owner still lists it, it is
        met as a new one."""
        self._errands.call(
            "forgetting a device", lambda engine: engine.forget_device(device)
        )
        self._errands.carry_out(
            [FetchDeviceList(device.jid, protocol) for protocol in Protocol]
        )

    def remove_own_device(self, device: Device) -> None:
        """Take another own device off our lists, and forget it."""

        def remove(engine: OmemoEngine) -> list[Effect]:
            lists = engine.own_lists_without(device)
            engine.forget_device(device)
            return lists

        self._errands.call("removing an own device", remove)

    def replace_session(self, device: Device) -> None:
        """The user wants a new session with a device."""
        self._errands.call(
            "replacing a session", lambda engine: engine.replace_session(device)
        )

    def replace_broken_session(self, device: Device) -> None:
        """The same, asked for in the chat."""
        self.replace_session(device)
        self.tell(device.jid, messages.session_is_replaced(device))

    def clear_device_list(self) -> None:
        """Take all devices but this one off our lists on the server."""
        only = (ListedDevice(self.device_id),)
        self._errands.carry_out(
            [PublishDeviceList(DeviceList(protocol, only)) for protocol in Protocol]
        )

    def trust_uri(self, jid: str) -> str:
        """An address with the fingerprints of an account's verified devices."""
        fingerprints = {
            info.device.device_id: info.fingerprint
            for info in self.devices(jid)
            if info.trust is Trust.VERIFIED and info.active and info.fingerprint
        }
        return build_fingerprint_uri(jid, fingerprints).removesuffix("?")
