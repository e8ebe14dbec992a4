# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that is sent encrypted: messages, trust messages and empty ones."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping

from .core import Core
from .directory import Directory
from .encrypting import Encryption
from .encrypting import Keys
from .encrypting import SentMessage
from .errors import NoRecipient
from .planning import LeftOut
from .planning import LeftOutReason
from .planning import Planner
from .planning import SendPlan
from .receiving import Receiver
from .values import Device
from .values import EncryptedKey
from .values import EncryptedMessage
from .values import Protocol
from .values import Trust

__all__ = ["LeftOut", "LeftOutReason", "SendPlan", "Sender", "SentMessage"]


class Sender:
    """Plans and encrypts."""

    def __init__(self, core: Core, directory: Directory, receiver: Receiver) -> None:
        self._core = core
        self._planner = Planner(core, directory)
        self._keys = Keys(core, directory, receiver)

    def plan(self, jids: Collection[str]) -> SendPlan:
        """See `OmemoEngine.plan`."""
        return self._planner.plan(jids)

    def can_encrypt(self, device: Device, protocol: Protocol) -> bool:
        """See `Planner.can_encrypt`."""
        return self._planner.can_encrypt(device, protocol)

    def begin(
        self, jids: Collection[str], plaintexts: Mapping[Protocol, bytes]
    ) -> Encryption:
        """See `OmemoEngine.begin_encrypt`."""
        return Encryption(self._core, self._planner, self._keys, jids, plaintexts)

    def encrypt(
        self, jids: Collection[str], plaintexts: Mapping[Protocol, bytes]
    ) -> SentMessage:
        """See `OmemoEngine.encrypt`."""
        encryption = self.begin(jids, plaintexts)
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
        """See `OmemoEngine.encrypt_trust_message`."""
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
        message, readers = self._encrypt_at_once(Protocol.OMEMO_2, able, envelope)
        if not readers:
            raise NoRecipient(jids)
        return SentMessage((message,), readers, ())

    def encrypt_empty(
        self, device: Device, protocol: Protocol
    ) -> EncryptedMessage | None:
        """See `OmemoEngine.encrypt_empty`."""
        if not self.can_encrypt(device, protocol):
            return None
        record = self._core.devices.get(device)
        if record is None or record.refused_key:
            return None
        message, readers = self._encrypt_at_once(protocol, [device], None)
        return message if readers else None
