# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from omemo_plugin.bridge.pep.request_queue import UNDER_WAY_MAX
from omemo_plugin.bridge.pep.request_queue import RequestQueues

MANY = 3 * UNDER_WAY_MAX


class Requests:
    """Numbered; over when the test says so."""

    def __init__(self) -> None:
        self.queues = RequestQueues()
        self.started: list[int] = []
        self.dropped: list[int] = []
        self.over: dict[int, Callable[[], None]] = {}

    def add(self, number: int, server: str = "example.org") -> None:
        def start(over: Callable[[], None]) -> None:
            self.started.append(number)
            self.over[number] = over

        self.queues.add(server, start, lambda: self.dropped.append(number))


@pytest.fixture
def requests() -> Requests:
    requests = Requests()
    for number in range(MANY):
        requests.add(number)
    return requests


def test_requests_are_limited_and_keep_their_order(requests: Requests) -> None:
    assert requests.started == list(range(UNDER_WAY_MAX))
    for number in range(MANY):
        requests.over[number]()
        assert len(requests.started) == min(number + 1 + UNDER_WAY_MAX, MANY)
    assert requests.started == list(range(MANY))
    assert requests.dropped == []


def test_a_server_that_does_not_answer_holds_up_no_other(requests: Requests) -> None:
    requests.add(MANY, "example.net")
    assert requests.started[-1] == MANY


def test_many_that_are_over_at_once_are_no_deep_call() -> None:
    queues = RequestQueues()
    started = []

    def start(over: Callable[[], None]) -> None:
        started.append(over)
        over()

    def first(over: Callable[[], None]) -> None:
        # All others wait for this one
        for _ in range(sys.getrecursionlimit()):
            queues.add("example.org", start, lambda: None)
        over()

    queues.add("example.org", first, lambda: None)
    assert len(started) == sys.getrecursionlimit()


def test_waiting_requests_are_dropped_with_the_connection(requests: Requests) -> None:
    requests.queues.drop_all()
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
