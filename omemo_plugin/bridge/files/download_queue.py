# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The downloads of encrypted files, of all accounts. Only a few at a time begin without
a click, however many links a contact sends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from collections.abc import Collection
from pathlib import Path

from ...media.files import FileTooLarge
from ...media.uri import SharedFile
from ..log import guard
from ..notices import texts
from .download import Download
from .download import DownloadLimits
from .download import DownloadTooSlow
from .download import HttpRoute
from .download import NoSpace

_AT_ONCE = 4

# The largest file, in bytes, when the user asks for it
MOST = 4 << 30

_AUTOMATIC_SECONDS = 600


def automatic(most: int, kinds: Collection[str] | None) -> DownloadLimits:
    """For a download that begins without a click, within Gajim's settings."""
    return DownloadLimits(min(most, MOST), kinds, _AUTOMATIC_SECONDS)


def on_demand() -> DownloadLimits:
    """For a download that the user asked for."""
    return DownloadLimits(MOST)


def why_not(error: Exception, limits: DownloadLimits) -> str:
    """The words for a download that has failed."""
    if isinstance(error, NoSpace):
        return texts.no_space()
    if isinstance(error, DownloadTooSlow):
        return texts.too_slow()
    if isinstance(error, FileTooLarge) and limits.most < MOST:
        return texts.not_by_itself()
    return texts.not_downloaded(error)


class DownloadQueue:
    """The downloads that run, and those that wait for their turn."""

    def __init__(self) -> None:
        self._running: dict[Download, Callable[[Download], None]] = {}
        self._waiting: deque[Download] = deque()
        self._automatic: set[Download] = set()

    def start(
        self,
        file: SharedFile,
        target: Path,
        route: HttpRoute,
        limits: DownloadLimits,
        progressed: Callable[[Download], None],
        finished: Callable[[Download], None],
    ) -> Download:
        """
        Begin, or wait for a turn. See `Download` for the arguments; nothing is
        called before this returns.
        """
        fetch = Download(file, target, route, limits, progressed, self._on_finished)
        self._running[fetch] = finished
        if limits.seconds is None:
            fetch.start()
        else:
            self._waiting.append(fetch)
            self._go_on()
        return fetch

    def cancel(self, fetch: Download) -> None:
        """Give one up; its `finished` is called."""
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

    def _on_finished(self, fetch: Download) -> None:
        self._automatic.discard(fetch)
        finished = self._running.pop(fetch)
        with guard("showing a file"):
            finished(fetch)
        self._go_on()
