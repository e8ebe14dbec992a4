# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Wayland desktop without a screen: GNOME's compositor, a keyboard and a mouse."""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

from ..processes import unprivileged_ids
from ..waiting import TooLate
from ..waiting import wait_for
from .accessible import Accessibility
from .accessible import Reader

COMPOSITOR = Path(__file__).with_name("mutter.py")
SOCKET = "wayland-omemo"

# Key symbols of X, which are those of Wayland too
_SYMBOLS = {
    "ctrl": 0xFFE3,
    "shift": 0xFFE1,
    "Return": 0xFF0D,
    "Escape": 0xFF1B,
    "Tab": 0xFF09,
    "Down": 0xFF54,
    "space": 0x20,
}

# The virtual monitor, and the distance of the points that the mouse tries: pixels
_WIDTH, _HEIGHT = 1280, 900
_STEP = 80

Event = tuple[int, bool] | tuple[str, bool] | tuple[str, int, int]


class WaylandDisplay:
    """One compositor. Its socket is in the runtime folder of the program that is
    to be shown."""

    def __init__(self, folder: Path, runtime_folder: Path, bus_config: Path) -> None:
        """Start it.

        :param folder: for the log
        :param bus_config: of a session bus that it has alone
        """
        self._mouse: tuple[int, int] | None = None
        uid, gid = unprivileged_ids()
        drop = os.geteuid() == 0
        self._log = folder / "mutter.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    "dbus-run-session",
                    f"--config-file={bus_config}",
                    "--",
                    "/usr/bin/python3",
                    "-I",
                    str(COMPOSITOR),
                    SOCKET,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={
                    "PATH": "/usr/bin:/bin",
                    "HOME": str(folder),
                    "XDG_RUNTIME_DIR": str(runtime_folder),
                    "GSETTINGS_BACKEND": "memory",
                },
                cwd=folder,
                user=uid if drop else None,
                group=gid if drop else None,
                extra_groups=[] if drop else None,
            )
        wait_for("the compositor has a socket", (runtime_folder / SOCKET).exists, 30)
        self._expect("ready")

    def _expect(self, word: str) -> None:
        assert self._process.stdout is not None
        said = self._process.stdout.readline().strip()
        if said != word:
            raise RuntimeError(self._log.read_text(errors="replace"))

    @property
    def name(self) -> str:
        """What WAYLAND_DISPLAY is set to."""
        return SOCKET

    def events(self, events: Sequence[Event]) -> None:
        """Let keys and the button go down and up, and move the mouse."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(events) + "\n")
        self._process.stdin.flush()
        self._expect("typed")

    def move(self, x: int, y: int) -> None:
        """Move the mouse to a point of the monitor."""
        events: list[Event] = []
        if self._mouse is None:
            # Into the corner, wherever it was
            events.append(("move", -2 * _WIDTH, -2 * _HEIGHT))
            self._mouse = 0, 0
        events.append(("move", x - self._mouse[0], y - self._mouse[1]))
        self._mouse = x, y
        self.events(events)

    def move_until(self, about: str, arrived: Callable[[], bool]) -> None:
        """Move the mouse over the monitor until it is where it should be: where a
        window is, no program is told on Wayland. From the middle outwards."""
        middle = _WIDTH // 2, _HEIGHT // 2
        points = [
            (x, y)
            for y in range(_STEP, _HEIGHT, _STEP)
            for x in range(_STEP, _WIDTH, _STEP)
        ]
        for point in sorted(points, key=lambda one: math.dist(one, middle)):
            self.move(*point)
            if arrived():
                return
        raise AssertionError(f"the mouse does not get to {about}")

    def press_button(self, down: bool) -> None:
        """Press the left button, or let it go."""
        self.events([("button", down)])

    def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class WaylandAccessibility(Accessibility):
    """What a screen reader finds, and the keyboard, where there is no X."""

    def __init__(self, reader: Reader, display: WaylandDisplay) -> None:
        """Name what reads the windows, and the desktop they are on."""
        super().__init__(reader, "")
        self._wayland = display

    @property
    def display(self) -> WaylandDisplay:
        """Where its windows are, and the mouse."""
        return self._wayland

    def key(self, *keys: str) -> None:
        """Press keys, by the names of xdotool."""
        for one in keys:
            symbols = [_symbol(name) for name in one.split("+")]
            down: list[Event] = [(symbol, True) for symbol in symbols]
            up: list[Event] = [(symbol, False) for symbol in reversed(symbols)]
            self._wayland.events([*down, *up])

    def focus(self, title: str) -> None:
        """The compositor gives the keyboard to the newest window."""
        wait_for(
            f"the window {title}",
            lambda: any(title in name for name in self.windows()),
        )
        # It is there before it has the keyboard, and a key would go to another one
        with contextlib.suppress(TooLate):
            wait_for(
                f"the keyboard in {title}",
                lambda: any("focused" in node.states for node in self.read(title)),
                5,
            )

    def type(self, text: str) -> None:
        """Type a text on the keyboard."""
        events: list[Event] = []
        for character in text:
            symbol = ord(character)
            events += [(symbol, True), (symbol, False)]
        self._wayland.events(events)


def _symbol(name: str) -> int:
    """Of a key, by its name, or by what is written on it."""
    return _SYMBOLS.get(name) or ord(name)
