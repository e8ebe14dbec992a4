# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Changes of a device list that the user has to know, because a server could have made
them: a removed device is back, a verified one is gone, or a device that was heard in
OMEMO 2 is listed for OMEMO 0.3 alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..effects import DeviceGone
from ..effects import Effect
from ..state.core import Core
from ..state.devices import DeviceRecord
from ..values import AlarmKind
from ..values import Device
from ..values import Protocol
from ..values import Trust


@dataclass(frozen=True)
class _Before:
    active: bool
    lists_omemo_2: bool


Snapshot = dict[int, _Before]


class ListChanges:
    """Compares what an account listed with what it lists now."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def snapshot(self, jid: str) -> Snapshot:
        """The devices that the account lists before a list is taken over."""
        return {
            number: _Before(record.active, bool(record.listed.get(Protocol.OMEMO_2)))
            for number, record in self._core.devices.of(jid).items()
            if record.identity_key is not None
            and record.device != self._core.own_device
        }

    def compare(self, jid: str, before: Snapshot, protocol: Protocol) -> list[Effect]:
        """The alarms that a list of a protocol leads to."""
        effects: list[Effect] = []
        if self._core.is_withdrawn(jid):
            kind = AlarmKind.LIST_WITHDRAWN
            effects += self._core.raise_alarm(kind, Device(jid, 0))
        for number, was in before.items():
            record = self._core.devices.get(Device(jid, number))
            if record is None:
                continue
            if record.active and not was.active:
                effects += self._returned(record)
            elif was.active and not record.active:
                effects += self._gone(record)
            effects += self._protocol(record, was, protocol)
        return effects

    def _returned(self, record: DeviceRecord) -> list[Effect]:
        core = self._core
        core.alarms.remove(AlarmKind.VERIFIED_DEVICE_GONE, record.device)
        if not core.devices.trust(record).may_receive:
            return []
        # Where a new device would get messages, one that returns does as well
        if core.initial_trust(record.device.jid) is not Trust.BLIND:
            record.returned = True
            core.devices.save(record)
        return self._raise(AlarmKind.DEVICE_RETURNED, record)

    def _gone(self, record: DeviceRecord) -> list[Effect]:
        core = self._core
        core.alarms.remove(AlarmKind.DEVICE_RETURNED, record.device)
        core.alarms.remove(AlarmKind.OLDER_PROTOCOL, record.device)
        effects: list[Effect] = []
        if record.device.jid != core.own_jid:
            effects.append(DeviceGone(record.device))
        if core.devices.trust(record) is Trust.VERIFIED:
            effects += self._raise(AlarmKind.VERIFIED_DEVICE_GONE, record)
        return effects

    def _protocol(
        self, record: DeviceRecord, was: _Before, protocol: Protocol
    ) -> list[Effect]:
        if record.listed.get(Protocol.OMEMO_2):
            self._core.alarms.remove(AlarmKind.OLDER_PROTOCOL, record.device)
            return []
        if not record.active or not record.speaks_omemo_2:
            return []
        if not was.lists_omemo_2 and protocol is not Protocol.OMEMO_2:
            # The other list has not been seen yet
            return []
        return self._raise(AlarmKind.OLDER_PROTOCOL, record)

    def _raise(self, kind: AlarmKind, record: DeviceRecord) -> list[Effect]:
        return self._core.raise_alarm(kind, record.device)
