# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A budget that refills with time, against floods."""

from __future__ import annotations


class Budget:
    """So many at once, and so many more each second."""

    def __init__(self, size: int, per_second: float, now: float) -> None:
        self._size = float(size)
        self._left = float(size)
        self._per_second = per_second
        self._at = now

    def take(self, now: float) -> bool:
        """Take one; whether there was one. A clock that went back refills
        nothing."""
        elapsed = max(0.0, now - self._at)
        self._at = now
        self._left = min(self._size, self._left + elapsed * self._per_second)
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
