# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folders of Gajim that the Persistent Storage keeps.

Whole folders only: SQLite puts a journal beside its database, and a database bound
as a single file would lose it. See docs/decisions for what is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

HOME = PurePosixPath("/home/amnesia")
STORAGE = PurePosixPath("/live/persistence/TailsData_unlocked")


@dataclass(frozen=True)
class Binding:
    """A folder of the user's, and where it is kept below the storage."""

    target: PurePosixPath
    source: PurePosixPath

    @property
    def line(self) -> str:
        """As persistence.conf has it."""
        return f"{self.target}\tsource={self.source}"


_CONFIG = HOME / ".config/gajim"
_DATA = HOME / ".local/share/gajim"
_SOURCE = PurePosixPath("gajim")

KEPT = (
    # Accounts and settings; the plugins' settings; our own notes
    Binding(_CONFIG, _SOURCE / "config"),
    # Keys, trust, which chats are encrypted
    Binding(_DATA / "plugins_data", _SOURCE / "plugins_data"),
    # Certificates that the user has accepted
    Binding(_DATA / "cert_store", _SOURCE / "cert_store"),
)

HISTORY_FOLDER = _DATA / "history"
HISTORY_NAME = "logs.db"
# Gajim's database is a link into this folder; SQLite follows it, and its journal
# is beside the target
HISTORY = Binding(HISTORY_FOLDER, _SOURCE / "history")
