# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from gi.repository import GLib

from omemo_plugin.bridge.notices.observers import Observers
from tests.support.waiting import wait_for


class Follower:
    def __init__(self) -> None:
        self.told = 0

    def changed(self) -> None:
        self.told += 1


def iterate() -> bool:
    return GLib.MainContext.default().iteration(False)


def run_until_told(follower: Follower, times: int) -> None:
    wait_for("they are told", lambda: (iterate(), follower.told == times)[1], 10)


def test_changes_in_a_row_are_shown_once() -> None:
    observers, follower = Observers(), Follower()
    observers.follow(follower.changed)
    for _ in range(100):
        observers.notify_soon()
        iterate()
    assert follower.told == 0
    run_until_told(follower, 1)
    observers.notify_soon()
    run_until_told(follower, 2)


def test_a_decision_is_told_at_once_though_something_else_would_be_soon() -> None:
    observers, follower = Observers(), Follower()
    observers.follow(follower.changed)
    observers.notify_soon()
    observers.notify()
    while iterate():
        pass
    assert follower.told == 1


def test_changes_without_end_are_shown_now_and_then() -> None:
    observers, follower = Observers(), Follower()
    observers.follow(follower.changed)
    for _ in range(100):
        observers.notify()
        while iterate():
            pass
    assert follower.told == 1
    run_until_told(follower, 2)


def test_no_observer_is_called_after_close() -> None:
    observers, follower = Observers(), Follower()
    observers.follow(follower.changed)
    observers.notify_soon()
    observers.close()
    observers.notify()
    observers.notify_soon()
    while iterate():
        pass
    assert follower.told == 0
