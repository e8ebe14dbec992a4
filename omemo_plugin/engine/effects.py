# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Effects: values in which the engine asks its caller to send a request or to tell the
user. The bridge carries them out in order and reports the outcome with another call to
the engine. If an effect is lost with its connection, the engine asks again at the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from .values import Alarm
from .values import Bundle
from .values import Device
from .values import DeviceList
from .values import KeyDecision
from .values import Protocol
from .values import TemporaryDevice
from .values import Trust


@dataclass(frozen=True)
class FetchDeviceList:
    """
    Answered by `device_list_received` or `device_list_unavailable`.

    Attributes:
        unasked: a message that came led to it. A question tells the server of its
            sender that we are online, so strangers are not asked for theirs.
    """

    jid: str
    protocol: Protocol
    unasked: bool = False


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
class KeysNotTaken:
    """The server has refused our bundle, or our place in the list, as often as it is
    asked on one connection. Said once in a run."""


@dataclass(frozen=True)
class KeysHidden:
    """The server has our keys, and does not let everybody read them. Said once in a
    run."""


@dataclass(frozen=True)
class OweEmptyMessage:
    """
    The device should get an empty message, to complete a key exchange or to
    let its ratchet step (XEP-0384, "Sending a message"). The bridge decides
    whether this would reveal our presence to a stranger; if not, it calls
    `encrypt_empty`.

    Attributes:
        heartbeat: the sender's chain has grown long. QXmpp encrypts no more than
            106 messages without an answer, and counts only answers that have a
            payload, so in OMEMO 2 an envelope is sent.
    """

    device: Device
    protocol: Protocol
    heartbeat: bool = False


@dataclass(frozen=True)
class NewDevices:
    """Devices seen for the first time, with the trust they were given. Those that
    the user has to answer for are alarms instead."""

    jid: str
    devices: tuple[Device, ...]
    trust: Trust


@dataclass(frozen=True)
class AlarmRaised:
    """Something has happened that the user has to know, and can answer with
    `OmemoEngine.alarms`. Said once for an event, and once in each run until it is
    answered."""

    alarm: Alarm


@dataclass(frozen=True)
class SessionBroken:
    """Messages of this device cannot be decrypted; the user may replace the
    session by hand. Asked at most once per device and run."""

    device: Device
    protocol: Protocol


@dataclass(frozen=True)
class DeviceGone:
    """A contact's device is not listed any more. What was written for it since it was
    last heard may not have been read; see `KnownDevices.unanswered`."""

    device: Device


@dataclass(frozen=True)
class DeviceSilent:
    """A device has not been heard for long. One of a contact gets no keys from now on;
    an own one is offered for removal."""

    device: Device


@dataclass(frozen=True)
class DeviceHeardAgain:
    """Such a device has been heard, and gets keys again."""

    device: Device


@dataclass(frozen=True)
class DevicesIgnored:
    """A device list is so long that this many of it are left out. Said once for
    an account and run."""

    jid: str
    count: int


@dataclass(frozen=True)
class TrustChanged:
    """
    Another device, that is verified, verified or distrusted these.

    Attributes:
        told_by: that device; None if it said so before it was verified.
    """

    jid: str
    devices: tuple[Device, ...]
    trust: Trust
    told_by: Device | None = None


@dataclass(frozen=True)
class SendTrustMessage:
    """
    Tell devices about decisions (XEP-0450), encrypted with `TrustMessages.encrypt`,
    in OMEMO 2 only. The bridge reports with `TrustMessages.sent` that the message
    has left; until then the engine asks again at each connection.

    Attributes:
        number: identifies the message in the report.
        jid: the bare JID of the devices.
        stamp: the time of the decision, in seconds since 1970, which becomes the
            time of the envelope.
    """

    number: int
    jid: str
    devices: tuple[Device, ...]
    decisions: tuple[KeyDecision, ...]
    stamp: int


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
    | KeysHidden
    | KeysNotTaken
    | OweEmptyMessage
    | NewDevices
    | AlarmRaised
    | SessionBroken
    | DevicesIgnored
    | DeviceGone
    | DeviceSilent
    | DeviceHeardAgain
    | TrustChanged
    | SendTrustMessage
    | RetractBundle
    | FetchTemporaryDevices
    | PublishTemporaryDevice
    | RetractTemporaryDevice
)
