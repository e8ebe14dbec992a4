# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The places in which a Gajim runs: this machine, or a Debian root beside it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ..processes import copy_tree
from ..processes import unprivileged_ids

REPOSITORY = Path(__file__).parents[3]
DEBIAN_ROOT = REPOSITORY / "tools" / "lib" / "debian-root"
IN_ROOT = REPOSITORY / "tools" / "lib" / "in-root"

GAJIM_VERSIONS = {"bookworm": "1.7.3", "trixie": "2.1.1", "forky": "2.6.0"}

# Package lists of a root, where they are not debian-root's own choice.
PACKAGE_LISTS: dict[str, tuple[str, ...]] = {
    "bookworm": ("gajim", "plugin", "gajim-omemo")
}

SYSTEM_PLUGINS = Path("/usr/share/gajim/plugins")


@cache
def machine_suite() -> str:
    """Debian's name for what this machine runs, '' when it is not Debian."""
    for line in Path("/etc/os-release").read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "VERSION_CODENAME":
            return value.strip('"')
    return ""


@cache
def debian_root(suite: str, lists: tuple[str, ...] | None = None) -> Path:
    """Return the root of a suite; it takes a minute where it is not there yet.

    :param lists: of packages; what Gajims need when not given
    """
    made = subprocess.run(
        [DEBIAN_ROOT, suite, *(lists or PACKAGE_LISTS.get(suite, ()))],
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    if made.returncode != 0:
        raise RuntimeError(f"no Debian root of {suite}: see what is printed above")
    return Path(made.stdout.strip())


class Host:
    """A Debian with a Gajim in it."""

    def __init__(
        self,
        suite: str,
        *,
        always_root: bool = False,
        network: Path | None = None,
        root: Path | None = None,
    ) -> None:
        """Name a Debian by its suite.

        :param always_root: use a Debian root even when this machine is of that
            suite, for what shall not be installed on it
        :param network: a network namespace that its programs are in
        :param root: where it is, instead of the Debian root of the suite
        """
        self._network = network
        self.suite = suite
        self.gajim_version = GAJIM_VERSIONS[suite]
        own = suite == machine_suite() and not always_root
        self.root = root
        if root is None and not own:
            self.root = debian_root(suite)

    def system_plugins(self, folder: Path, more: Sequence[Path]) -> Path:
        """Copy the host's system-wide plugins into a folder, with more of them."""
        source = (self.root or Path("/")) / SYSTEM_PLUGINS.relative_to("/")
        target = folder / "system-plugins"
        target.mkdir()
        for plugin in [*(source.iterdir() if source.is_dir() else ()), *more]:
            copy_tree(plugin, target / plugin.name)
        return target

    def command(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        overlays: Mapping[Path, Path],
    ) -> list[str]:
        """Return what to run so that argv runs on this host.

        :param environment: all of the program's environment
        :param folder: has to be there under the same path
        :param overlays: folders to show in the place of others of the host, as
            the value in the place of the key
        """
        program = ["env", "-i", *(f"{k}={v}" for k, v in environment.items()), *argv]
        if not self.changes_user(overlays):
            return program
        binds = [] if self.root is None else [f"--bind={folder}"]
        binds += [f"--bind={source}:{target}" for target, source in overlays.items()]
        uid, gid = unprivileged_ids()
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        enter = [] if self._network is None else ["nsenter", f"--net={self._network}"]
        root = str(self.root or "/")
        return [
            *sudo, *enter, str(IN_ROOT), *binds, f'--user={uid}:{gid}', root, '--',
            *program,
        ]  # fmt: skip

    def changes_user(self, overlays: Mapping[Path, Path]) -> bool:
        """Whether the command starts as root and gives up its rights itself."""
        return self.root is not None or self._network is not None or bool(overlays)
