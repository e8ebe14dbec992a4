# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Rows that must not look as if the contact had written them: what could not be
opened, and what a device wrote that the user has not decided about, or refused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import cast

from ..bridge.gajim.patches import Patches
from .gajim_windows.rows import Row
from .gajim_windows.rows import encryption_of
from .gajim_windows.rows import is_outgoing
from .gajim_windows.rows import row_module
from .presenters.row_notes import RowKind
from .presenters.row_notes import RowNote
from .presenters.row_notes import kind_of
from .presenters.row_notes import note_of
from .row_help import help_button
from .row_remedies import RowRemedies
from .widgets.toolkit import embedding
from .widgets.toolkit import widgets

if TYPE_CHECKING:
    from ..bridge.gajim.protocols import Contact
    from .gajim_windows.protocols import RowMark

log = logging.getLogger("gajim.p.omemo_plugin")

# The methods that make the content of a row, in Gajim 2.6, 2.1 and 1.7
_MAKERS = ("_redraw_content", "_set_content", "__init__")

_Mergeable = Callable[[Row, Row], bool]

# How the rows look; see `widgets/style.py`
_CLASSES = {
    RowKind.UNOPENED: "omemo-row-unopened",
    RowKind.UNDECIDED: "omemo-row-undecided",
    RowKind.REFUSED: "omemo-row-refused",
}


class RowMarks:
    """Marks Gajim's rows."""

    def __init__(
        self,
        show_details: Callable[[Contact], None],
        changed: Callable[[Row], None],
        remedies: RowRemedies,
    ) -> None:
        """
        Args:
            show_details: opens "Encryption details" for a contact.
            changed: called with a row that has been marked, or is not any more.
            remedies: offers what there is to do about a message that was not opened.
        """
        self._remedies = remedies
        self._show_details = show_details
        self._changed = changed

    def install(self, patches: Patches) -> None:
        """Change the rows that are made from now on."""
        rows = row_module()
        name = next(one for one in _MAKERS if hasattr(rows.MessageRow, one))
        patches.replace(rows.MessageRow, name, self._after)
        patches.replace(rows.MessageRow, "is_mergeable", self._mergeable)

    def _after(self, theirs: Callable[..., None]) -> Callable[..., None]:
        def make(row: Row, *args: object, **options: object) -> None:
            theirs(row, *args, **options)
            try:
                before = getattr(row, "omemo_kind", None)
                self._mark(row)
                if cast("RowMark", row).omemo_kind is not before:
                    self._changed(row)
            except Exception as error:
                # The stored text still says what it is
                log.warning("A row is not marked: %s", type(error).__name__)

        return make

    def _mergeable(self, theirs: _Mergeable) -> _Mergeable:
        def is_mergeable(row: Row, other: Row) -> bool:
            for one in (row, other):
                if getattr(one, "omemo_kind", None) is not None:
                    return False
            return bool(theirs(row, other))

        return is_mergeable

    def _mark(self, row: Row) -> None:
        kind = _kind_of_row(row)
        mark = cast("RowMark", row)
        before = getattr(row, "omemo_note", None)
        if before is not None:
            row.grid.remove(before)
            mark.omemo_note = None
        mark.omemo_kind = kind
        mark.omemo_apart = False
        if kind is None:
            return
        widgets.add_classes(embedding.as_widget(row), (_CLASSES[kind],))
        note = note_of(kind, row._contact.name)
        if kind is RowKind.UNOPENED:
            row._avatar_box.set_opacity(0)
            embedding.rename(row._meta_box, note.text)
            widgets.add_classes(row._message_widget, ("dim-label",))
            button = help_button(note)
            widgets.append(row._meta_box, button)
            self._remedies.made(row, button)
            return
        self._add_note(row, note, hide=kind is RowKind.REFUSED)

    def _add_note(self, row: Row, note: RowNote, *, hide: bool) -> None:
        """
        Put a sentence above the text.

        Args:
            hide: the text is not shown unless the user wants it.
        """
        label = widgets.label(note.text, classes=("omemo-small",))
        box = widgets.row(widgets.expand(label))
        if hide:
            widgets.set_visible(row._bottom_box, False)

        def pressed() -> None:
            if not hide:
                self._show_details(row._contact)
                return
            widgets.set_visible(row._bottom_box, True)
            widgets.set_visible(button, False)
            widgets.set_text(label, note.shown)

        button = widgets.button(
            note.button,
            pressed,
            name=f"{note.button} {note.text}",
            classes=("omemo-offer",),
        )
        widgets.append(box, widgets.top(button), widgets.top(help_button(note)))
        embedding.insert_below(row.grid, row._meta_box, box)
        cast("RowMark", row).omemo_note = box


def _kind_of_row(row: Row) -> RowKind | None:
    """The kind of a row; None for an ordinary one."""
    found = encryption_of(row)
    if found is None:
        return None
    return kind_of(found.trust, found.key, outgoing=is_outgoing(row))
