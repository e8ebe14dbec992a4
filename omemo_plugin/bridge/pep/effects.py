# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out the effects of the engine, and reporting to it how that went."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any
from xml.etree.ElementTree import Element

from ...engine.effects import AlarmRaised
from ...engine.effects import DeviceGone
from ...engine.effects import DeviceHeardAgain
from ...engine.effects import DevicesIgnored
from ...engine.effects import DeviceSilent
from ...engine.effects import Effect
from ...engine.effects import FetchBundle
from ...engine.effects import FetchDeviceList
from ...engine.effects import FetchTemporaryDevices
from ...engine.effects import KeysHidden
from ...engine.effects import KeysNotTaken
from ...engine.effects import NewDevices
from ...engine.effects import OweEmptyMessage
from ...engine.effects import PublishBundle
from ...engine.effects import PublishDeviceList
from ...engine.effects import PublishTemporaryDevice
from ...engine.effects import RetractBundle
from ...engine.effects import RetractTemporaryDevice
from ...engine.effects import SendTrustMessage
from ...engine.effects import SessionBroken
from ...engine.effects import TrustChanged
from ...engine.engine import OmemoEngine
from ...engine.errors import MalformedStanza
from ...engine.errors import NoRecipient
from ...engine.values import Protocol
from ...engine.values import TemporaryDevice
from ...stanza.envelope import build_heartbeat
from ...stanza.pep import build_bundle
from ...stanza.pep import build_device_list
from ...stanza.pep import bundle_item_id
from ...stanza.pep import bundle_node
from ...stanza.pep import device_list_item_id
from ...stanza.pep import device_list_node
from ...stanza.pep import parse_bundle
from ...stanza.pep import parse_device_list
from ..gajim import constants as gajim_constants
from ..gajim import contacts as gajim_contacts
from ..log import guard
from ..notices.engine_notices import EngineNotices
from ..signals import Signal
from ..state.encrypted_chats import EncryptedChats
from ..state.keystore import Keystore
from ..timers import RepeatingTimer
from ..xml import outgoing_stanza
from .client import Done
from .client import PepClient
from .client import Unavailable
from .temporary_devices import Records

if TYPE_CHECKING:
    from ..gajim.protocols import Client

log = logging.getLogger("gajim.p.omemo_plugin")


