# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The values that the layers exchange: devices, lists, bundles, messages and decisions.
They are immutable and do neither I/O nor cryptography. Key material is always raw
bytes, never base64 and never with a type byte in front.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from enum import Enum
from types import MappingProxyType

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
    The trust in an identity key.

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


@dataclass(frozen=True)
class CodeClaims:
    """
    The claims of a verification code about one account's keys.

    Attributes:
        devices: device id to the fingerprint the device has: it becomes
            verified, and a device with another key distrusted. One that is not
            known yet is verified in advance.
        trusted: key identifiers without a device: 64 lower-case hex digits, of
            the Curve25519 or the Ed25519 form.
        distrusted: the same, of keys not to be trusted.
    """

    devices: Mapping[int, str] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )
    trusted: frozenset[str] = frozenset()
    distrusted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class KeyDecision:
    """
    The decision on one key in a trust message (XEP-0434, "Trust Message Structure").

    Attributes:
        owner: the bare JID of the account that has the key.
        key: the identity key, 32 bytes.
        trust: `VERIFIED` or `DISTRUSTED`.
    """

    owner: str
    key: bytes
    trust: Trust


class AlarmKind(Enum):
    """
    An event the user has to know; the value is what the store keeps.

    KEY_CHANGED: a known device shows another identity key.
    NOT_THE_VERIFIED_KEY: a new device shows another key than the one that was
        verified in advance.
    OWN_DEVICE: a device appeared in the user's own account.
    NEW_DEVICE: a contact whom the user has verified has a new device.
    LIST_WITHDRAWN: a contact lists no device any more.
    CHECK_FAILED: two people compared, and something differed.
    OLD_KEYS: the key store is older than the keys that were last used.
    """

    KEY_CHANGED = "key changed"
    NOT_THE_VERIFIED_KEY = "not the verified key"
    OWN_DEVICE = "own device"
    NEW_DEVICE = "new device"
    LIST_WITHDRAWN = "list withdrawn"
    CHECK_FAILED = "check failed"
    OLD_KEYS = "old keys"
    BORROWED_KEY = "borrowed key"
    DEVICE_RETURNED = "device returned"
    VERIFIED_DEVICE_GONE = "verified device gone"
    OLDER_PROTOCOL = "older protocol"
    MEMBERS_ADDED = "members added"


@dataclass(frozen=True)
class Unanswered:
    """
    What was encrypted for a device and may not have been read there.

    Attributes:
        count: how many messages and empty ones, since something last came on the
            session with it.
        since: not before this time, in seconds since 1970.
    """

    count: int
    since: float


@dataclass(frozen=True)
class Alarm:
    """
    An event that the user has to know, kept until the user has answered it.

    Attributes:
        device: the device it is about. An alarm about an account or a room has
            its JID here, and no device: the number is 0.
        since: when it began, in seconds since 1970.
        owner: of a borrowed key, the account whose key it is.
        members: of a room, the bare JIDs of those who were added.
    """

    kind: AlarmKind
    device: Device
    since: int = field(default=0, compare=False)
    owner: str = field(default="", compare=False)
    members: tuple[str, ...] = field(default=(), compare=False)
