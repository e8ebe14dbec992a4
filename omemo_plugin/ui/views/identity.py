# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window that asks before an identity ends, and what is shown after that."""

from __future__ import annotations

from collections.abc import Callable

from ...i18n import _
from ..presenters.identity import EndedIdentity
from ..presenters.identity import EndQuestion
from ..widgets.toolkit import Widget
from ..widgets.toolkit import Window
from ..widgets.toolkit import embedding
from ..widgets.toolkit import widgets
from .question import AnswerButton
from .question import open_question


def open_end_question(question: EndQuestion, parent: Window | None) -> Window:
    """Ask. Escape changes nothing."""
    return open_question(
        question.title,
        (question.address, *question.sentences),
        (
            AnswerButton(question.keep_label, lambda: ""),
            AnswerButton(question.end_label, question.confirm, "destructive-action"),
        ),
        parent,
    )


def ended_identity(
    ended: EndedIdentity, bring: Callable[[], None], save: Callable[[], None]
) -> Widget:
    """
    In the place of the settings of an account.

    Args:
        bring: asks for the file of an identity from another computer.
        save: asks where to save the file of the one that has gone.
    """
    problem = widgets.label("")
    widgets.set_visible(problem, False)

    def begin() -> None:
        reason = ended.begin()
        if reason:
            widgets.set_text(problem, reason)
            widgets.set_visible(problem, True)

    column = widgets.column(
        widgets.heading(ended.heading, classes=("omemo-title",)),
        *(widgets.label(one) for one in ended.sentences),
        spacing=12,
    )
    buttons = []
    if ended.can_save:
        buttons.append(widgets.button(_("Save the file…"), save))
    if ended.can_begin:
        buttons.append(widgets.button(_("Bring your identity here…"), bring))
        buttons.append(widgets.button(ended.begin_label, begin))
    widgets.append(column, embedding.flow(*buttons, in_window=True))
    widgets.append(column, problem)
    return column
