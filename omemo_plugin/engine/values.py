# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The values that travel between the layers: what was on the wire, and who it
concerns. They are plain and immutable; nothing in them does I/O or
cryptography. Key material is always raw bytes, never base64 and never with a
type byte in front.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from enum import Enum

# XEP-0384 0.9.1, "Devices": ids are between 1 and 2^31 - 1
DEVICE_ID_MAX = 2**31 - 1


class Protocol(Enum):
    """The two versions of XEP-0384 in use; the value is the namespace."""

    LEGACY = "eu.siacs.conversations.axolotl"
    OMEMO_2 = "urn:xmpp:omemo:2"

    @property
    def namespace(self) -> str:
        return self.value


class Trust(Enum):
    """
    How far an identity key is trusted.

    The value is what the store keeps; it is also python-omemo's custom trust
    level name.
    """

    UNDECIDED = "undecided"
    BLIND = "blind"
    VERIFIED = "verified"
    DISTRUSTED = "distrusted"

    @property
    def may_receive(self) -> bool:
        """Whether messages are encrypted for a device with this trust."""
        return self in (Trust.BLIND, Trust.VERIFIED)


@dataclass(frozen=True, order=True)
class Device:
    """One device of one account. `jid` is a bare JID."""

    jid: str
    device_id: int


@dataclass(frozen=True)
class ListedDevice:
    """A device in a device list. The label exists in OMEMO 2 only."""

    device_id: int
    label: str | None = None
    label_signature: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class DeviceList:
    """XEP-0384, "Device List": all devices of one account for one protocol."""

    protocol: Protocol
    devices: tuple[ListedDevice, ...] = ()

    @property
    def ids(self) -> frozenset[int]:
        return frozenset(device.device_id for device in self.devices)


@dataclass(frozen=True)
class TemporaryDevice:
    """
    The record of a device of ours that removes itself when it goes.

    Attributes:
        fingerprint: 64 hex digits, as in `DeviceInfo`.
    """

    device_id: int
    fingerprint: str


@dataclass(frozen=True)
class Bundle:
    """
    XEP-0384, "Bundle": the public keys of one device for one protocol.

    Attributes:
        identity_key: 32 bytes as on the wire: Curve25519 for the legacy
            protocol, Ed25519 for OMEMO 2.
        signed_prekey: 32 bytes, Curve25519.
        signature: 64 bytes, of the signed prekey by the identity key.
        prekeys: prekey id to 32 bytes, Curve25519.
    """

    protocol: Protocol
    identity_key: bytes
    signed_prekey_id: int
    signed_prekey: bytes
    signature: bytes = field(repr=False)
    prekeys: Mapping[int, bytes] = field(repr=False)


@dataclass(frozen=True)
class EncryptedKey:
    """
    The key of a message for one device.

    Attributes:
        jid: the bare JID the key is meant for (OMEMO 2), None in the legacy
            protocol, which names devices only.
        data: the serialised ratchet message, with its key exchange if there is
            one. Which of the two it is follows from the data, see
            `is_key_exchange`.
    """

    device_id: int
    data: bytes = field(repr=False)
    jid: str | None = None


@dataclass(frozen=True)
class EncryptedMessage:
    """
    One `<encrypted/>` element.

    Attributes:
        iv: legacy only, 12 or 16 bytes.
        payload: the ciphertext; None for an empty message (key transport).
    """

    protocol: Protocol
    sender_device_id: int
    keys: tuple[EncryptedKey, ...] = field(repr=False)
    iv: bytes | None = field(default=None, repr=False)
    payload: bytes | None = field(default=None, repr=False)


def is_key_exchange(protocol: Protocol, data: bytes) -> bool:
    """
    Tell a key exchange from a plain ratchet message by its content.

    Senders are known to leave the `kex` and `prekey` attributes out, or to set
    them wrongly. Both messages are protobuf: the first field of a ratchet
    message is its ratchet key (tag 0x0A), the first one of a key exchange is
    a prekey id (0x08), or in the legacy protocol, where the prekey is
    optional, the base key (0x12). The legacy protocol has a version byte in
    front.
    """
    offset = 1 if protocol is Protocol.LEGACY else 0
    return len(data) > offset and data[offset] != 0x0A
