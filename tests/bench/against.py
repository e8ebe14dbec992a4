# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Measures the same rows from another checkout, to see whether a change has made something
slower.

Both checkouts take turns at each row, each in a process of its own. The smallest of
several times counts, because other programs can only make a row slower.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.rival import Row

HERE = Path(__file__).resolve().parents[2]
TURNS = 3


def compare(names: Sequence[str], other: Path) -> list[Row]:
    """
    Print each row as it comes.

    Args:
        names: of the rows.
        other: the folder of the other checkout.

    Returns:
        Rows in which the other checkout is the peer. Its ratio is above 1 where this
        checkout is faster.
    """
    rows: list[Row] = []
    print(f"{'':16} {'here':>10} {'there':>18} {'ratio':>7}   milliseconds")
    for name in names:
        print(f"{name:16} ", end="", flush=True)
        here: list[float] = []
        there: list[float] = []
        for _ in range(TURNS):
            here.append(_run(HERE, name))
            there.append(_run(other, name))
        ours, theirs = min(here), min(there)
        ratio = round(theirs / ours, 2)
        print(f"{ours:10.2f} {theirs:18.2f} {ratio:7.2f}", flush=True)
        rows.append(
            {
                "name": name,
                "ours_ms": ours,
                "peer": str(other),
                "peer_ms": theirs,
                "ratio": ratio,
            }
        )
    return rows


def _run(checkout: Path, name: str) -> float:
    """Milliseconds of one row, of which a slow moment spoils one side alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.json")
        subprocess.run(
            [
                *(sys.executable, "-m", "tests.bench"),
                *("--only", name, "--json", str(path)),
            ],
            cwd=checkout,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        rows: list[Row] = json.loads(path.read_text())
    return next(row["ours_ms"] for row in rows if row["name"] == name)
