# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Encrypting messages, for a few devices at a time.

A room may have a thousand devices. The first message to them builds a thousand
sessions, which takes a second, so the engine encrypts in steps and the caller can
draw the window in between. Anything may happen between two steps:

- The caller gives a message up. Its keys are lost and never made again for another
  message: the ratchets have moved on, and the next commit stores that.
- The store is rolled back. Ratchets may be at an earlier position than some of the
  keys, so the message is given up and none of its keys leaves.
- A device loses its right to read the message. It gets no key (`finish`).
- Another message is encrypted. Every step of a ratchet is complete, and the keys for
  a device may arrive in any order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from omemo.message import Content
from omemo.message import PlainKeyMaterial

from ..backend import speedups
from ..backend.codec import CODECS
from ..backend.codec import same_identity
from ..errors import NoRecipient
from ..errors import StoreDamaged
from ..errors import StoreError
from ..errors import TooManyRecipients
from ..keys.directory import Directory
from ..state.core import Core
from ..state.devices import DeviceRecord
from ..values import Device
from ..values import EncryptedKey
from ..values import EncryptedMessage
from ..values import Protocol
from ..values import Trust
from .planning import LeftOut
from .planning import LeftOutReason
from .planning import Planner
from .planning import SendPlan
from .receiving import MessageDecryptor

RECIPIENTS_MAX = 1000

# The number of keys after which the engine commits. A commit after each step would
# write ten megabytes for the first message to a thousand devices, instead of three
_COMMIT_AFTER = 32

# The limit of one step, in devices whose session is loaded: a few milliseconds. It is
# counted and not timed, so that it is the same on every machine
STEP = 32
# The cost of a session that has to be loaded, and of one that has to be built
_COST_OF_LOADING = 2
_COST_OF_BUILDING = 8


@dataclass(frozen=True)
class SentMessage:
    """
    An encrypted message, committed but perhaps not on the disk yet.

    Attributes:
        messages: one element for each protocol that is needed.
        recipients: the devices that can decrypt it.
        lost: recipients who could be encrypted for when it was begun, and no
            device of whom can decrypt it.
        identities: the identity keys it was encrypted for.
    """

    messages: tuple[EncryptedMessage, ...] = field(repr=False)
    recipients: tuple[Device, ...]
    left_out: tuple[LeftOut, ...]
    lost: tuple[str, ...] = ()
    identities: Mapping[Device, bytes] = field(default_factory=dict, repr=False)


class KeyEncryptor:
    """Encrypts the key of a message for a device."""

    def __init__(
        self, core: Core, directory: Directory, receiver: MessageDecryptor
    ) -> None:
        self._core = core
        self._directory = directory
        self._receiver = receiver

    def content(
        self, protocol: Protocol, plaintext: bytes | None
    ) -> tuple[Content, PlainKeyMaterial]:
        """The encrypted payload, and the key to it."""
        backend = self._core.sessions[protocol].backend
        content, key = speedups.run(
            backend.encrypt_empty()
            if plaintext is None
            else backend.encrypt_plaintext(plaintext)
        )
        return content, key

    def cost(self, device: Device, protocol: Protocol) -> int:
        sessions = self._core.sessions[protocol]
        if not sessions.has_current(device):
            return _COST_OF_BUILDING
        return 1 if sessions.is_loaded(device) else _COST_OF_LOADING

    def encrypt(
        self, device: Device, protocol: Protocol, key: PlainKeyMaterial
    ) -> EncryptedKey | None:
        """None if a session cannot be built: the others still get the message."""
        sessions = self._core.sessions[protocol]
        ours = sessions.of(device)
        if ours.current is None:
            bundle = self._directory.bundle(device, protocol)
            if bundle is None:
                return None
            build = sessions.backend.build_session_active(
                device.jid, device.device_id, bundle, key
            )
            try:
                ours.current, encrypted = speedups.run(build)
            except Exception:  # noqa: BLE001 - the fault is in the bundle
                self._directory.refuse_bundle(device, protocol)
                return None
            self._directory.bundle_used(device, protocol)
            sessions.rearranged(device)
        else:
            step = sessions.backend.encrypt_key_material(ours.current, key)
            try:
                encrypted = speedups.run(step)
            except Exception as error:
                raise StoreDamaged("a session makes no sense") from error
            sessions.stepped(device)
        data = CODECS[protocol].serialize_key(ours.current, encrypted)
        jid = device.jid if protocol is Protocol.OMEMO_2 else None
        return EncryptedKey(device.device_id, data, jid)

    def message(
        self,
        protocol: Protocol,
        content: Content,
        keys: Mapping[Device, EncryptedKey],
        *,
        empty: bool = False,
    ) -> EncryptedMessage:
        """The element of one protocol. Its keys are committed already; its
        recipients are owed no empty message any more."""
        for device in keys:
            self._receiver.answered(device, protocol)
        iv, payload = CODECS[protocol].seal(content)
        return EncryptedMessage(
            protocol,
            self._core.device_id,
            tuple(keys.values()),
            iv,
            None if empty else payload,
        )


