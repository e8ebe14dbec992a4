# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Those who want to know when devices or trust may have changed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from gi.repository import GLib

from .failures import report

# Too short to be noticed, long enough for a dozen messages from the archive
_SOON_MS = 250


class Watchers:
    """The watchers of one account."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], None]] = []
        self._timer = 0
        self._told = -math.inf

    def follow(self, callback: Callable[[], None]) -> Callable[[], None]:
        """
        Returns:
            What ends it; it may be called twice.
        """
        self._callbacks.append(callback)

        def unfollow() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return unfollow

    def tell(self) -> None:
        """Something may have changed: all are told once, when there is time, but
        not again and again within a moment."""
        if time.monotonic() < self._told + _SOON_MS / 1000:
            self.tell_soon()
            return
        self._stop_timer()
        if self._callbacks:
            self._timer = GLib.idle_add(self._tell)

    def tell_soon(self) -> None:
        """The same for what happens hundreds of times in a row."""
        if self._callbacks and not self._timer:
            self._timer = GLib.timeout_add(_SOON_MS, self._tell)

    def _tell(self) -> bool:
        self._timer = 0
        self._told = time.monotonic()
        for callback in list(self._callbacks):
            try:
                callback()
            except Exception as error:
                report("showing a change", error)
        return GLib.SOURCE_REMOVE

    def close(self) -> None:
        """Nobody is told any more."""
        self._callbacks.clear()
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
