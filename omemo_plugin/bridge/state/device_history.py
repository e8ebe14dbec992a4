# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing down what happens to devices, where Gajim keeps a history at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from ...engine.engine import OmemoEngine
from ...engine.state.diary import DiaryEntry
from ...engine.state.diary import DiaryKind
from ...engine.values import Device
from ...engine.values import Trust
from ..log import guard

_BY_HAND = {
    Trust.VERIFIED: DiaryKind.COMPARED,
    Trust.BLIND: DiaryKind.USED,
    Trust.UNDECIDED: DiaryKind.UNDECIDED,
    Trust.DISTRUSTED: DiaryKind.REFUSED,
}


class DeviceHistory:
    """The diary of one account. Nothing raises."""

    def __init__(
        self,
        engine: Callable[[], OmemoEngine | None],
        keeps: Callable[[], bool],
        clock: Callable[[], float] = time.time,
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

    def note(self, device: Device, kind: DiaryKind) -> None:
        """Something has happened; the device has the id 0 where it is about its
        account."""
        engine = self._engine()
        if engine is None:
            return
        with guard("writing the history of devices"):
            if self._keeps():
                day = datetime.fromtimestamp(self._clock()).astimezone().date()
                engine.devices.note(device, kind, day.isoformat())

    def note_decision(self, device: Device, trust: Trust) -> None:
        """The user decided on a device by hand."""
        self.note(device, _BY_HAND[trust])

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
