# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Files that the user saves from their links: where Gajim has no previews, or they
are switched off, the link is all there is to see of an encrypted file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ..media.names import alternatives
from ..media.names import name_from_url
from ..media.uri import InvalidMediaUri
from ..media.uri import parse_media_uri
from . import messages
from .downloads import Downloads
from .downloads import on_demand
from .downloads import why_not
from .fetch import DownloadCancelled
from .fetch import Fetch
from .way import way_of

# In seconds
_TELL_EVERY = 15.0


def file_name(link: str) -> str:
    """A safe name for what is behind a link; '' if it is no link to a file."""
    try:
        return name_from_url(parse_media_uri(link).url)
    except InvalidMediaUri:
        return ""


def free_path(path: Path) -> Path:
    """The path, or one with a number in its name: nothing is overwritten."""
    for name in alternatives(path.name):
        other = path.with_name(name)
        if not (other.exists() or other.is_symlink()):
            return other
    return path


class Saving:
    """The files of one account."""

    def __init__(self, account: str, tell: Callable[[str], None]) -> None:
        """
        Args:
            tell: shows a line in the chat on screen.
        """
        self._account = account
        self._tell = tell
        self._downloads = Downloads()
        # When something was last said of one that is under way
        self._told: dict[Fetch, float] = {}

    def save(self, link: str, path: Path) -> None:
        """
        Fetch and decrypt a file. Nothing is raised: how it goes is told.

        Args:
            path: where to; a file that is there stays, and this one gets a
                number.
        """
        try:
            file = parse_media_uri(link)
        except InvalidMediaUri as error:
            self._tell(why_not(error, on_demand()))
            return
        target = free_path(path)
        self._tell(messages.saving(target.name))
        way = way_of(self._account)
        fetch = self._downloads.start(
            file, target, way, on_demand(), self._progressed, self._finished
        )
        self._told[fetch] = time.monotonic()

    def close(self) -> None:
        """What is under way ends."""
        self._downloads.cancel_all()

    def _progressed(self, fetch: Fetch) -> None:
        # A line for each piece would be too many
        now = time.monotonic()
        if now - self._told[fetch] >= _TELL_EVERY:
            self._told[fetch] = now
            name = fetch.target.name
            self._tell(messages.saving_goes_on(name, fetch.done, fetch.total))

    def _finished(self, fetch: Fetch) -> None:
        del self._told[fetch]
        if fetch.error is None:
            self._tell(messages.saved(fetch.target))
        elif not isinstance(fetch.error, DownloadCancelled):
            reason = why_not(fetch.error, on_demand())
            self._tell(messages.not_saved(fetch.target.name, reason))
