# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing down what happens to devices, where Gajim keeps a history at all."""

from __future__ import annotations

import time as clocks
from collections.abc import Callable
from datetime import datetime

from ...engine.engine import OmemoEngine
from ...engine.state.diary import DiaryEntry
from ...engine.state.diary import DiaryKind
from ...engine.trust.alarm_answers import REFUSED_UNLESS_CONTENT
from ...engine.values import Alarm
from ...engine.values import AlarmKind
from ...engine.values import Device
from ...engine.values import Trust
from ..log import guard

_BY_HAND = {
    Trust.VERIFIED: DiaryKind.COMPARED,
    Trust.BLIND: DiaryKind.USED,
    Trust.UNDECIDED: DiaryKind.UNDECIDED,
    Trust.DISTRUSTED: DiaryKind.REFUSED,
}

# The user is content with what a warning says
_BY_CONSENT = {
    AlarmKind.CHECK_FAILED: DiaryKind.WENT_ON,
    AlarmKind.OWN_DEVICE: DiaryKind.USED,
}

_OF_ALARMS = {
    AlarmKind.KEY_CHANGED: DiaryKind.KEY_CHANGED,
    AlarmKind.NOT_THE_VERIFIED_KEY: DiaryKind.KEY_CHANGED,
    AlarmKind.OWN_DEVICE: DiaryKind.NEW_DEVICE,
    AlarmKind.NEW_DEVICE: DiaryKind.NEW_UNDECIDED,
    AlarmKind.LIST_WITHDRAWN: DiaryKind.WITHDRAWN,
}


class DeviceHistory:
    """The diary of one account. Nothing raises."""

    def __init__(
        self,
        engine: Callable[[], OmemoEngine | None],
        keeps: Callable[[], bool],
        clock: Callable[[], float] = clocks.time,
    ) -> None:
        """
        Args:
            keeps: whether Gajim keeps any history.
            clock: seconds since 1970.
        """
        self._engine = engine
        self._keeps = keeps
        self._clock = clock

    @property
    def keeps(self) -> bool:
        """Whether Gajim keeps any history, and so does this."""
        with guard("looking whether there is a history"):
            return self._keeps()
        return False

    def note(
        self, device: Device, kind: DiaryKind, told_by: Device | None = None
    ) -> None:
        """
        Something has happened.

        Args:
            device: with the id 0 where it is about its account.
            told_by: the device that said so.
        """
        engine = self._engine()
        if engine is None:
            return
        with guard("writing the history of devices"):
            if self._keeps():
                engine.devices.note(device, kind, _day(self._clock()), told_by)

    def note_decision(self, device: Device, trust: Trust) -> None:
        """The user decided on a device by hand."""
        self.note(device, _BY_HAND[trust])

    def note_alarm(self, alarm: Alarm) -> None:
        """There is a warning. It is written down once, although it is raised again at
        each start until the user answers it."""
        engine, kind = self._engine(), _OF_ALARMS.get(alarm.kind)
        if engine is None or kind is None:
            return
        with guard("writing the history of devices"):
            if self._keeps():
                engine.devices.note_once(alarm.device, kind, _day(alarm.since))

    def note_settled(self, alarm: Alarm) -> None:
        """A warning has ended by itself."""
        if alarm.kind is AlarmKind.LIST_WITHDRAWN:
            self.note(alarm.device, DiaryKind.OFFERED_AGAIN)
        else:
            self.note(alarm.device, DiaryKind.SETTLED)

    def note_answer(self, alarm: Alarm, *, accept: bool) -> None:
        """The user answered a warning about a device."""
        if accept:
            kind = _BY_CONSENT.get(alarm.kind)
        else:
            is_refused = alarm.kind in REFUSED_UNLESS_CONTENT
            kind = DiaryKind.REFUSED if is_refused else None
        if kind is not None:
            self.note(alarm.device, kind)

    def note_account(self, jid: str, kind: DiaryKind) -> None:
        """Something has happened to an account."""
        self.note(Device(jid, 0), kind)

    def setting_changed(self) -> None:
        """The user chose whether Gajim keeps a history."""
        engine = self._engine()
        if engine is None:
            return
        with guard("deleting the history of devices"):
            if not self._keeps():
                engine.devices.forget_history()
                engine.kept_undo.clear()

    def of(self, jid: str) -> tuple[DiaryEntry, ...]:
        """The history of an account's devices, newest first."""
        engine = self._engine()
        if engine is None:
            return ()
        with guard("reading the history of devices"):
            return engine.devices.history(jid)
        return ()


def _day(time: float) -> str:
    """
    Args:
        time: seconds since 1970.
    """
    return datetime.fromtimestamp(time).astimezone().date().isoformat()
