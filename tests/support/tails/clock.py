# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of a machine, which may be wrong.

The kernel has one clock for all machines; a library shows their programs another one.
libfaketime would do it, but that of Debian 12 refuses Python's sleep where clocks that
only count on stay true.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .machine import PATH

_SOURCE = Path(__file__).with_name("wrong_clock.c")
_LIBRARY = Path("/usr/lib/wrong-clock.so")
_SETTING = Path("/etc/wrong-clock")
_PRELOAD = Path("/etc/ld.so.preload")


class Clock:
    """Every program of the machine looks at it."""

    def __init__(self, root: Path, seconds: int) -> None:
        """Have it.

        :param root: the machine's files, before it is started
        :param seconds: how far it is ahead
        """
        self._setting = root / _SETTING.relative_to("/")
        self._preload = root / _PRELOAD.relative_to("/")
        source = root / "root" / _SOURCE.name
        shutil.copy(_SOURCE, source)
        subprocess.run(
            ['chroot', root, 'gcc', '-shared', '-fPIC', '-O2', '-o', _LIBRARY,
             f'/root/{_SOURCE.name}'],
            check=True, env={'PATH': PATH},
        )  # fmt: skip
        self.set(seconds)
        self._preload.write_text(f"{_LIBRARY}\n")

    def set(self, seconds: int) -> None:
        """Set it, while programs look."""
        new = self._setting.with_suffix(".new")
        new.write_text(f"{seconds}\n")
        new.replace(self._setting)

    def remove(self) -> None:
        """From now on programs see the true time."""
        self._preload.unlink(missing_ok=True)
