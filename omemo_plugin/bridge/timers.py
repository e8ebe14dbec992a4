# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Having the main loop call a function later."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from gi.repository import GLib

from .log import guard

_DOING = "answering a call of the main loop"

P = ParamSpec("P")


class Timer:
    """A call after some time. It runs once at a time, and can be stopped."""

    def __init__(self, call: Callable[[], object]) -> None:
        """
        Args:
            call: what is called. It may start the timer again.
        """
        self._call = call
        self._source = 0

    @property
    def is_running(self) -> bool:
        """Whether the call is still to come."""
        return self._source != 0

    def start(self, seconds: float) -> None:
        """
        Start it. If it is running already, it keeps its time.

        Args:
            seconds: a whole number may come up to a second later, together
                with others, and wakes the machine less often.
        """
        if self._source:
            return
        if isinstance(seconds, int):
            self._source = GLib.timeout_add_seconds(seconds, self._run)
        else:
            self._source = GLib.timeout_add(int(seconds * 1000), self._run)

    def start_idle(self) -> None:
        """Start it for the next moment in which there is nothing else to do."""
        if not self._source:
            self._source = GLib.idle_add(self._run)

    def stop(self) -> None:
        """Stop it, if it is running."""
        if self._source:
            GLib.source_remove(self._source)
            self._source = 0

    def _run(self) -> bool:
        self._source = 0
        with guard(_DOING):
            self._call()
        return bool(GLib.SOURCE_REMOVE)


class RepeatingTimer(Timer):
    """A call at intervals, until it is stopped; in the call, too."""

    def _run(self) -> bool:
        source = self._source
        with guard(_DOING):
            self._call()
        # When the call has stopped it, GLib has removed the source already
        return self._source == source


def later(call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call a function once, when the main loop has nothing else to do."""
    GLib.idle_add(_once(call, *args, **kwargs))


def soon(call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """
    Call a function once, when the call from the main loop that is running now has
    returned, and before the window is drawn again. For what the user waits for: a
    drawing in between takes longer than most of what is called so.
    """
    # GTK draws with a lower priority (GDK_PRIORITY_REDRAW), and `later` waits for that
    GLib.idle_add(_once(call, *args, **kwargs), priority=GLib.PRIORITY_DEFAULT)


def _once(
    call: Callable[P, object], *args: P.args, **kwargs: P.kwargs
) -> Callable[[], bool]:
    def run() -> bool:
        with guard(_DOING):
            call(*args, **kwargs)
        return bool(GLib.SOURCE_REMOVE)

    return run


def after(seconds: float, call: Callable[[], object]) -> None:
    """Call a function once after some time; nothing can stop that."""
    GLib.timeout_add(int(seconds * 1000), _once(call))
