# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of reading the archive, with a clock that can be moved."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gi.repository import GLib

from omemo_plugin.bridge.gajim import archive as gajim_archive
from omemo_plugin.bridge.incoming import catch_up as module
from omemo_plugin.bridge.incoming.catch_up import CatchUp


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Archive:
    """Gajim's knowledge of the archive."""

    def __init__(self) -> None:
        self.finished: bool | None = False
        self.fails = False

    def catch_up_finished(self, _client: Any) -> bool | None:
        if self.fails:
            raise RuntimeError("no such module")
        return self.finished


class Case:
    def __init__(self, clock: Clock, archive: Archive) -> None:
        self.clock = clock
        self.archive = archive
        self.client = SimpleNamespace(state=SimpleNamespace(is_available=True))
        self.ends = 0
        self.catch_up = CatchUp(self.client, self._ended)
        self.catch_up.begin()

    def _ended(self) -> None:
        self.ends += 1

    def after(self, seconds: float) -> bool:
        """Whether the catch-up is over when so much time has passed."""
        self.clock.now += seconds
        again = self.catch_up._watch()
        assert again == (GLib.SOURCE_REMOVE if self.ends else GLib.SOURCE_CONTINUE)
        assert self.catch_up.running is not bool(self.ends)
        return bool(self.ends)


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    clock, archive = Clock(), Archive()
    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(gajim_archive, "catch_up_finished", archive.catch_up_finished)
    made = Case(clock, archive)
    yield made
    made.catch_up.stop()


def test_the_catch_up_ends_when_gajim_has_read_the_archive(case: Case) -> None:
    assert not case.after(1)
    case.catch_up.message_came()
    case.archive.finished = True
    assert case.after(1)
    assert case.ends == 1
    assert case.catch_up.messages == 1


def test_a_server_without_an_archive(case: Case) -> None:
    case.archive.finished = None
    assert not case.after(1)
    assert case.after(5)


def test_a_query_that_fails(case: Case) -> None:
    """Gajim gives it up and tells nobody."""
    assert not case.after(119)
    assert case.after(2)


def test_a_long_catch_up_is_not_cut_off(case: Case) -> None:
    """Also if all of it was known, and Gajim does not get to see it."""
    for _ in range(10):
        assert not case.after(100)
        case.catch_up.message_came()
    for _ in range(10):
        assert not case.after(100)
        case.catch_up.archive_heard()
    assert case.after(121)


def test_a_connection_that_is_lost_for_long(case: Case) -> None:
    """The archive was read in half, and the prekeys are still needed."""
    case.client.state.is_available = False
    for _ in range(10):
        assert not case.after(100)
    case.client.state.is_available = True
    assert not case.after(1)
    case.archive.finished = True
    assert case.after(1)


def test_an_archive_that_cannot_be_asked_for(case: Case) -> None:
    case.archive.fails = True
    assert case.after(1)


def test_a_new_stream_starts_a_new_catch_up(case: Case) -> None:
    case.catch_up.message_came()
    assert not case.after(119)
    case.catch_up.begin()
    assert case.catch_up.messages == 0
    assert not case.after(2)


def test_a_stopped_catch_up_reports_no_end(case: Case) -> None:
    case.catch_up.stop()
    assert not case.catch_up.running
    assert case.ends == 0
