# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program in the place of Gajim, started as the launcher starts Gajim.

It is where AppArmor's profile begins, so it is confined in every way in which Gajim is.
"""

from __future__ import annotations

import shutil
from pathlib import Path

# Where the package puts it
SHARE = Path("/usr/share/tails-gajim")
GAJIM = SHARE / "tails_integration" / "bin" / "gajim"
_OURS = Path(__file__).parents[3] / "tails_integration"

# What the launcher does when it has asked its questions
_START = f"""
import sys
sys.path.insert(0, {str(SHARE)!r})
from tails_integration.base.errors import TailsError
from tails_integration.base.system import System
from tails_integration.confinement import run
system = System.real()
try:
    sys.exit(run.run(system, [{str(GAJIM)!r}, *sys.argv[1:]], system.environ))
except TailsError as error:
    sys.exit(f"{{error.title}}: {{error}}")
"""


def install(root: Path, program: Path) -> None:
    """Put our program into a Debian, with another one in the place of Gajim."""
    place = root / GAJIM.relative_to("/")
    shutil.copytree(
        _OURS,
        place.parents[1],
        ignore=shutil.ignore_patterns("__pycache__", "upstream"),
    )
    place.write_text(f"#!/usr/bin/python3 -I\n{program.read_text()}")


def command(*arguments: str) -> list[str]:
    """Return what starts it, in there."""
    return ["/usr/bin/python3", "-I", "-c", _START, *arguments]
