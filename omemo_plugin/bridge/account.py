# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

'''
OMEMO for one of Gajim's accounts: owns the engine, carries out what it wants
done, reports the outcome, and moves messages in and out.
'''

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from gi.repository import GLib

from ..engine.effects import Effect
from ..engine.effects import FetchBundle
from ..engine.effects import FetchDeviceList
from ..engine.effects import IdentityKeyAlarm
from ..engine.effects import NewDevices
from ..engine.effects import OweEmptyMessage
from ..engine.effects import PublishBundle
from ..engine.effects import PublishDeviceList
from ..engine.effects import SessionBroken
from ..engine.engine import DeviceInfo
from ..engine.engine import OmemoEngine
from ..engine.errors import MalformedStanza
from ..engine.errors import NoRecipient
from ..engine.errors import OmemoError
from ..engine.errors import StoreError
from ..engine.errors import TooManyRecipients
from ..engine.sending import LeftOutReason
from ..engine.sending import SendPlan
from ..engine.sending import SentMessage
from ..engine.values import Device
from ..engine.values import DeviceList
from ..engine.values import ListedDevice
from ..engine.values import Protocol
from ..engine.values import Trust
from ..stanza.pep import build_bundle
from ..stanza.pep import build_device_list
from ..stanza.pep import bundle_item_id
from ..stanza.pep import bundle_node
from ..stanza.pep import device_list_item_id
from ..stanza.pep import device_list_node
from ..stanza.pep import parse_bundle
from ..stanza.pep import parse_device_list
from . import compat
from . import messages
from . import send
from .failures import report
from .gate import Gate
from .latch import Latch
from .outbox import Outbox
from .outbox import Outgoing
from .pep import Pep
from .pep import Unavailable
from .receive import Receiver
from .store_path import latch_path
from .store_path import store_path

log = logging.getLogger('gajim.p.omemo_plugin')

# How long a message waits for keys before it is given back
_PATIENCE = 90.0

# How long somebody without any device is given to appear: they may be signing
# in at this moment
_GRACE = 5.0

# Devices that were met within this time were met together
_FIRST_CONTACT_SECONDS = 60

# Gajim 1.7.3 writes its history half a second after the first change
_COMMIT_AFTER_MS = 1000

_TICK_SECONDS = 60


