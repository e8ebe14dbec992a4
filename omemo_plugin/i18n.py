# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Translations of the plugin's own words.

What these names in texts stand for; texts with other names have a comment for
translators beside them. Names of others have been cleaned and may be in any language.

- {name}, {who}: what the user calls a contact, or several
- {device}: the name of a device, by its place or as it names itself
- {jid}, {address}: an address, such as bob@example.org
- {list}: names, as `listed` joins them
- {count}: a number
- {day}: a day, such as “today” or a date
- {digits}: those of a fingerprint
- {state}: a sentence on devices without a full stop
"""

from __future__ import annotations

import gettext
import locale
import os
from collections.abc import Iterable
from pathlib import Path

_translation = gettext.translation(
    "omemo_plugin",
    localedir=str(Path(__file__).parent / "locale"),
    fallback=True,
)

_ = _translation.gettext
ngettext = _translation.ngettext


def listed(names: Iterable[str]) -> str:
    """Several names in one text, in their order."""
    text = ""
    for name in names:
        if not text:
            text = name
            continue
        # Translators: a list of names; {names} are those before the last one
        text = _("{names}, {name}").format(names=text, name=name)
    return text


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
