# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times at which the engine looks for something to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...engine.trust.user_decisions import UNDO_SECONDS
from ..gajim import constants as gajim_constants
from ..timers import RepeatingTimer
from ..timers import Timer
from .effects import EffectRunner

if TYPE_CHECKING:
    from ..gajim.protocols import Client

_TICK_SECONDS = 60

# After so many seconds prekeys that received messages used up are replaced
_TICK_AFTER_RECEIVING = 15


class EngineClock:
    """Calls the engine of one account, while there is a connection."""

    def __init__(self, client: Client, effects: EffectRunner) -> None:
        self._client = client
        self._effects = effects
        self._repeating = RepeatingTimer(self._tick)
        self._after_receiving = Timer(self._tick)
        self._after_decision = Timer(self._tick)

    def start(self) -> None:
        """Call it every minute from now on."""
        self._repeating.start(_TICK_SECONDS)

    def message_came(self) -> None:
        """A message was received, which may have used up a prekey."""
        self._after_receiving.start(_TICK_AFTER_RECEIVING)

    def trust_was_set(self) -> None:
        """The user has decided about a device. What follows for other devices
        happens when the user cannot undo it any more."""
        self._after_decision.start(UNDO_SECONDS + 1)

    def stop(self) -> None:
        """Nothing is called any more."""
        for timer in (self._repeating, self._after_receiving, self._after_decision):
            timer.stop()

    def _tick(self) -> None:
        if gajim_constants.is_available(self._client):
            self._effects.call("tidying up", lambda engine: engine.tick())
