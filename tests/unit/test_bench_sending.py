# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmark of sending makes of its measurements."""

from __future__ import annotations

import pytest

from tests.bench.sending import Measured
from tests.bench.sending import _summary
from tests.support.gajim.scene import NO_OMEMO
from tests.support.gajim.scene import OURS


def rounds(*seconds: float) -> list[Measured]:
    return [{"seconds": one, "press_to_wire": [1.0, 3.0, 2.0]} for one in seconds]


def test_the_control_of_the_same_round_counts() -> None:
    found = _summary(
        {OURS: rounds(3.0, 3.6, 2.9), NO_OMEMO: rounds(1.0, 1.1, 1.0)}, 100
    )
    ours = found["of"][OURS]
    assert ours["cpu"] == pytest.approx(30)
    assert ours["above_control"] == pytest.approx(20)
    assert ours["press_to_wire"] == 2.0
    assert found["steady"]


def test_a_machine_that_changes_its_speed_is_noticed() -> None:
    found = _summary({OURS: rounds(3.0, 6.0), NO_OMEMO: rounds(1.0, 2.0)}, 100)
    assert not found["steady"]
