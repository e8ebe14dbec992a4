# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What the engine asks its surroundings to do. Effects are values: the bridge
carries them out in order and reports the outcome with another call to the
engine. An effect that is lost (no connection) is asked for again at the next
connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from .decisions import KeyDecision
from .values import Bundle
from .values import Device
from .values import DeviceList
from .values import Protocol
from .values import TemporaryDevice
from .values import Trust


@dataclass(frozen=True)
class FetchDeviceList:
    """Answered by `device_list_received` or `device_list_unavailable`."""

    jid: str
    protocol: Protocol


@dataclass(frozen=True)
class FetchBundle:
    """Answered by `bundle_received` or `bundle_unavailable`."""

    device: Device
    protocol: Protocol


@dataclass(frozen=True)
class PublishDeviceList:
    """Publish our own list; answered by `device_list_published` or
    `publish_failed`."""

    device_list: DeviceList


@dataclass(frozen=True)
class PublishBundle:
    """Publish our own bundle; answered by `bundle_published` or
    `publish_failed`."""

    device_id: int
    bundle: Bundle = field(repr=False)


@dataclass(frozen=True)
class OweEmptyMessage:
    """
    The device should get an empty message, to complete a key exchange or to
    let its ratchet step (XEP-0384, "Sending a message"). The bridge decides
    whether this would reveal our presence to a stranger; if not, it calls
    `encrypt_empty`.
    """

    device: Device
    protocol: Protocol


@dataclass(frozen=True)
class NewDevices:
    """Devices seen for the first time, with the trust they were given."""

    jid: str
    devices: tuple[Device, ...]
    trust: Trust


@dataclass(frozen=True)
class IdentityKeyAlarm:
    """
    A known device presented another identity key; it was refused. Or the key of
    a new device is not the one that was verified in advance; it is distrusted.
    """

    device: Device
    known_fingerprint: str
    presented_fingerprint: str
    in_advance: bool = False


@dataclass(frozen=True)
class SessionBroken:
    """Messages of this device cannot be decrypted; the user may replace the
    session by hand. Asked at most once per device and run."""

    device: Device
    protocol: Protocol


@dataclass(frozen=True)
class DevicesIgnored:
    """A device list is so long that this many of it are left out. Said once for
    an account and run."""

    jid: str
    count: int


@dataclass(frozen=True)
class TrustChanged:
    """Another device, that is verified, verified or distrusted these."""

    jid: str
    devices: tuple[Device, ...]
    trust: Trust


@dataclass(frozen=True)
class SendTrustMessage:
    """
    Tell devices what was decided (XEP-0450), encrypted with
    `encrypt_trust_message`, in OMEMO 2 only. When it has left, that is reported
    with `trust_message_sent`; until then it is asked for again at each
    connection.

    Attributes:
        number: what to report it with.
        jid: the bare JID whose devices they are.
        stamp: when it was decided, in seconds since 1970: the time of the
            envelope.
    """

    number: int
    jid: str
    devices: tuple[Device, ...]
    decisions: tuple[KeyDecision, ...]
    stamp: int


@dataclass(frozen=True)
class StoreRolledBack:
    """The key store is older than the keys that were last used. The user should
    know: some messages cannot be read, and decisions on trust may be gone."""


@dataclass(frozen=True)
class RetractBundle:
    """Take the bundle of a device of ours off the server."""

    device_id: int
    protocol: Protocol


@dataclass(frozen=True)
class FetchTemporaryDevices:
    """Read the records of our temporary devices, in a node that is ours
    alone; answered by `temporary_devices_received` or
    `temporary_devices_unavailable`."""


@dataclass(frozen=True)
class PublishTemporaryDevice:
    """Write the record of this device; answered by `temporary_device_published`
    or `temporary_devices_unavailable`."""

    record: TemporaryDevice


@dataclass(frozen=True)
class RetractTemporaryDevice:
    """Delete a record."""

    device_id: int


Effect = (
    FetchDeviceList
    | FetchBundle
    | PublishDeviceList
    | PublishBundle
    | OweEmptyMessage
    | NewDevices
    | IdentityKeyAlarm
    | SessionBroken
    | DevicesIgnored
    | TrustChanged
    | SendTrustMessage
    | StoreRolledBack
    | RetractBundle
    | FetchTemporaryDevices
    | PublishTemporaryDevice
    | RetractTemporaryDevice
)
