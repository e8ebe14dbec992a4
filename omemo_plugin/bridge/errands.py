# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What the engine wants done on the network or told to the user, and reporting to
it how that went.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element

from gi.repository import GLib

from ..engine.effects import DevicesIgnored
from ..engine.effects import Effect
from ..engine.effects import FetchBundle
from ..engine.effects import FetchDeviceList
from ..engine.effects import FetchTemporaryDevices
from ..engine.effects import IdentityKeyAlarm
from ..engine.effects import NewDevices
from ..engine.effects import OweEmptyMessage
from ..engine.effects import PublishBundle
from ..engine.effects import PublishDeviceList
from ..engine.effects import PublishTemporaryDevice
from ..engine.effects import RetractBundle
from ..engine.effects import RetractTemporaryDevice
from ..engine.effects import SendTrustMessage
from ..engine.effects import SessionBroken
from ..engine.effects import StoreRolledBack
from ..engine.effects import TrustChanged
from ..engine.engine import OmemoEngine
from ..engine.errors import MalformedStanza
from ..engine.errors import NoRecipient
from ..engine.values import Device
from ..engine.values import Protocol
from ..engine.values import TemporaryDevice
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
from .keystore import Keystore
from .latch import Latch
from .lines import Lines
from .pep import Done
from .pep import Pep
from .pep import Unavailable
from .presenters import Offer
from .presenters import OfferKind
from .temporary import Records

log = logging.getLogger("gajim.p.omemo_plugin")

# Devices that were met within this time were met together
_FIRST_CONTACT_SECONDS = 60


