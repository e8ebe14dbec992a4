# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Saving encrypted files from their links. Where Gajim has no previews, or they are
switched off, the link is all there is to see of an encrypted file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ...media.names import alternatives
from ...media.uri import InvalidMediaUri
from ..notices import texts
from .download import Download
from .download import DownloadCancelled
from .download_queue import DownloadQueue
from .download_queue import on_demand
from .download_queue import why_not
from .http_route import route_of
from .links import name_of
from .links import parse_link

# In seconds
_SHOW_EVERY = 15.0


def free_path(path: Path) -> Path:
    """The path, or one with a number in its name: nothing is overwritten."""
    for name in alternatives(path.name):
        other = path.with_name(name)
        if not (other.exists() or other.is_symlink()):
            return other
    return path


class FileSaver:
    """The files of one account."""

    def __init__(self, account: str, show: Callable[[str], None]) -> None:
        """
        Args:
            show: shows a line in the chat on screen.
        """
        self._account = account
        self._show = show
        self._downloads = DownloadQueue()
        # When the user was last told about each one that is under way
        self._shown: dict[Download, float] = {}

    @staticmethod
    def name_of(link: str) -> str:
        """A safe name for the file behind a link; '' if it is no link to one."""
        try:
            parse_link(link)
        except InvalidMediaUri:
            return ""
        return name_of(link)

    def save(self, link: str, path: Path) -> None:
        """
        Fetch and decrypt the file behind a link (XEP-0454, XEP-0448). Nothing is
        raised: the user is told how it goes.

        Args:
            path: where to; a file that is there stays, and this one gets a
                number.
        """
        try:
            file = parse_link(link)
        except InvalidMediaUri as error:
            self._show(why_not(error, on_demand()))
            return
        target = free_path(path)
        self._show(texts.saving(target.name))
        route = route_of(self._account)
        fetch = self._downloads.start(
            file, target, route, on_demand(), self._progressed, self._finished
        )
        self._shown[fetch] = time.monotonic()

    def close(self) -> None:
        """End the downloads that are under route."""
        self._downloads.cancel_all()

    def _progressed(self, fetch: Download) -> None:
        # A line for each piece would be too many
        now = time.monotonic()
        if now - self._shown[fetch] >= _SHOW_EVERY:
            self._shown[fetch] = now
            name = fetch.target.name
            self._show(texts.saving_goes_on(name, fetch.done, fetch.total))

    def _finished(self, fetch: Download) -> None:
        del self._shown[fetch]
        if fetch.error is None:
            self._show(texts.saved(fetch.target))
        elif not isinstance(fetch.error, DownloadCancelled):
            reason = why_not(fetch.error, on_demand())
            self._show(texts.not_saved(fetch.target.name, reason))
