# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A message that was not opened can be neither answered nor quoted, nor reacted to: nobody
knows what it says, and the others would see an answer to something else. One that a
refused device has sent cannot be quoted while it is closed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..bridge.gajim.patches import Patches
from .gajim_windows.rows import kind_of_kept
from .gajim_windows.rows import row_module
from .presenters.row_notes import RowKind

if TYPE_CHECKING:
    from .gajim_windows.protocols import MessageRow

_Question = Callable[[object], bool]
_NextRow = Callable[[object, int | None], "MessageRow | None"]
_Answer = Callable[[object, object], None]

# Whether there are buttons for that: of a row in Gajim 2.6, of the buttons in 2.1
_OF_ROW = ("can_reply", "can_react")
_OF_BUTTONS = ("_get_reply_visible", "_get_reactions_visible")

# What the keys that quote the message before or after the last one look it up with,
# since Gajim 2
_OF_KEYS = ("get_prev_message_row", "get_next_message_row")


def install(patches: Patches) -> None:
    """Change which buttons appear beside rows, and what keys do. In the menus of rows
    `extend_row_menus` does so."""
    for name in _OF_ROW:
        patches.replace(row_module().MessageRow, name, _unless_unopened)
    widgets = importlib.import_module("gajim.gtk.conversation.rows.widgets")
    buttons = getattr(widgets, "MessageRowActions", None)
    for name in _OF_BUTTONS:
        patches.replace(buttons, name, _unless_row_unopened)
    view = importlib.import_module("gajim.gtk.conversation.view").ConversationView
    for name in _OF_KEYS:
        patches.replace(view, name, _past_closed)
    box = importlib.import_module("gajim.gtk.message_actions_box").MessageActionsBox
    patches.replace(box, "_enable_reply_mode", _unless_kept_unopened)


def _unless_unopened(theirs: _Question) -> _Question:
    return lambda row: not _is_unopened(row) and theirs(row)


def _unless_row_unopened(theirs: _Question) -> _Question:
    def visible(buttons: object) -> bool:
        row = getattr(buttons, "_message_row", None)
        return not _is_unopened(row) and theirs(buttons)

    return visible


def _is_unopened(row: object) -> bool:
    return getattr(row, "omemo_kind", None) is RowKind.UNOPENED


def _past_closed(theirs: _NextRow) -> _NextRow:
    def look(view: object, number: int | None) -> MessageRow | None:
        row = theirs(view, number)
        while row is not None and _is_closed(row):
            following = theirs(view, getattr(row, "pk", None))
            if following is row:
                return None
            row = following
        return row

    return look


def _is_closed(row: MessageRow) -> bool:
    kind = getattr(row, "omemo_kind", None)
    if kind is RowKind.REFUSED:
        return not row._bottom_box.get_visible()
    return kind is RowKind.UNOPENED


def _unless_kept_unopened(theirs: _Answer) -> _Answer:
    def answer(box: object, message: object) -> None:
        if kind_of_kept(message) is not RowKind.UNOPENED:
            theirs(box, message)

    return answer
