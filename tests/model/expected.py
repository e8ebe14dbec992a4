# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The required results of the events, whatever the engines do:

1. No message key encrypts twice.
2. A message is shown once. Limit: where the server has torn the two elements of a
   message apart and never shows them together, each is shown once.
3. What is shown was sent, by the device that is named.
4. What the server has kept can be read. Limit: after an old store was put back,
   what others encrypted before they had a message from after that.
5. A device without trust gets no message, and a device that was heard in OMEMO 2
   none in OMEMO 0.3. Where nothing was decided and no list changed, all get it.
6. A decision of the user stands until the user decides again. Limit: an old store
   has the decisions of its time.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.ratchets import Step
from tests.support.engine.ratchets import step_of

from .bounds import Number


class Violation(AssertionError):
    """An engine did what it must not do."""


def check(right: bool, wrong: str) -> None:
    if not right:
        raise Violation(wrong)


@dataclass
class Message:
    """
    One that left a device.

    Attributes:
        text: None for an empty one.
        keys: the protocols in which each device has a key in it.
        restores: how often the sender had been put back.
        excused: the devices that need not be able to read it.
    """

    number: Number
    text: bytes | None
    elements: tuple[EncryptedMessage, ...]
    keys: dict[int, frozenset[Protocol]]
    restores: int
    excused: set[int] = field(default_factory=set)


@dataclass
class Reader:
    """
    The messages that one device has read.

    Attributes:
        read: the protocols of each message whose keys it has used up.
        given: the messages that the server has delivered.
        decided: the user's decisions about devices.
        forbidden: devices that must get nothing from it.
    """

    read: dict[Number, frozenset[Protocol]] = field(default_factory=dict)
    given: set[Number] = field(default_factory=set)
    decided: dict[int, Trust] = field(default_factory=dict)
    forbidden: set[int] = field(default_factory=set)


class Expected:
    """The knowledge of the model about the devices."""

    def __init__(self, devices: int) -> None:
        self.now = [Reader() for _ in range(devices)]
        # As the store of each device has it
        self._saved = copy.deepcopy(self.now)
        self.restores = [0] * devices
        # Receiver and sender, where the receiver was put back and the sender has
        # not heard of it
        self._stale: set[tuple[int, int]] = set()
        self._used: set[tuple[int, int, Step]] = set()
        self.used_digest = 0

    # The store

    def committed(self, device: int) -> None:
        self._saved[device] = copy.deepcopy(self.now[device])

    def killed(self, device: int) -> None:
        self.now[device] = copy.deepcopy(self._saved[device])

    def saved(self, device: int) -> Reader:
        """The committed state, for a copy of the store."""
        return copy.deepcopy(self._saved[device])

    def put_back(
        self, device: int, reader: Reader, messages: Sequence[Message]
    ) -> None:
        """An old store was put back."""
        self.now[device] = copy.deepcopy(reader)
        self._saved[device] = copy.deepcopy(reader)
        self.restores[device] += 1
        for other in range(len(self.now)):
            if other != device:
                self._stale.add((device, other))
        for message in messages:
            if device in message.keys:
                message.excused.add(device)

    # Sending

    def sent(self, message: Message, receivers: dict[int, int]) -> None:
        """
        A message leaves.

        Args:
            receivers: the number of the device for each device id.
        """
        sender = message.number[0]
        for element in message.elements:
            for key in element.keys:
                self._use(sender, receivers[key.device_id], element.protocol, key.data)
        message.excused = {
            device for device in message.keys if (device, sender) in self._stale
        }
        if message.text is None:
            return
        me = self.now[sender]
        for device, protocols in message.keys.items():
            check(device not in me.forbidden, f"encrypted for {device} without trust")
            check(
                Protocol.LEGACY not in protocols or not self._heard(sender, device),
                f"encrypted for {device} in OMEMO 0.3, though it was heard in OMEMO 2",
            )

    def _use(self, sender: int, receiver: int, protocol: Protocol, data: bytes) -> None:
        step = step_of(protocol, data)
        use = (sender, receiver, step)
        check(use not in self._used, f"a message key of {sender} encrypts twice")
        self._used.add(use)
        found = hashlib.blake2b(repr(use).encode(), digest_size=8).digest()
        self.used_digest ^= int.from_bytes(found, "big")

    def _heard(self, device: int, other: int) -> bool:
        return any(
            number[0] == other and Protocol.OMEMO_2 in protocols
            for number, protocols in self.now[device].read.items()
        )

    # Receiving

    def must_refuse(
        self, device: int, message: Message, parts: frozenset[Protocol]
    ) -> bool:
        """Whether any of the keys was used up before."""
        return bool(self.now[device].read.get(message.number, frozenset()) & parts)

    def must_read(self, device: int, message: Message) -> bool:
        return device not in message.excused

    def was_given(
        self, device: int, message: Message, parts: frozenset[Protocol], *, read: bool
    ) -> None:
        """
        The server has delivered elements of a message.

        Args:
            read: they could be read, or had been.
        """
        me = self.now[device]
        me.given.add(message.number)
        if not read:
            return
        me.read[message.number] = me.read.get(message.number, frozenset()) | parts
        sender = message.number[0]
        whole = parts == message.keys[device]
        if whole and message.restores == self.restores[sender]:
            self._stale.discard((sender, device))

    def state(self) -> list[object]:
        """The state that the future depends on."""
        return [
            [vars(reader) for reader in self.now],
            [vars(reader) for reader in self._saved],
            self.restores,
            self._stale,
            self.used_digest,
        ]
