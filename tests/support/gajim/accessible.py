# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Gajim's windows as a screen reader finds them, and the keyboard."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..processes import unprivileged_ids

READER = Path(__file__).with_name("atspi_reader.py")

# Roles of widgets that can be operated, in the names of both toolkits
CONTROLS = frozenset(
    {
        "push button",
        "button",
        "toggle button",
        "switch",
        "check box",
        "combo box",
        "menu button",
        "menu item",
        "entry",
        "text",
        "radio button",
        "slider",
        "link",
    }
)


@dataclass(frozen=True)
class Node:
    """One thing that a screen reader can meet."""

    depth: int
    role: str
    name: str
    description: str
    text: str
    states: tuple[str, ...]

    @property
    def said(self) -> str:
        """The words that a screen reader speaks."""
        return self.name or self.text


class Reader:
    """A program that reads another one by way of AT-SPI, for as long as that runs."""

    def __init__(self, bus_address: str, runtime_folder: Path, display: str) -> None:
        """Start it.

        :param bus_address: of the session bus that the other one is on
        """
        uid, gid = unprivileged_ids()
        drop = os.geteuid() == 0
        self._process = subprocess.Popen(
            ["/usr/bin/python3", "-I", str(READER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                "PATH": "/usr/bin:/bin",
                "DBUS_SESSION_BUS_ADDRESS": bus_address,
                "XDG_RUNTIME_DIR": str(runtime_folder),
                "HOME": str(runtime_folder),
                "DISPLAY": display,
                "LANG": "C.UTF-8",
            },
            # Ctrl-C is for the tests, which close it
            start_new_session=True,
            user=uid if drop else None,
            group=gid if drop else None,
            extra_groups=[] if drop else None,
            cwd="/",
        )

    def ask(self, *request: str) -> Any:
        """Make a request, and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or "{}")
        if "value" not in answer:
            raise AssertionError(f"AT-SPI: {request}: {answer.get('error')}")
        return answer["value"]

    def close(self) -> None:
        """End it."""
        with self._process:
            self._process.kill()


class Accessibility:
    """The windows of one Gajim."""

    def __init__(self, reader: Reader, display: str) -> None:
        """Name what reads them, and the X display they are on."""
        self._reader = reader
        self._display = display

    def windows(self) -> list[str]:
        """The names of all windows."""
        return list(self._reader.ask("windows"))

    def read(self, title: str) -> list[Node]:
        """The content of a window, in the order of reading."""
        return [
            Node(**{**node, "states": tuple(node["states"])})
            for node in self._reader.ask("read", title)
        ]

    def press(self, title: str, name: str) -> None:
        """Operate what has this name."""
        if not self._reader.ask("press", title, name):
            self._choose(title, name)

    def _choose(self, title: str, name: str) -> None:
        """Go to a radio button or a check box with the keyboard, and take it."""
        self.focus(title)
        for _step in range(30):
            nodes = self.read(title)
            focused = [node for node in nodes if "focused" in node.states]
            wanted = [node for node in nodes if node.name == name]
            if any(node.name == name for node in focused):
                self.key("space")
                return
            if any("checked" in node.states for node in wanted):
                # An arrow has taken it, and the window was drawn again
                return
            # Tab goes to a group of radio buttons, and an arrow to the next of them
            in_group = {"radio button"} == {node.role for node in focused + wanted}
            self.key("Down" if in_group else "Tab")
        raise AssertionError(f"the keyboard does not get to {name!r}")

    def key(self, *keys: str) -> None:
        """Press keys on the keyboard, by the names of xdotool."""
        subprocess.run(
            ["xdotool", "key", "--delay", "60", *keys],
            check=True,
            env={"DISPLAY": self._display, "PATH": "/usr/bin:/bin"},
            timeout=30,
        )

    def focus(self, title: str) -> None:
        """Give the keyboard to a window, which a window manager would do."""
        subprocess.run(
            ['xdotool', 'search', '--sync', '--onlyvisible', '--name', title,
             'windowfocus', '--sync'],
            check=True,
            env={'DISPLAY': self._display, 'PATH': '/usr/bin:/bin'},
            timeout=30,
        )  # fmt: skip

    def type(self, text: str) -> None:
        """Type a text on the keyboard."""
        subprocess.run(
            ["xdotool", "type", "--delay", "30", text],
            check=True,
            env={"DISPLAY": self._display, "PATH": "/usr/bin:/bin"},
            timeout=60,
        )

    def drag(self, title: str, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drag with the mouse, from a window that is just being opened."""

        def step(*arguments: str | int) -> None:
            subprocess.run(
                ["xdotool", *map(str, arguments)],
                check=True,
                env={"DISPLAY": self._display, "PATH": "/usr/bin:/bin"},
                timeout=30,
            )
            # A toolkit drops only where it has seen the pointer arrive
            time.sleep(0.1)

        step("search", "--sync", "--onlyvisible", "--name", title)
        step("mousemove", *start)
        step("mousedown", 1)
        for n in range(1, 11):
            x = start[0] + (end[0] - start[0]) * n // 10
            y = start[1] + (end[1] - start[1]) * n // 10
            step("mousemove", x, y)
        step("mousemove_relative", 1, 1)
        step("mouseup", 1)
