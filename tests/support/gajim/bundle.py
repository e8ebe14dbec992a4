# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin as a zip, built from the working tree."""

from __future__ import annotations

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PLUGIN = REPOSITORY / "omemo_plugin"
BUILD = REPOSITORY / "tools" / "bundle"


def build_bundle(folder: Path) -> Path:
    """Build the bundle as a release is built, into a folder."""
    built = subprocess.run(
        [BUILD, folder], check=True, stdout=subprocess.PIPE, text=True
    )
    return Path(built.stdout.strip())
