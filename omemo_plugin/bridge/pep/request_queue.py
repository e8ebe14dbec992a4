# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Limiting the number of requests that are under way to a server.

A large room has a thousand keys to fetch. Servers slow down a client that asks for
so many at once, everything else that it sends would wait behind them, and the last
requests would time out before the server answers them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

# Of one server. More than most rooms need, and through Tor still answered long
# before the timeout
UNDER_WAY_MAX = 100

# Starts a request, and calls what it was given once when that is over
Start = Callable[[Callable[[], None]], None]


class RequestQueues:
    """
    Lets a number of requests be under way, and keeps the order of the others.

    SECURITY: for each server by itself. Otherwise a server that does not answer
    would hold up the keys of all other accounts.
    """

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}

    def add(self, server: str, start: Start, drop: Callable[[], None]) -> None:
        """
        Start a request, now or when it is its turn.

        Args:
            server: the domain that is asked.
            start: raises nothing. It may be over before this returns.
            drop: called in its place if it never is started.
        """
        self._queues.setdefault(server, _Queue()).add(start, drop)

    def drop_all(self) -> None:
        """There is no connection, or a new one: the server does not answer the
        requests that are under way, and those that wait are not sent."""
        queues, self._queues = self._queues, {}
        for queue in queues.values():
            queue.drop_all()


class _Queue:
    """The requests to one server over one connection."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Start, Callable[[], None]]] = deque()
        self._under_way = 0
        self._starting = False

    def add(self, start: Start, drop: Callable[[], None]) -> None:
        self._waiting.append((start, drop))
        self._go_on()

    def drop_all(self) -> None:
        dropped = list(self._waiting)
        self._waiting.clear()
        for _start, drop in dropped:
            drop()

    def _go_on(self) -> None:
        # One that is over at once comes back here from within
        if self._starting:
            return
        self._starting = True
        try:
            while self._waiting and self._under_way < UNDER_WAY_MAX:
                start, _drop = self._waiting.popleft()
                self._under_way += 1
                start(self._over)
        finally:
            self._starting = False

    def _over(self) -> None:
        self._under_way -= 1
        self._go_on()