@dataclass
class _Part:
    """The element of one protocol, as far as it is done."""

    content: Content
    key: PlainKeyMaterial
    keys: dict[Device, EncryptedKey] = field(default_factory=dict)


class Encryption:
    """A message that is being encrypted. See `MessageEncryptor.begin_encrypt`."""

    def __init__(
        self,
        core: Core,
        planner: Planner,
        keys: KeyEncryptor,
        jids: Collection[str],
        plaintexts: Mapping[Protocol, bytes],
    ) -> None:
        """
        Raises:
            NoRecipient, TooManyRecipients: see `MessageEncryptor.encrypt`.
        """
        self._core = core
        self._planner = planner
        self._keys = keys
        self._jids = tuple(dict.fromkeys(jids))
        self._rollbacks = core.rollbacks
        targets, self._left_out = planner.targets(jids)
        self._todo: deque[tuple[Device, Protocol]] = deque(
            (device, protocol)
            for protocol in plaintexts
            for device, protocols in targets.items()
            if protocol in protocols
        )
        self._planned = {device for device, _ in self._todo}
        self._left_out += [
            LeftOut(device, LeftOutReason.PROTOCOL)
            for device in targets
            if device not in self._planned
        ]
        if not any(device.jid in self._jids for device in self._planned):
            raise NoRecipient(self._jids)
        if len(self._planned) > RECIPIENTS_MAX:
            raise TooManyRecipients
        self._parts = {
            protocol: _Part(*keys.content(protocol, plaintext))
            for protocol, plaintext in plaintexts.items()
        }
        # SECURITY: the keys under which it is encrypted
        self._identities: dict[Device, bytes] = {}
        self._uncommitted = 0

    def step(self, limit: int | None = STEP) -> bool:
        """
        Encrypt for some more devices. When all is done it is committed, with
        all that was received, and it may be before.

        Args:
            limit: what it may cost, None to do all that is left.

        Returns:
            Whether all is done.

        Raises:
            StoreError: the message is to be given up.
        """
        self._check_store()
        spent = 0
        while self._todo and (limit is None or spent < limit):
            device, protocol = self._todo.popleft()
            record = self._core.devices.get(device)
            if record is None or record.identity_key is None:
                continue
            self._identities.setdefault(device, record.identity_key)
            spent += self._keys.cost(device, protocol)
            part = self._parts[protocol]
            key = self._keys.encrypt(device, protocol, part.key)
            if key is not None:
                part.keys[device] = key
                self._uncommitted += 1
        if self._uncommitted >= _COMMIT_AFTER or not self._todo:
            self._core.commit()
            self._uncommitted = 0
        return not self._todo

    def finish(self) -> SentMessage:
        """
        The message, for those who still may read it.

        Raises:
            NoRecipient: none of the recipients may.
            StoreError: the message is to be given up.
        """
        self._check_store()
        assert not self._todo
        left_out = list(self._left_out)
        allowed = self._planner.allowed(self._jids)
        reached: set[Device] = set()
        messages: list[EncryptedMessage] = []
        refused = {
            device: reason
            for device in self._identities
            if (reason := self._why_not(device, allowed)) is not None
        }
        for protocol, part in self._parts.items():
            keys = {
                device: key
                for device, key in part.keys.items()
                if device in allowed and device not in refused
            }
            reached.update(keys)
            if keys:
                messages.append(self._keys.message(protocol, part.content, keys))
        left_out += [
            LeftOut(device, refused.get(device, LeftOutReason.BUNDLE_REFUSED))
            for device in self._planned
            if device not in reached and device in allowed
        ]
        before = {device.jid for device in self._planned}
        after = {device.jid for device in reached}
        if after.isdisjoint(self._jids):
            raise NoRecipient(self._jids)
        self._core.silence.written(reached)
        return SentMessage(
            tuple(messages),
            tuple(sorted(reached)),
            tuple(left_out),
            tuple(jid for jid in self._jids if jid in before - after),
            {device: self._identities[device] for device in reached},
        )

    def _why_not(
        self,
        device: Device,
        allowed: Mapping[Device, tuple[DeviceRecord, LeftOutReason | None]],
    ) -> LeftOutReason | None:
        """Why a device that has been encrypted for may not read it."""
        if device not in allowed:
            return None
        record, reason = allowed[device]
        known = record.identity_key
        if known is None or not same_identity(known, self._identities[device]):
            # The device was forgotten, and another device has its id now
            return LeftOutReason.KEY_CHANGED
        return reason

    def _check_store(self) -> None:
        if self._core.rollbacks != self._rollbacks:
            raise StoreError("the store was rolled back meanwhile")


