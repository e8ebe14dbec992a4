# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A temporary device: one that takes itself off the server when it goes, because
its keys may not be there the next time.

Where a device ends without having done so, the next login does it. It knows
which devices those are from records in a node that nobody but the account can
read or write. A device writes its record before it is listed, and everything a
record says is checked: an id with other keys than the record's is another's,
and is left alone.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from .core import Core
from .effects import Effect
from .effects import FetchBundle
from .effects import FetchTemporaryDevices
from .effects import PublishDeviceList
from .effects import PublishTemporaryDevice
from .effects import RetractBundle
from .effects import RetractTemporaryDevice
from .publication import Publication
from .values import Bundle
from .values import Device
from .values import DeviceList
from .values import Protocol
from .values import TemporaryDevice
from .wire import fingerprint


@dataclass
class _Check:
    """Whether the keys of an id are those of its record."""

    record: TemporaryDevice
    found: dict[Protocol, bool | None] = field(default_factory=dict)
    """By protocol: the same keys, others, or None for none at all."""


class Temporary:
    """This device as a temporary one, and what earlier ones left behind."""

    def __init__(self, core: Core, publication: Publication) -> None:
        self._core = core
        self._publication = publication
        self.active = False
        self._records: tuple[TemporaryDevice, ...] | None = None
        self._lists: set[Protocol] = set()
        self._checks: dict[int, _Check] = {}
        self._unlisting: dict[int, set[Protocol]] = {}

    @property
    def own_record(self) -> TemporaryDevice:
        core = self._core
        return TemporaryDevice(core.device_id, fingerprint(core.identity_key))

    def connected(self) -> list[Effect]:
        self._records = None
        self._lists.clear()
        self._checks.clear()
        self._unlisting.clear()
        return [FetchTemporaryDevices()]

    def lists_known(self, protocol: Protocol) -> None:
        """What the server has as our list has been seen."""
        self._lists.add(protocol)

    def records_received(self, records: Sequence[TemporaryDevice]) -> list[Effect]:
        """Returns what makes our own record as it should be."""
        own = self.own_record
        self._records = tuple(r for r in records if r.device_id != own.device_id)
        if self.active:
            # Also when it is there: where we are to be seen may have changed
            return [PublishTemporaryDevice(own)]
        if own in records:
            return [RetractTemporaryDevice(own.device_id)]
        return []

    # This device

    def withdraw(self) -> list[Effect]:
        """What takes this device off the server."""
        own = self._core.own_device
        return [
            *self._publication.lists_without(own, self._lists),
            *(RetractBundle(own.device_id, protocol) for protocol in Protocol),
        ]

    # Those that were left behind

    def tidy(self, alive: Collection[int]) -> list[Effect]:
        """
        Begin to remove what earlier temporary devices left behind.

        Args:
            alive: ids of devices that are online now.
        """
        if self._lists != set(Protocol):
            # What we do not know we could not publish without them
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
        """Whether a bundle is wanted to see whose an id is."""
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
        # SECURITY: keys that are not those of the record are somebody else's
        # device, whatever the record says
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
        for sessions in self._core.sessions.values():
            sessions.forget(device)
        self._core.devices.remove(device)
        self._core.commit()
        return [*effects, *self._forget_records()]

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
