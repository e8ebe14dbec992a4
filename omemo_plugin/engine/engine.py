# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
OMEMO for one account (XEP-0384), without any I/O but its own store.

Every call is synchronous and returns what happened, with effects: plain values
that say what is to be done on the network or told to the user. Their outcome
is reported with another call. Nothing here waits, and nothing here is to be
called from more than one thread, except `flush`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from .core import Core
from .deciding import told
from .decisions import Decisions
from .decisions import KeyDecision
from .device_info import DeviceInfo
from .device_info import devices_of
from .directory import Directory
from .effects import DevicesIgnored
from .effects import Effect
from .effects import FetchDeviceList
from .effects import FetchTemporaryDevices
from .effects import OweEmptyMessage
from .encrypting import Encryption
from .errors import OmemoError
from .publication import Publication
from .receiving import ReceivedMessage
from .receiving import Receiver
from .rollback import Rollback
from .sending import LeftOut
from .sending import LeftOutReason
from .sending import Sender
from .sending import SendPlan
from .sending import SentMessage
from .temporary import Temporary
from .trust_messages import TrustMessages
from .user_decisions import UserDecisions
from .values import Bundle
from .values import Device
from .values import DeviceList
from .values import EncryptedMessage
from .values import Protocol
from .values import TemporaryDevice
from .values import Trust
from .wire import fingerprint

__all__ = [
    "LeftOut",
    "LeftOutReason",
    "OmemoEngine",
    "ReceivedMessage",
    "SendPlan",
    "SentMessage",
]


