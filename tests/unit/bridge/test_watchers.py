# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from gi.repository import GLib

from omemo_plugin.bridge.watchers import Watchers
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


def test_what_comes_in_a_row_is_told_once() -> None:
    watchers, follower = Watchers(), Follower()
    watchers.follow(follower.changed)
    for _ in range(100):
        watchers.tell_soon()
        iterate()
    assert follower.told == 0
    run_until_told(follower, 1)
    watchers.tell_soon()
    run_until_told(follower, 2)


def test_a_decision_is_told_at_once_though_something_else_would_be_soon() -> None:
    watchers, follower = Watchers(), Follower()
    watchers.follow(follower.changed)
    watchers.tell_soon()
    watchers.tell()
    while iterate():
        pass
    assert follower.told == 1


def test_what_goes_on_and_on_is_told_now_and_then() -> None:
    watchers, follower = Watchers(), Follower()
    watchers.follow(follower.changed)
    for _ in range(100):
        watchers.tell()
        while iterate():
            pass
    assert follower.told == 1
    run_until_told(follower, 2)


def test_nobody_is_told_after_the_end() -> None:
    watchers, follower = Watchers(), Follower()
    watchers.follow(follower.changed)
    watchers.tell_soon()
    watchers.close()
    watchers.tell()
    watchers.tell_soon()
    while iterate():
        pass
    assert follower.told == 0
