# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from gi.repository import GLib

from omemo_plugin.bridge.errands import Errands


def test_the_window_can_be_drawn_between_two_errands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[Any] = []
    anything: Any = SimpleNamespace(engine=object())
    errands: Any = Errands(anything, "a@b", anything, anything, anything)
    monkeypatch.setattr(errands, "_carry_out", done.append)
    context = GLib.MainContext.default()
    while context.iteration(False):
        pass
    errands.carry_out_later([1, 2])
    errands.carry_out_later([3])
    assert done == []
    after_each = []
    while context.iteration(False):
        after_each.append(list(done))
    assert after_each == [[1], [1, 2], [1, 2, 3]]
    errands.carry_out_later([4])
    while context.iteration(False):
        pass
    assert done == [1, 2, 3, 4]


def test_an_errand_that_leads_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []
    anything: Any = SimpleNamespace(engine=object())
    errands: Any = Errands(anything, "a@b", anything, anything, anything)

    def carry_out(effect: int) -> None:
        done.append(effect)
        if effect < 3:
            errands.carry_out_later([effect + 1])

    calls: list[int] = []
    carry_out_next = errands._carry_out_next

    def counted() -> bool:
        calls.append(1)
        return bool(carry_out_next())

    monkeypatch.setattr(errands, "_carry_out", carry_out)
    monkeypatch.setattr(errands, "_carry_out_next", counted)
    errands.carry_out_later([1])
    while GLib.MainContext.default().iteration(False):
        pass
    assert done == [1, 2, 3]
    assert len(calls) == 3
