# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A message that was not opened can be neither answered nor quoted, nor reacted to: nobody
knows what it says, and the others would see an answer to something else.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from ..bridge.gajim.patches import Patches
from .gajim_windows.rows import row_module
from .presenters.row_notes import RowKind

_Question = Callable[[object], bool]

# Whether there are buttons for that: of a row in Gajim 2.6, of the buttons in 2.1
_OF_ROW = ("can_reply", "can_react")
_OF_BUTTONS = ("_get_reply_visible", "_get_reactions_visible")


def install(patches: Patches) -> None:
    """Change which buttons appear beside rows. In their menus `extend_row_menus` does
    so."""
    for name in _OF_ROW:
        patches.replace(row_module().MessageRow, name, _unless_unopened)
    widgets = importlib.import_module("gajim.gtk.conversation.rows.widgets")
    buttons = getattr(widgets, "MessageRowActions", None)
    for name in _OF_BUTTONS:
        patches.replace(buttons, name, _unless_row_unopened)


def _unless_unopened(theirs: _Question) -> _Question:
    return lambda row: not _is_unopened(row) and theirs(row)


def _unless_row_unopened(theirs: _Question) -> _Question:
    def visible(buttons: object) -> bool:
        row = getattr(buttons, "_message_row", None)
        return not _is_unopened(row) and theirs(buttons)

    return visible


def _is_unopened(row: object) -> bool:
    return getattr(row, "omemo_kind", None) is RowKind.UNOPENED
