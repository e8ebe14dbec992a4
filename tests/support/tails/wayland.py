# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Wayland desktop for a machine: a compositor, and windows by their names for a
screen reader."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from ..gajim.accessible import READER
from ..gajim.accessible import Reader
from ..gajim.program import DBUS_CONFIG
from ..gajim.wayland import WaylandAccessibility
from ..gajim.wayland import WaylandDisplay
from ..processes import make_folder
from ..waiting import wait_for
from .machine import Machine
from .root import USER_IDS

# Of the compositor's socket, in a machine's files
PLACE = Path("srv") / "wayland"


class Compositor:
    """GNOME's, without a screen. It runs outside of the machine."""

    def __init__(self, root: Path, folder: Path) -> None:
        """Start it.

        :param root: the machine's files
        :param folder: for logs
        """
        runtime = make_folder(root / PLACE)
        # Not among the logs: it runs as a user who cannot read these
        config = runtime / "bus.conf"
        config.write_text(DBUS_CONFIG.format(folder=runtime))
        self.display = WaylandDisplay(folder, runtime, config)
        # It runs as another user than the programs
        (runtime / self.display.name).chmod(0o777)

    @property
    def name(self) -> str:
        """What WAYLAND_DISPLAY is set to, in the machine."""
        return str("/" / PLACE / self.display.name)

    def stop(self) -> None:
        """End it."""
        self.display.stop()


class InsideReader(Reader):
    """Reads the windows of the user's programs in a machine."""

    def __init__(self, machine: Machine, environment: Mapping[str, str]) -> None:
        """Start it.

        :param environment: names the session bus
        """
        command = ["/usr/bin/python3", "-I", "-c", READER.read_text()]
        self._process = subprocess.Popen(
            machine.command(command, USER_IDS, environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


class WaylandScreen:
    """Stands for Screen where no program may look at the others' windows."""

    def __init__(
        self, machine: Machine, compositor: Compositor, environment: Mapping[str, str]
    ) -> None:
        """Look at the windows on the machine's session bus."""
        self._reader = InsideReader(machine, environment)
        self.windows = WaylandAccessibility(self._reader, compositor.display)

    def titles(self) -> list[str]:
        """The titles of the windows."""
        return self.windows.windows()

    def wait_for(self, title: str, timeout: float = 30) -> None:
        """Wait until there is a window with this title."""
        wait_for(f'a window "{title}"', lambda: title in self.titles(), timeout, 0.2)

    def choose(self, title: str, button: int) -> None:
        """Press a button of a window with the keyboard, and wait until it is gone.

        :param button: how many buttons come before it
        """
        self.windows.focus(title)
        self.windows.key(*["Tab"] * button, "space")
        wait_for(f'"{title}" is closed', lambda: title not in self.titles(), 10, 0.2)

    def picture(self, path: Path) -> Path:
        """There is none: Gajim draws its own windows (`TailsGajim.picture`)."""
        return path

    def wait_until_drawn(self) -> None:
        """Wait until there is a window."""
        wait_for("a window", self.titles)

    def close(self) -> None:
        """Stop looking."""
        self._reader.close()
