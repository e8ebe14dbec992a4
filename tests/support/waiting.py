# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Seconds. Only a failure waits for so long; a busy machine shall not be one
PATIENCE = 60.0


class TooLate(AssertionError):
    """The awaited event did not happen in time."""


def wait_for(
    what: str,
    condition: Callable[[], T | None],
    timeout: float = PATIENCE,
    interval: float = 0.05,
) -> T:
    """Ask again and again until the answer is true, and return it.

    :param what: named in the error, as in 'bob shows the message'
    :param timeout: seconds
    :param interval: seconds between two questions; longer, where answers take long
    :raises TooLate: with the last answer
    """
    deadline = time.monotonic() + timeout
    while True:
        begin = time.monotonic()
        answer = condition()
        if answer:
            return answer
        now = time.monotonic()
        if now > deadline:
            raise TooLate(f"{what}: not within {timeout:g} s (last: {answer!r})")
        # Whoever is asked has more to do than to answer
        time.sleep(max(interval, min(now - begin, 10 * interval)))
