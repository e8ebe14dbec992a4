# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures what the main thread does, and for how long it stands still."""

from __future__ import annotations

import time
from pathlib import Path

from gi.repository import GLib

from .stopwatch import Stopwatch

# Milliseconds: shorter than a frame, and rare enough to cost nothing that counts
BEAT = 5


class Meter:
    """Counts from the moment it is made, or from the last `begin`."""

    def __init__(self, part: str, account: str) -> None:
        """Begin.

        :param part: of the path of the files whose code has rows of its own; none if
            it is empty
        """
        self._stopwatch = Stopwatch(part, account, time.thread_time) if part else None
        GLib.timeout_add(BEAT, self._beat, priority=GLib.PRIORITY_HIGH)
        self.begin()

    def begin(self) -> None:
        """Forget what was measured."""
        if self._stopwatch is not None:
            self._stopwatch.begin()
        self._longest = 0.0
        self._last = time.perf_counter()
        self._began = time.thread_time()

    def result(self) -> dict[str, float]:
        """Milliseconds: of the main thread, of its longest standstill, and of the code
        in the files, in handlers of stanzas and in what the main loop calls later."""
        found = {
            "cpu_ms": (time.thread_time() - self._began) * 1000,
            "stall_ms": self._longest * 1000,
        }
        if self._stopwatch is not None:
            timed = self._stopwatch.result()
            found["handlers_ms"] = timed["handlers_ms"]
            found["later_ms"] = timed["later_ms"]
        return found

    def _beat(self) -> bool:
        now = time.perf_counter()
        self._longest = max(self._longest, now - self._last - BEAT / 1000)
        self._last = now
        return True


def memory_mib() -> float:
    """What the process has in memory, with its part of what is shared, in MiB."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise LookupError("the kernel does not tell a process's share of its memory")
