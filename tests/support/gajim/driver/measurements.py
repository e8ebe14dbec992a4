# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests that measure a running Gajim."""

from __future__ import annotations

import time
from typing import Any

from .frames import Frames
from .meter import Meter
from .meter import memory_mib
from .stopwatch import Stopwatch


class Measurements:
    """Each public method is an action; arguments and results are JSON values."""

    def start_stopwatch(self, part: str, account: str) -> None:
        """Begin to measure the time of the code in files with this in their path."""
        self._stopwatch = Stopwatch(part, account)

    def stopwatch(self) -> dict[str, Any]:
        """The measurements so far."""
        return self._stopwatch.result()

    def start_frames(self) -> None:
        """Measure how long the frames of the main window take."""
        self._frames = Frames()

    def frames(self) -> dict[str, float]:
        """What was measured so far."""
        return self._frames.result()

    def start_meter(self, part: str, account: str) -> None:
        """Begin to measure the main thread; `part` as in `start_stopwatch`, or none."""
        self._meter = Meter(part, account)

    def begin_measuring(self) -> None:
        """Forget what was measured."""
        self._meter.begin()

    def measured(self) -> dict[str, float]:
        """What was measured since."""
        return self._meter.result()

    def main_thread_ms(self) -> float:
        """The milliseconds that the main thread has worked since the start."""
        return time.thread_time() * 1000

    def memory_mib(self) -> float:
        """The memory of this process."""
        return memory_mib()
