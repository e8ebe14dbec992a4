# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Temporary devices: a temporary device removes itself from the server when it goes,
because its keys may be gone the next time.

If a device ends without doing so, the next login removes it. It finds the device by a
record in a node that only the account can read and write. A device writes its record
before it is listed. The next login checks each record: an id whose keys are not those
of the record belongs to another device, and is left alone.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from ..backend.codec import fingerprint
from ..effects import Effect
from ..effects import FetchBundle
from ..effects import FetchTemporaryDevices
from ..effects import PublishDeviceList
from ..effects import PublishTemporaryDevice
from ..effects import RetractBundle
from ..effects import RetractTemporaryDevice
from ..state.core import Core
from ..values import AlarmKind
from ..values import Bundle
from ..values import Device
from ..values import DeviceList
from ..values import Protocol
from ..values import TemporaryDevice
from ..values import Trust
from .publication import Publication


@dataclass
class _Check:
    """Whether the keys of an id are those of its record."""

    record: TemporaryDevice
    found: dict[Protocol, bool | None] = field(default_factory=dict)
    """By protocol: the same keys, others, or None for none at all."""


class TemporaryDevices:
    """Handles this device as a temporary one, and the remains of earlier ones."""

    def __init__(self, core: Core, publication: Publication) -> None:
        self._core = core
        self._publication = publication
        # Whether this device removes itself from the server when it goes; set
        # before `OmemoEngine.connected`
        self.active = False
        self._records: tuple[TemporaryDevice, ...] | None = None
        self._lists: set[Protocol] = set()
        self._checks: dict[int, _Check] = {}
        self._unlisting: dict[int, set[Protocol]] = {}
        self._withdrawn = False

    @property
    def own_record(self) -> TemporaryDevice:
        core = self._core
        return TemporaryDevice(core.device_id, fingerprint(core.identity_key))

    def connected(self) -> list[Effect]:
        self._records = None
        self._lists.clear()
        self._checks.clear()
        self._unlisting.clear()
        self._withdrawn = False
        return [FetchTemporaryDevices()]

    def lists_known(self, protocol: Protocol) -> None:
        """This account's list on the server is known now."""
        self._lists.add(protocol)

    def records_received(self, records: Sequence[TemporaryDevice]) -> list[Effect]:
        """
        The server has sent the records, from a node that only this account reads
        and writes.

        Returns:
            Effects that bring this device's own record up to date.
        """
        own = self.own_record
        self._records = tuple(r for r in records if r.device_id != own.device_id)
        if self.active:
            # Also when it is there: where we are to be seen may have changed
            return [PublishTemporaryDevice(own)]
        if own in records:
            return [RetractTemporaryDevice(own.device_id)]
        return []

    def record_published(self) -> list[Effect]:
        """The server has the record of this device, so the device can be listed."""
        return self._publication.release()

    def records_unavailable(self) -> list[Effect]:
        """There can be no records: the server has no private nodes, or does not
        answer. The device still withdraws itself, but no later login does it in
        its place."""
        return self._publication.release()

    # This device

    def withdraw(self) -> list[Effect]:
        """
        Take this device off the server; nothing of it is published on this
        connection after that. When the effects have been carried out, the caller
        retracts the record with `RetractTemporaryDevice`.

        Removing earlier devices stops here, and their records stay, so that the
        next login removes them: a list that is built for one of them after this
        would put this device back.
        """
        self._publication.withdraw()
        self._withdrawn = True
        self._checks.clear()
        own = self._core.own_device
        effects = self._publication.lists_without(own, self._lists)
        self._core.devices.unlist(own)
        return [
            *effects,
            *(RetractBundle(own.device_id, protocol) for protocol in Protocol),
        ]

    # The remains of earlier devices

    def tidy(self, alive: Collection[int]) -> list[Effect]:
        """
        Begin to remove the remains of earlier temporary devices.

        Args:
            alive: ids of devices that are online now.
        """
        if self._withdrawn or self._lists != set(Protocol):
            # A list that is not known cannot be published without them
            return []
        effects: list[Effect] = []
        for record in self._records or ():
            if record.device_id in alive or record.device_id in self._checks:
                continue
            self._checks[record.device_id] = _Check(record)
            device = Device(self._core.own_jid, record.device_id)
            effects += [FetchBundle(device, protocol) for protocol in Protocol]
        return effects

    def waits_for(self, device: Device) -> bool:
        """Whether a bundle is being fetched to identify the owner of an id."""
        return device.jid == self._core.own_jid and device.device_id in self._checks

    def bundle_came(self, device: Device, bundle: Bundle) -> list[Effect]:
        key = bundle.identity_key
        protocol = bundle.protocol
        found = key.hex() if protocol is Protocol.LEGACY else fingerprint(key)
        check = self._checks[device.device_id]
        check.found[protocol] = found == check.record.fingerprint
        return self._conclude(device, check)

    def bundle_missing(
        self, device: Device, protocol: Protocol, permanent: bool
    ) -> list[Effect]:
        if not permanent:
            # The next login asks again
            del self._checks[device.device_id]
            return []
        check = self._checks[device.device_id]
        check.found[protocol] = None
        return self._conclude(device, check)

    def _conclude(self, device: Device, check: _Check) -> list[Effect]:
        if len(check.found) < len(Protocol):
            return []
        del self._checks[device.device_id]
        number = device.device_id
        # SECURITY: an id with other keys than the record's is another device
        if False in check.found.values():
            return [RetractTemporaryDevice(number)]
        effects = self._publication.lists_without(device, Protocol)
        self._unlisting[number] = {
            effect.device_list.protocol
            for effect in effects
            if isinstance(effect, PublishDeviceList)
        }
        effects += [
            RetractBundle(number, protocol)
            for protocol, same in check.found.items()
            if same
        ]
        effects += self._forget(device)
        self._core.commit()
        return [*effects, *self._forget_records()]

    def _forget(self, device: Device) -> list[Effect]:
        """
        SECURITY: the server keeps the records, and every device's fingerprint is
        public. It could write one for a device that is to stay: a verified one
        does not go without an alarm.
        """
        core = self._core
        record = core.devices.get(device)
        if record is not None and core.devices.trust(record) is Trust.VERIFIED:
            core.devices.unlist(device)
            return core.raise_alarm(AlarmKind.VERIFIED_DEVICE_GONE, device)
        for sessions in core.sessions.values():
            sessions.forget(device)
        core.devices.remove(device)
        return []

    def list_published(self, device_list: DeviceList) -> list[Effect]:
        """A record goes when its device is in no list any more."""
        for number, protocols in self._unlisting.items():
            if number not in device_list.ids:
                protocols.discard(device_list.protocol)
        return self._forget_records()

    def _forget_records(self) -> list[Effect]:
        done = [number for number, left in self._unlisting.items() if not left]
        for number in done:
            del self._unlisting[number]
        return [RetractTemporaryDevice(number) for number in done]
