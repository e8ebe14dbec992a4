# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window "Compare by voice"."""

from __future__ import annotations

from typing import Any

from ...bridge.i18n import _
from ..presenters.phrase import Outcome
from ..presenters.phrase import VoicePhrase
from ..toolkit import kit


class PhraseView:
    """The content of the window."""

    def __init__(self, phrase: VoicePhrase, parent: Any) -> None:
        self._phrase = phrase
        self.window: Any = kit.window(phrase.title, parent, 480, 560)
        self._content = kit.column(spacing=12, classes=("omemo-page",))
        kit.set_content(self.window, kit.scrolled(self._content))
        self._show()

    def _show(self, notice: str = "") -> None:
        phrase = self._phrase
        kit.clear(self._content)
        if phrase.problem:
            kit.append(self._content, kit.label(phrase.problem))
            return
        if notice:
            kit.append(self._content, kit.announce(kit.label(notice), notice))
        width = max(len(part) for line in phrase.lines for part in line) + 3
        text = "\n".join(
            "".join(part.ljust(width) for part in line).rstrip()
            for line in phrase.lines
        )
        shown = kit.label(
            text, classes=("omemo-title", "omemo-fingerprint"), selectable=True
        )
        kit.describe(shown, phrase.spoken)
        kit.append(
            self._content,
            kit.label(phrase.help),
            kit.centre(shown),
            kit.label(phrase.covers, classes=("omemo-small",)),
        )
        same = kit.button(_("They are the same"), self._same)
        buttons = [same, kit.button(_("They differ"), self._differ)]
        if phrase.other_form:
            buttons.append(kit.button(phrase.other_form, self._change_form))
        kit.append(self._content, kit.centre(kit.row(*buttons)))
        # Nothing is agreed to by Enter alone
        kit.focus(buttons[-1])
        buttons[-1].grab_focus()

    def _change_form(self) -> None:
        self._phrase.change_form()
        self._show()

    def _same(self) -> None:
        outcome = self._phrase.same()
        if outcome is None:
            self._show(_("The keys have changed just now. Compare once more."))
        else:
            self._end(outcome)

    def _differ(self) -> None:
        self._end(self._phrase.differ())

    def _end(self, outcome: Outcome) -> None:
        kit.clear(self._content)
        icon = kit.icon(outcome.icon.value, 64, classes=(outcome.tone.value,))
        close = kit.button(_("Close"), lambda: kit.close(self.window))
        kit.append(
            self._content,
            kit.centre(icon),
            kit.centre(kit.heading(outcome.title, classes=("omemo-title",))),
            kit.announce(kit.label(outcome.text), outcome.spoken),
            kit.centre(close),
        )
        kit.focus(close)
        close.grab_focus()


def open_phrase(phrase: VoicePhrase, parent: Any) -> Any:
    """Open the window."""
    view = PhraseView(phrase, parent)
    kit.present(view.window)
    return view.window
