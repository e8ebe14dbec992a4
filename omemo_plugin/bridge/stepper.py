# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Messages to many devices, which are encrypted a few devices at a time: one step
in a turn of the main loop, with a priority that lets the window be drawn first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from gi.repository import GLib

from ..engine.encrypting import Encryption
from .failures import report
from .keystore import Keystore

Over = Callable[[Exception | None], None]


class Stepper:
    """
    Those of one account. They take turns, so that a long one does not hold up
    the others.
    """

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore
        self._under_way: deque[tuple[Encryption, Over]] = deque()
        self._source = 0

    def run(self, encryption: Encryption, over: Over) -> None:
        """
        Encrypt the rest of a message.

        Args:
            over: called when all steps are done, or with the error that ended
                them; not at all after `close`.
        """
        self._under_way.append((encryption, over))
        if not self._source:
            self._source = GLib.idle_add(self._step)

    def _step(self) -> bool:
        encryption, over = self._under_way.popleft()
        error: Exception | None = None
        try:
            self._keystore.write_archive_first()
            if not encryption.step():
                self._under_way.append((encryption, over))
                return GLib.SOURCE_CONTINUE
        except Exception as failure:
            error = failure
        try:
            over(error)
        except Exception as failure:
            report("going on after encrypting", failure)
        if self._under_way:
            return GLib.SOURCE_CONTINUE
        self._source = 0
        return GLib.SOURCE_REMOVE

    def close(self) -> None:
        """Give up what is under way."""
        self._under_way.clear()
        if self._source:
            GLib.source_remove(self._source)
            self._source = 0
