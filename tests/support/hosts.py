# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a Gajim runs: on this machine, or in a Debian root beside it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from .processes import unprivileged_ids

REPOSITORY = Path(__file__).parents[2]
DEBIAN_ROOT = REPOSITORY / 'tools' / 'lib' / 'debian-root'
IN_ROOT = REPOSITORY / 'tools' / 'lib' / 'in-root'

GAJIM_VERSIONS = {'bookworm': '1.7.3', 'trixie': '2.1.1', 'forky': '2.6.0'}

SYSTEM_PLUGINS = Path('/usr/share/gajim/plugins')


@cache
def machine_suite() -> str:
    """Debian's name for what this machine runs, '' when it is not Debian."""
    for line in Path('/etc/os-release').read_text().splitlines():
        key, _, value = line.partition('=')
        if key == 'VERSION_CODENAME':
            return value.strip('"')
    return ''


class Host:
    """A Debian with a Gajim in it."""

    def __init__(self, suite: str) -> None:
        """Name a Debian by its suite; its root is made when it is not there."""
        self.suite = suite
        self.gajim_version = GAJIM_VERSIONS[suite]
        self.root = None if suite == machine_suite() else self._make_root()

    def command(
        self,
        argv: Sequence[str],
        folders: Sequence[Path],
        system_plugins: Sequence[Path],
    ) -> list[str]:
        """Return what to run so that argv runs on this host.

        :param folders: folders that have to be there under the same path
        :param system_plugins: plugin folders to show in Gajim's system folder
        """
        if self.root is None and not system_plugins:
            return list(argv)
        raise NotImplementedError

    def changes_user(self, system_plugins: Sequence[Path]) -> bool:
        """Whether the command starts as root and gives up its rights itself."""
        return self.root is not None or bool(system_plugins)

    def _make_root(self) -> Path:
        raise NotImplementedError
