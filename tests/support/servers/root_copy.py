# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of a Debian root, in which packages can be installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .hosts import IN_ROOT

# Files that do not change while a test runs are shared with the Debian root.
SHARED = "usr"


def copy_root(base: Path, target: Path, without: str = "") -> None:
    """Copy a Debian root into an empty folder on the same disk, in a second or two.

    :param without: the name of a folder that is left out
    """
    for entry in sorted(base.iterdir()):
        if entry.name == without:
            continue
        if entry.name == SHARED:
            # dpkg and its helpers replace files; they do not write into them
            subprocess.run(["cp", "-al", entry, target], check=True)
        else:
            subprocess.run(["cp", "-a", entry, target], check=True)


def delete_root(path: Path) -> None:
    """Delete a copy; nothing may be mounted there any more."""
    subprocess.run(["rm", "-rf", "--one-file-system", path], check=True)


def apt_install(root: Path, package: Path) -> str:
    """Install a package whose dependencies are installed, as a user does who has its
    file; what it recommends would have to be fetched. Returns what apt printed.

    :raises RuntimeError: apt refused
    """
    found = subprocess.run(
        [IN_ROOT, f'--bind={package.parent}:/mnt', root, '--', 'env', '-i',
         'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LANG=C.UTF-8',
         'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', '--yes',
         '--no-install-recommends', f'/mnt/{package.name}'],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if found.returncode != 0:
        raise RuntimeError(f"not installed: {found.stdout}{found.stderr}"[-4000:])
    return found.stdout
