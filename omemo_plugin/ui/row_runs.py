# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several messages in a row that were not opened: one row says how many there are."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Protocol
from typing import cast
from weakref import WeakSet

from gi.repository import GLib

from ..bridge.gajim.patches import Patches
from .gajim_windows.rows import Row
from .gajim_windows.rows import is_message_row
from .gajim_windows.rows import is_outgoing
from .presenters.row_notes import RowKind
from .presenters.row_notes import RowNote
from .presenters.row_notes import run_text
from .row_help import help_button
from .widgets.toolkit import Box
from .widgets.toolkit import embedding
from .widgets.toolkit import widgets

if TYPE_CHECKING:
    from .gajim_windows.protocols import ChatRow
    from .gajim_windows.protocols import ChatRows

log = logging.getLogger("gajim.p.omemo_plugin")

# The methods of Gajim's list that add or remove rows
_CHANGES = ("_insert_message", "remove_message", "reduce_message_count")

# Those that go to a message, such as one that the search has found
_JUMPS = ("scroll_to_message_and_highlight", "_scroll_and_highlight")

# A few frames
_DRAWN_MS = 100

# Rows between which there is nothing that anybody said: how far something was read,
# which moves about, and lines about the chat, such as the offer to repair it
_BETWEEN = ("ReadMarkerRow", "DisplayedRow", "InfoMessage")


class _Noted(Protocol):
    """
    Attributes that the plugin adds to rows.

    Attributes:
        omemo_run: the line with the number of messages, on the first of several.
        omemo_run_note: what stands in that line; None where it is not shown.
        omemo_run_open: the user wants to see each of them.
        omemo_hidden: the row is not shown, because the first one counts it.
    """

    omemo_run: Box | None
    omemo_run_note: RowNote | None
    omemo_run_open: bool
    omemo_hidden: bool


class RowRuns:
    """Puts them together."""

    def __init__(self) -> None:
        # Lists that are looked through before the window is drawn again
        self._waiting: list[ChatRows] = []
        self._seen: WeakSet[ChatRows] = WeakSet()
        self._active = False

    def install(self, patches: Patches) -> None:
        """Look at the rows that are added from now on."""
        view = importlib.import_module("gajim.gtk.conversation.view").ConversationView
        self._active = True
        for name in _CHANGES:
            patches.replace(view, name, self._after_change)
        for name in _JUMPS:
            patches.replace(view, name, self._before_jump)
        patches.add(self._stop)

    def _stop(self) -> None:
        """Show each row by itself again."""
        self._active = False
        for view in list(self._seen):
            for row in view.iter_rows():
                if is_message_row(row):
                    _take_apart(row)

    def _after_change(self, theirs: Callable[..., object]) -> Callable[..., object]:
        def change(view: ChatRows, *args: object) -> object:
            result = theirs(view, *args)
            self.look_at(view)
            return result

        return change

    def _before_jump(self, theirs: Callable[..., None]) -> Callable[..., None]:
        def jump(view: ChatRows, number: int, *args: object) -> None:
            try:
                if _show_row(view, number):
                    self._put_together(view)
                    # Where it is on the screen is known when the window is drawn
                    GLib.timeout_add(_DRAWN_MS, lambda: theirs(view, number, *args))
                    return
            except Exception as error:
                log.warning("A row stays hidden: %s", type(error).__name__)
            theirs(view, number, *args)

        return jump

    def row_changed(self, row: Row) -> None:
        """A row has been made, or drawn again, and may be of another kind now."""
        view = _list_of(row)
        if view is not None:
            self.look_at(view)

    def look_at(self, view: ChatRows) -> None:
        """Look through a list before the window is drawn, once for many changes."""
        if view in self._waiting:
            return
        self._waiting.append(view)
        if len(self._waiting) == 1:
            GLib.idle_add(self._look, priority=GLib.PRIORITY_HIGH_IDLE)

    def _look(self) -> bool:
        waiting, self._waiting = self._waiting, []
        for view in waiting:
            if not self._active:
                break
            try:
                self._put_together(view)
            except Exception as error:
                # Each of them says itself what it is
                log.warning("Rows are not put together: %s", type(error).__name__)
        return bool(GLib.SOURCE_REMOVE)

    def _put_together(self, view: ChatRows) -> None:
        self._seen.add(view)
        run: list[Row] = []
        for one in view.iter_rows():
            if type(one).__name__ in _BETWEEN:
                continue
            if not is_message_row(one):
                self._show_run(view, run)
                run = []
            elif getattr(one, "omemo_kind", None) is not RowKind.UNOPENED:
                self._show_run(view, run)
                run = []
                _take_apart(one)
            elif getattr(one, "omemo_apart", False):
                # It offers something, and counts for itself
                self._show_run(view, run)
                run = []
                _take_apart(one)
            else:
                if run and _sender(run[0]) != _sender(one):
                    self._show_run(view, run)
                    run = []
                run.append(one)
        self._show_run(view, run)

    def _show_run(self, view: ChatRows, run: list[Row]) -> None:
        if len(run) < 2:
            for row in run:
                _take_apart(row)
            return
        first, others = run[0], run[1:]
        is_open = any(getattr(row, "omemo_run_open", False) for row in run)
        for row in others:
            _take_apart(row, hidden=not is_open)
        _hide(first, hidden=False)
        cast(_Noted, first).omemo_run_open = is_open
        _show_parts(first, shown=is_open)
        self._set_note(view, first, len(run), is_open=is_open)

    def _set_note(self, view: ChatRows, row: Row, count: int, *, is_open: bool) -> None:
        """Say in the first row how many there are."""
        name = "" if is_outgoing(row) else str(row.name)
        note = run_text(count, name, is_open=is_open)
        noted = cast(_Noted, row)
        if getattr(row, "omemo_run_note", None) == note:
            return
        box: Box | None = getattr(row, "omemo_run", None)
        if box is None:
            box = widgets.row()
            embedding.add_line_above(row.grid, row._meta_box)
            noted.omemo_run = box
        # The button that was pressed is in it
        had_focus = embedding.holds_focus(box)

        def pressed() -> None:
            noted.omemo_run_open = not is_open
            self._put_together(view)

        button = widgets.button(
            note.button,
            pressed,
            name=f"{note.button} {note.text}",
            classes=("omemo-offer",),
        )
        widgets.clear(box)
        widgets.append(
            box,
            widgets.expand(widgets.label(note.text, classes=("dim-label",))),
            widgets.top(button),
            widgets.top(help_button(note)),
        )
        # Beside the place of the picture, which would leave a gap
        embedding.put_near(row.grid, row._meta_box, box, above=is_open)
        widgets.set_visible(box, True)
        noted.omemo_run_note = note
        if had_focus:
            embedding.take_focus(button)


