# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian that passes for Tails: its user, its Persistent Storage, its tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from ..servers.hosts import debian_root
from ..servers.root_copy import SHARED
from ..servers.root_copy import copy_root
from ..servers.root_copy import delete_root
from .persistence import STORAGE
from .persistence import TPS_IDS
from .persistence import TPSCLI

# Of the folders' names; the process that uses one comes next
PREFIX = "tails-of-"

# Gajim comes with what it recommends, as when a user of Tails adds it
LISTS = {
    "bookworm": ("gajim+", "plugin", "tails"),
    "trixie": ("gajim+", "plugin", "tails", "tails-desktop"),
}

USER = "amnesia"
USER_IDS = (1000, 1000)
HOME = Path("/home") / USER


# The Tails of each Debian.
RELEASES = {"bookworm": "6.19", "trixie": "7.4"}

OS_RELEASE = """\
PRETTY_NAME="Tails"
NAME="Tails"
ID="tails"
ID_LIKE="debian"
VERSION="{release}"
VERSION_ID="{release}"
HOME_URL="https://tails.net/"
"""

HOSTS = """\
127.0.0.1	localhost
127.0.0.2	amnesia
::1	localhost ip6-localhost
"""

# There is no systemd in the machine. These serve the two requests that are made of it
# about the Persistent Storage, and refuse others.
SYSTEMCTL = """\
#!/bin/sh
[ "$*" = "reload tails-persistent-storage.service" ] || exit 1
exec /usr/local/lib/tpscli reload
"""
BUSCTL = """\
#!/bin/sh
[ "$2" = get-property ] && [ "$6" = Description ] || exit 1
exec /usr/local/lib/tpscli describe "${4##*/}"
"""


def tails_base(suite: str) -> Path:
    """Return the Debian root that a Tails is made of."""
    return debian_root(suite, LISTS[suite])


class TailsRoot:
    """A folder that can be the / of a machine; close() deletes it."""

    def __init__(self, suite: str, like: TailsRoot | None = None) -> None:
        """Make it in a second or two.

        :param suite: of the Debian that it is made of
        :param like: another one of the suite, with all that is installed there; nothing
            may run in it, and its /usr is ours (`binds`)
        """
        self.suite = suite
        self._base = tails_base(suite)
        # On the same disk, so that files can be shared
        folder = self._base.parent
        _delete_forgotten(folder)
        prefix = f"{PREFIX}{os.getpid()}-"
        self.path: Path = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        self._started = time.time()
        # For a machine, if it is the / of one
        self.binds: tuple[str, ...] = ()
        try:
            self.path.chmod(0o755)
            if like is not None:
                copy_root(like.path, self.path, without=SHARED)
                (self.path / SHARED).mkdir()
                self.binds = (f"{like.path}/{SHARED}:/{SHARED}:ro",)
            else:
                copy_root(self._base, self.path)
                self._add_users()
                self._add_system_files()
        except BaseException:
            self.close()
            raise

    def forget(self) -> None:
        """Forget what Tails forgets: Tor its state, and the user has a new home."""
        for path in (self.path / "var" / "lib" / "tor").iterdir():
            delete_root(path)
        home = self.path / HOME.relative_to("/")
        shutil.rmtree(home, ignore_errors=True)
        skeleton = self.path / "etc" / "skel"
        shutil.copytree(skeleton, home, symlinks=True)
        home.chmod(0o700)
        for path in (home, *home.rglob("*")):
            os.chown(path, *USER_IDS, follow_symlinks=False)

    def changed_base_files(self) -> list[Path]:
        """Files of the shared Debian root that were written to since the start."""
        if self.binds:
            # They cannot be written to
            return []
        found = subprocess.run(
            ['find', self._base / SHARED, '-type', 'f',
             '-newermt', f'@{self._started}'],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return [Path(line) for line in found.stdout.splitlines()]

    def close(self) -> None:
        """Delete it; nothing may be mounted there any more."""
        delete_root(self.path)

    def _add_users(self) -> None:
        etc = self.path / "etc"
        users = (
            (USER, USER_IDS, str(HOME), "/bin/bash"),
            ("tails-persistent-storage", TPS_IDS, "/", "/usr/sbin/nologin"),
        )
        taken = {
            line.split(":")[2] for line in (etc / "passwd").read_text().splitlines()
        }
        for name, (uid, gid), home, shell in users:
            assert str(uid) not in taken, f"{uid} is taken"
            _append(etc / "passwd", f"{name}:x:{uid}:{gid}::{home}:{shell}\n")
            _append(etc / "shadow", f"{name}:!:19000:0:99999:7:::\n")
            _append(etc / "group", f"{name}:x:{gid}:\n")

    def _add_system_files(self) -> None:
        etc = self.path / "etc"
        for name, text in (
            ("os-release", OS_RELEASE.format(release=RELEASES[self.suite])),
            ("hosts", HOSTS),
            ("hostname", "amnesia\n"),
            ("resolv.conf", "nameserver 127.0.0.1\n"),
        ):
            (etc / name).unlink(missing_ok=True)
            (etc / name).write_text(text)
        (self.path / STORAGE.relative_to("/")).mkdir(parents=True)
        tpscli = self.path / TPSCLI.relative_to("/")
        tpscli.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(__file__).with_name("tps.py"), tpscli)
        tpscli.chmod(0o755)
        for name, text in (("systemctl", SYSTEMCTL), ("busctl", BUSCTL)):
            program = self.path / "usr" / "bin" / name
            # It is shared with the Debian root
            program.unlink(missing_ok=True)
            program.write_text(text)
            program.chmod(0o755)
        # Nobody asks for Debian's packages, and each copy would have these
        delete_root(self.path / "var" / "lib" / "apt" / "lists")
        self.forget()


def _delete_forgotten(folder: Path) -> None:
    """Delete what was left by somebody who was killed."""
    for path in folder.glob(f"{PREFIX}*"):
        pid = path.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", pid).exists():
            delete_root(path)


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)
