# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Encrypting a message, for a few devices at a time.

A room may have a thousand devices, and the first message to them builds as many
sessions, which takes a second. So it is done in steps, and the window can be
drawn in between. Anything may happen between two of them:

- A message that is given up takes its keys with it. They are lost, and not made
  again for another one: the ratchets have moved on, and with the next commit, of
  whatever it is, they have done so in the store.
- After a crash or a rollback of the store, ratchets may be where they were before
  some of the keys were made. Nothing of those leaves: the message is given up.
- Whoever may not read any more when all is done gets no key (`finish`).
- Several messages may be under way at once. Every step of a ratchet is complete,
  and the keys a device gets may arrive in any order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from omemo.message import PlainKeyMaterial

from . import fast
from .core import Core
from .devices import DeviceRecord
from .directory import Directory
from .errors import NoRecipient
from .errors import StoreDamaged
from .errors import StoreError
from .errors import TooManyRecipients
from .planning import LeftOut
from .planning import LeftOutReason
from .planning import Planner
from .receiving import Receiver
from .values import Device
from .values import EncryptedKey
from .values import EncryptedMessage
from .values import Protocol
from .wire import WIRES
from .wire import same_identity

RECIPIENTS_MAX = 1000

# After so many keys they are committed. Not with each step: then the first message
# to a thousand devices would write ten megabytes, and so it writes three
_COMMIT_AFTER = 32

# What one step may cost: in devices with a session that is at hand. A few
# milliseconds; counted and not timed, so that it is the same everywhere
STEP = 32
# A session that has to be read, and one that has to be built
_COST_OF_LOADING = 2
_COST_OF_BUILDING = 8


@dataclass(frozen=True)
class SentMessage:
    """
    An encrypted message, committed but perhaps not on the disk yet.

    Attributes:
        messages: one element for each protocol that is needed.
        readers: the devices that can decrypt it.
        lost: recipients who could be encrypted for when it was begun, and no
            device of whom can decrypt it.
    """

    messages: tuple[EncryptedMessage, ...] = field(repr=False)
    readers: tuple[Device, ...]
    left_out: tuple[LeftOut, ...]
    lost: tuple[str, ...] = ()


class Keys:
    """Encrypts the key of a message for a device."""

    def __init__(self, core: Core, directory: Directory, receiver: Receiver) -> None:
        self._core = core
        self._directory = directory
        self._receiver = receiver

    def content(
        self, protocol: Protocol, plaintext: bytes | None
    ) -> tuple[Any, PlainKeyMaterial]:
        """The encrypted payload, and the key to it."""
        backend = self._core.sessions[protocol].backend
        content, key = fast.run(
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
                raise StoreDamaged("a session makes no sense") from error
            sessions.stepped(device)
        data = WIRES[protocol].serialize_key(ours.current, encrypted)
        jid = device.jid if protocol is Protocol.OMEMO_2 else None
        return EncryptedKey(device.device_id, data, jid)

    def message(
        self,
        protocol: Protocol,
        content: Any,
        keys: Mapping[Device, EncryptedKey],
        *,
        empty: bool = False,
    ) -> EncryptedMessage:
        """The element of one protocol, committed already. To its readers nothing
        is owed any more."""
        for device in keys:
            self._receiver.answered(device, protocol)
        iv, payload = WIRES[protocol].seal(content)
        return EncryptedMessage(
            protocol,
            self._core.device_id,
            tuple(keys.values()),
            iv,
            None if empty else payload,
        )


@dataclass
class _Part:
    """What there is of the element of one protocol."""

    content: Any
    key: PlainKeyMaterial
    keys: dict[Device, EncryptedKey] = field(default_factory=dict)


class Encryption:
    """A message that is being encrypted. See `OmemoEngine.begin_encrypt`."""

    def __init__(
        self,
        core: Core,
        planner: Planner,
        keys: Keys,
        jids: Collection[str],
        plaintexts: Mapping[Protocol, bytes],
    ) -> None:
        """
        Raises:
            NoRecipient, TooManyRecipients: see `OmemoEngine.encrypt`.
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
        return SentMessage(
            tuple(messages),
            tuple(sorted(reached)),
            tuple(left_out),
            tuple(jid for jid in self._jids if jid in before - after),
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
            # It was forgotten, and another one has its number now
            return LeftOutReason.KEY_CHANGED
        return reason

    def _check_store(self) -> None:
        if self._core.rollbacks != self._rollbacks:
            raise StoreError("the store was rolled back meanwhile")
