# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin as a zip, built from the working tree."""

from __future__ import annotations

import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PLUGIN = REPOSITORY / 'omemo_plugin'


def build_bundle(folder: Path) -> Path:
    """Zip the plugin as it is in the working tree.

    Gajim wants an explicit entry for the top folder and nothing beside it.
    """
    path = folder / 'omemo_plugin.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('omemo_plugin/', '')
        for source in sorted(PLUGIN.rglob('*')):
            if source.is_file() and '__pycache__' not in source.parts:
                archive.write(source, source.relative_to(REPOSITORY))
    return path
