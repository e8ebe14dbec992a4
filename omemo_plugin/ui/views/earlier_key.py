# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window that asks about the key that Gajim used before."""

from __future__ import annotations

from ..presenters.earlier_key import EarlierKeyQuestion
from ..presenters.help_pages import HelpPage
from ..widgets.toolkit import Window
from ..widgets.toolkit import widgets
from .help import help_on_f1


def open_earlier_key(question: EarlierKeyQuestion, parent: Window | None) -> Window:
    """Show it. Escape closes it, and it is asked again."""
    window = widgets.window(question.title, parent, 480, 360)
    help_on_f1(window, HelpPage.FIRST_STEPS)
    problem = widgets.label("")
    widgets.set_visible(problem, False)

    def answer(keep: bool) -> None:
        reason = question.answer(keep)
        if not reason:
            widgets.close(window)
            return
        widgets.set_text(problem, reason)
        widgets.set_visible(problem, True)

    keep = widgets.button(
        question.keep_label,
        lambda: answer(True),
        classes=("suggested-action",),
    )
    content = widgets.column(
        widgets.heading(question.title, classes=("omemo-title",)),
        widgets.label(question.address),
        *(widgets.label(one) for one in question.sentences),
        widgets.row(keep, widgets.button(question.renew_label, lambda: answer(False))),
        widgets.label(question.consequence, classes=("dim-label",)),
        problem,
        spacing=12,
        classes=("omemo-page",),
    )
    widgets.set_content(window, widgets.scrolled(content))
    widgets.present(window)
    widgets.focus(keep)
    return window
