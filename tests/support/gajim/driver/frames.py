# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the frames of Gajim's main window take, and what our dock adds."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from typing import Any

from gajim.common import app

# What is done for the dock, the shield and the line above them
PARTS = ("_update_dock", "_update_line", "_update")


class Frames:
    """Times every frame from now on."""

    def __init__(self) -> None:
        """Begin. Where our plugin is not there, nothing is added."""
        self._frames: list[float] = []
        # In the dock, for each frame
        self._dock: list[float] = []
        self._in_dock = 0.0
        self._began = 0.0
        for name, module in list(sys.modules.items()):
            if name.endswith("omemo_plugin.ui.composer"):
                for part in PARTS:
                    timed = self._timed(getattr(module.Composer, part))
                    setattr(module.Composer, part, timed)
        clock = app.window.get_frame_clock()
        if clock is None:
            # Gajim 2 has its window in an object of its own
            clock = app.window.window.get_frame_clock()
        clock.connect("before-paint", self._before)
        clock.connect("after-paint", self._after)

    def result(self) -> dict[str, float]:
        """Milliseconds of the longest frame, and of the longest in our dock."""
        return {
            "frames": len(self._frames),
            "longest_ms": max(self._frames, default=0.0) * 1000,
            "dock_calls": sum(1 for one in self._dock if one),
            "dock_longest_ms": max(self._dock, default=0.0) * 1000,
        }

    def _before(self, _clock: Any) -> None:
        self._began = time.perf_counter()

    def _after(self, _clock: Any) -> None:
        self._frames.append(time.perf_counter() - self._began)
        self._dock.append(self._in_dock)
        self._in_dock = 0.0

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*arguments: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                self._in_dock += time.perf_counter() - started

        return timed
