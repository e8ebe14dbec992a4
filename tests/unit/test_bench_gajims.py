# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmark in real Gajims makes of its measurements."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.bench.gajims.report import ROWS
from tests.bench.gajims.report import lines
from tests.bench.gajims.report import picture
from tests.bench.gajims.report import text
from tests.bench.gajims.values import Sample
from tests.bench.gajims.values import Table
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import NO_OMEMO
from tests.support.gajim.scene import OURS


def rounds(*values: float) -> list[Sample]:
    return [dict.fromkeys(ROWS, value) for value in values]


def table(**more: list[Sample]) -> Table:
    samples = {
        OURS: rounds(3.0, 3.6, 2.9),
        GAJIM_OMEMO: rounds(5.0, 5.1, 5.0),
        NO_OMEMO: rounds(1.0, 1.1, 1.0),
    }
    return Table("bookworm", GAJIM_OMEMO, samples | more)


def test_the_control_of_the_same_round_counts() -> None:
    line = next(one for one in lines(table()) if one.name == "send")
    assert line.ours == 3.0
    assert line.ours_share == pytest.approx(2.0)
    assert line.other_share == pytest.approx(4.0)
    assert line.ratio == pytest.approx(0.5)


def test_no_ratio_where_there_is_no_share() -> None:
    same = table(**{OURS: rounds(1.0, 1.0, 0.9)})
    assert {line.ratio for line in lines(same)} == {None}


def test_a_machine_that_changes_its_speed_is_noticed() -> None:
    assert "changed its speed" not in text(table())
    changed = table(**{NO_OMEMO: rounds(1.0, 2.0, 1.0)})
    assert "changed its speed" in text(changed)


def test_the_picture_has_a_bar_for_each() -> None:
    drawn = ET.fromstring(picture([table(), table()]))
    bars = list(drawn.iter("{http://www.w3.org/2000/svg}rect"))[1:]
    widths = [float(bar.get("width", "0")) for bar in bars]
    assert len(widths) == 6
    assert widths[1] == max(widths)
    assert widths[0] / widths[1] == pytest.approx(0.6, abs=0.01)
