# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The time after a sign-in in which Gajim reads the archive: how many messages came
from it, and when it is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from gi.repository import GLib

from ..gajim import archive as gajim_archive
from ..gajim import constants as gajim_constants
from ..log import guard

if TYPE_CHECKING:
    from ..gajim.protocols import Client

_WATCH_MS = 1000

# A server that has no archive, or does not answer, must not keep the prekeys
# of a catch-up for ever
_NO_ARCHIVE_SECONDS = 5.0
_SILENT_ARCHIVE_SECONDS = 120.0


class CatchUp:
    """
    The catch-up of one account. Gajim does not tell when it ends or is given up,
    so its state is polled.

    Attributes:
        running: whether it goes on.
        messages: how many encrypted ones came from the archive in it.
    """

    def __init__(self, client: Client, ended: Callable[[], None]) -> None:
        """
        Args:
            client: Gajim's client of the account.
            ended: called once for each catch-up that was not broken off.
        """
        self.running = False
        self.messages = 0
        self._client = client
        self._ended = ended
        self._timer = 0
        self._heard = 0.0
        self._began = 0.0

    def begin(self) -> None:
        """A new stream has begun."""
        self.stop()
        self.running = True
        self.messages = 0
        self._began = self._heard = time.monotonic()
        self._timer = GLib.timeout_add(_WATCH_MS, self._watch)

    def message_came(self) -> None:
        """An encrypted message from the archive."""
        self.messages += 1
        self.archive_heard()

    def archive_heard(self) -> None:
        """The archive is not silent."""
        self._heard = time.monotonic()

    def stop(self) -> None:
        """Break it off."""
        self.running = False
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0

    def _watch(self) -> bool:
        over = True
        with guard("looking how far the archive has been read"):
            over = self._is_over()
        if not over:
            return GLib.SOURCE_CONTINUE
        self._timer = 0
        self.running = False
        self._ended()
        return GLib.SOURCE_REMOVE

    def _is_over(self) -> bool:
        now = time.monotonic()
        if not gajim_constants.is_available(self._client):
            # A connection that is lost in between may be resumed
            self._heard = now
            return False
        if now - self._heard > _SILENT_ARCHIVE_SECONDS:
            return True
        finished = gajim_archive.catch_up_finished(self._client)
        if finished is None:
            return now - self._began > _NO_ARCHIVE_SECONDS
        return finished
