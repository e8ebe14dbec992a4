# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of messages that have not been sent, above the message input."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...i18n import _
from ..presenters.waiting import SHOWN_ROWS
from ..presenters.waiting import WaitingAction
from ..presenters.waiting import WaitingRow
from ..presenters.waiting import more
from ..widgets.folded_text import fold
from ..widgets.folded_text import unfold
from ..widgets.toolkit import Widget
from ..widgets.toolkit import embedding
from ..widgets.toolkit import widgets

# The action of a button, and the number of its message
Press = Callable[[WaitingAction, int], None]


class WaitingRows:
    """
    The widgets. A row is made again only when it has changed, so the keyboard
    focus stays where it is.

    Attributes:
        widget: to be put into the dock.
    """

    def __init__(self, press: Press) -> None:
        """
        Args:
            press: is told what a button does.
        """
        self._press = press
        self.widget = widgets.column(spacing=0)
        self._rows: dict[int, tuple[WaitingRow, Widget]] = {}
        self._shown: tuple[WaitingRow, ...] = ()
        self._all = False
        # The box that the rows are in
        self._box = self.widget
        self._hidden = 0

    def show(self, rows: tuple[WaitingRow, ...]) -> None:
        """Show these rows."""
        before, self._shown = self._shown, rows
        if rows == before:
            return
        if len(rows) <= SHOWN_ROWS:
            self._all = False
        self._draw()
        known = {row.number: row for row in before}
        for row in rows:
            old = known.get(row.number)
            if row.has_failed and (old is None or not old.has_failed):
                self._say(row)

    def _say(self, row: WaitingRow) -> None:
        found = self._rows.get(row.number)
        if found is not None:
            embedding.say(found[1], row.sentence)

    def _draw(self) -> None:
        visible = self._shown if self._all else self._shown[:SHOWN_ROWS]
        hidden = len(self._shown) - len(visible)
        same = [row.number for row in visible] == list(self._rows)
        if same and hidden == self._hidden:
            self._change(visible)
            return
        self._hidden = hidden
        widgets.clear(self.widget)
        self._rows = {row.number: (row, self._make(row)) for row in visible}
        self._box = widgets.column(
            *(widget for _row, widget in self._rows.values()), spacing=0
        )
        if visible:
            widgets.append(self.widget, embedding.low(self._box))
        if hidden:
            button = widgets.button(more(hidden), self._show_all, classes=("flat",))
            widgets.append(self.widget, button)

    def _change(self, visible: tuple[WaitingRow, ...]) -> None:
        """Repaint the rows of messages that have come further."""
        for row in visible:
            shown, widget = self._rows[row.number]
            if row != shown:
                made = self._make(row)
                embedding.put_in_place_of(self._box, widget, made)
                self._rows[row.number] = row, made

    def _show_all(self) -> None:
        self._all = True
        self._rows.clear()
        self._draw()

    def _make(self, row: WaitingRow) -> Widget:
        icon = widgets.icon(row.icon.value, 16, classes=(row.tone.value,))
        words: list[Widget] = []
        if row.text:
            text = widgets.label(row.text)
            fold(text)
            words.append(text)
        words.append(widgets.label(row.sentence, classes=("omemo-small",)))
        if row.text and row.is_long:

            def pressed() -> None:
                unfold(text)
                widgets.set_visible(button, False)

            button = widgets.button(
                _("Show all of it"), pressed, classes=("omemo-offer", "flat")
            )
            words.append(widgets.row(button))
        buttons = [
            widgets.button(
                one.label,
                partial(self._press, one.act, row.number),
                # Translators: both are whole sentences, spoken at a button
                name=_("{button}. {title}").format(
                    button=one.label, title=row.sentence
                ),
                classes=("omemo-offer", "suggested-action" if one.suggested else ""),
            )
            for one in row.buttons
        ]
        parts = [widgets.top(icon), widgets.expand(widgets.column(*words, spacing=2))]
        if len(buttons) == 1:
            # A low row for a message that only waits
            parts.append(widgets.top(buttons.pop()))
        inside: list[Widget] = [widgets.row(*parts, spacing=8)]
        if buttons:
            inside.append(embedding.flow(*buttons))
        made = widgets.column(
            *inside, spacing=4, classes=("omemo-waiting", row.tone.value)
        )
        return widgets.group(made, f"{row.spoken}. {row.sentence}")
