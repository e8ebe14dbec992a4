# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alarms that answer themselves, because what they are about is not so any more."""

from __future__ import annotations

from ..state.core import Core
from ..state.devices import DeviceRecord
from ..values import Alarm
from ..values import AlarmKind
from ..values import Trust


def holds(core: Core, alarm: Alarm) -> bool:
    """Whether an alarm still says what is true. Kinds that are not named here end
    with an answer alone, or where their cause ends."""
    kind = alarm.kind
    if kind is AlarmKind.LIST_WITHDRAWN:
        return core.is_withdrawn(alarm.device.jid)
    if kind is AlarmKind.KEY_CHANGED:
        record = core.devices.get(alarm.device)
        return record is not None and record.refused_key
    return kind not in _BY_TRUST or _waits(core, alarm)


# The trust in the device while the alarm is open
_BY_TRUST = {
    AlarmKind.OWN_DEVICE: (Trust.UNDECIDED, Trust.BLIND),
    AlarmKind.NEW_DEVICE: (Trust.UNDECIDED,),
    AlarmKind.NOT_THE_VERIFIED_KEY: (Trust.DISTRUSTED,),
}


def _waits(core: Core, alarm: Alarm) -> bool:
    record: DeviceRecord | None = core.devices.get(alarm.device)
    if record is None or not record.active:
        return False
    return (
        record.identity_key is None
        or core.devices.trust(record) in _BY_TRUST[alarm.kind]
    )


def ended_by_others(core: Core, alarm: Alarm) -> bool:
    """Whether an alarm about a contact that does not hold any more was ended by what
    the contact, or a server, has done. The user knows of the other ends."""
    if alarm.kind is AlarmKind.LIST_WITHDRAWN:
        return True
    if alarm.kind is not AlarmKind.NEW_DEVICE:
        return False
    record = core.devices.get(alarm.device)
    return record is not None and not record.active
