# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page on which two people read words to each other."""

from __future__ import annotations

from collections.abc import Callable

from ...i18n import _
from ..presenters.check_failed import Outcome
from ..presenters.phrase import VoicePhrase
from ..widgets.toolkit import embedding
from ..widgets.toolkit import widgets
from .judged_page import JudgedPage
from .pages import Pages


class PhrasePage(JudgedPage):
    """The block of words or digits that is read now."""

    def __init__(
        self,
        phrase: VoicePhrase,
        pages: Pages,
        back: Callable[[], None] | None,
        show_code: Callable[[], None],
    ) -> None:
        super().__init__(phrase, pages, back, show_code)
        self._phrase = phrase
        self._reading = True

    def show(self) -> None:
        phrase, pages = self._phrase, self._pages
        self._reading = True
        if phrase.problem:
            pages.begin(_("Compare words"), self._back)
            pages.add(widgets.label(phrase.problem))
            return
        pages.begin(phrase.title, self._back, phrase.notice)
        shown = widgets.label(
            phrase.text, classes=("omemo-title", "omemo-fingerprint"), selectable=True
        )
        widgets.describe(shown, phrase.spoken)
        pages.add(widgets.centre(shown))
        pages.add_buttons(
            widgets.button(_("All the same"), self._same),
            widgets.button(_("Something differs"), self._differ),
        )
        if len(phrase.forms) > 1:
            pages.add(
                embedding.choice(
                    _("What is read"), phrase.forms, phrase.form, self._choose_form
                )
            )
        small = ("omemo-small",)
        pages.add(
            widgets.label(phrase.help, classes=small),
            widgets.label(phrase.covers, classes=small),
        )

    def refresh(self) -> None:
        """Keys may have changed."""
        if self._reading and self._phrase.refresh():
            self.show()

    def _choose_form(self, value: str) -> None:
        self._phrase.choose_form(value)
        self.show()

    def _end(self, outcome: Outcome) -> None:
        self._reading = False
        super()._end(outcome)
