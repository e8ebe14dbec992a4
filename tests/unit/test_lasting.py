# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Gajim each of several end-to-end tests gets, if they share one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e import lasting
from tests.e2e.lasting import CONTACTS
from tests.e2e.lasting import Lasting


class Program:
    """In the place of a Gajim."""

    def __init__(self) -> None:
        self.running = True
        self.asked: list[str] = []

    def call(self, action: str) -> object:
        self.asked.append(action)
        return ["MainWindow"] if action == "window_class_names" else None

    def close(self) -> None:
        self.running = False


class Place:
    """In the place of a scene."""

    def __init__(self, *names: str, roster_names: dict[str, str]) -> None:
        self.names = names
        self.roster_names = roster_names
        self.gajims: list[Program] = []
        self.kept: list[str] = []

    def keep_logs(self, title: str = "end") -> None:
        # A log is there as long as its program's folder is
        assert all(gajim.running for gajim in self.gajims[:1])
        self.kept.append(title)

    def close(self) -> None:
        for gajim in self.gajims:
            gajim.close()


def start(scene: Any, suite: str) -> Any:
    if suite == "broken":
        raise AssertionError("it does not start")
    scene.gajims.append(Program())
    return scene.gajims[0]


class House:
    """In the place of the Gajim that the contacts use."""

    def __init__(self, scene: Any, *about: object) -> None:
        self.gajim = Program()
        self.guests: list[str] = []
        self.left: list[str] = []
        self.stays_open = False
        self.about = about
        scene.gajims.append(self.gajim)

    def lodger(self, name: str) -> Any:
        self.guests.append(name)
        return self

    def leave(self) -> None:
        if self.stays_open:
            raise AssertionError("it is not closed")
        self.left.append(self.guests[-1])


class Run:
    """Runs tests one after another, and remembers what they got."""

    def __init__(self) -> None:
        self.scenes: list[Any] = []
        self.lasting = Lasting(self._new_scene, "ann", "ben", start)

    def _new_scene(self, *names: str, **options: Any) -> Any:
        self.scenes.append(Place(*names, **options))
        return self.scenes[-1]

    def test(self, suite: str, *, fails: bool = False, crashes: bool = False) -> Any:
        with self.lasting.of(suite, lambda: fails) as shared:
            gajim: Any = shared.gajim
            assert gajim.running
            self.scenes[-1].gajims.append(Program())
            if crashes:
                gajim.running = False
            return gajim, shared.contact


def test_one_gajim_and_a_contact_for_each() -> None:
    run = Run()
    first, second, other = run.test("one"), run.test("one"), run.test("other")
    assert first[0] is second[0]
    assert other[0] is not first[0]
    assert (first[1], second[1], other[1]) == ("ben1", "ben2", "ben1")
    assert run.scenes[0].names[:3] == ("ann", "ben1", "ben2")
    assert set(run.scenes[0].roster_names.values()) == {"Ben"}
    assert "close_other_windows" in first[0].asked
    # What a test has started besides is ended with it
    assert [gajim.running for gajim in run.scenes[0].gajims] == [True, False, False]
    assert not run.scenes[0].kept


def test_a_failed_test_leaves_nothing() -> None:
    run = Run()
    failed = run.test("one", fails=True)
    assert run.scenes[0].kept == ["ben1"]
    assert not failed[0].running
    after = run.test("one")
    assert after[0] is not failed[0]
    assert after[1] == "ben1"
    assert run.test("one")[0] is after[0]


def test_a_gajim_that_has_died_is_replaced() -> None:
    run = Run()
    died = run.test("one", crashes=True)
    assert run.test("one")[0] is not died[0]


def test_a_gajim_that_does_not_start_leaves_nothing() -> None:
    run = Run()
    for _ in range(2):
        with pytest.raises(AssertionError, match="does not start"):
            run.test("broken")
    assert [scene.kept for scene in run.scenes] == [["end"], ["end"]]


def test_nobody_is_met_twice() -> None:
    run = Run()
    met = [run.test("one") for _ in range(CONTACTS + 1)]
    assert len({contact for _gajim, contact in met[:-1]}) == CONTACTS
    assert met[-1][0] is not met[0][0]


def test_contacts_use_one_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting, "Lodging", House)
    run = Run()

    def test(*, fails: bool = False) -> Any:
        with run.lasting.of("one", lambda: fails) as shared:
            shared.lodger("trixie", "built-in")
            return shared._lodging

    first, second, third, other = test(), test(), test(fails=True), test()
    assert first is second is third
    assert first.about[:2] == ("trixie", "built-in")
    assert first.guests == ["ben1", "ben2", "ben3"]
    # Who has failed is not sent away: its program is ended
    assert first.left == ["ben1", "ben2"]
    assert not first.gajim.running
    assert other is not first
    assert other.gajim.running


def test_a_contact_that_does_not_leave_takes_all_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lasting, "Lodging", House)
    run = Run()

    def test(*, stays: bool) -> Any:
        with run.lasting.of("one", lambda: False) as shared:
            shared.lodger()
            house: Any = shared._lodging
            house.stays_open = stays
            return house

    with pytest.raises(AssertionError, match="not closed"):
        test(stays=True)
    assert not run.scenes[0].gajims[0].running
    assert test(stays=False).guests == ["ben1"]


def test_what_one_worker_runs() -> None:
    pytest.importorskip("xdist", reason="apt install python3-pytest-xdist")
    from tests.support.parallel import SceneScheduling

    scheduling = SceneScheduling.__new__(SceneScheduling)
    scheduling.shared = ("test_one",)
    groups = {
        name: scheduling._split_scope(name)
        for name in (
            "tests/e2e/test_one.py::test_a[trixie]",
            "tests/e2e/test_one.py::test_b[trixie-file]",
            "tests/e2e/test_one.py::test_b[bookworm-file]",
            "tests/e2e/test_one.py::test_c[1.7-to-2.1]",
            "tests/e2e/test_one.py::test_d[1.7-to-2.1]",
            "tests/e2e/test_one.py::test_d[1.7-to-2.6]",
            "tests/e2e/test_other.py::test_a[trixie]",
            "tests/e2e/test_other.py::test_b[trixie]",
        )
    }
    a, b, bookworm, c, d, newer, other, another = groups.values()
    assert a == b
    assert c == d
    assert len({a, bookworm, c, newer, other, another}) == 6
