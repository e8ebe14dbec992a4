# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the outcome of a check can be undone to, for a day and after restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.state.diary import DiaryKind
from omemo_plugin.engine.trust.kept_undo import KEPT_SECONDS
from omemo_plugin.engine.trust.kept_undo import TrustSnapshot
from omemo_plugin.engine.values import CodeClaims
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust

ALICE = "alice@example.org"
BOB = "bob@example.org"
PHONE = Device(BOB, 1)
ACCOUNT = Device(BOB, 0)

BEFORE = TrustSnapshot(
    BOB,
    {PHONE: ("12" * 32, Trust.BLIND), Device(BOB, 2): ("34" * 32, Trust.DISTRUSTED)},
    None,
    True,
    CodeClaims({3: "56" * 32}, frozenset({"78" * 32}), frozenset({"9a" * 32})),
)

OPPOSITE = TrustSnapshot(BOB, {}, True)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> OmemoEngine:
    return OmemoEngine.open(tmp_path / "store", ALICE, clock)


def check(engine: OmemoEngine, before: TrustSnapshot = BEFORE) -> None:
    engine.devices.note(ACCOUNT, DiaryKind.WORDS, "2026-05-12")
    engine.kept_undo.keep(before)


@pytest.mark.parametrize("before", [BEFORE, OPPOSITE], ids=["some", "opposite"])
def test_all_of_it_is_there_after_a_restart(
    engine: OmemoEngine, tmp_path: Path, clock: Clock, before: TrustSnapshot
) -> None:
    check(engine, before)
    engine.close()
    engine = OmemoEngine.open(tmp_path / "store", ALICE, clock)
    assert engine.kept_undo.of(BOB) == before
    assert engine.kept_undo.of("carol@example.org") is None


@pytest.mark.parametrize("direction", [1, -1], ids=["later", "set back"])
def test_it_ends_after_a_day(engine: OmemoEngine, clock: Clock, direction: int) -> None:
    check(engine)
    clock.now += direction * (KEPT_SECONDS - 1)
    engine.tick()
    assert engine.kept_undo.of(BOB) == BEFORE
    clock.now += direction
    assert engine.kept_undo.of(BOB) is None
    # Nothing is left that says when the user decided
    engine.tick()
    clock.now -= direction
    assert engine.kept_undo.of(BOB) is None


def test_another_decision_takes_its_place(engine: OmemoEngine) -> None:
    check(engine)
    engine.devices.note(Device(BOB, 4), DiaryKind.NEW_DEVICE, "2026-05-12")
    assert engine.kept_undo.of(BOB) == BEFORE, "nobody decided that"
    engine.devices.note(PHONE, DiaryKind.REFUSED, "2026-05-12")
    assert engine.kept_undo.of(BOB) is None


def test_it_can_be_undone_once(engine: OmemoEngine) -> None:
    check(engine)
    engine.kept_undo.forget(BOB)
    assert engine.kept_undo.of(BOB) is None


def test_without_a_history_there_is_no_place_for_it(engine: OmemoEngine) -> None:
    engine.kept_undo.keep(BEFORE)
    engine.devices.note(ACCOUNT, DiaryKind.WORDS, "2026-05-12")
    assert engine.kept_undo.of(BOB) is None


def test_all_of_it_can_be_forgotten(engine: OmemoEngine) -> None:
    check(engine)
    engine.kept_undo.clear()
    assert engine.kept_undo.of(BOB) is None
