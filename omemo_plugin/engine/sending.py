# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

'''Deciding who gets a message, and encrypting it for them.'''

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from enum import Enum

from omemo.message import PlainKeyMaterial

from . import fast
from .core import Core
from .devices import DeviceRecord
from .directory import Directory
from .effects import Effect
from .errors import NoRecipient
from .errors import StoreDamaged
from .errors import TooManyRecipients
from .receiving import Receiver
from .values import Device
from .values import EncryptedKey
from .values import EncryptedMessage
from .values import Protocol
from .values import Trust
from .wire import WIRES

RECIPIENTS_MAX = 1000


class LeftOutReason(Enum):
    '''Why a device does not get a message.'''

    UNDECIDED = 'undecided'
    DISTRUSTED = 'distrusted'
    KEY_CHANGED = 'key changed'
    NO_BUNDLE = 'no bundle'
    BUNDLE_REFUSED = 'bundle refused'
    LIST_WITHDRAWN = 'list withdrawn'
    PROTOCOL = 'protocol'


@dataclass(frozen=True)
class LeftOut:
    device: Device
    reason: LeftOutReason


@dataclass(frozen=True)
class SendPlan:
    '''
    Who would get a message that is sent now.

    Attributes:
        ready: nothing is left to be fetched first.
        waiting: devices whose keys are being fetched.
        effects: what has to be fetched and is not under way yet.
        unreachable: the recipients no device of which may receive it.
    '''

    ready: bool
    readers: tuple[Device, ...]
    left_out: tuple[LeftOut, ...]
    unreachable: tuple[str, ...]
    waiting: tuple[Device, ...]
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class SentMessage:
    '''
    An encrypted message, committed but perhaps not on the disk yet.

    Attributes:
        messages: one element for each protocol that is needed.
        readers: the devices that can decrypt it.
    '''

    messages: tuple[EncryptedMessage, ...] = field(repr=False)
    readers: tuple[Device, ...]
    left_out: tuple[LeftOut, ...]


