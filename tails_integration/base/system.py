# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access to files, environment and programs, which tests replace."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]

NOT_FOUND = 127


def run_program(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program without a shell and wait for it.

    One that is not there counts as one that failed with 127, as in a shell.
    """
    try:
        return subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=120
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(list(command), NOT_FOUND, "", "")


@dataclass(frozen=True)
class System:
    """The machine, and the user who runs this program."""

    root: Path
    environ: Mapping[str, str]
    uid: int
    run: Run = run_program

    @classmethod
    def real(cls) -> System:
        """This machine."""
        return cls(Path("/"), dict(os.environ), os.getuid())

    def file(self, path: str | Path) -> Path:
        """A file of the system by its absolute path."""
        return self.root / Path(path).relative_to("/")

    @property
    def home(self) -> Path:
        """The user's home folder."""
        return Path(self.environ["HOME"])

    def _base(self, variable: str, default: str) -> Path:
        """A folder of the XDG Base Directory Specification."""
        value = self.environ.get(variable, "")
        base = Path(value) if value.startswith("/") else self.home / default
        return base / "gajim"

    @property
    def config(self) -> Path:
        """Gajim's settings."""
        return self._base("XDG_CONFIG_HOME", ".config")

    @property
    def data(self) -> Path:
        """Gajim's data: history, keys, certificates."""
        return self._base("XDG_DATA_HOME", ".local/share")

    @property
    def cache(self) -> Path:
        """What Gajim can make anew."""
        return self._base("XDG_CACHE_HOME", ".cache")

    @property
    def state(self) -> Path:
        """Our own state, which is kept as long as Gajim's settings."""
        return self.config / "tails"

    @property
    def runtime(self) -> Path | None:
        """A folder that is deleted with the session; None where there is none."""
        value = self.environ.get("XDG_RUNTIME_DIR", "")
        return Path(value) / "tails-gajim" if value else None

    def is_tails(self) -> bool:
        """Whether this is Tails, according to its own files."""
        if self.file("/etc/amnesia").is_dir():
            return True
        try:
            lines = self.file("/etc/os-release").read_text().splitlines()
        except OSError:
            return False
        for line in lines:
            key, _equals, value = line.partition("=")
            if key in ("ID", "NAME") and value.strip("\"'").lower() == "tails":
                return True
        return False

    def gajim_version(self) -> tuple[int, ...] | None:
        """The Gajim that is installed; None if that is not known."""
        answer = self.run(["dpkg-query", "-W", "-f", "${Version}", "gajim"])
        numbers = re.match(r"(?:\d+:)?([\d.]+)", answer.stdout)
        if answer.returncode != 0 or numbers is None:
            return None
        return tuple(int(number) for number in numbers[1].strip(".").split("."))
