# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Gajim that is killed while a key changes hands."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any


class Death:
    """Kills Gajim."""

    def die_at_rename(self, part: str, number: int, done: bool) -> None:
        """Be killed when a file gets another name, which is how a key changes hands.

        :param part: of the names of the files that count
        :param number: which renaming, counted from 1
        :param done: killed after it, or before
        """
        left = number
        rename = Path.rename

        def mortal(path: Path, target: Any) -> Path:
            nonlocal left
            if part not in path.name:
                return rename(path, target)
            left -= 1
            if left == 0 and not done:
                self._die()
            renamed = rename(path, target)
            if left == 0:
                self._die()
            return renamed

        Path.rename = mortal  # type: ignore[method-assign, assignment]

    @staticmethod
    def _die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)
