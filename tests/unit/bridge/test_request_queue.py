# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from omemo_plugin.bridge.request_queue import UNDER_WAY_MAX
from omemo_plugin.bridge.request_queue import RequestQueue

MANY = 3 * UNDER_WAY_MAX


class Requests:
    '''Numbered; over when the test says so.'''

    def __init__(self) -> None:
        self.queue = RequestQueue()
        self.started: list[int] = []
        self.dropped: list[int] = []
        self.over: dict[int, Callable[[], None]] = {}

    def add(self, number: int) -> None:
        def start(over: Callable[[], None]) -> None:
            self.started.append(number)
            self.over[number] = over

        self.queue.add(start, lambda: self.dropped.append(number))


@pytest.fixture
def requests() -> Requests:
    requests = Requests()
    for number in range(MANY):
        requests.add(number)
    return requests


def test_so_many_are_under_way_and_the_order_is_kept(requests: Requests) -> None:
    assert requests.started == list(range(UNDER_WAY_MAX))
    for number in range(MANY):
        requests.over[number]()
        assert len(requests.started) == min(number + 1 + UNDER_WAY_MAX, MANY)
    assert requests.started == list(range(MANY))
    assert requests.dropped == []


def test_one_that_is_over_twice_counts_once(requests: Requests) -> None:
    requests.over[0]()
    requests.over[0]()
    assert len(requests.started) == UNDER_WAY_MAX + 1


def test_many_that_are_over_at_once_are_no_deep_call() -> None:
    queue = RequestQueue()
    started = []

    def start(over: Callable[[], None]) -> None:
        started.append(over)
        over()

    def first(over: Callable[[], None]) -> None:
        # All others wait for this one
        for _ in range(sys.getrecursionlimit()):
            queue.add(start, over)
        over()

    queue.add(first, lambda: None)
    assert len(started) == sys.getrecursionlimit()


def test_what_waits_is_dropped_with_the_connection(requests: Requests) -> None:
    requests.queue.drop_all()
    assert requests.dropped == list(range(UNDER_WAY_MAX, MANY))
    # The new connection owes the old one nothing
    for number in range(MANY, 2 * MANY):
        requests.add(number)
    assert len(requests.started) == 2 * UNDER_WAY_MAX
    # An answer that was given up comes after all
    requests.over[0]()
    assert len(requests.started) == 2 * UNDER_WAY_MAX
    requests.over[MANY]()
    assert len(requests.started) == 2 * UNDER_WAY_MAX + 1
