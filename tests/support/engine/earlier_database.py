# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
A database as gajim-omemo and Gajim's built-in OMEMO have it, made with python-axolotl.
The programs themselves make theirs in `tests/integration/test_takeover.py`.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = "tests.support.engine.axolotl_database"


def make_database(path: Path, *, used: bool, number: int = 0) -> int:
    """
    Make a database.

    Args:
        used: something has been written to somebody. Otherwise the program has only
            met their device.
        number: another number gives other keys.

    Returns:
        The device id.
    """
    data, device_id = _database(used, number)
    path.write_bytes(data)
    return device_id


@functools.cache
def _database(used: bool, _number: int) -> tuple[bytes, int]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "omemo.db")
        made = subprocess.run(
            [sys.executable, "-m", PROGRAM, path, "used" if used else "met"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        return path.read_bytes(), int(made.stdout)