class Sender:
    '''Plans and encrypts.'''

    def __init__(self, core: Core, directory: Directory, receiver: Receiver) -> None:
        self._core = core
        self._directory = directory
        self._receiver = receiver

    def plan(self, jids: Collection[str]) -> SendPlan:
        '''See `OmemoEngine.plan`.'''
        readers: list[Device] = []
        left_out: list[LeftOut] = []
        unreachable: list[str] = []
        waiting: list[Device] = []
        effects: list[Effect] = []
        ready = True
        own_jid = self._core.own_jid
        recipients = list(dict.fromkeys(jids))
        extra = [] if own_jid in recipients else [own_jid]
        for jid in recipients + extra:
            lists_ready, wanted = self._directory.want_lists(jid)
            effects += wanted
            found = 0
            for record in self._candidates(jid):
                reason, missing = self._judge(record)
                if reason is not None:
                    left_out.append(LeftOut(record.device, reason))
                    continue
                fetch, pending = self._directory.want_bundles(record.device, missing)
                effects += fetch
                if pending:
                    waiting.append(record.device)
                elif len(missing) < len(self._protocols(record)):
                    readers.append(record.device)
                    found += 1
                else:
                    left_out.append(self._without_bundle(record, missing))
            ready = ready and lists_ready
            if not found and jid in recipients:
                unreachable.append(jid)
        ready = ready and not waiting
        if ready and unreachable:
            retries = self._directory.retry_for(unreachable)
            if retries:
                effects += retries
                ready = False
        return SendPlan(
            ready,
            tuple(readers),
            tuple(left_out),
            tuple(unreachable) if ready else (),
            tuple(waiting),
            tuple(effects),
        )

    def _candidates(self, jid: str) -> list[DeviceRecord]:
        return [
            record
            for record in self._core.devices.of(jid).values()
            if record.active and record.device != self._core.own_device
        ]

    @staticmethod
    def _protocols(record: DeviceRecord) -> list[Protocol]:
        '''
        The protocols a message for this device is encrypted in. Some clients
        advertise OMEMO 2 and cannot read it, so it gets both until it has been
        heard in OMEMO 2.
        '''
        if record.listed.get(Protocol.OMEMO_2) and record.speaks_omemo_2:
            return [Protocol.OMEMO_2]
        return [protocol for protocol, listed in record.listed.items() if listed]

    def _judge(
        self, record: DeviceRecord
    ) -> tuple[LeftOutReason | None, list[Protocol]]:
        '''Why the device gets nothing, or for which protocols a bundle is
        needed.'''
        if record.refused_key:
            return LeftOutReason.KEY_CHANGED, []
        if self._directory.is_withdrawn(record.device.jid):
            return LeftOutReason.LIST_WITHDRAWN, []
        if record.identity_key is not None:
            trust = self._core.devices.trust(record)
            if trust is Trust.DISTRUSTED:
                return LeftOutReason.DISTRUSTED, []
            if not trust.may_receive:
                return LeftOutReason.UNDECIDED, []
        missing = [
            protocol
            for protocol in self._protocols(record)
            if not self.can_encrypt(record.device, protocol)
        ]
        return None, missing

    def _without_bundle(
        self, record: DeviceRecord, missing: list[Protocol]
    ) -> LeftOut:
        refused = any(
            self._directory.was_refused(record.device, protocol)
            for protocol in missing
        )
        reason = LeftOutReason.BUNDLE_REFUSED if refused else LeftOutReason.NO_BUNDLE
        return LeftOut(record.device, reason)

    def encrypt(
        self, jids: Collection[str], plaintexts: Mapping[Protocol, bytes]
    ) -> SentMessage:
        '''See `OmemoEngine.encrypt`.'''
        plan = self.plan(jids)
        targets: dict[Protocol, list[Device]] = {p: [] for p in plaintexts}
        for device in plan.readers:
            record = self._core.devices.get(device)
            assert record is not None
            for protocol in self._protocols(record):
                if protocol in plaintexts and self.can_encrypt(device, protocol):
                    targets[protocol].append(device)
        planned = {device for devices in targets.values() for device in devices}
        if not any(device.jid in jids for device in planned):
            raise NoRecipient(tuple(dict.fromkeys(jids)))
        if len(planned) > RECIPIENTS_MAX:
            raise TooManyRecipients
        messages: list[EncryptedMessage] = []
        reached: set[Device] = set()
        for protocol, devices in targets.items():
            message, readers = self._encrypt_in(
                protocol, devices, plaintexts[protocol]
            )
            reached.update(readers)
            if readers:
                messages.append(message)
        self._core.commit()
        if not any(device.jid in jids for device in reached):
            raise NoRecipient(tuple(dict.fromkeys(jids)))
        left_out = plan.left_out + tuple(
            LeftOut(
                device,
                LeftOutReason.BUNDLE_REFUSED
                if device in planned
                else LeftOutReason.PROTOCOL,
            )
            for device in plan.readers
            if device not in reached
        )
        return SentMessage(tuple(messages), tuple(sorted(reached)), left_out)

    def can_encrypt(self, device: Device, protocol: Protocol) -> bool:
        '''Whether there is a session, or what one can be built from.'''
        record = self._core.devices.get(device)
        if record is None or record.identity_key is None:
            # SECURITY: nothing could be said of its trust
            return False
        return (
            self._core.sessions[protocol].of(device).current is not None
            or self._directory.bundle(device, protocol) is not None
        )

    def _encrypt_in(
        self, protocol: Protocol, devices: list[Device], plaintext: bytes | None
    ) -> tuple[EncryptedMessage, list[Device]]:
        '''The element of one protocol, and who can read it.'''
        backend = self._core.sessions[protocol].backend
        content, key = fast.run(
            backend.encrypt_empty()
            if plaintext is None
            else backend.encrypt_plaintext(plaintext)
        )
        keys: list[EncryptedKey] = []
        readers: list[Device] = []
        for device in devices:
            data = self._encrypt_key(device, protocol, key)
            if data is not None:
                jid = device.jid if protocol is Protocol.OMEMO_2 else None
                keys.append(EncryptedKey(device.device_id, data, jid))
                readers.append(device)
        iv, payload = WIRES[protocol].seal(content)
        message = EncryptedMessage(
            protocol,
            self._core.device_id,
            tuple(keys),
            iv,
            None if plaintext is None else payload,
        )
        return message, readers

    def _encrypt_key(
        self, device: Device, protocol: Protocol, key: PlainKeyMaterial
    ) -> bytes | None:
        '''None if a session cannot be built: the others still get the message.'''
        sessions = self._core.sessions[protocol]
        ours = sessions.of(device)
        if ours.current is None:
            bundle = self._directory.bundle(device, protocol)
            assert bundle is not None
            build = sessions.backend.build_session_active(
                device.jid, device.device_id, bundle, key
            )
            try:
                ours.current, encrypted = fast.run(build)
            except Exception:
                self._directory.refuse_bundle(device, protocol)
                return None
            self._directory.bundle_used(device, protocol)
            sessions.rearranged(device)
        else:
            step = sessions.backend.encrypt_key_material(ours.current, key)
            try:
                encrypted = fast.run(step)
            except Exception as error:
                raise StoreDamaged('a session makes no sense') from error
            sessions.stepped(device)
        self._receiver.answered(device, protocol)
        return WIRES[protocol].serialize_key(ours.current, encrypted)

    def encrypt_trust_message(
        self, devices: Collection[Device], envelope: bytes
    ) -> SentMessage:
        '''See `OmemoEngine.encrypt_trust_message`.'''
        core = self._core
        able = [
            record.device
            for record in map(core.devices.get, devices)
            if record is not None
            and not record.refused_key
            and core.devices.trust(record) is Trust.VERIFIED
            and self.can_encrypt(record.device, Protocol.OMEMO_2)
        ]
        jids = tuple(dict.fromkeys(device.jid for device in devices))
        if not able:
            raise NoRecipient(jids)
        message, readers = self._encrypt_in(Protocol.OMEMO_2, able, envelope)
        core.commit()
        if not readers:
            raise NoRecipient(jids)
        return SentMessage((message,), tuple(readers), ())

    def encrypt_empty(
        self, device: Device, protocol: Protocol
    ) -> EncryptedMessage | None:
        '''See `OmemoEngine.encrypt_empty`.'''
        if not self.can_encrypt(device, protocol):
            return None
        record = self._core.devices.get(device)
        if record is None or record.refused_key:
            return None
        message, readers = self._encrypt_in(protocol, [device], None)
        self._core.commit()
        return message if readers else None
