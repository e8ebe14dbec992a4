# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order in which effects are carried out, and that none is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from typing import get_args
from unittest.mock import Mock

import pytest
from gi.repository import GLib

from omemo_plugin.bridge.notices.engine_notices import EngineNotices
from omemo_plugin.bridge.pep.effects import EffectRunner
from omemo_plugin.engine.effects import Effect


@pytest.fixture
def effects() -> Any:
    keystore: Any = SimpleNamespace(engine=object())
    notices = Mock(spec=EngineNotices)
    return EffectRunner(Mock(), "a@b", keystore, Mock(), notices, lambda _jid: False)


def test_the_window_can_be_drawn_between_two_effects(
    effects: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []
    monkeypatch.setattr(effects, "carry_out", done.extend)
    context = GLib.MainContext.default()
    while context.iteration(False):
        pass
    effects.carry_out_later([1, 2])
    effects.carry_out_later([3])
    assert done == []
    after_each = []
    while context.iteration(False):
        after_each.append(list(done))
    assert after_each == [[1], [1, 2], [1, 2, 3]]
    effects.carry_out_later([4])
    while context.iteration(False):
        pass
    assert done == [1, 2, 3, 4]


def test_an_effect_that_leads_to_another(
    effects: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[Sequence[int]] = []

    def carry_out(several: Sequence[int]) -> None:
        turns.append(several)
        if several[0] < 3:
            effects.carry_out_later([several[0] + 1])

    monkeypatch.setattr(effects, "carry_out", carry_out)
    effects.carry_out_later([1])
    while GLib.MainContext.default().iteration(False):
        pass
    assert turns == [(1,), (2,), (3,)]


def test_every_effect_of_the_engine_is_carried_out(effects: Any) -> None:
    assert set(effects._table) == set(get_args(Effect))


def test_an_effect_that_fails_does_not_hold_up_the_next(effects: Any) -> None:
    done: list[Any] = []

    def fail(_effect: int) -> None:
        raise ValueError

    effects._table = {int: fail, str: done.append}
    effects.carry_out([1, "two"])
    assert done == ["two"]
