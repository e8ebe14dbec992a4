# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine in a folder, which is Tails or is not."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from tails_integration.base.system import System

UID = 1000


class Machine:
    """Files below a folder, a user's home, and programs that answer as told."""

    def __init__(self, folder: Path, *, name: str = "tails", uid: int = UID) -> None:
        self.root = folder
        self.home = folder / "home" / "amnesia"
        self.home.mkdir(parents=True, exist_ok=True)
        self.runtime = folder / "run" / "user" / "1000"
        self.runtime.mkdir(parents=True, exist_ok=True)
        self.ran: list[list[str]] = []
        self.answers: dict[str, tuple[int, str]] = {"dpkg-query": (0, "1.7.3-1")}
        self.write("/etc/os-release", f'PRETTY_NAME="x"\nID="{name}"\n')
        self.add_plugin("omemo_plugin")
        (folder / "proc").mkdir(exist_ok=True)
        self.uid = uid

    def system(self, environ: Mapping[str, str] | None = None) -> System:
        """The machine as the code sees it."""
        variables = {
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.runtime),
            **(environ or {}),
        }
        return System(self.root, variables, self.uid, self._run)

    def write(self, path: str, text: str) -> Path:
        """A file of the system."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def add_plugin(self, name: str, folder: str = "") -> Path:
        """A plugin of the system's."""
        place = f"/usr/share/gajim/plugins/{folder or name}/plugin-manifest.json"
        return self.write(place, f'{{"short_name": "{name}"}}').parent

    def add_process(self, number: int, name: str, command: str = "") -> None:
        """A process; it belongs to whoever runs the tests."""
        self.uid = self.write(f"/proc/{number}/comm", f"{name}\n").parent.stat().st_uid
        self.write(f"/proc/{number}/cmdline", command.replace(" ", "\0"))

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.ran.append(list(command))
        if command[0] == "dpkg-divert" and command[0] not in self.answers:
            self._divert(command)
        code, output = self.answers.get(command[0], (0, ""))
        return subprocess.CompletedProcess(list(command), code, output, "it failed")

    def _divert(self, command: Sequence[str]) -> None:
        """Divert a file as dpkg-divert does with --rename."""
        *_options, diverted, action, name = command
        places = [self.root / path.lstrip("/") for path in (name, diverted)]
        if action == "--remove":
            places.reverse()
        if places[0].exists():
            places[0].rename(places[1])
