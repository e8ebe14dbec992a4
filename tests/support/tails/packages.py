# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our Debian packages, built from the working tree."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ..servers.hosts import IN_ROOT
from ..servers.hosts import REPOSITORY

NOT_SOURCE = (
    '.git', '.*_cache', '.cache', '.hypothesis', '__pycache__', 'build', 'dist'
)  # fmt: skip

# The tests are run by others; what is built here is what they are run on.
BUILD = "cd /mnt/source && dpkg-buildpackage -b -d -us -uc"


def build_packages(root: Path, folder: Path) -> list[Path]:
    """Build all packages of debian/control as a release is built.

    :param root: a Debian with debhelper in it, that of Tails' older release, so
        that the packages fit both
    :param folder: theirs and the source's; it has to be empty
    """
    source = folder / "source"
    shutil.copytree(
        REPOSITORY, source, symlinks=True, ignore=shutil.ignore_patterns(*NOT_SOURCE)
    )
    built = subprocess.run(
        [IN_ROOT, f'--bind={folder}:/mnt', root, '--', 'env', '-i', 'PATH=/usr/sbin'
         ':/usr/bin:/sbin:/bin', 'HOME=/root', 'LANG=C.UTF-8',
         'DEB_BUILD_OPTIONS=nocheck', 'sh', '-c', BUILD],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    packages = sorted(folder.glob("*.deb"))
    if built.returncode != 0 or not packages:
        raise RuntimeError(f"no packages: {built.stdout}{built.stderr}"[-4000:])
    return packages
