# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reporting an unexpected error without the data that it was about."""

from __future__ import annotations

import logging
import traceback
from contextlib import ContextDecorator
from types import TracebackType

log = logging.getLogger("gajim.p.omemo_plugin")


def report(doing: str, error: BaseException) -> None:
    """
    Log where an error came from.

    SECURITY: neither its text nor the values in its frames: they may be
    the text of a message, or a key.
    """
    places = [
        f"{frame.name} ({frame.filename.rpartition('/')[2]}:{frame.lineno})"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    log.error(
        "Unexpected %s while %s: %s",
        type(error).__name__,
        doing,
        " > ".join(places),
    )


class Guard(ContextDecorator):
    """
    Turns an exception into a report: for `with`, or as a decorator of a function
    that returns nothing.

    Gajim calls the plugin from its main loop, its signals and its chain of
    stanza handlers. An exception that leaves the plugin there would take a
    stanza, or Gajim itself, with it.

    Attributes:
        error: the exception that ended the block, if one did.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self.error: Exception | None = None

    def __enter__(self) -> Guard:
        self.error = None
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.error = error
        report(self._doing, error)
        return True


def guard(doing: str) -> Guard:
    """
    Report an exception in a block, and go on behind the block.

    Args:
        doing: what the block is for, for the log.
    """
    return Guard(doing)
