# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Gajim runs."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import GajimRuns
from .system import System

# Gajim names its process so itself. A diverted one has the name of its file
# until then
NAMES = frozenset({"gajim", "gajim.real"})
# The launcher renames itself, so that it is not mistaken for Gajim
OWN_NAME = "tails-gajim"


def gajim_processes(system: System) -> list[int]:
    """The ids of this user's Gajims."""
    found = []
    for folder in system.file("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        try:
            name = (folder / "comm").read_text().strip()
            owner = folder.stat().st_uid
        except OSError:
            continue  # it has ended meanwhile
        if owner == system.uid and name in NAMES:
            found.append(int(folder.name))
    return sorted(found)


def require_closed(system: System) -> None:
    """Refuse while Gajim has the profile open.

    Raises:
        GajimRuns: It does.
    """
    if gajim_processes(system):
        raise GajimRuns


def rename_process() -> None:
    """Rename this process, so that it is not mistaken for Gajim."""
    try:
        Path("/proc/self/comm").write_text(OWN_NAME)
    except OSError:
        return  # the name is for others to read, nothing here depends on it


def is_started_past_us(system: System, process: int) -> bool:
    """Whether a Gajim was not started by way of bin/gajim."""
    try:
        words = (system.file("/proc") / str(process) / "cmdline").read_bytes()
    except OSError:
        return False
    return not any(
        word.endswith(b"/tails_integration/bin/gajim") for word in words.split(b"\0")
    )
