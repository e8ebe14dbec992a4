# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Translations of the plugin's own words."""

from __future__ import annotations

import gettext
from pathlib import Path

_translation = gettext.translation(
    "omemo_plugin",
    localedir=str(Path(__file__).parent.parent / "locale"),
    fallback=True,
)

_ = _translation.gettext
ngettext = _translation.ngettext
