# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Gajim's search and its export of the history: a message that must not pass for the
contact's words has neither name nor picture among the results, and is marked in the
file. There no line of a message can pass for another message.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import NamedTuple
from typing import Protocol

from gajim.common import app

from ..bridge.gajim.patches import Patches
from .gajim_windows.rows import kind_of_kept
from .presenters.row_notes import RowKind
from .presenters.row_notes import in_export
from .presenters.row_notes import in_list
from .widgets.folded_text import wrap
from .widgets.toolkit import Grid
from .widgets.toolkit import Label
from .widgets.toolkit import Widget
from .widgets.toolkit import embedding
from .widgets.toolkit import widgets

log = logging.getLogger("gajim.p.omemo_plugin")


class _ResultWidgets(Protocol):
    row_name_label: Label
    row_avatar: Widget
    result_row_grid: Grid


class ResultRow(Protocol):
    """A row of what Gajim's search has found."""

    _ui: _ResultWidgets


class _OldRow(NamedTuple):
    """What Gajim 1.7 exports of a message. It does not say how it was encrypted."""

    jid: str
    contact_name: str
    time: float
    kind: int
    message: str


class NewMessage(Protocol):
    """What Gajim 2 exports: a message of its archive."""

    text: str | None
    corrections: Iterable[object]

    def get_last_correction(self) -> NewMessage | None: ...


_Exported = Callable[[str, object], Iterator[_OldRow]]
_Line = Callable[[object, NewMessage], str]


def install(patches: Patches) -> None:
    """Change what is searched and exported from now on."""
    search = importlib.import_module("gajim.gtk.search_view").ResultRow
    patches.replace(search, "__init__", _result)
    if hasattr(app.storage.archive, "search_log"):
        patches.replace(app.storage.archive, "get_messages_for_export", _old_export)
    else:
        patches.replace_in_class(
            "gajim.gtk.history_export", "HistoryExport", "_get_export_line", _new_line
        )


# The search


def _result(theirs: Callable[..., None]) -> Callable[..., None]:
    def made(row: ResultRow, message: object, *args: object) -> None:
        theirs(row, message, *args)
        try:
            kind = kind_of_kept(message)
            if kind is not None:
                _mark(row, kind)
        except Exception as error:
            log.warning("A result is not marked: %s", type(error).__name__)

    return made


def _mark(row: ResultRow, kind: RowKind) -> None:
    name = row._ui.row_name_label
    name.set_text(in_list(kind))
    # What stands there otherwise is a name, and fits
    wrap(name)
    embedding.as_widget(row._ui.row_avatar).set_opacity(0)
    if kind is RowKind.REFUSED:
        # It is closed in the chat, too
        text = row._ui.result_row_grid.get_child_at(1, 1)
        if text is not None:
            widgets.set_visible(text, False)


# The export


def _new_line(theirs: _Line) -> _Line:
    def line_of(window: object, message: NewMessage) -> str:
        line = theirs(window, message)
        # A correction is exported in place of what it corrects
        shown = message.get_last_correction() if message.corrections else None
        shown = shown or message
        kind = kind_of_kept(shown)
        text = f"{shown.text}\n"
        if not line.endswith(text):
            return line
        return f"{line.removesuffix(text)}{in_export(kind, shown.text or '')}\n"

    return line_of


def _old_export(theirs: _Exported) -> _Exported:
    def messages(account: str, jid: object) -> Iterator[_OldRow]:
        kinds: dict[tuple[float, int, str], RowKind] = {}
        # The search for nothing finds everything
        for found in app.storage.archive.search_log(account, jid, ""):
            kind = kind_of_kept(found)
            if kind is not None:
                kinds[found.time, found.kind, found.message] = kind
        for row in theirs(account, jid):
            kind = kinds.get((row.time, row.kind, row.message))
            yield row._replace(message=in_export(kind, row.message or ""))

    return messages
