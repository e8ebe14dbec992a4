# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Gajim that is killed while a key changes hands."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Death:
    """Kills Gajim."""

    def die_at(self, what: str, name: str, done: bool) -> None:
        """Be killed when a file gets a name, or is deleted: so a key changes hands.

        :param what: 'rename' or 'unlink'
        :param name: the new name of the file, or that of the file that is deleted
        :param done: killed after it, or before
        """
        original: Callable[..., Any] = getattr(Path, what)

        def mortal(path: Path, *arguments: Any, **named: Any) -> Any:
            target = Path(arguments[0]) if what == "rename" else path
            if target.name != name:
                return original(path, *arguments, **named)
            if not done:
                self._die()
            original(path, *arguments, **named)
            return self._die()

        setattr(Path, what, mortal)

    @staticmethod
    def _die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)
