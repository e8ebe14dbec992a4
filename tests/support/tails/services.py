# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a desktop offers to its programs: links and files are opened, notifications
shown, keys go through an input method, and a screen reader reads the windows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ..waiting import wait_for
from .machine import Machine
from .root import USER_IDS

_DESKTOP = Path(__file__).with_name("desktop.py").read_text()

# Of the user's programs, for all of that
ENVIRONMENT = {"GTK_IM_MODULE": "ibus", "GTK_A11Y": "atspi"}


class Services:
    """They end with the machine."""

    def __init__(
        self, machine: Machine, environment: Mapping[str, str], folder: Path
    ) -> None:
        """Start them.

        :param environment: names the session bus and the display
        :param folder: for logs
        """
        self._machine = machine
        self._environment = environment
        self._requests = folder / "desktop.log"
        self._calls = folder / "calls.log"

        def start(log: Path, *argv: str) -> None:
            machine.start(argv, log, USER_IDS, environment)

        start(self._requests, "/usr/bin/python3", "-c", _DESKTOP, "serve")
        wait_for("there are services", lambda: "ready" in self._text(self._requests))
        start(
            folder / "ibus.log",
            "ibus-daemon", "--panel=disable", "--emoji-extension=disable",
        )  # fmt: skip
        start(
            self._calls,
            "dbus-monitor", "--session",
            "type=method_call,interface=org.freedesktop.IBus.InputContext",
        )  # fmt: skip
        wait_for("somebody monitors the bus", lambda: self._text(self._calls))

    def requests(self) -> list[list[object]]:
        """The links, files and notifications that were asked for, each a list that
        begins with the method."""
        lines = self._text(self._requests).splitlines()[1:]
        return [json.loads(line) for line in lines]

    def was_typed(self) -> bool:
        """Whether the input method has got a key."""
        return "ProcessKeyEvent" in self._text(self._calls)

    def read(self) -> list[str]:
        """The names of the windows, as a screen reader gets them."""
        read = ["/usr/bin/python3", "-c", _DESKTOP, "read"]
        done = self._machine.run(
            read, USER_IDS, environment=self._environment, check=False
        )
        return done.stdout.splitlines()

    @staticmethod
    def _text(path: Path) -> str:
        return path.read_text(errors="replace") if path.exists() else ""
