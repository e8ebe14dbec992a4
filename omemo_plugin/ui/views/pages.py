# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A window that shows one page after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...i18n import _
from ..widgets.toolkit import Button
from ..widgets.toolkit import Widget
from ..widgets.toolkit import Window
from ..widgets.toolkit import embedding
from ..widgets.toolkit import widgets

if TYPE_CHECKING:
    # It needs packages that may be missing when the help is read
    from ..presenters.check_failed import Outcome


class Pages:
    """
    The window.

    Attributes:
        window: of the toolkit.
    """

    def __init__(
        self, title: str, parent: Window | None, width: int, height: int
    ) -> None:
        self.window = widgets.window(title, parent, width, height)
        self._content = widgets.column(spacing=12, classes=("omemo-page",))
        widgets.set_content(self.window, widgets.scrolled(self._content))

    def begin(
        self, heading: str, back: Callable[[], None] | None = None, notice: str = ""
    ) -> None:
        """
        Show an empty page. The keyboard is on its heading: nothing is agreed to by
        Enter.

        Args:
            back: goes to the page before; None where there is none.
            notice: what has just happened; '' for nothing.
        """
        widgets.clear(self._content)
        title = widgets.heading(heading, classes=("omemo-title",))
        if back is not None:
            button = widgets.button(_("Back"), back)
            self.add(widgets.row(button))
        if notice:
            said = widgets.announce(widgets.label(notice), notice)
            self.add(widgets.row(widgets.expand(said), classes=("omemo-notice",)))
        self.add(title)
        widgets.focus_text(title)

    def add(self, *children: Widget) -> None:
        """Put something below what is there."""
        widgets.append(self._content, *children)

    def add_buttons(self, *buttons: Button) -> None:
        """Put buttons below what is there, in several lines where there is no
        room."""
        self.add(embedding.flow(*buttons, in_window=True))

    def close_button(self) -> Button:
        return widgets.button(_("Close"), lambda: widgets.close(self.window))

    def show_outcome(
        self,
        outcome: Outcome,
        *,
        again: Callable[[], None],
        undo: Callable[[], None],
        show_code: Callable[[], None],
    ) -> None:
        """
        Show the last page of a comparison.

        Args:
            again, undo, show_code: called when the user wants that.
        """
        self.begin(outcome.title)
        icon = widgets.icon(outcome.icon.value, 64, classes=(outcome.tone.value,))
        text = widgets.announce(widgets.label(outcome.text), outcome.spoken)
        self.add(widgets.centre(icon), text)
        buttons = [widgets.button(_("Undo"), undo), self.close_button()]
        if outcome.again:
            buttons.insert(0, widgets.button(_("Compare again"), again))
        self.add_buttons(*buttons)
        if outcome.ask_back:
            self.add_question(outcome.ask_back, show_code)

    def add_question(self, text: str, show_code: Callable[[], None]) -> None:
        """Ask whether the other one has done the same."""
        self.add(
            widgets.label(text),
            widgets.row(widgets.button(_("Show my code"), show_code)),
        )
