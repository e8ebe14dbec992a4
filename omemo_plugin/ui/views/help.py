# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window with the help that ships with the plugin."""

from __future__ import annotations

from ...i18n import _
from ..presenters import help_pages
from ..presenters.help_page import HelpPage
from ..presenters.help_pages import Piece
from ..presenters.help_pages import PieceKind
from ..presenters.help_pages import Target
from ..widgets.linked_text import linked_text
from ..widgets.toolkit import Button
from ..widgets.toolkit import Label
from ..widgets.toolkit import Widget
from ..widgets.toolkit import Window
from ..widgets.toolkit import embedding
from ..widgets.toolkit import reading
from ..widgets.toolkit import widgets
from .pages import Pages


class _HelpWindow:
    """Shows one page after the other."""

    def __init__(self, parent: Window | None) -> None:
        self._pages = Pages(_("Help on encryption"), parent, 560, 640)
        self.window = self._pages.window
        self._before: list[Target] = []
        self._shown: Target | None = None

    def show(self, target: Target) -> None:
        """Show a page."""
        if self._shown is not None and self._shown.page is not target.page:
            self._before.append(self._shown)
        self._draw(target)

    def _back(self) -> None:
        self._draw(self._before.pop())

    def _draw(self, target: Target) -> None:
        self._shown = target
        title, *rest = help_pages.read(target.page)
        back = self._back if self._before else None
        self._pages.begin(title.text, back)
        if target.page is not HelpPage.CONTENTS:
            self._pages.add_buttons(
                widgets.button(
                    _("All pages"), lambda: self.show(Target(HelpPage.CONTENTS))
                )
            )
        wanted: Label | None = None
        for piece in rest:
            if piece.kind is not PieceKind.HEADING:
                self._pages.add(self._piece(piece))
                continue
            heading = widgets.heading(
                piece.text, classes=("omemo-title",) if piece.level == 2 else ()
            )
            self._pages.add(heading)
            if help_pages.anchor(piece.text) == target.heading:
                wanted = heading
        if wanted is not None:
            widgets.focus_text(wanted)

    def _piece(self, piece: Piece) -> Widget:
        if piece.kind is PieceKind.PICTURE and piece.path is not None:
            return reading.picture(piece.path, piece.text)
        text = linked_text(piece.text, self._follow)
        if piece.kind is PieceKind.ENTRY:
            # A screen reader is told more of a button than of a link in a text
            entry = widgets.button(piece.mark, lambda: self._follow(piece.link))
            return widgets.column(embedding.flow(entry), text)
        if piece.kind is PieceKind.ITEM:
            mark = widgets.top(widgets.label(piece.mark))
            return widgets.row(mark, widgets.expand(text))
        if piece.kind is PieceKind.LINE:
            first = linked_text(f"<b>{piece.mark}</b>", self._follow)
            return widgets.column(first, text, spacing=2, classes=("omemo-summary",))
        return text

    def _follow(self, link: str) -> None:
        target = help_pages.target_of(link)
        if target is not None:
            self.show(target)


# The window is there once for all of Gajim, and needs no account
_open: list[_HelpWindow] = []


def open_help(page: HelpPage, parent: Window | None = None, heading: str = "") -> None:
    """
    Show a page of the help.

    Args:
        heading: as links name it; '' for the beginning.
    """
    if not _open:
        made = _HelpWindow(parent)
        widgets.on_close(made.window, _open.clear)
        _open.append(made)
    shown = _open[0]
    shown.show(Target(page, heading))
    widgets.present(shown.window)


def close_help() -> None:
    """Close the window, if it is open."""
    for shown in tuple(_open):
        widgets.close(shown.window)


def help_button(
    page: HelpPage, parent: Window | None = None, heading: str = ""
) -> Button:
    """A button that opens the help at a page."""
    return widgets.button(_("Help"), lambda: open_help(page, parent, heading))


def help_on_f1(window: Window, page: HelpPage, heading: str = "") -> None:
    """Have F1 open the help in a window of ours."""

    def pressed() -> bool:
        open_help(page, window, heading)
        return True

    embedding.on_key(window, ("F1",), pressed)