class Errands:
    """Carries out the effects of one account's engine."""

    def __init__(
        self,
        client: Any,
        own_jid: str,
        keystore: Keystore,
        latch: Latch,
        lines: Lines,
    ) -> None:
        self._client = client
        self._own_jid = own_jid
        self._keystore = keystore
        self._latch = latch
        self._lines = lines
        self._pep = Pep(client)
        self._records = Records(client, self._pep)
        self._later: deque[Effect] = deque()
        # Own devices the user was told of in this run
        self._own_told: set[Device] = set()
        # Whose device list is too long to be read
        self._endless: set[str] = set()
        # Called whenever an answer came: somebody may be waiting for it
        self.answered: Callable[[], None] = lambda: None

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
        if effects and not self._later:
            GLib.idle_add(self._carry_out_next)
        self._later.extend(effects)

    def _carry_out_next(self) -> bool:
        # One at a time: after a long catch-up there may be a hundred, and the
        # window has to be drawn in between
        self.carry_out((self._later[0],))
        # Not before: what is added meanwhile must not start this once more
        self._later.popleft()
        return bool(self._later)

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
            try:
                self._carry_out(effect)
            except Exception as error:
                report(f"carrying out {type(effect).__name__}", error)

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
            self._tell_of_broken_session(effect)
        elif isinstance(effect, DevicesIgnored):
            self._lines.tell(effect.jid, messages.devices_ignored(effect))
        elif isinstance(effect, TrustChanged):
            self._tell(effect.jid, messages.trust_changed(effect, self._own_jid))
        elif isinstance(effect, StoreRolledBack):
            self._lines.tell("", messages.store_rolled_back())
        elif isinstance(effect, SendTrustMessage):
            self._send_trust_message(effect)
        elif isinstance(effect, FetchTemporaryDevices):
            self._records.fetch(self._records_came)
        elif isinstance(effect, PublishTemporaryDevice):
            self._records.publish(effect.record, self._record_published)
        elif isinstance(effect, RetractTemporaryDevice):
            self._records.retract(effect.device_id, _noted("a record"))
        elif isinstance(effect, RetractBundle):
            self._records.retract_bundle(
                effect.device_id, effect.protocol, _noted("a bundle")
            )

    # What others publish

    def _fetch_device_list(self, effect: FetchDeviceList) -> None:
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
            self.device_list_too_long(jid)
        permanent = failure is None or failure.permanent
        self.call(
            "missing a device list",
            lambda engine: engine.device_list_unavailable(jid, protocol, permanent),
        )
        self.answered()

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
            lambda engine: engine.device_list_received(jid, device_list),
        )
        self.answered()
        return True

    def device_list_too_long(self, jid: str) -> None:
        """A device list was so long that it was not read. What was known before
        stays; the user is told once."""
        if jid not in self._endless:
            self._endless.add(jid)
            self._tell(jid, messages.device_list_too_long(jid))

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
                lambda engine: engine.bundle_malformed(device, protocol),
            )
        elif bundle is not None:
            found = bundle
            self.call(
                "reading a bundle", lambda engine: engine.bundle_received(device, found)
            )
        else:
            permanent = failure is None or failure.permanent
            self.call(
                "missing a bundle",
                lambda engine: engine.bundle_unavailable(device, protocol, permanent),
            )
        self.answered()

    # What we publish

    def _publish_device_list(self, effect: PublishDeviceList) -> None:
        def done(failure: Unavailable | None) -> None:
            if failure is not None:
                self._not_published(effect, failure)
                return
            self.call(
                "having published a list",
                lambda engine: engine.device_list_published(effect.device_list),
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
                lambda engine: engine.bundle_published(effect.bundle),
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
        if compat.is_available(self._client):
            # Otherwise the next connection tries again
            self.call(
                "failing to publish", lambda engine: engine.publish_failed(effect)
            )

    # Temporary devices

    def _records_came(self, records: Sequence[TemporaryDevice] | None) -> None:
        if records is None:
            self.call(
                "missing the temporary devices",
                lambda engine: engine.temporary_devices_unavailable(),
            )
            return
        found = records
        self.call(
            "reading the temporary devices",
            lambda engine: engine.temporary_devices_received(found),
        )

    def _record_published(self, failure: Unavailable | None) -> None:
        if failure is not None:
            log.warning("A temporary device has no record: %s", failure)
            self.call(
                "having no record",
                lambda engine: engine.temporary_devices_unavailable(),
            )
            return
        self.call("having a record", lambda engine: engine.temporary_device_published())

    def tidy_temporary(self) -> None:
        """Remove what earlier temporary devices left behind."""

        def found(alive: frozenset[int]) -> None:
            self.call("tidying up", lambda engine: engine.tidy_temporary(alive))

        try:
            self._records.find_alive(found)
        except Exception as error:
            # Who cannot be seen might be there
            report("looking who is online", error)

    def withdraw(self, device_id: int, done: Callable[[], None]) -> None:
        """
        Take this device off the server. Its record goes last, and stays if
        anything else did.

        Args:
            done: called at the end, however it went.
        """
        effects = self._keystore.call("withdrawing", lambda engine: engine.withdraw())
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

    # Empty messages

    def _send_empty(self, effect: OweEmptyMessage) -> None:
        jid = effect.device.jid
        # SECURITY: an answer shows that we are online, so strangers get none
        if not (
            jid == self._own_jid
            or jid in self._latch
            or compat.sees_our_presence(self._client, jid)
        ):
            return
        self._keystore.write_archive_first()
        engine = self._keystore.get()
        message = engine.encrypt_empty(effect.device, effect.protocol)
        if message is None:
            return
        stanza = send.empty_message(jid, message)

        def durable(error: Exception | None) -> None:
            if error is None and compat.is_available(self._client):
                self._client.send_stanza(stanza)

        self._keystore.when_durable(durable)

    # Trust messages

    def _send_trust_message(self, effect: SendTrustMessage) -> None:
        if not compat.is_available(self._client):
            # The next connection asks for it again
            return
        envelope = send.trust_envelope(
            effect.decisions,
            from_jid=self._own_jid,
            to_jid=effect.jid,
            stamp=effect.stamp,
        )
        self._keystore.write_archive_first()
        try:
            sent = self._keystore.get().encrypt_trust_message(effect.devices, envelope)
        except NoRecipient:
            log.info("Nobody to be told of a decision any more")
            return
        stanza = send.trust_message(effect.jid, sent)

        def durable(error: Exception | None) -> None:
            if error is None and compat.is_available(self._client):
                self._client.send_stanza(stanza)
                self.call(
                    "having told of a decision",
                    lambda engine: engine.trust_message_sent(
                        effect.number, sent.readers
                    ),
                )

        self._keystore.when_durable(durable)

    # The user

    def _tell_of_devices(self, effect: NewDevices) -> None:
        if effect.trust is Trust.BLIND and effect.jid != self._own_jid:
            infos = self._keystore.get().devices(effect.jid)
            met = min(
                (one.first_seen for one in infos if one.device in effect.devices),
                default=0,
            )
            if not any(
                one.identity_key is not None
                and one.first_seen < met - _FIRST_CONTACT_SECONDS
                for one in infos
            ):
                # The first contact with somebody is no news
                return
        if effect.jid == self._own_jid:
            # They are met twice: when they are listed, and when their key comes
            new = tuple(one for one in effect.devices if one not in self._own_told)
            self._own_told.update(new)
            if not new:
                return
            effect = NewDevices(effect.jid, new, effect.trust)
        line = messages.new_devices(effect, self._own_jid)
        quiet = effect.trust in (Trust.BLIND, Trust.VERIFIED)
        if effect.jid != self._own_jid and quiet:
            self._lines.tell(effect.jid, line)
        else:
            self._tell(effect.jid, line, OfferKind.VERIFY)

    def _tell_of_broken_session(self, effect: SessionBroken) -> None:
        """
        Offer a new session. SECURITY: it is the user who begins one, or anybody
        could make us answer by sending nonsense; and nobody's whom the user does
        not know.
        """
        device = effect.device
        known = device.jid in self._latch or compat.is_in_roster(
            self._client, device.jid
        )
        line = messages.session_broken(effect, can_replace=known)
        if device.jid != self._own_jid and known:
            offer = Offer(OfferKind.REPLACE_SESSION, device.jid, device=device)
            self._lines.tell(device.jid, line, offer)
        else:
            self._tell(device.jid, line)

    def _tell(self, jid: str, line: str, kind: OfferKind = OfferKind.DETAILS) -> None:
        """Say something about an account's devices, and what can be done."""
        if jid == self._own_jid:
            # Few people have a chat with themselves
            offer = Offer(OfferKind.OWN_DEVICES, jid)
            self._lines.tell("", line, offer)
        else:
            self._lines.tell(jid, line, Offer(kind, jid))


def _noted(what: str) -> Done:
    def done(failure: Unavailable | None) -> None:
        if failure is not None:
            log.warning("%s stays on the server: %s", what, failure)

    return done
