# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The downloads of encrypted files, of all accounts. Those that begin by
themselves are few at a time, whatever number of links somebody sends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from collections.abc import Collection
from pathlib import Path

from ..media.files import FileTooLarge
from ..media.uri import EncryptedFile
from . import messages
from .failures import report
from .fetch import DownloadTooSlow
from .fetch import Fetch
from .fetch import Limits
from .fetch import NoSpace
from .fetch import Way

_AT_ONCE = 4

# With the user's word; an encrypted file has no bound of its own worth naming
MOST = 4 << 30

_AUTOMATIC_SECONDS = 600


def automatic(most: int, kinds: Collection[str] | None) -> Limits:
    """For what begins by itself, within what Gajim's settings allow."""
    return Limits(min(most, MOST), kinds, _AUTOMATIC_SECONDS)


def on_demand() -> Limits:
    """For what the user has asked for."""
    return Limits(MOST)


def why_not(error: Exception, limits: Limits) -> str:
    """The words for a download that has failed."""
    if isinstance(error, NoSpace):
        return messages.no_space()
    if isinstance(error, DownloadTooSlow):
        return messages.too_slow()
    if isinstance(error, FileTooLarge) and limits.most < MOST:
        return messages.not_by_itself()
    return messages.not_downloaded(error)


class Downloads:
    """What is being downloaded, and what waits for its turn."""

    def __init__(self) -> None:
        self._running: dict[Fetch, Callable[[Fetch], None]] = {}
        self._waiting: deque[Fetch] = deque()
        self._automatic: set[Fetch] = set()

    def start(
        self,
        file: EncryptedFile,
        target: Path,
        way: Way,
        limits: Limits,
        progressed: Callable[[Fetch], None],
        finished: Callable[[Fetch], None],
    ) -> Fetch:
        """
        Begin, or wait for a turn. See `Fetch` for the arguments; nothing is
        called before this returns.
        """
        fetch = Fetch(file, target, way, limits, progressed, self._on_finished)
        self._running[fetch] = finished
        if limits.seconds is None:
            fetch.start()
        else:
            self._waiting.append(fetch)
            self._go_on()
        return fetch

    def cancel(self, fetch: Fetch) -> None:
        """Give one up; it is told so by its `finished`."""
        fetch.cancel()
        if fetch in self._waiting:
            self._waiting.remove(fetch)
            fetch.start()

    def cancel_all(self) -> None:
        for fetch in list(self._running):
            self.cancel(fetch)

    def _go_on(self) -> None:
        while self._waiting and len(self._automatic) < _AT_ONCE:
            fetch = self._waiting.popleft()
            self._automatic.add(fetch)
            fetch.start()

    def _on_finished(self, fetch: Fetch) -> None:
        self._automatic.discard(fetch)
        finished = self._running.pop(fetch)
        try:
            finished(fetch)
        except Exception as error:
            report("showing a file", error)
        self._go_on()
