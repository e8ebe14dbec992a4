# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Persistent Storage of a machine that passes for Tails, from outside."""

from __future__ import annotations

import os
from pathlib import Path

from ..folders import files_below
from .machine import Machine

# Where Tails has them, and whose persistence.conf is.
STORAGE = Path("/live/persistence/TailsData_unlocked")
TPSCLI = Path("/usr/local/lib/tpscli")
TPS_IDS = (115, 122)
CONF = "persistence.conf"


class PersistentStorage:
    """The USB stick: a folder that outlives the machines."""

    def __init__(self, folder: Path) -> None:
        """Make an empty one, as Tails makes it."""
        self.folder = folder
        folder.mkdir(mode=0o770)
        conf = folder / CONF
        conf.touch(0o600)
        os.chown(conf, *TPS_IDS)

    @property
    def bind(self) -> str:
        """The folder of the stick, and its place in a machine that has unlocked it."""
        return f"{self.folder}:{STORAGE}"

    @property
    def lines(self) -> list[str]:
        """The lines of persistence.conf, as they are now."""
        return (self.folder / CONF).read_text().splitlines()

    def unlock(self, machine: Machine) -> None:
        """Do what the Welcome Screen does before the user's session starts."""
        machine.run(["setfacl", "-m", "user:1000:x", str(STORAGE)])
        machine.run([str(TPSCLI), "boot"])

    def files_with(self, text: str) -> list[Path]:
        """Files below the storage in which a text stands in clear."""
        needle = text.encode()
        return [path for path, content in files_below(self.folder) if needle in content]


def tpscli(machine: Machine, *arguments: str) -> str:
    """Ask the machine's Persistent Storage as root; return what it prints.

    :raises RuntimeError: when it refuses
    """
    return machine.run([str(TPSCLI), *arguments]).stdout.strip()
