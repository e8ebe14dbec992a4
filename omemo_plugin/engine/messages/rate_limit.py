# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limiting how often a sender may cause work, against floods."""

from __future__ import annotations


class RateLimit:
    """Allows a number of uses at once, and a number of further ones each second."""

    def __init__(self, size: int, per_second: float, now: float) -> None:
        self._size = float(size)
        self._left = float(size)
        self._per_second = per_second
        self._at = now

    def take(self, now: float) -> bool:
        """
        Use one, if one is left.

        Returns:
            Whether one was left.
        """
        if not self.has(1, now):
            return False
        self._left -= 1.0
        return True

    def has(self, count: int, now: float) -> bool:
        """Whether so many are left. A clock that was set back allows no more."""
        elapsed = max(0.0, now - self._at)
        self._at = now
        self._left = min(self._size, self._left + elapsed * self._per_second)
        return self._left >= count

    def spend(self, count: int) -> None:
        """Use so many, or as many as are left."""
        self._left = max(0.0, self._left - count)
