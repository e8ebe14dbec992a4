# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

'''
Requests for what others publish, not all of them at once.

A large room has a thousand keys to fetch. Servers slow down who asks for that
much in one go, and whatever else is sent would wait behind it; the last requests
would be given up before they are answered.
'''

from __future__ import annotations

from collections import deque
from collections.abc import Callable

# More than most rooms need, and in Tor still answered long before the timeout
UNDER_WAY_MAX = 100

# Starts a request, and calls what it was given when that is over
Start = Callable[[Callable[[], None]], None]


class RequestQueue:
    '''Lets so many requests be under way, and keeps the order of the others.'''

    def __init__(self) -> None:
        self._waiting: deque[tuple[Start, Callable[[], None]]] = deque()
        self._under_way: set[object] = set()
        self._starting = False

    def add(self, start: Start, drop: Callable[[], None]) -> None:
        '''
        Start a request, now or when it is its turn.

        Args:
            start: raises nothing. It may be over before this returns.
            drop: called in its place if it never is started.
        '''
        self._waiting.append((start, drop))
        self._go_on()

    def drop_all(self) -> None:
        '''There is no connection, or a new one: what was under way is not
        answered any more, and what waits is not asked for.'''
        self._under_way.clear()
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
            while self._waiting and len(self._under_way) < UNDER_WAY_MAX:
                start, _drop = self._waiting.popleft()
                self._start(start)
        finally:
            self._starting = False

    def _start(self, start: Start) -> None:
        ticket = object()

        def over() -> None:
            self._under_way.discard(ticket)
            self._go_on()

        self._under_way.add(ticket)
        start(over)
