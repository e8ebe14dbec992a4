# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures for how long the code in some files keeps Gajim's main thread."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import Any

from gajim.common import app
from gi.repository import GLib

# A window that stands still for longer is seen to do so: seconds
FRAME = 0.016

TIMERS = ("idle_add", "timeout_add", "timeout_add_seconds")


def _is_from(function: Any, part: str) -> bool:
    """Whether a function is defined in a file with this in its path."""
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    return code is not None and part in code.co_filename


class Stopwatch:
    """Times stanza handlers and what the main loop calls later.

    Both are found by the file that defines them, so that it works the same with
    every plugin.
    """

    def __init__(
        self,
        part: str,
        account: str,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Begin; the account has to have been online.

        :param part: of the paths of the files
        :param clock: seconds; that of the wall counts what the code waits for as well
        """
        self._part = part
        self._clock = clock
        self.handled: list[float] = []
        self.later: list[float] = []
        self._running = 0
        # Seconds that the handlers of others took within one of these
        self._within = 0.0
        self._wrapped: set[Callable[..., Any]] = set()
        self._account = account
        for name in TIMERS:
            setattr(GLib, name, self._timed_timer(getattr(GLib, name)))
        if not self.begin():
            raise LookupError(f"no stanza handler is from {part}")

    def begin(self) -> bool:
        """Forget what was measured, and find the handlers of the connection, which
        may be another one now. Returns whether there are new ones."""
        # Gajim keeps them when it goes offline
        handlers = app.get_client(self._account).connection._dispatcher._handlers
        found = False
        for tags in handlers.values():
            for specifics in tags.values():
                for entries in specifics.values():
                    for entry in entries if isinstance(entries, list) else ():
                        function = entry["func"]
                        if function in self._wrapped:
                            continue
                        ours = _is_from(function, self._part)
                        found = found or ours
                        entry["func"] = (
                            self._timed(function, self.handled)
                            if ours
                            else self._not_timed(function)
                        )
                        self._wrapped.add(entry["func"])
        self.handled.clear()
        self.later.clear()
        self._longest = 0.0, ""
        return found

    def result(self) -> dict[str, Any]:
        """Milliseconds, in all and of the slowest call, and number of calls.

        `later` is what the main loop called; `longest` names the slowest.
        """
        return {
            "handlers_ms": sum(self.handled) * 1000,
            "handler_calls": len(self.handled),
            "later_ms": sum(self.later) * 1000,
            "later_calls": len(self.later),
            "longest_ms": self._longest[0] * 1000,
            "longest": self._longest[1],
            "above_a_frame": sum(t > FRAME for t in (*self.handled, *self.later)),
        }

    def _timed(self, function: Callable[..., Any], times: list[float]) -> Any:
        @functools.wraps(function)
        def timed(*arguments: Any, **keywords: Any) -> Any:
            if threading.current_thread() is not threading.main_thread():
                return function(*arguments, **keywords)
            self._running += 1
            if self._running == 1:
                self._within = 0.0
            started = self._clock()
            try:
                return function(*arguments, **keywords)
            finally:
                self._running -= 1
                if not self._running:
                    seconds = self._clock() - started - self._within
                    self._note(function, seconds, times)

        return timed

    def _not_timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A handler of somebody else, which one of these may call: with nbxmpp 4.2
        Gajim's own handlers are called again for what has been decrypted."""

        @functools.wraps(function)
        def not_timed(*arguments: Any, **keywords: Any) -> Any:
            if not self._running:
                return function(*arguments, **keywords)
            started = self._clock()
            try:
                return function(*arguments, **keywords)
            finally:
                self._within += self._clock() - started

        return not_timed

    def _note(
        self, function: Callable[..., Any], seconds: float, times: list[float]
    ) -> None:
        times.append(seconds)
        name = getattr(function, "__qualname__", str(function))
        self._longest = max(self._longest, (seconds, name))

    def _timed_timer(self, add: Callable[..., Any]) -> Any:
        @functools.wraps(add)
        def timed_add(*arguments: Any, **keywords: Any) -> Any:
            arguments = tuple(
                self._timed(one, self.later) if _is_from(one, self._part) else one
                for one in arguments
            )
            return add(*arguments, **keywords)

        return timed_add
