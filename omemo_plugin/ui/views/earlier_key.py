# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window that asks about the key that Gajim used before."""

from __future__ import annotations

from ..presenters.earlier_key import EarlierKeyQuestion
from ..presenters.help_page import HelpPage
from ..widgets.toolkit import Window
from .help import help_on_f1
from .question import AnswerButton
from .question import open_question


def open_earlier_key(question: EarlierKeyQuestion, parent: Window | None) -> Window:
    """Show it. Escape closes it, and it is asked again."""
    window = open_question(
        question.title,
        (question.address, *question.sentences),
        (
            AnswerButton(
                question.keep_label, lambda: question.answer(True), "suggested-action"
            ),
            AnswerButton(question.renew_label, lambda: question.answer(False)),
        ),
        parent,
        note=question.consequence,
    )
    help_on_f1(window, HelpPage.FIRST_STEPS)
    return window
