# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The progress of reading the archive."""

from __future__ import annotations

from ...i18n import ngettext

# Fewer are read before anybody has seen the line
WORTH_SAYING = 50


def catching_up(running: bool, messages: int) -> str:
    """
    A line for as long as messages from the archive are decrypted.

    Args:
        running: whether there may be more of them.
        messages: how many have come.

    Returns:
        '' when there is nothing to say.
    """
    if not running or messages < WORTH_SAYING:
        return ""
    return ngettext(
        "Opening what came while you were away: {count} message so far…",
        "Opening what came while you were away: {count} messages so far…",
        messages,
    ).format(count=messages)