class OmemoEngine:
    """The engine of one account."""

    def __init__(self, core: Core) -> None:
        """Use `open`."""
        self._core = core
        self._rollback = Rollback(core)
        self._directory = Directory(core)
        self._publication = Publication(core)
        self._temporary = Temporary(core, self._publication)
        self._receiver = Receiver(core)
        self._sender = Sender(core, self._directory, self._receiver)
        self._trust_messages = TrustMessages(core, self._directory, self._sender)
        self._user_decisions = UserDecisions(core, self._trust_messages)
        self._too_many: set[str] = set()
        self._replacing: dict[tuple[Device, Protocol], None] = {}

    @classmethod
    def open(
        cls,
        path: Path,
        own_jid: str,
        clock: Callable[[], float] = time.time,
        witness: Path | None = None,
    ) -> OmemoEngine:
        """
        Open the account's key store, and make an identity where there is none.

        Args:
            clock: seconds since 1970. It may be wrong.
            witness: a file in another folder, by which a store that is put
                back from a backup is recognised.

        Raises:
            StoreLocked, StoreTooNew, StoreDamaged, StoreError.
        """
        core = Core(path, own_jid, clock, witness)
        try:
            return cls(core)
        except BaseException:
            core.store.rollback()
            core.store.close()
            raise

    def close(self) -> None:
        """Commit and close. The engine cannot be used any more."""
        try:
            self._core.commit()
        finally:
            self._core.store.close()

    @property
    def own_jid(self) -> str:
        return self._core.own_jid

    @property
    def device_id(self) -> int:
        return self._core.device_id

    @property
    def identity_key(self) -> bytes:
        """Our Ed25519 identity key, 32 bytes."""
        return self._core.identity_key

    @property
    def fingerprint(self) -> str:
        """Of our own device: 64 hex digits, as Conversations shows it."""
        return fingerprint(self._core.identity_key)

    @property
    def label(self) -> str | None:
        """The name of this device in the OMEMO 2 list; set before
        `connected`."""
        return self._publication.label

    @label.setter
    def label(self, label: str | None) -> None:
        self._publication.label = label

    # Connection

    def connected(self) -> list[Effect]:
        """A new stream has begun, not a resumed one. The catch-up begins, and
        what the server has of ours is looked at."""
        self._core.catching_up = True
        self._directory.connected()
        self._trust_messages.connected()
        effects = self._rollback.connected()
        effects += self._temporary.connected()
        effects += self._publication.connected()
        # SECURITY: nobody could tell later whose an id is without the record
        self._publication.held = self._temporary.active
        return effects

    def catch_up_ended(self) -> list[Effect]:
        """The archive has been read. Used prekeys are deleted, and what was
        held back is asked for."""
        self._core.catching_up = False
        self._rollback.catch_up_ended()
        effects = self._publication.catch_up_ended()
        effects += self._receiver.catch_up_ended()
        return effects + self._decisions_due()

    def tick(self) -> list[Effect]:
        """Call about once a minute while connected, and some seconds after
        messages came."""
        if self._core.catching_up:
            return []
        return self._publication.maintain() + self._decisions_due()

    def _decisions_due(self) -> list[Effect]:
        """What follows from decisions that cannot be undone any more."""
        core = self._core
        changes = core.deciding.finish(core.now())
        if changes:
            core.commit()
        return [*told(changes), *self._trust_messages.due()]

    # What others publish

    def device_list_received(self, jid: str, device_list: DeviceList) -> list[Effect]:
        """
        A device list came, by an event or as an answer. It must be the
        account's own: an event about another one's node is to be dropped
        before this.
        """
        core = self._core
        before = set(core.devices.of(jid))
        ignored = self._directory.list_received(jid, device_list)
        effects: list[Effect] = []
        if ignored and jid not in self._too_many:
            self._too_many.add(jid)
            effects.append(DevicesIgnored(jid, ignored))
        if jid != core.own_jid:
            return effects
        self._temporary.lists_known(device_list.protocol)
        new = tuple(
            Device(jid, device.device_id)
            for device in device_list.devices
            if device.device_id not in before and device.device_id != core.device_id
        )
        effects += self._publication.new_own_devices(new)
        return effects + self._publication.list_received(device_list)

    def device_list_unavailable(
        self, jid: str, protocol: Protocol, permanent: bool
    ) -> list[Effect]:
        """
        A list could not be had.

        Args:
            permanent: there is none, or we may not see it; otherwise the
                server or the way to it failed, and it is asked for again.
        """
        self._directory.list_unavailable(jid, protocol, permanent)
        if jid == self._core.own_jid and permanent:
            self._temporary.lists_known(protocol)
            return self._publication.list_missing(protocol)
        return []

    def bundle_received(self, device: Device, bundle: Bundle) -> list[Effect]:
        """
        Raises:
            BundleRefused: it cannot be used. The device gets nothing until it
                publishes another one; others are not affected.
        """
        if device == self._core.own_device:
            return self._own_bundle_received(bundle)
        protocol = bundle.protocol
        if self._temporary.waits_for(device):
            return self._temporary.bundle_came(device, bundle)
        try:
            effects = self._directory.bundle_received(device, bundle)
        finally:
            replacing = (device, protocol) in self._replacing
            self._replacing.pop((device, protocol), None)
        if replacing and self._directory.bundle(device, protocol) is not None:
            sessions = self._core.sessions[protocol]
            sessions.of(device).retire_current()
            sessions.rearranged(device)
            effects.append(OweEmptyMessage(device, protocol))
        if protocol is Protocol.OMEMO_2:
            effects += self._trust_messages.due()
        return effects

    def _own_bundle_received(self, bundle: Bundle) -> list[Effect]:
        effects = self._rollback.own_bundle_received(bundle)
        if effects:
            # The keys of both protocols are new
            for protocol in Protocol:
                self._publication.prekey_used(protocol)
        return effects + self._publication.own_bundle_received(bundle)

    def bundle_unavailable(
        self, device: Device, protocol: Protocol, permanent: bool
    ) -> list[Effect]:
        """A bundle could not be had; see `device_list_unavailable`."""
        if device == self._core.own_device:
            if permanent:
                return self._publication.own_bundle_missing(protocol)
            return []
        self._replacing.pop((device, protocol), None)
        if self._temporary.waits_for(device):
            return self._temporary.bundle_missing(device, protocol, permanent)
        self._directory.bundle_unavailable(device, protocol)
        return self._trust_messages.due() if protocol is Protocol.OMEMO_2 else []

    def bundle_malformed(self, device: Device, protocol: Protocol) -> None:
        """What is published as a bundle is none. The device gets nothing until
        it publishes another one."""
        self._replacing.pop((device, protocol), None)
        if self._temporary.waits_for(device):
            self._temporary.bundle_missing(device, protocol, permanent=False)
        self._directory.bundle_malformed(device, protocol)

    # What we publish

    def bundle_published(self, bundle: Bundle) -> list[Effect]:
        """The server took a bundle of ours."""
        return self._publication.bundle_published(bundle)

    def device_list_published(self, device_list: DeviceList) -> list[Effect]:
        """The server took a list of ours."""
        return self._temporary.list_published(device_list)

    # A temporary device

    @property
    def temporary(self) -> bool:
        """Whether this device is to take itself off the server when it goes;
        set before `connected`."""
        return self._temporary.active

    @temporary.setter
    def temporary(self, value: bool) -> None:
        self._temporary.active = value

    def temporary_devices_received(
        self, records: Sequence[TemporaryDevice]
    ) -> list[Effect]:
        """The records of our temporary devices, from the node that is ours
        alone."""
        return self._temporary.records_received(records)

    def temporary_device_published(self) -> list[Effect]:
        """This device has its record, and can be listed."""
        return self._publication.release()

    def temporary_devices_unavailable(self) -> list[Effect]:
        """There can be no records: the server has no private nodes, or does
        not answer. The device still withdraws itself, but nobody does it
        later."""
        return self._publication.release()

    def publish_again(self) -> list[Effect]:
        """Being temporary, or the label, was changed on a connection."""
        return [
            FetchTemporaryDevices(),
            *(FetchDeviceList(self.own_jid, protocol) for protocol in Protocol),
        ]

    def tidy_temporary(self, alive: Collection[int]) -> list[Effect]:
        """
        Remove what earlier temporary devices of ours left behind; after the
        catch-up.

        Args:
            alive: ids of devices that are online now; they are left alone.
        """
        return self._temporary.tidy(alive)

    def withdraw(self) -> list[Effect]:
        """
        Take this device off the server; nothing of it is published any more on
        this connection. When all of it has been done,
        `RetractTemporaryDevice` of our id is due.
        """
        self._publication.withdraw()
        return self._temporary.withdraw()

    def publish_failed(self, effect: Effect) -> list[Effect]:
        """
        The server refused a publication for good, after the bridge has tried
        to put the node's options right. At most three tries a connection.
        """
        return self._publication.publish_failed(effect)

    # Messages

    def plan(self, jids: Collection[str]) -> SendPlan:
        """
        Say who would get a message, and what is to be fetched before.

        Args:
            jids: the recipients' bare JIDs. Our own other devices are added.
        """
        return self._sender.plan(jids)

    def encrypt(
        self, jids: Collection[str], plaintexts: Mapping[Protocol, bytes]
    ) -> SentMessage:
        """
        Encrypt for all devices that may read it now. What was decrypted before
        is committed with it.

        Args:
            plaintexts: by protocol: the body in UTF-8 for the legacy one, an
                XEP-0420 envelope for OMEMO 2. Where one is left out, devices
                that know only that protocol are left out.

        Returns:
            The message, committed. Call `flush` before any of it leaves.

        Raises:
            NoRecipient: no device of any recipient may read it. Our own
                devices do not count.
            TooManyRecipients: it would be for more than 1000 devices.
            StoreError: it is not committed and must not be sent.
        """
        return self._sender.encrypt(jids, plaintexts)

    def begin_encrypt(
        self, jids: Collection[str], plaintexts: Mapping[Protocol, bytes]
    ) -> Encryption:
        """
        The same in steps, so that many devices do not take long at once: call
        `step` until all is done, and then `finish`. Other calls may come in
        between, and a message may be given up at any time.

        Raises:
            NoRecipient, TooManyRecipients: as with `encrypt`.
        """
        return self._sender.begin(jids, plaintexts)

    def encrypt_empty(
        self, device: Device, protocol: Protocol
    ) -> EncryptedMessage | None:
        """
        An empty message for one device (XEP-0384, "Sending a message"),
        committed; call `flush` before it leaves. None if there is nothing it
        could be encrypted with.

        Raises:
            StoreError: it is not committed and must not be sent.
        """
        return self._sender.encrypt_empty(device, protocol)

    def decrypt(
        self, sender_jid: str, messages: Sequence[EncryptedMessage]
    ) -> ReceivedMessage:
        """
        Decrypt one stanza's elements: the one with a key for this device
        decides, OMEMO 2 before the legacy protocol.

        The result is not committed: call `commit` when what is shown of it is
        safe as well.

        Args:
            sender_jid: the authenticated bare JID of the sender.

        Raises:
            ReceiveError: its kinds say why; no session has changed.
        """
        result = self._receiver.decrypt(sender_jid, messages)
        if self._receiver.prekeys_used:
            for protocol in self._receiver.prekeys_used:
                self._publication.prekey_used(protocol)
            self._receiver.prekeys_used.clear()
        return result

    # Durability

    @property
    def uncommitted(self) -> bool:
        """Whether there is something to commit."""
        return self._core.uncommitted

    def commit(self) -> None:
        """
        Write everything received since the last commit, in one transaction.

        Raises:
            StoreError: nothing was written; the engine is back at the last
                commit.
        """
        self._core.commit()

    def flush(self) -> None:
        """
        Wait until everything committed is on the disk. From any thread.

        Raises:
            StoreError: the disk refused; what was encrypted must not be sent.
        """
        self._core.flush()

    # Devices and trust

    @property
    def blind_trust(self) -> bool:
        """Whether devices of contacts nobody verified are trusted blindly."""
        return self._core.blind_trust

    @blind_trust.setter
    def blind_trust(self, value: bool) -> None:
        self._core.blind_trust = value
        self._core.commit()

    def blind_trust_of(self, jid: str) -> bool | None:
        """What was chosen for one account; None for what `blind_trust` says."""
        return self._core.blind_trust_of(jid)

    def set_blind_trust_of(self, jid: str, value: bool | None) -> None:
        """Choose for one account. Keys that are known keep their trust."""
        self._core.set_blind_trust_of(jid, value)
        self._core.commit()

    def devices(self, jid: str) -> tuple[DeviceInfo, ...]:
        """All known devices of an account, our own one included."""
        return devices_of(self._core, jid)

    def look_up(self, devices: Collection[Device]) -> list[DeviceInfo]:
        """What is known of some devices, sorted; without those that are not
        known."""
        wanted = frozenset(devices)
        return [
            info
            for jid in sorted({device.jid for device in wanted})
            for info in self.devices(jid)
            if info.device in wanted
        ]

    def set_trust(self, device: Device, trust: Trust) -> None:
        """
        The user decides on a device by hand.

        What follows from it (other devices are told, and what the device said
        of others counts) does so after `UNDO_SECONDS` (`user_decisions`), with
        `tick`. Until then nothing is left of the decision when the trust is set
        to what it was.

        Raises:
            OmemoError: its key is not known yet, or it is this device.
            StoreError: nothing was changed.
        """
        self._user_decisions.set_trust(device, trust)

    def decide(self, jid: str, decisions: Decisions) -> list[Effect]:
        """
        Carry out what a code says, in one transaction: what agrees with it is
        verified, what does not is distrusted, and what is not known yet is
        remembered. Whether the code can be believed is for the caller to know.

        Args:
            jid: whose code it is.

        Raises:
            StoreError: nothing was changed.
        """
        return self._user_decisions.decide(jid, decisions)

    # Trust messages

    def trust_message_received(
        self, sender: Device, decisions: Collection[KeyDecision], stamp: int
    ) -> list[Effect]:
        """
        A trust message (XEP-0434) for XEP-0450 was in a decrypted envelope. It
        counts at once if the device is verified, and otherwise from when it is
        verified. Not committed, like the message it came in.

        Args:
            sender: the device that encrypted the envelope, just now.
            stamp: the time of the envelope, in seconds since 1970.
        """
        return self._trust_messages.received(sender, decisions, stamp)

    def encrypt_trust_message(
        self, devices: Collection[Device], envelope: bytes
    ) -> SentMessage:
        """
        Encrypt what `SendTrustMessage` asks for, for those of the devices that
        are still verified. Committed; call `flush` before it leaves.

        Raises:
            NoRecipient: none of them can be encrypted for.
            StoreError: it is not committed and must not be sent.
        """
        return self._sender.encrypt_trust_message(devices, envelope)

    def trust_message_sent(self, number: int, devices: Collection[Device]) -> None:
        """It has been given to the network, for these devices."""
        self._trust_messages.sent(number, devices)
        self._core.commit()

    def own_lists_without(self, device: Device) -> list[Effect]:
        """
        The user does not want one of the own other devices any more.

        Returns:
            Our lists without it, to be published. The device is still known;
            `forget_device` is for that.

        Raises:
            OmemoError: it is this device, or somebody else's.
        """
        if device.jid != self.own_jid or device == self._core.own_device:
            raise OmemoError("not another own device")
        return self._publication.lists_without(device)

    def forget_device(self, device: Device) -> None:
        """Delete a device with its sessions. Its key is met as a new one if it
        comes back; what was decided about the key stays."""
        if device == self._core.own_device:
            raise OmemoError("the own device cannot be forgotten")
        for sessions in self._core.sessions.values():
            sessions.forget(device)
        self._directory.forget(device)
        self._core.devices.remove(device)
        self._core.commit()

    def replace_session(self, device: Device) -> list[Effect]:
        """The user wants a new session with a device, because its messages
        cannot be decrypted. The old one is kept until the new one works."""
        record = self._core.devices.get(device)
        if record is None:
            return []
        effects: list[Effect] = []
        for protocol, listed in record.listed.items():
            if listed:
                self._replacing[device, protocol] = None
                effects.append(self._directory.want_new_bundle(device, protocol))
        return effects
