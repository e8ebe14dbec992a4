# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Telling windows that devices or trust may have changed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from ..signals import Signal
from ..timers import Timer

# Too short to be noticed, long enough for a dozen messages from the archive
_SOON_SECONDS = 0.25


class Observers:
    """The observers of one account."""

    def __init__(self) -> None:
        self._changed: Signal[[]] = Signal("showing a change")
        self._timer = Timer(self._notify)
        self._last_time = -math.inf

    def follow(self, callback: Callable[[], None]) -> Callable[[], None]:
        """
        Call a function when devices or trust may have changed.

        Returns:
            Ends that; it may be called twice.
        """
        return self._changed.connect(callback)

    def notify(self) -> None:
        """Something may have changed: all observers are called once, when there
        is time, but not again and again within a moment."""
        if time.monotonic() < self._last_time + _SOON_SECONDS:
            self.notify_soon()
            return
        self._timer.stop()
        if self._changed:
            self._timer.start_idle()

    def notify_soon(self) -> None:
        """Notify in a moment, once for changes that come in hundreds."""
        if self._changed:
            self._timer.start(_SOON_SECONDS)

    def _notify(self) -> None:
        self._last_time = time.monotonic()
        self._changed.emit()

    def close(self) -> None:
        """No observer is called any more."""
        self._changed.disconnect_all()
        self._timer.stop()
