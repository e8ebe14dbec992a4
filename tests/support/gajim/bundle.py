# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin as a zip, built from the working tree."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PLUGIN = REPOSITORY / "omemo_plugin"
BUILD = REPOSITORY / "tools" / "bundle"


def build_bundle(folder: Path) -> Path:
    """Put the bundle, built as a release is built, into a folder."""
    name, content = _built()
    bundle = folder / name
    bundle.write_bytes(content)
    return bundle


@cache
def _built() -> tuple[str, bytes]:
    """The name of the bundle and what is in it, which takes a while to compress."""
    with tempfile.TemporaryDirectory() as folder:
        built = subprocess.run(
            [BUILD, folder], check=True, stdout=subprocess.PIPE, text=True
        )
        bundle = Path(built.stdout.strip())
        return bundle.name, bundle.read_bytes()
