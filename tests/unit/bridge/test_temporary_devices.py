# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long temporary devices are waited for that may be alive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest

from omemo_plugin.bridge.gajim import contacts as gajim_contacts
from omemo_plugin.bridge.pep import temporary_devices
from omemo_plugin.bridge.pep.temporary_devices import Records

OWN, PLUGGED, UNPLUGGED = "here", "there", "unplugged"
NUMBERS = {11: PLUGGED, 22: UNPLUGGED}

# Of the 15 seconds in which whoever wrote to a dead device is told; the rest is for
# the login, the archive, and what takes the device off, each through Tor
LONGEST_WAIT = 10


class Clock:
    """Stands in for the timers, and goes as far as it is told."""

    def __init__(self) -> None:
        self.now = 0.0
        self._calls: list[tuple[float, Callable[[], object]]] = []

    def timer(self, call: Callable[[], object]) -> Any:
        timer = Mock(is_running=False)

        def start(seconds: float) -> None:
            # GLib takes a whole number for up to one more
            late = 1 if isinstance(seconds, int) else 0
            timer.is_running = True
            self._calls.append((self.now + seconds + late, run))

        def stop() -> None:
            timer.is_running = False

        def run() -> None:
            if timer.is_running:
                timer.is_running = False
                call()

        timer.start, timer.stop = start, stop
        return timer

    def go(self, seconds: float) -> None:
        self.now += seconds
        due = [call for when, call in self._calls if when <= self.now]
        self._calls = [each for each in self._calls if each[0] > self.now]
        for call in due:
            call()


class Asking:
    """Asks which of the devices are alive."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.pings: dict[str, Callable[[bool], None]] = {}
        self.answers: list[frozenset[int]] = []
        pep = Mock()
        pep.ping = lambda resource, answer: self.pings.update({resource: answer})
        self._records = Records(Mock(), pep)
        self._records._resources.update(NUMBERS)

    def begin(self) -> None:
        self._records.find_alive(self.answers.append)


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Asking:
    one = Asking()
    monkeypatch.setattr(temporary_devices, "Timer", one.clock.timer)
    monkeypatch.setattr(gajim_contacts, "own_resource", lambda _client: OWN)
    monkeypatch.setattr(
        gajim_contacts,
        "own_online_resources",
        lambda _client: {OWN, PLUGGED, UNPLUGGED},
    )
    return one


def test_a_dead_device_is_waited_for_so_long_and_no_longer(asking: Asking) -> None:
    asking.begin()
    assert set(asking.pings) == {PLUGGED, UNPLUGGED}
    asking.pings[PLUGGED](True)
    asking.clock.go(LONGEST_WAIT - 0.5)
    assert asking.answers == [], "a device behind Tor gets no time to answer"
    asking.clock.go(0.5)
    assert asking.answers == [frozenset({11})]
    # What comes now comes too late
    asking.pings[UNPLUGGED](True)
    asking.clock.go(LONGEST_WAIT)
    assert len(asking.answers) == 1


def test_nothing_is_waited_for_when_all_have_answered(asking: Asking) -> None:
    asking.begin()
    asking.pings[UNPLUGGED](False)
    assert asking.answers == []
    asking.pings[PLUGGED](True)
    assert asking.answers == [frozenset({11})]
    asking.clock.go(LONGEST_WAIT)
    assert len(asking.answers) == 1


def test_who_is_offline_is_not_waited_for(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gajim_contacts, "own_online_resources", lambda _client: {OWN})
    asking.begin()
    assert asking.pings == {}
    assert asking.answers == [frozenset()]
