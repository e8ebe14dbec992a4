# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Translations of the plugin's own words."""

from __future__ import annotations

import gettext
import locale
import os
from pathlib import Path

_translation = gettext.translation(
    "omemo_plugin",
    localedir=str(Path(__file__).parent / "locale"),
    fallback=True,
)

_ = _translation.gettext
ngettext = _translation.ngettext

_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def language() -> str:
    """The language that the user reads, such as "de", or "zh_TW" where a country
    makes another script; "en" where none was chosen."""
    chosen = next(filter(None, map(os.environ.get, _VARIABLES)), "")
    name = locale.normalize(chosen.split(":")[0]).split(".")[0].split("@")[0]
    if name in ("", "C", "POSIX"):
        return "en"
    short = name.split("_")[0]
    return name if short == "zh" else short
