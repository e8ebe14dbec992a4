# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A window that asks something about an account."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ..widgets.toolkit import Window
from ..widgets.toolkit import embedding
from ..widgets.toolkit import widgets


@dataclass(frozen=True)
class AnswerButton:
    """
    A button that answers.

    Attributes:
        label: what is written on it.
        call: does it; returns why it could not be done, '' if it is done.
        style: a class of the button; '' for none.
    """

    label: str
    call: Callable[[], str]
    style: str = ""


def open_question(
    title: str,
    paragraphs: Sequence[str],
    answers: Sequence[AnswerButton],
    parent: Window | None,
    *,
    note: str = "",
) -> Window:
    """
    Ask. Escape closes the window, and nothing has been answered.

    Args:
        answers: the first one has the keyboard.
        note: below them; '' for none.
    """
    window = widgets.window(title, parent, 480, 360)
    problem = widgets.label("")
    widgets.set_visible(problem, False)

    def answered(answer: AnswerButton) -> None:
        reason = answer.call()
        if not reason:
            widgets.close(window)
            return
        widgets.set_text(problem, reason)
        widgets.set_visible(problem, True)

    buttons = [
        widgets.button(one.label, partial(answered, one), classes=(one.style,))
        for one in answers
    ]
    content = widgets.column(
        widgets.heading(title, classes=("omemo-title",)),
        *(widgets.label(one) for one in paragraphs),
        embedding.flow(*buttons, in_window=True),
        spacing=12,
        classes=("omemo-page",),
    )
    if note:
        widgets.append(content, widgets.label(note, classes=("dim-label",)))
    widgets.append(content, problem)
    widgets.set_content(window, widgets.scrolled(content))
    widgets.present(window)
    widgets.focus(buttons[0])
    return window
