# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model of sessions: all states within small bounds. `tools/model --full` looks
at more of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.model.plans import FINDS
from tests.model.planted import PLANTED


def run_model(*arguments: str) -> tuple[int, str]:
    # A process of its own: it is forked for each event, and has to be small
    result = subprocess.run(
        [sys.executable, "-m", "tests.model", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout + result.stderr


def test_nothing_goes_wrong_in_any_state() -> None:
    status, output = run_model()
    print(output)
    assert status == 0, output
    assert "NOT ALL" not in output


@pytest.mark.parametrize("mistake", sorted(PLANTED))
def test_the_model_finds_what_is_wrong(mistake: str) -> None:
    status, output = run_model("--plant", mistake)
    print(output)
    assert status == 1, output
    assert "Violation" in output


def test_all_mistakes_are_planted() -> None:
    assert FINDS.keys() == PLANTED.keys()
