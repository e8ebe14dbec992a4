# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Debian package says when it goes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
POSTRM = REPOSITORY / "debian" / "gajim-omemo-plugin.postrm"


@pytest.mark.parametrize(
    ("argument", "lines"), [("remove", 1), ("purge", 0), ("upgrade", 0)]
)
def test_removal_says_in_one_line_what_stays(argument: str, lines: int) -> None:
    said = subprocess.run(
        ["sh", str(POSTRM), argument], capture_output=True, text=True, check=True
    ).stdout
    assert said.count("\n") == lines
    if said:
        # Where the README, which goes with the package, says it too
        folder = "~/.local/share/gajim/plugins_data/omemo_plugin"
        assert folder in said
        readme = (REPOSITORY / "README.md").read_text()
        leaving = readme.partition("\n## Leaving\n")[2].partition("\n## ")[0]
        assert folder in leaving
