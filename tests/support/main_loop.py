# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A main loop and a clock that a test drives, in the place of GLib's.

Nothing waits for the real clock: when there is nothing left to do, the clock jumps
to the next timer. So a test says the same on a busy machine as on a quiet one.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest
from gi.repository import GLib


@dataclass
class _Source:
    """A call that the main loop makes later."""

    number: int
    call: Callable[[], Any]
    interval: float | None
    """Seconds of a timer; None for what is done as soon as possible."""
    is_idle: bool
    """Whether it waits until nothing else is to be done."""
    due: float
    turn: int


class MainLoop:
    """Keeps what was added with GLib's functions, and calls it when told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        """Seconds; what time.monotonic() says."""
        self._sources: dict[int, _Source] = {}
        self._numbers = itertools.count(1)
        self._turns = itertools.count(1)
        # Threads add what shall be done in the main loop
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forget what another test has left to do."""
        with self._lock:
            self._sources.clear()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of GLib's main loop and of the monotonic clock."""
        monkeypatch.setattr(GLib, "idle_add", self.idle_add)
        monkeypatch.setattr(GLib, "timeout_add", self.timeout_add)
        monkeypatch.setattr(GLib, "timeout_add_seconds", self.timeout_add_seconds)
        monkeypatch.setattr(GLib, "source_remove", self.source_remove)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    # In the place of GLib's functions

    def idle_add(
        self,
        call: Callable[..., Any],
        *arguments: Any,
        priority: int = GLib.PRIORITY_DEFAULT_IDLE,
    ) -> int:
        """Call in the next turn."""
        is_idle = priority > GLib.PRIORITY_DEFAULT
        return self._add(call, arguments, None, is_idle=is_idle)

    def timeout_add(
        self, milliseconds: int, call: Callable[..., Any], *arguments: Any
    ) -> int:
        """Call after some milliseconds."""
        return self._add(call, arguments, milliseconds / 1000)

    def timeout_add_seconds(
        self, seconds: int, call: Callable[..., Any], *arguments: Any
    ) -> int:
        """Call after some seconds."""
        return self._add(call, arguments, float(seconds))

    def source_remove(self, number: int) -> bool:
        """Do not call it any more."""
        with self._lock:
            return self._sources.pop(number, None) is not None

    # For the test

    @property
    def idle(self) -> bool:
        """Whether nothing is to be done before the clock has moved on."""
        return self._next(self.now) is None

    def turn(self) -> bool:
        """Make one call that is due.

        :returns: whether there was one
        """
        source = self._next(self.now)
        if source is None:
            return False
        if source.interval is not None:
            source.due = self.now + source.interval
        source.turn = next(self._turns)
        if not source.call():
            self.source_remove(source.number)
        return True

    def run_until(self, condition: Callable[[], Any], seconds: float = 5.0) -> None:
        """Go on until something holds.

        :param seconds: of this clock, before it counts as not having happened
        :raises AssertionError: it does not hold, and time is up
        """
        end = self.now + seconds
        while not condition():
            if not self.turn():
                assert self._jump(end), f"it did not happen within {seconds:g} s"

    def run_for(self, seconds: float) -> None:
        """Let this much time go by."""
        end = self.now + seconds
        while self.turn() or self._jump(end):
            pass
        self.now = end

    def _add(
        self,
        call: Callable[..., Any],
        arguments: Any,
        interval: float | None,
        *,
        is_idle: bool = False,
    ) -> int:
        with self._lock:
            number = next(self._numbers)
            due = self.now + (interval or 0.0)
            turn = next(self._turns)
            self._sources[number] = _Source(
                number, lambda: call(*arguments), interval, is_idle, due, turn
            )
        return number

    def _next(self, until: float) -> _Source | None:
        """Return what comes first: what is idle after the rest, as in GLib."""
        with self._lock:
            due = [one for one in self._sources.values() if one.due <= until]
        return min(due, key=lambda one: (one.is_idle, one.due, one.turn), default=None)

    def _jump(self, end: float) -> bool:
        """Set the clock to the next timer, if there is one before the end."""
        with self._lock:
            due = min((one.due for one in self._sources.values()), default=end)
        if due >= end:
            return False
        self.now = max(self.now, due)
        return True


class Disk:
    """A replacement of ThreadPoolExecutor: a thread does the work while the caller
    waits."""

    def __init__(self, *_arguments: Any) -> None:
        self._is_open = True

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        """Do it now, in another thread."""
        if not self._is_open:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[Any] = Future()

        def work() -> None:
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return future

    def shutdown(self) -> None:
        """Take nothing more."""
        self._is_open = False