class MessageEncryptor:
    """Plans and encrypts."""

    def __init__(
        self, core: Core, directory: Directory, receiver: MessageDecryptor
    ) -> None:
        self._core = core
        self._planner = Planner(core, directory)
        self._keys = KeyEncryptor(core, directory, receiver)

    def plan(self, jids: Collection[str]) -> SendPlan:
        """
        Tell which devices would get a message, and what has to be fetched first.

        Args:
            jids: the bare JIDs of the recipients. Our own other devices are
                added.
        """
        return self._planner.plan(jids)

    def may_leave(self, sent: SentMessage) -> bool:
        """
        Say whether everybody who can decrypt a message still may read it. The disk
        is waited for in between, and meanwhile the user may have distrusted a
        device. If not, the message must not leave.
        """
        allowed = self._planner.allowed({device.jid for device in sent.identities})
        for device, identity_key in sent.identities.items():
            record, reason = allowed.get(device, (None, None))
            known = None if record is None else record.identity_key
            if reason is not None or known is None:
                return False
            if not same_identity(known, identity_key):
                return False
        return True

    def can_encrypt(self, device: Device, protocol: Protocol) -> bool:
        """See `Planner.can_encrypt`."""
        return self._planner.can_encrypt(device, protocol)

    def begin_encrypt(
        self, jids: Collection[str], plaintexts: Mapping[Protocol, bytes]
    ) -> Encryption:
        """
        Begin to encrypt in steps, so that many devices do not block the caller:
        it calls `step` until all is done, and then `finish`. It may do other
        things in between, and give the message up at any time.

        Args:
            plaintexts: see `encrypt`.

        Raises:
            NoRecipient, TooManyRecipients: see `encrypt`.
        """
        return Encryption(self._core, self._planner, self._keys, jids, plaintexts)

    def encrypt(
        self, jids: Collection[str], plaintexts: Mapping[Protocol, bytes]
    ) -> SentMessage:
        """
        Encrypt for all devices that may read the message now, and commit it
        together with everything received before.

        Args:
            plaintexts: by protocol: the body in UTF-8 for the legacy protocol,
                an XEP-0420 envelope for OMEMO 2. Where one is left out, devices
                that know only that protocol are left out.

        Returns:
            The message, committed. The caller calls `flush` before any of it
            leaves.

        Raises:
            NoRecipient: no device of any recipient may read it. Our own
                devices do not count.
            TooManyRecipients: it would be for more than 1000 devices.
            StoreError: it is not committed and must not be sent.
        """
        encryption = self.begin_encrypt(jids, plaintexts)
        encryption.step(None)
        return encryption.finish()

    def _encrypt_at_once(
        self, protocol: Protocol, devices: Collection[Device], plaintext: bytes | None
    ) -> tuple[EncryptedMessage, tuple[Device, ...]]:
        """The element of one protocol, committed, and who can read it."""
        content, key = self._keys.content(protocol, plaintext)
        keys: dict[Device, EncryptedKey] = {}
        for device in devices:
            made = self._keys.encrypt(device, protocol, key)
            if made is not None:
                keys[device] = made
        self._core.commit()
        message = self._keys.message(protocol, content, keys, empty=plaintext is None)
        return message, tuple(keys)

    def encrypt_trust_message(
        self, devices: Collection[Device], envelope: bytes
    ) -> SentMessage:
        """
        Encrypt an envelope in OMEMO 2 for those of the devices that are still
        verified, and commit it.

        Raises:
            NoRecipient: none of them can be encrypted for.
            StoreError: it is not committed and must not be sent.
        """
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
        message, reached = self._encrypt_at_once(Protocol.OMEMO_2, able, envelope)
        if not reached:
            raise NoRecipient(jids)
        return SentMessage((message,), reached, ())

    def encrypt_empty(
        self, device: Device, protocol: Protocol, envelope: bytes | None = None
    ) -> EncryptedMessage | None:
        """
        Encrypt an empty message for one device (XEP-0384, "Sending a message"),
        and commit it.

        Args:
            envelope: is sent in OMEMO 2 in its place, where it has to have a
                payload; there is nothing in it to be shown.

        Returns:
            The message; the caller calls `flush` before it leaves. None if there
            is neither a session nor a bundle.

        Raises:
            StoreError: it is not committed and must not be sent.
        """
        if not self.can_encrypt(device, protocol):
            return None
        record = self._core.devices.get(device)
        if record is None or record.refused_key:
            return None
        message, reached = self._encrypt_at_once(protocol, [device], envelope)
        return message if reached else None
