# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/trust-table.md says what the engine does, and that is right."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from tests.model import trust_table

# They make the whole table first
pytestmark = pytest.mark.thorough

PAGE = Path(__file__).parents[3] / "docs" / "trust-table.md"


def made_once(folder: Path) -> str:
    """The page that the engine makes. Only one worker makes it; the others wait."""
    path = folder / "trust-table.md"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            path.write_text(trust_table.page())
    return path.read_text()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The cells of each line of the page as the engine makes it."""
    folder = tmp_path_factory.getbasetemp()
    # Each worker of pytest-xdist has its own in that of the run
    page = made_once(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)
    assert page == PAGE.read_text(), "run tools/trust-table"
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("| ")
    ]
    return {name: found for name, *found in cells}


def test_events_of_others_change_no_decision_of_the_user(
    rows: dict[str, list[str]],
) -> None:
    for event in trust_table.BY_OTHERS:
        _, _, verified, distrusted = rows[event]
        assert verified.startswith("verified"), event
        assert distrusted == "distrusted, gets nothing", event


def test_only_trusted_devices_get_messages(rows: dict[str, list[str]]) -> None:
    for event in trust_table.EVENTS:
        for cell in rows[event]:
            trusted = cell.startswith(("trusted blindly", "verified"))
            assert trusted or cell.endswith(", gets nothing"), event


def test_no_server_and_no_stranger_makes_a_reader(rows: dict[str, list[str]]) -> None:
    for event in trust_table.BY_OTHERS:
        if not event.startswith("A verified device of the user"):
            assert rows[event][0] == "undecided, gets nothing", event
