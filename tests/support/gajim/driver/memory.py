# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the peak of a Gajim's memory, with the processes it has started."""

from __future__ import annotations

import os
from pathlib import Path

# Forgets the peak, see proc(5)
FORGET_PEAK = "5"


class Memory:
    """Counts from the moment it is made."""

    def __init__(self) -> None:
        """Begin."""
        for pid in family():
            Path(f"/proc/{pid}/clear_refs").write_text(FORGET_PEAK)
        self._before = peaks()

    def growth(self) -> int:
        """The number of bytes by which one of the processes grew; its whole size if it
        is new."""
        return max(peak - self._before.get(pid, 0) for pid, peak in peaks().items())


def family() -> list[int]:
    """This process, and all below it."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int(field(path, "PPid"))
        except OSError:
            # It has ended
            continue
    found = [os.getpid()]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def peaks() -> dict[int, int]:
    """The most that each of them has had, in bytes."""
    return {pid: int(field(Path(f"/proc/{pid}"), "VmHWM")) << 10 for pid in family()}


def field(process: Path, name: str) -> str:
    """A value of a process's status, without its unit."""
    for line in (process / "status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return value.split()[0]
    # A zombie has no memory
    return "0"
