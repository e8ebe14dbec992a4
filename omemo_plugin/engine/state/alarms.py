# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The alarms that the user has not answered yet. Meeting the same event again, in a
list, a bundle or a message, adds nothing.
"""

from __future__ import annotations

from ..effects import AlarmRaised
from ..effects import Effect
from ..values import Alarm
from ..values import AlarmKind
from ..values import Device
from .store import Store

_ALARMS = "/gajim/alarms/"

# Of one account and one kind. SECURITY: a server or a contact could invent devices
# without end, and must not thereby keep an alarm about somebody else from the user
ALARMS_MAX = 50


class Alarms:
    """The open alarms of one account's store. Nothing here commits."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, alarm: Alarm) -> list[Effect]:
        """Keep an alarm. Returns no effects if it is open already."""
        key = _key(alarm)
        alike = key[: key.rindex("/") + 1]
        if self._store.has(key) or len(self._store.keys(alike)) >= ALARMS_MAX:
            return []
        value = {"since": alarm.since, "owner": alarm.owner}
        if alarm.members:
            value["members"] = list(alarm.members)
        self._store.put(key, value)
        return [AlarmRaised(alarm)]

    def open(self, jid: str | None = None) -> list[Alarm]:
        """
        List the open alarms, oldest first.

        Args:
            jid: the bare JID of one account; None for all of them.
        """
        prefix = _ALARMS if jid is None else f"{_ALARMS}{jid}/"
        found = [self._load(key) for key in self._store.keys(prefix)]
        return sorted(found, key=lambda one: (one.since, one.device))

    def _load(self, key: str) -> Alarm:
        jid, kind, number = key[len(_ALARMS) :].rsplit("/", 2)
        value = self._store.get(key)
        device = Device(jid, int(number))
        return Alarm(
            AlarmKind(kind),
            device,
            value["since"],
            value["owner"],
            tuple(value.get("members", ())),
        )

    def remove(self, kind: AlarmKind, device: Device) -> bool:
        """Close an alarm; whether it was open."""
        key = _key(Alarm(kind, device))
        if not self._store.has(key):
            return False
        self._store.delete(key)
        return True


def _key(alarm: Alarm) -> str:
    device = alarm.device
    return f"{_ALARMS}{device.jid}/{alarm.kind.value}/{device.device_id}"
