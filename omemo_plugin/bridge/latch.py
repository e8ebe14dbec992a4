# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The latch: which conversations are encrypted.

Gajim has a setting for it, but a setting can be lost, or changed by something
that is not the user. So what was once encrypted is remembered here, and only
the user's own choice takes it out again.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from .private_file import write_private

log = logging.getLogger("gajim.p.omemo_plugin")


class LatchUnreadable(Exception):
    """It is not known which conversations are encrypted."""


class Latch:
    """The encrypted conversations of one account. A JID is a bare one."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            LatchUnreadable: there is a file, and it cannot be understood.
        """
        self._path = path
        self._jids: set[str] = set()
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise LatchUnreadable(str(error)) from error
        try:
            jids = json.loads(text)["encrypted"]
            if not all(isinstance(jid, str) for jid in jids):
                raise TypeError
        except (ValueError, TypeError, KeyError) as error:
            raise LatchUnreadable("not a latch") from error
        self._jids = set(jids)

    def __contains__(self, jid: str) -> bool:
        return jid in self._jids

    @property
    def jids(self) -> frozenset[str]:
        return frozenset(self._jids)

    def close(self, jid: str) -> None:
        """From now on the conversation is encrypted."""
        if jid not in self._jids:
            self._jids.add(jid)
            self._write()

    def open(self, jid: str) -> None:
        """The user chose to go on without encryption."""
        if jid in self._jids:
            self._jids.discard(jid)
            self._write()

    def _write(self) -> None:
        text = json.dumps({"encrypted": sorted(self._jids)}, ensure_ascii=False)
        try:
            write_private(self._path, text)
        except OSError as error:
            # The memory still knows it until Gajim ends, and the setting after
            log.error("Cannot write which chats are encrypted: %s", error)
