# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said about stanzas that took long."""

from __future__ import annotations

import pytest

from tests.support.fuzz.stanza_checks import STALL
from tests.support.fuzz.stanza_checks import Report
from tests.support.fuzz.stanza_mutations import Mutant


@pytest.mark.parametrize(
    ("seconds", "ours", "stalls", "by_us"),
    [
        (STALL / 2, 0.0, 0, 0),
        (2 * STALL, STALL / 2, 1, 0),
        (3 * STALL, 2 * STALL, 1, 1),
    ],
)
def test_whose_a_stall_is(seconds: float, ours: float, stalls: int, by_us: int) -> None:
    report = Report()
    result = {
        "shown": [],
        "errors": [],
        "seconds": seconds,
        "ours": ours,
        "garbage": 0.0,
    }
    report.note(Mutant("<message/>", must_be_shown=False), "text", "bob@test", result)
    assert len(report.stalls) == stalls
    assert report.ours == by_us
    assert report.summary().endswith(f"above 50 ms: {stalls}, by us alone: {by_us}")
    report.check()
