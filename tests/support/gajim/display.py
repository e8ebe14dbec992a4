# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual X display, and pictures of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ..processes import Child
from ..waiting import wait_for

# The environment of a GTK program on such a display: drawn without a graphics card,
# with settings of its own, and without accessibility
ENVIRONMENT = {
    "GDK_BACKEND": "x11",
    "GSK_RENDERER": "cairo",
    "GSETTINGS_BACKEND": "memory",
    "GTK_A11Y": "none",
    "NO_AT_BRIDGE": "1",
}


class Display:
    """One Xvfb on the first free display number."""

    def __init__(self, folder: Path, width: int = 1000, height: int = 720) -> None:
        """Start the display; sizes in pixels."""
        read_end, write_end = os.pipe()
        self._child = Child(
            [
                'Xvfb', '-displayfd', str(write_end),
                '-screen', '0', f'{width}x{height}x24',
                '-nolisten', 'tcp', '-noreset',
            ],
            log=folder / 'xvfb.log',
            environment={'PATH': '/usr/bin:/bin'},
            folder=folder,
            pass_fds=[write_end],
        )  # fmt: skip
        os.close(write_end)
        os.set_blocking(read_end, False)
        self._number = b""

        def number_arrived() -> bool:
            if not self._child.running:
                raise RuntimeError((folder / "xvfb.log").read_text(errors="replace"))
            try:
                self._number += os.read(read_end, 16)
            except BlockingIOError:
                return False
            return self._number.endswith(b"\n")

        try:
            wait_for("Xvfb is ready", number_arrived, timeout=20)
        finally:
            os.close(read_end)

    @property
    def name(self) -> str:
        """The value of DISPLAY."""
        return f":{self._number.decode().strip()}"

    def screenshot(self, path: Path) -> Path:
        """Write a picture of the whole display (PNG)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["import", "-display", self.name, "-window", "root", str(path)],
            check=True,
            capture_output=True,
        )
        return path

    def colours(self) -> int:
        """Count the colours on the display: there are few before anything is drawn."""
        counted = subprocess.run(
            ['import', '-display', self.name, '-window', 'root',
             '-format', '%k', 'info:'],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return int(counted.stdout)

    def stop(self) -> None:
        """End the display."""
        self._child.stop()