class AccountService:
    '''OMEMO for one account. Everything runs in the main loop, except that the
    disk is waited for in a thread.'''

    def __init__(self, client: Any, folder: Path) -> None:
        '''
        Args:
            client: Gajim's client of the account.
            folder: where the plugin keeps its files.
        '''
        self.account: str = client.account
        self.own_jid = compat.own_jid(client)
        self.engine: OmemoEngine | None = None
        self.problem = ''
        self._error: Exception | None = None
        self._client = client
        self._pep = Pep(client)
        self._outbox = Outbox()
        self._taken: Any = None
        self._announced: dict[str, set[str]] = {}
        self._lines: dict[str, list[str]] = {}
        self._commit_timer = 0
        self._tick_timer = 0
        self._closed = False
        # Told of each conversation that becomes an encrypted one
        self.on_latched: Callable[[str], None] = lambda jid: None
        self._disk = ThreadPoolExecutor(1, 'omemo-disk')
        self.receiver = Receiver(
            self.own_jid, self._get_engine, self._carry_out_later, self._schedule_commit
        )
        # SECURITY: if either fails there is no service, and Gajim refuses to
        # send in what is set to be encrypted
        self._latch = Latch(latch_path(folder, self.own_jid))
        self._gate = Gate(client, self._admit)
        self._open(store_path(folder, self.own_jid))

    def _open(self, path: Path) -> None:
        try:
            self.engine = OmemoEngine.open(path, self.own_jid)
        except OmemoError as error:
            log.error('No key store for %s: %s', self.account, type(error).__name__)
            self._fail(error)
        except Exception as error:
            report('opening the key store', error)
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._error = error
        self.problem = messages.unusable(error)

    def _get_engine(self) -> OmemoEngine:
        if self.engine is None:
            raise self._error or StoreError('closed')
        return self.engine

    def close(self) -> None:
        '''Let go of the client and of the key store.'''
        if self._closed:
            return
        self._closed = True
        for timer in (self._commit_timer, self._tick_timer):
            if timer:
                GLib.source_remove(timer)
        self._commit_timer = self._tick_timer = 0
        for entry in self._outbox.clear():
            self._give_back(entry, messages.internal_error(), quietly=True)
        self._disk.shutdown()
        if self.engine is not None:
            try:
                self._write_archive_first()
                self.engine.close()
            except Exception as error:
                report('closing the key store', error)
            self.engine = None
        self._gate.remove()

    # Ourselves

    @property
    def device_id(self) -> int:
        return 0 if self.engine is None else self.engine.device_id

    @property
    def fingerprint(self) -> str:
        return '' if self.engine is None else self.engine.fingerprint

    # Connection

    def connected(self) -> None:
        '''A new stream has begun.'''
        if self.engine is None:
            return
        self._guard('connecting', lambda: self._get_engine().connected())
        if not self._tick_timer:
            self._tick_timer = GLib.timeout_add_seconds(_TICK_SECONDS, self._tick)

    def available(self) -> None:
        '''Messages can be sent, after a connection or a resumption.'''
        self._work()

    def catch_up_ended(self) -> None:
        '''The archive has been read to its end.'''
        if self.engine is None:
            return
        self._commit_received()
        self._guard(
            'ending the catch-up', lambda: self._get_engine().catch_up_ended()
        )

    def _tick(self) -> bool:
        if self.engine is not None and compat.is_available(self._client):
            self._guard('tidying up', lambda: self._get_engine().tick())
        return GLib.SOURCE_CONTINUE

    def _guard(self, doing: str, call: Callable[[], Sequence[Effect]]) -> None:
        '''Call the engine, carry out what it wants, and let no error out.'''
        try:
            self._write_archive_first()
            effects = call()
            self.carry_out(effects)
        except StoreError as error:
            log.error('The key store failed while %s', doing)
            del error
        except OmemoError as error:
            log.warning('%s while %s', type(error).__name__, doing)
        except Exception as error:
            report(doing, error)
        if self.engine is not None and self.engine.uncommitted:
            self._schedule_commit()

    # What the engine wants done

    def _carry_out_later(self, effects: Sequence[Effect]) -> None:
        '''
        Carry out what a received message led to.

        Not at once: some of it commits, and the row of the message has to be
        in Gajim's archive before.
        '''
        if effects:
            GLib.idle_add(self._carry_out_now, effects)

    def _carry_out_now(self, effects: Sequence[Effect]) -> bool:
        if not self._closed:
            self.carry_out(effects)
        return GLib.SOURCE_REMOVE

    def carry_out(self, effects: Sequence[Effect]) -> None:
        '''Carry out effects; nothing is raised.'''
        for effect in effects:
            try:
                self._carry_out(effect)
            except Exception as error:
                report(f'carrying out {type(effect).__name__}', error)

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, FetchDeviceList):
            self._fetch_device_list(effect)
        elif isinstance(effect, FetchBundle):
            self._fetch_bundle(effect)
        elif isinstance(effect, PublishDeviceList):
            self._publish_device_list(effect)
        elif isinstance(effect, PublishBundle):
            self._publish_bundle(effect)
        elif isinstance(effect, OweEmptyMessage):
            self._send_empty(effect)
        elif isinstance(effect, NewDevices):
            self._tell_of_devices(effect)
        elif isinstance(effect, IdentityKeyAlarm):
            self._tell(effect.device.jid, messages.identity_key_alarm(effect))
        elif isinstance(effect, SessionBroken):
            self._tell(effect.device.jid, messages.session_broken(effect))

    def _tell_of_devices(self, effect: NewDevices) -> None:
        if effect.trust is Trust.BLIND and effect.jid != self.own_jid:
            infos = self.devices(effect.jid)
            met = min(
                (one.first_seen for one in infos if one.device in effect.devices),
                default=0,
            )
            if not any(
                one.fingerprint is not None
                and one.first_seen < met - _FIRST_CONTACT_SECONDS
                for one in infos
            ):
                # The first contact with somebody is no news
                return
        self._tell(effect.jid, messages.new_devices(effect, self.own_jid))

    def _fetch_device_list(self, effect: FetchDeviceList) -> None:
        jid, protocol = effect.jid, effect.protocol

        def answer(payload: Element | None, failure: Unavailable | None) -> None:
            self._device_list_answered(jid, protocol, payload, failure)

        self._pep.fetch(jid, device_list_node(protocol), None, answer)

    def _device_list_answered(
        self,
        jid: str,
        protocol: Protocol,
        payload: Element | None,
        failure: Unavailable | None,
    ) -> None:
        if self.engine is None:
            return
        engine = self.engine
        device_list = None
        permanent = failure is not None and failure.permanent
        if payload is not None:
            try:
                device_list = parse_device_list(payload, protocol)
            except MalformedStanza as error:
                log.info('Device list of %s refused: %s', jid, error)
                permanent = True
        if device_list is not None:
            found = device_list
            self._guard(
                'reading a device list',
                lambda: engine.device_list_received(jid, found),
            )
        else:
            self._guard(
                'missing a device list',
                lambda: engine.device_list_unavailable(jid, protocol, permanent),
            )
        self._work()

    def device_list_event(self, jid: str, protocol: Protocol, payload: Element) -> None:
        '''
        An event of PEP about somebody's own device list.

        Args:
            jid: who it is from, which is also who it is about.
        '''
        if self.engine is None:
            return
        engine = self.engine
        if not self._is_known(jid):
            # Whom we never met can fill our store with nothing
            return
        try:
            device_list = parse_device_list(payload, protocol)
        except MalformedStanza as error:
            log.info('Device list of %s refused: %s', jid, error)
            return
        self._guard(
            'reading a device list',
            lambda: engine.device_list_received(jid, device_list),
        )
        self._work()

    def _is_known(self, jid: str) -> bool:
        return (
            jid == self.own_jid
            or jid in self._latch
            or compat.is_in_roster(self._client, jid)
            or bool(self.devices(jid))
        )

    def _fetch_bundle(self, effect: FetchBundle) -> None:
        device, protocol = effect.device, effect.protocol

        def answer(payload: Element | None, failure: Unavailable | None) -> None:
            self._bundle_answered(device, protocol, payload, failure)

        item_id = (
            bundle_item_id(protocol, device.device_id)
            if protocol is Protocol.OMEMO_2
            else None
        )
        node = bundle_node(protocol, device.device_id)
        self._pep.fetch(device.jid, node, item_id, answer)

    def _bundle_answered(
        self,
        device: Device,
        protocol: Protocol,
        payload: Element | None,
        failure: Unavailable | None,
    ) -> None:
        if self.engine is None:
            return
        engine = self.engine
        bundle = None
        permanent = failure is not None and failure.permanent
        if payload is not None:
            try:
                bundle = parse_bundle(payload, protocol)
            except MalformedStanza as error:
                log.info('Bundle of %s refused: %s', device, error)
                permanent = True
        if bundle is not None:
            found = bundle
            self._guard(
                'reading a bundle', lambda: engine.bundle_received(device, found)
            )
        else:
            self._guard(
                'missing a bundle',
                lambda: engine.bundle_unavailable(device, protocol, permanent),
            )
        self._work()

    def _publish_device_list(self, effect: PublishDeviceList) -> None:
        protocol = effect.device_list.protocol

        def done(failure: Unavailable | None) -> None:
            if failure is not None:
                self._not_published(effect, failure)

        self._pep.publish(
            device_list_node(protocol),
            device_list_item_id(protocol),
            build_device_list(effect.device_list),
            many=False,
            done=done,
        )

    def _publish_bundle(self, effect: PublishBundle) -> None:
        protocol = effect.bundle.protocol

        def done(failure: Unavailable | None) -> None:
            if failure is not None:
                self._not_published(effect, failure)
            elif self.engine is not None:
                engine = self.engine
                self._guard(
                    'having published', lambda: engine.bundle_published(effect.bundle)
                )

        def durable(error: Exception | None) -> None:
            # A prekey that the server hands out has to survive a power cut
            if error is not None:
                self._not_published(effect, Unavailable('disk', permanent=False))
                return
            self._pep.publish(
                bundle_node(protocol, effect.device_id),
                bundle_item_id(protocol, effect.device_id),
                build_bundle(effect.bundle),
                many=protocol is Protocol.OMEMO_2,
                done=done,
            )

        self._make_durable(durable)

    def _not_published(
        self, effect: PublishBundle | PublishDeviceList, failure: Unavailable
    ) -> None:
        log.warning('%s failed: %s', type(effect).__name__, failure)
        if self.engine is None or not compat.is_available(self._client):
            # The next connection tries again
            return
        engine = self.engine
        self._guard(
            'failing to publish', lambda: engine.publish_failed(effect)
        )

    def _send_empty(self, effect: OweEmptyMessage) -> None:
        jid = effect.device.jid
        # SECURITY: an answer shows that we are online, so strangers get none
        known = (
            jid == self.own_jid
            or jid in self._latch
            or compat.sees_our_presence(self._client, jid)
        )
        if not known:
            return
        self._write_archive_first()
        message = self._get_engine().encrypt_empty(effect.device, effect.protocol)
        if message is None:
            return
        stanza = send.empty_message(jid, message)

        def durable(error: Exception | None) -> None:
            if error is None and compat.is_available(self._client):
                self._client.send_stanza(stanza)

        self._make_durable(durable)

    # The disk

    def _schedule_commit(self) -> None:
        if not self._commit_timer and not self._closed:
            self._commit_timer = GLib.timeout_add(_COMMIT_AFTER_MS, self._commit)

    def _commit(self) -> bool:
        self._commit_timer = 0
        self._commit_received()
        return GLib.SOURCE_REMOVE

    def _commit_received(self) -> None:
        if self.engine is None or not self.engine.uncommitted:
            return
        try:
            self._write_archive_first()
            self.engine.commit()
        except Exception as error:
            report('writing the key store', error)

    def _write_archive_first(self) -> None:
        '''
        Before anything of ours is committed, Gajim's rows are: what we know to
        have been received, and Gajim has lost in a crash, would not be shown
        when the server's archive sends it again.
        '''
        if self.engine is not None and self.engine.uncommitted:
            compat.flush_archive()

    def _make_durable(self, then: Callable[[Exception | None], None]) -> None:
        '''Wait in a thread until what is committed is on the disk, and go on in
        the main loop.'''
        engine = self._get_engine()

        def finished(future: Future[None]) -> None:
            GLib.idle_add(go_on, future.exception())

        def go_on(error: BaseException | None) -> bool:
            if self._closed:
                return GLib.SOURCE_REMOVE
            if error is not None:
                log.error('The key store did not reach the disk')
            try:
                then(None if error is None else StoreError('not on the disk'))
            except Exception as failure:
                report('going on after writing', failure)
            return GLib.SOURCE_REMOVE

        self._disk.submit(engine.flush).add_done_callback(finished)

    # Messages out

    def is_encrypted(self, contact: Any) -> bool:
        '''Whether what is written to a contact has to be encrypted.'''
        return (
            contact.settings.get('encryption') == compat.ENCRYPTION_NAME
            or str(contact.jid) in self._latch
        )

    def _admit(self, message: Any) -> bool:
        '''The gate asks: may Gajim send this as it is?'''
        contact = message.contact
        if message is self._taken or self._outbox.holds(message):
            # Gajim 2 goes on by itself after `encrypt_message`
            return False
        setting = contact.settings.get('encryption')
        jid = str(contact.jid)
        if setting == compat.ENCRYPTION_NAME:
            # It should have come to `encrypt_message`, and did not
            self._refuse(contact, message, messages.internal_error())
            return False
        if jid in self._latch and not setting:
            self._refuse(contact, message, messages.stays_encrypted())
            return False
        return True

    def encrypt_message(self, message: Any) -> None:
        '''
        Take a message that is to be encrypted. It is sent by itself when the
        keys are there; if it cannot be sent, the user is told and gets the text
        back. Nothing is ever sent in clear, and nothing is raised.
        '''
        self._taken = message
        GLib.idle_add(self._forget_taken)
        try:
            self._take(message)
        except Exception as error:
            report('taking a message', error)
            self._refuse(message.contact, message, messages.internal_error())

    def _forget_taken(self) -> bool:
        self._taken = None
        return GLib.SOURCE_REMOVE

    def _take(self, message: Any) -> None:
        contact = message.contact
        jid = str(contact.jid)
        if compat.text_of(message) is None:
            # OMEMO 0.3 has no way to encrypt these. A chat state or a marker is
            # left out without a word, anything else is not
            self._withhold(message)
            return
        if message.is_groupchat or getattr(contact, 'is_pm_contact', False):
            self._refuse(contact, message, messages.rooms_not_supported())
            return
        if self.engine is None:
            self._refuse(contact, message, self.problem)
            return
        if message.oob_url is not None:
            self._refuse(contact, message, messages.files_not_supported())
            return
        self._remember(jid)
        now = time.monotonic()
        self._outbox.add(Outgoing(message, (jid,), jid, now + _GRACE, now + _PATIENCE))
        for seconds in (_GRACE, _PATIENCE):
            GLib.timeout_add(int(seconds * 1000) + 100, self._work_once)
        # Not at once: Gajim empties the input after this returns
        GLib.idle_add(self._work_once)

    def _remember(self, jid: str) -> None:
        if jid not in self._latch:
            self._latch.close(jid)
            self.on_latched(jid)

    def encryption_chosen(self, jid: str, name: str) -> None:
        '''The user chose an encryption for a contact, or none.'''
        if name == compat.ENCRYPTION_NAME:
            self._latch.close(jid)
        else:
            self._latch.open(jid)

    @property
    def encrypted_conversations(self) -> frozenset[str]:
        return self._latch.jids

    def _work_once(self) -> bool:
        self._work()
        return GLib.SOURCE_REMOVE

    def _work(self) -> None:
        '''Go on with what waits.'''
        if not self._closed:
            self._outbox.work(self._try_to_send)

    def _try_to_send(self, entry: Outgoing) -> bool:
        '''Returns whether the entry has left the queue.'''
        try:
            return self._step(entry)
        except NoRecipient as error:
            self._report_no_recipient(entry, error)
        except TooManyRecipients:
            self._give_back(entry, messages.too_many_recipients())
        except StoreError:
            self._give_back(entry, messages.keys_not_written())
        except Exception as error:
            report('encrypting a message', error)
            self._give_back(entry, messages.internal_error())
        return True

    def _step(self, entry: Outgoing) -> bool:
        engine = self._get_engine()
        now = time.monotonic()
        if not compat.is_available(self._client):
            self._announce(entry, 'offline', messages.waiting_for_connection())
            return False
        plan = engine.plan(entry.jids)
        if not plan.ready and now < entry.deadline:
            count = len(plan.waiting)
            what = 'keys' if count else 'lists'
            self._announce(entry, what, messages.fetching(count))
            self.carry_out(plan.effects)
            return False
        if now < entry.grace and _may_appear(plan):
            self._announce(entry, 'lists', messages.fetching(0))
            return False
        stanza = compat.stanza_of(entry.message)
        texts = send.plaintexts(
            stanza, from_jid=self.own_jid, to_jid=entry.conversation
        )
        self._write_archive_first()
        sent = engine.encrypt(entry.jids, texts)
        entry.busy = True

        def durable(error: Exception | None) -> None:
            self._send(entry, sent, error)

        self._make_durable(durable)
        return False

    def _send(
        self, entry: Outgoing, sent: SentMessage, error: Exception | None
    ) -> None:
        if error is not None:
            self._give_back(entry, messages.keys_not_written())
            return
        if not compat.is_available(self._client):
            # Its keys are spent; it is encrypted anew when there is a way out
            entry.busy = False
            self._announce(entry, 'offline', messages.waiting_for_connection())
            return
        try:
            send.seal(compat.stanza_of(entry.message), sent)
            trust = self._trust_of(sent, entry.jids)
            compat.mark_encrypted(entry.message, trust, self.fingerprint)
        except Exception as failure:
            report('sealing a message', failure)
            self._give_back(entry, messages.internal_error())
            return
        self._leave(entry)
        self._gate.send(entry.message)
        undecided = sum(
            one.reason is LeftOutReason.UNDECIDED for one in sent.left_out
        )
        if undecided:
            self._tell(entry.conversation, messages.undecided_left_out(undecided))
        self._work()

    def _trust_of(self, sent: SentMessage, jids: Sequence[str]) -> Trust:
        '''What the shield of a sent message may claim: that of the device
        trusted least among the recipients'.'''
        readers = set(sent.readers)
        for jid in jids:
            for info in self._get_engine().devices(jid):
                if info.device in readers and info.trust is not Trust.VERIFIED:
                    return Trust.BLIND
        return Trust.VERIFIED

    def _announce(self, entry: Outgoing, what: str, line: str) -> None:
        '''Say why a conversation waits: each reason once, however many messages
        wait and however the number of keys goes down.'''
        said = self._announced.setdefault(entry.conversation, set())
        if what not in said:
            said.add(what)
            self._tell(entry.conversation, line)

    def _leave(self, entry: Outgoing) -> None:
        '''An entry is not waiting any more.'''
        self._outbox.remove(entry)
        if not self._outbox.has(entry.conversation):
            self._announced.pop(entry.conversation, None)

    def _report_no_recipient(self, entry: Outgoing, error: NoRecipient) -> None:
        try:
            left_out = self._get_engine().plan(entry.jids).left_out
        except Exception as failure:
            report('looking for a reason', failure)
            left_out = ()
        self._give_back(entry, messages.no_recipient(error.jids, left_out))

    def _give_back(
        self, entry: Outgoing, reason: str, *, quietly: bool = False
    ) -> None:
        '''A message is not sent: tell why, and give the text back.'''
        self._leave(entry)
        text = compat.text_of(entry.message)
        self._return_text(entry.message.contact, text, reason, quietly=quietly)

    def _refuse(self, contact: Any, message: Any, reason: str) -> None:
        text = compat.text_of(message)
        if text is None:
            self._withhold(message)
            return

        # Not at once: Gajim empties the input after this returns
        def later() -> bool:
            self._return_text(contact, text, reason)
            return GLib.SOURCE_REMOVE

        GLib.idle_add(later)

    def _return_text(
        self, contact: Any, text: str | None, reason: str, *, quietly: bool = False
    ) -> None:
        try:
            if text is not None and compat.give_back(contact, text):
                text = None
            if not quietly:
                self._tell(str(contact.jid), messages.not_sent(reason, text))
        except Exception as error:
            report('giving a text back', error)

    def _withhold(self, message: Any) -> None:
        if not compat.is_chat_state(message):
            line = messages.not_sent(messages.only_in_clear(), None)
            self._tell(str(message.contact.jid), line)

    def check_send_preconditions(self, contact: Any) -> bool:
        '''For the user's comfort, before the input is emptied. What is in the
        way for a short time only is no reason: the message is kept.'''
        reason = self.problem
        if not reason and contact.is_groupchat:
            reason = messages.rooms_not_supported()
        if not reason:
            return True
        self._tell(str(contact.jid), messages.not_sent(reason, None))
        return False

    def encrypt_file(self, transfer: Any, callback: Callable[[Any], None]) -> None:
        '''An upload to an encrypted conversation. It is refused.'''
        del callback
        reason = messages.not_sent(messages.files_not_supported(), None)
        transfer.set_error('encryption-not-available', reason)

    # Lines in the chat

    def _tell(self, jid: str, line: str) -> None:
        try:
            if not compat.show_info(self.account, jid, line):
                self._lines.setdefault(jid, []).append(line)
        except Exception as error:
            report('showing a line', error)

    def chat_opened(self, jid: str) -> None:
        '''Show what was to be said while the chat was not on screen.'''
        for line in self._lines.pop(jid, []):
            self._tell(jid, line)

    # Devices and trust

    def devices(self, jid: str) -> tuple[DeviceInfo, ...]:
        return () if self.engine is None else self.engine.devices(jid)

    def own_devices(self) -> tuple[DeviceInfo, ...]:
        '''Our other devices.'''
        return tuple(
            info
            for info in self.devices(self.own_jid)
            if info.device.device_id != self.device_id
        )

    def is_verified(self, jid: str) -> bool:
        '''Whether all devices that get our messages to a contact have been
        verified.'''
        infos = [
            info
            for info in self.devices(jid)
            if info.active and info.trust.may_receive
        ]
        return bool(infos) and all(info.trust is Trust.VERIFIED for info in infos)

    def set_trust(self, device: Device, trust: Trust) -> None:
        self._change('setting trust', lambda engine: engine.set_trust(device, trust))
        self._work()

    def forget_device(self, device: Device) -> None:
        self._change(
            'forgetting a device', lambda engine: engine.forget_device(device)
        )

    def replace_session(self, device: Device) -> None:
        engine = self.engine
        if engine is not None:
            self._guard('replacing a session', lambda: engine.replace_session(device))

    def _change(self, doing: str, call: Callable[[OmemoEngine], None]) -> None:
        if self.engine is None:
            return
        try:
            self._write_archive_first()
            call(self.engine)
        except OmemoError as error:
            log.warning('%s while %s', type(error).__name__, doing)
        except Exception as error:
            report(doing, error)

    def clear_device_list(self) -> None:
        '''Take all devices but this one off our lists on the server.'''
        for protocol in Protocol:
            only = DeviceList(protocol, (ListedDevice(self.device_id),))
            self.carry_out([PublishDeviceList(only)])

    def trust_uri(self, jid: str) -> str:
        '''
        An address with the fingerprints of an account's verified devices, as
        Conversations writes it (XEP-0384 has no form of its own).
        '''
        parts = [
            f'omemo-sid-{info.device.device_id}={info.fingerprint}'
            for info in self.devices(jid)
            if info.trust is Trust.VERIFIED and info.active and info.fingerprint
        ]
        uri = f'xmpp:{jid}'
        return f'{uri}?message;{";".join(parts)}' if parts else uri


def _may_appear(plan: SendPlan) -> bool:
    '''Whether a recipient cannot be written to only for want of keys, which
    could be published at any moment.'''
    reasons = {
        entry.reason
        for entry in plan.left_out
        if entry.device.jid in plan.unreachable
    }
    return bool(plan.unreachable) and reasons <= {LeftOutReason.NO_BUNDLE}