class EffectRunner:
    """
    Carries out the effects of one account's engine.

    Attributes:
        answered: emitted when a server has answered: a message may wait for the keys.
    """

    def __init__(
        self,
        client: Client,
        own_jid: str,
        keystore: Keystore,
        encrypted_chats: EncryptedChats,
        notices: EngineNotices,
        is_member: Callable[[str], bool],
    ) -> None:
        """
        Args:
            is_member: whether an account is a member of one of our rooms.
        """
        self.answered: Signal[[]] = Signal("going on with new keys")
        self._is_member = is_member
        self._client = client
        self._own_jid = own_jid
        self._keystore = keystore
        self._encrypted_chats = encrypted_chats
        self._notices = notices
        self._pep = PepClient(client)
        self._pep.stays_closed.connect(
            lambda: self.call("finding it so", lambda e: e.publication.stays_closed())
        )
        self._records = Records(client, self._pep)
        self._waiting: deque[Effect] = deque()
        self._timer = RepeatingTimer(self._carry_out_next)
        # Any: each function takes the effects of its own type
        self._table: dict[type[Effect], Callable[[Any], None]] = {
            DeviceGone: notices.gone,
            DeviceHeardAgain: notices.device_heard_again,
            DevicesIgnored: notices.devices_ignored,
            DeviceSilent: notices.device_silent,
            FetchBundle: self._fetch_bundle,
            FetchDeviceList: self._fetch_device_list,
            FetchTemporaryDevices: self._fetch_records,
            KeysHidden: notices.keys_hidden,
            KeysNotTaken: notices.keys_not_taken,
            NewDevices: notices.new_devices,
            OweEmptyMessage: self._send_empty,
            PublishBundle: self._publish_bundle,
            PublishDeviceList: self._publish_device_list,
            PublishTemporaryDevice: self._publish_record,
            RetractBundle: self._retract_bundle,
            RetractTemporaryDevice: self._retract_record,
            SendTrustMessage: self._send_trust_message,
            SessionBroken: notices.session_broken,
            AlarmRaised: notices.alarm,
            TrustChanged: notices.trust_changed,
        }

    def connected(self) -> None:
        """A new stream has begun."""
        self._pep.connected()
        self.call("connecting", lambda engine: engine.connected())

    def carry_out_later(self, effects: Sequence[Effect]) -> None:
        """
        Carry out what a received message led to, or what is to be fetched.

        Not at once: some of it commits, and the row of the message has to be
        in Gajim's archive before; and there may be a thousand keys to fetch.
        """
        self._waiting.extend(effects)
        if self._waiting:
            self._timer.start_idle()

    def _carry_out_next(self) -> None:
        # One at a time: after a long catch-up there may be a hundred, and the
        # window has to be drawn in between
        self.carry_out((self._waiting.popleft(),))
        if not self._waiting:
            self._timer.stop()

    def call(
        self, doing: str, call: Callable[[OmemoEngine], Sequence[Effect] | None]
    ) -> None:
        """Call the engine and carry out what it wants."""
        self.carry_out(self._keystore.call(doing, call))

    def carry_out(self, effects: Sequence[Effect]) -> None:
        """Nothing is raised; an effect that fails does not hold up the next."""
        for effect in effects:
            if self._keystore.engine is None:
                return
            with guard(f"carrying out {type(effect).__name__}"):
                self._table[type(effect)](effect)

    # What others publish

    def _fetch_device_list(self, effect: FetchDeviceList) -> None:
        if effect.unasked and not (
            self._may_notice(effect.jid) or self._is_member(effect.jid)
        ):
            return

        def answer(payload: Element | None, failure: Unavailable | None) -> None:
            self._device_list_answered(effect, payload, failure)

        self._pep.fetch(effect.jid, device_list_node(effect.protocol), None, answer)

    def _device_list_answered(
        self,
        effect: FetchDeviceList,
        payload: Element | None,
        failure: Unavailable | None,
    ) -> None:
        jid, protocol = effect.jid, effect.protocol
        if payload is not None and self.device_list_came(jid, protocol, payload):
            return
        if failure is not None and failure.too_large:
            self._notices.device_list_too_long(jid)
        permanent = failure is None or failure.permanent
        self.call(
            "missing a device list",
            lambda engine: engine.keys.device_list_unavailable(
                jid, protocol, permanent
            ),
        )
        self.answered.emit()

    def device_list_came(self, jid: str, protocol: Protocol, payload: Element) -> bool:
        """
        A device list came, as an answer or by an event.

        Returns:
            Whether it could be understood.
        """
        try:
            device_list = parse_device_list(payload, protocol)
        except MalformedStanza as error:
            log.info("Device list of %s refused: %s", jid, error)
            return False
        self.call(
            "reading a device list",
            lambda engine: engine.keys.device_list_received(jid, device_list),
        )
        self._keep_open(jid, device_list_node(protocol), device_list.ids)
        self.answered.emit()
        return True

    def _fetch_bundle(self, effect: FetchBundle) -> None:
        device, protocol = effect.device, effect.protocol

        def answer(payload: Element | None, failure: Unavailable | None) -> None:
            self._bundle_answered(effect, payload, failure)

        # In OMEMO 2 all bundles of an account are items of one node
        item_id = (
            bundle_item_id(protocol, device.device_id)
            if protocol is Protocol.OMEMO_2
            else None
        )
        node = bundle_node(protocol, device.device_id)
        self._pep.fetch(device.jid, node, item_id, answer)

    def _bundle_answered(
        self, effect: FetchBundle, payload: Element | None, failure: Unavailable | None
    ) -> None:
        device, protocol = effect.device, effect.protocol
        bundle = None
        malformed = False
        if payload is not None:
            try:
                bundle = parse_bundle(payload, protocol)
            except MalformedStanza as error:
                log.info("Bundle of %s refused: %s", device, error)
                # What is wrong with our own is put right by publishing it
                malformed = device.jid != self._own_jid
        if malformed:
            self.call(
                "refusing a bundle",
                lambda engine: engine.keys.bundle_malformed(device, protocol),
            )
        elif bundle is not None:
            found = bundle
            self.call(
                "reading a bundle",
                lambda engine: engine.keys.bundle_received(device, found),
            )
            node = bundle_node(protocol, device.device_id)
            self._keep_open(device.jid, node, (device.device_id,))
        else:
            permanent = failure is None or failure.permanent
            self.call(
                "missing a bundle",
                lambda engine: engine.keys.bundle_unavailable(
                    device, protocol, permanent
                ),
            )
        self.answered.emit()

    # What we publish

    def _keep_open(self, jid: str, node: str, devices: Collection[int]) -> None:
        """A node has been read. If this device is in it, it stays open for all."""
        engine = self._keystore.engine
        if engine is not None and jid == self._own_jid and engine.device_id in devices:
            self._pep.keep_open(node)

    def _publish_device_list(self, effect: PublishDeviceList) -> None:
        def done(failure: Unavailable | None) -> None:
            if failure is not None:
                self._not_published(effect, failure)
                return
            self.call(
                "having published a list",
                lambda engine: engine.keys.device_list_published(effect.device_list),
            )

        self._put_device_list(effect, done)

    def _put_device_list(self, effect: PublishDeviceList, done: Done) -> None:
        protocol = effect.device_list.protocol
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
                return
            self.call(
                "having published",
                lambda engine: engine.publication.bundle_published(effect.bundle),
            )

        def durable(error: Exception | None) -> None:
            # A prekey that the server hands out has to survive a power cut
            if error is not None:
                self._not_published(effect, Unavailable("disk", permanent=False))
                return
            self._pep.publish(
                bundle_node(protocol, effect.device_id),
                bundle_item_id(protocol, effect.device_id),
                build_bundle(effect.bundle),
                many=protocol is Protocol.OMEMO_2,
                done=done,
            )

        self._keystore.when_durable(durable)

    def _not_published(
        self, effect: PublishBundle | PublishDeviceList, failure: Unavailable
    ) -> None:
        log.warning("%s failed: %s", type(effect).__name__, failure)
        if gajim_constants.is_available(self._client):
            # Otherwise the next connection tries again
            self.call(
                "failing to publish",
                lambda e: e.publication.publish_failed(effect, refused=failure.refused),
            )

    # Temporary devices

    def _fetch_records(self, _effect: FetchTemporaryDevices) -> None:
        self._records.fetch(self._records_came)

    def _publish_record(self, effect: PublishTemporaryDevice) -> None:
        self._records.publish(effect.record, self._record_published)

    def _retract_record(self, effect: RetractTemporaryDevice) -> None:
        self._records.retract(effect.device_id, _noted("a record"))

    def _retract_bundle(self, effect: RetractBundle) -> None:
        self._records.retract_bundle(
            effect.device_id, effect.protocol, _noted("a bundle")
        )

    def _records_came(self, records: Sequence[TemporaryDevice] | None) -> None:
        if records is None:
            self.call(
                "missing the temporary devices",
                lambda engine: engine.temporary.records_unavailable(),
            )
            return
        found = records
        self.call(
            "reading the temporary devices",
            lambda engine: engine.temporary.records_received(found),
        )

    def _record_published(self, failure: Unavailable | None) -> None:
        if failure is not None:
            log.warning("A temporary device has no record: %s", failure)
            self.call(
                "having no record",
                lambda engine: engine.temporary.records_unavailable(),
            )
            return
        self.call("having a record", lambda engine: engine.temporary.record_published())

    def tidy_temporary(self) -> None:
        """Remove what earlier temporary devices left behind."""

        def found(alive: frozenset[int]) -> None:
            self.call("tidying up", lambda engine: engine.temporary.tidy(alive))

        # If it fails, nothing is removed: a device might be online
        with guard("looking which devices are online"):
            self._records.find_alive(found)

    def withdraw(self, device_id: int, done: Callable[[], None]) -> None:
        """
        Take this device off the server. Its record goes last, and stays if
        anything else did.

        Args:
            done: called at the end, however it went.
        """
        effects = self._keystore.call(
            "withdrawing", lambda engine: engine.temporary.withdraw()
        )
        left = len(effects)
        failed = False

        def one_done(failure: Unavailable | None) -> None:
            nonlocal left, failed
            left -= 1
            if failure is not None:
                failed = True
                log.warning("Something of this device stays behind: %s", failure)
            if left == 0 and failed:
                done()
            elif left == 0:
                self._records.retract(device_id, lambda _failure: done())

        if not effects:
            done()
        for effect in effects:
            if isinstance(effect, PublishDeviceList):
                self._put_device_list(effect, one_done)
            elif isinstance(effect, RetractBundle):
                self._records.retract_bundle(
                    effect.device_id, effect.protocol, one_done
                )

    def _may_notice(self, jid: str) -> bool:
        """SECURITY: an answer, or a question, shows that we are online. So nothing
        that a stranger sends leads to either."""
        return (
            jid == self._own_jid
            or self._encrypted_chats.is_chosen(jid)
            or gajim_contacts.sees_our_presence(self._client, jid)
        )

    # Empty messages

    def _send_empty(self, effect: OweEmptyMessage) -> None:
        jid = effect.device.jid
        if not self._may_notice(jid):
            return
        self._keystore.write_archive_first()
        engine = self._keystore.get()
        envelope = None
        if effect.heartbeat and effect.protocol is Protocol.OMEMO_2:
            envelope = build_heartbeat(
                from_jid=self._own_jid, to_jid=jid, stamp=datetime.now(UTC)
            )
        message = engine.outgoing.encrypt_empty(
            effect.device, effect.protocol, envelope
        )
        if message is None:
            return
        stanza = outgoing_stanza.empty_message(jid, message)

        def durable(error: Exception | None) -> None:
            if error is None and gajim_constants.is_available(self._client):
                self._client.send_stanza(stanza)

        self._keystore.when_durable(durable)

    # Trust messages

    def _send_trust_message(self, effect: SendTrustMessage) -> None:
        if not gajim_constants.is_available(self._client):
            # The next connection asks for it again
            return
        envelope = outgoing_stanza.trust_envelope(
            effect.decisions,
            from_jid=self._own_jid,
            to_jid=effect.jid,
            stamp=effect.stamp,
        )
        self._keystore.write_archive_first()
        try:
            sent = self._keystore.get().trust_messages.encrypt(effect.devices, envelope)
        except NoRecipient:
            log.info("No device is left that a trust message is for")
            return
        stanza = outgoing_stanza.trust_message(effect.jid, sent)

        def durable(error: Exception | None) -> None:
            if error is None and gajim_constants.is_available(self._client):
                self._client.send_stanza(stanza)
                self.call(
                    "having sent a trust message",
                    lambda engine: engine.trust_messages.sent(
                        effect.number, sent.recipients
                    ),
                )

        self._keystore.when_durable(durable)


def _noted(what: str) -> Done:
    def done(failure: Unavailable | None) -> None:
        if failure is not None:
            log.warning("%s stays on the server: %s", what, failure)

    return done
