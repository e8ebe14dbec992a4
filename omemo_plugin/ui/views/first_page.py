# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window that says what the plugin does, when it has been switched on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...i18n import _
from ..presenters.first_page import FirstPage
from ..presenters.help_page import HelpPage
from ..widgets.toolkit import Widget
from ..widgets.toolkit import Window
from ..widgets.toolkit import embedding
from ..widgets.toolkit import widgets
from .help import help_button
from .help import help_on_f1


def open_first_page(
    page: FirstPage, parent: Window | None, bring: Callable[[], None]
) -> Window:
    """
    Show it. "Start", Escape and closing do the same.

    Args:
        bring: asks for the file of an identity from another computer.
    """
    window = widgets.window(page.title, parent, 480, 440)
    help_on_f1(window, HelpPage.FIRST_STEPS)
    first = widgets.label(page.first_sentences)
    content = widgets.column(
        widgets.heading(page.title, classes=("omemo-title",)),
        widgets.announce(first, f"{page.title}. {page.first_sentences}"),
        *(widgets.label(one) for one in page.sentences),
        spacing=12,
        classes=("omemo-page",),
    )
    accounts = page.accounts()
    for number, account in enumerate(accounts):
        if len(accounts) > 1:
            widgets.append(content, widgets.heading(account.address))
        one = account.switch
        # Several accounts have the same switch
        name = f"{one.text}, {account.address}"
        switch = widgets.switch(
            one.text,
            one.active,
            partial(page.choose, number),
            description=one.description,
            name=name,
        )
        widgets.append(content, switch)
        if account.name is not None:
            line = _name_line(page, number, lambda: widgets.close(window))
            widgets.append(content, line)
        if account.note:
            widgets.append(content, widgets.label(account.note))
    start = widgets.button(
        _("Start"), lambda: widgets.close(window), classes=("suggested-action",)
    )
    help_ = help_button(HelpPage.FIRST_STEPS, window)
    # Translators: the file that "Move to another computer" makes.
    brought = widgets.button(_("From another computer…"), bring)
    widgets.append(content, embedding.flow(help_, brought, start, in_window=True))
    widgets.set_content(window, widgets.scrolled(content))
    widgets.focus(start)
    widgets.present(window)
    return window


def _name_line(page: FirstPage, number: int, close: Callable[[], None]) -> Widget:
    """The line for the name of this device."""
    account = page.accounts()[number]
    entry = widgets.entry(f"{page.name_label}, {account.address}", "", _nothing(close))
    widgets.set_entry(entry, account.name or "")
    widgets.on_text(entry, partial(page.choose_name, number))
    explanation = widgets.label(
        page.name_explanation, classes=("dim-label", "omemo-small")
    )
    return widgets.column(widgets.label(page.name_label), entry, explanation, spacing=2)


def _nothing(close: Callable[[], None]) -> Callable[[str], None]:
    """Enter closes the page; what was typed is known."""
    return lambda _text: close()
