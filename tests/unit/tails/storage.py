# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with a Persistent Storage that behaves as Tails' does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tails_integration.persistence import conf_file
from tails_integration.persistence import root_helper
from tails_integration.persistence.user import HELPER
from tails_integration.persistence.user import PKEXEC

from .machine import Machine

OWNER = (os.getuid(), os.getgid())


class TailsWithStorage(Machine):
    """A machine with persistence.conf and the programs around it."""

    def __init__(self, folder: Path, text: str = "") -> None:
        super().__init__(folder)
        self.conf = self.write(str(root_helper.CONF), text)
        self.conf.chmod(0o600)
        self.write(HELPER, "")
        self.created = self.unlocked = True
        self.password = "P"
        self.pkexec_code: int | None = None
        self.bound: list[str] = []
        self.features: list[str] = []
        self.knows_features = True
        self._mounts()
        self.reload()

    def reload(self) -> None:
        """Read the file; lines that are nobody's become custom features."""
        entries = conf_file.entries(self.conf.read_text())
        self.features = [str(entry.target) for entry in entries]

    def _mounts(self) -> None:
        lines = [f"1 2 0:0 / {point} rw - ext4 x rw" for point in self.bound]
        self.write("/proc/self/mountinfo", "\n".join(lines))

    def _switch(self, name: str, on: bool) -> None:
        target = self.features[int(name.removeprefix("CustomFeature"))]
        if on:
            self.bound.append(target)
        else:
            self.bound.remove(target)
        self._mounts()
        # As Tails saves it: sorted, without comments and what it does not know
        text = self.conf.read_text()
        lines = [
            line
            for line in text.splitlines()
            if (entry := conf_file.parse_line(line))
            and (on or str(entry.target) != target)
        ]
        self.conf.write_text("".join(f"{line}\n" for line in sorted(set(lines))))

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.ran.append(list(command))
        code, output, complaint = self._answer(list(command))
        return subprocess.CompletedProcess(list(command), code, output, complaint)

    def _answer(self, command: list[str]) -> tuple[int, str, str]:
        program, *words = command
        if program == root_helper.TPSCLI:
            action, *names = words
            if action == "is-created":
                return int(not self.created), "", ""
            if action == "is-unlocked":
                return int(not self.unlocked), "", ""
            self._switch(names[0], action == "activate")
        elif program == root_helper.SYSTEMCTL:
            self.reload()
        elif program == root_helper.BUSCTL:
            number = int(words[3].rpartition("CustomFeature")[2])
            if not self.knows_features or number >= len(self.features):
                return 1, "", "Unknown object"
            return 0, f's "Custom Feature ({self.features[number]})"\n', ""
        elif program == "/usr/bin/passwd":
            return 0, f"amnesia {self.password} 2026-01-01 0 99999 7 -1\n", ""
        elif program == PKEXEC:
            return self._as_root(words[-1])
        return 0, "", ""

    def _as_root(self, word: str) -> tuple[int, str, str]:
        if self.pkexec_code is not None:
            return self.pkexec_code, "", ""
        code = root_helper.main(["helper", word], self.system())
        return code, "now\n" if self.bound or "disable" in word else "next start\n", ""
