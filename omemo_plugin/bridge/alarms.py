# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The alarms that the engine keeps until the user has answered them."""

from __future__ import annotations

from collections.abc import Collection

from ..engine.values import Alarm
from ..engine.values import AlarmKind
from .log import guard
from .pep.effects import EffectRunner
from .signals import Signal
from .state.device_history import DeviceHistory
from .state.keystore import Keystore


class OpenAlarms:
    """
    The alarms of one account. Nothing raises.

    Attributes:
        answered: emitted with an alarm that the user has answered.
        settled: emitted with one that ended by itself.
    """

    def __init__(
        self,
        own_jid: str,
        keystore: Keystore,
        effects: EffectRunner,
        history: DeviceHistory,
    ) -> None:
        self.answered: Signal[[Alarm]] = Signal("going on after an answer")
        self.settled: Signal[[Alarm]] = Signal("telling that a warning has ended")
        self._own_jid = own_jid
        self._keystore = keystore
        self._effects = effects
        self._history = history

    def all(self) -> tuple[Alarm, ...]:
        """All open alarms; the newest one comes last."""
        engine = self._keystore.engine
        if engine is None:
            return ()
        with guard("looking for alarms"):
            found = tuple(engine.alarms.open())
            for alarm in engine.alarms.take_settled():
                self._history.note_settled(alarm)
                self.settled.emit(alarm)
            return found
        return ()

    def open(self, jids: Collection[str]) -> tuple[Alarm, ...]:
        """The open alarms about accounts or rooms, and about the own account."""
        wanted = {*jids, self._own_jid}
        return tuple(one for one in self.all() if one.device.jid in wanted)

    def has_failed_check(self, jid: str) -> bool:
        """Whether a check has failed, and this has not been settled."""
        return any(
            one.kind is AlarmKind.CHECK_FAILED and one.device.jid == jid
            for one in self.all()
        )

    def check_failed(self, jid: str) -> None:
        """Two people compared, and something differed."""
        if jid == self._own_jid:
            # The window has said it, and there is nobody to call
            return
        self._effects.call(
            "noting a failed check", lambda engine: engine.alarms.check_failed(jid)
        )

    def check_lifted(self, jid: str) -> None:
        """A later comparison succeeded, or the user took it back."""
        self._effects.call(
            "noting a check", lambda engine: engine.alarms.check_lifted(jid)
        )

    def answer(self, alarm: Alarm, *, accept: bool) -> None:
        """
        The user has answered an alarm.

        Args:
            accept: see `AlarmAnswers.answer`.
        """
        self._effects.call(
            "answering an alarm",
            lambda engine: engine.alarms.answer(alarm, accept=accept),
        )
        self._history.note_answer(alarm, accept=accept)
        if alarm.kind is AlarmKind.OWN_DEVICE and not accept:
            self._effects.call(
                "removing a device that is not the user's",
                lambda engine: engine.devices.remove_own(alarm.device),
            )
        self.answered.emit(alarm)