def _sender(row: Row) -> tuple[bool, str]:
    return is_outgoing(row), str(row.name)


def _list_of(row: Row) -> ChatRows | None:
    """The list that a row is in."""
    parent = embedding.as_widget(row).get_parent()
    while parent is not None and not hasattr(parent, "iter_rows"):
        parent = parent.get_parent()
    return cast("ChatRows | None", parent)


def _hide(row: Row, *, hidden: bool) -> None:
    noted = cast(_Noted, row)
    if getattr(row, "omemo_hidden", False) == hidden:
        return
    noted.omemo_hidden = hidden
    widgets.set_visible(embedding.as_widget(row), not hidden)


def _show_parts(row: Row, *, shown: bool) -> None:
    """Show what the row itself says and offers, or not."""
    for part in (row._meta_box, row._bottom_box, getattr(row, "omemo_note", None)):
        if part is not None:
            widgets.set_visible(part, shown)


def _take_apart(row: Row, *, hidden: bool = False) -> None:
    """The row is none of several, or not the first of them."""
    _hide(row, hidden=hidden)
    if getattr(row, "omemo_run_note", None) is None:
        return
    noted = cast(_Noted, row)
    if noted.omemo_run is not None:
        widgets.clear(noted.omemo_run)
        widgets.set_visible(noted.omemo_run, False)
    noted.omemo_run_note = None
    noted.omemo_run_open = False
    _show_parts(row, shown=True)


def _show_row(view: ChatRows, number: int) -> bool:
    """
    Show a message, which may be one of several that are put together.

    Returns:
        Whether the rows have to be put together again.
    """
    run: list[ChatRow] = []
    for row in view.iter_rows():
        if type(row).__name__ in _BETWEEN:
            continue
        if getattr(row, "omemo_run_note", None) is not None:
            run = [row]
        elif getattr(row, "omemo_hidden", False):
            run.append(row)
        else:
            run = []
        numbers = (getattr(row, "pk", None), getattr(row, "log_line_id", None))
        if number in numbers and run:
            cast(_Noted, run[0]).omemo_run_open = True
            return True
    return False
