# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The screen of a machine, as somebody sits at it with a keyboard."""

from __future__ import annotations

from pathlib import Path

from ..gajim.display import Display
from ..waiting import wait_for
from .machine import Machine
from .root import USER_IDS


class Screen:
    """Windows by their titles; there is no window manager, so each has its own."""

    def __init__(self, machine: Machine, display: Display) -> None:
        """Look at the display that the machine's programs use."""
        self._machine = machine
        self._display = display

    def titles(self) -> list[str]:
        """The titles of the windows that can be seen."""
        numbers = self._windows(".")
        found = [self._xdotool("getwindowname", number) for number in numbers]
        return [title for title in found if title]

    def wait_for(self, title: str, timeout: float = 30) -> None:
        """Wait until there is a window with this title, and it is drawn."""
        wait_for(f'a window "{title}"', lambda: title in self.titles(), timeout, 0.2)
        # A window is on the screen before what is in it
        wait_for(f'"{title}" has something in it', self._has_colours, interval=0.3)

    def choose(self, title: str, button: int) -> None:
        """Press a button of a window with the keyboard, and wait until it is gone.

        :param button: how many buttons come before it
        """
        number = self._windows(f"^{title}$")[-1]
        self._xdotool("windowfocus", "--sync", number)
        self._xdotool("key", "--clearmodifiers", *["Tab"] * button, "space")
        wait_for(f'"{title}" is closed', lambda: title not in self.titles(), 10, 0.2)

    def type(self, title: str, text: str) -> None:
        """Type into a window.

        :param title: a part of its title
        """
        number = self._windows(title)[-1]
        self._xdotool("windowfocus", "--sync", number)
        self._xdotool("type", "--delay", "50", text)

    def picture(self, path: Path) -> Path:
        """Take a picture."""
        return self._display.screenshot(path)

    def wait_until_drawn(self) -> None:
        """Wait until there is something on the screen."""
        # To count the colours takes a program, and Gajim needs the processor
        wait_for("something is on the screen", self._has_colours, interval=0.3)

    def _has_colours(self) -> bool:
        return self._display.colours() > 16

    def _windows(self, pattern: str) -> list[str]:
        return self._xdotool("search", "--onlyvisible", "--name", pattern).split()

    def _xdotool(self, *arguments: str) -> str:
        done = self._machine.run(
            ["xdotool", *arguments],
            USER_IDS,
            environment={"DISPLAY": self._display.name},
            check=False,
        )
        return done.stdout.strip()
