# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window that says what has become of the chats when the plugin was switched
off."""

from __future__ import annotations

from collections.abc import Callable

from ...i18n import _
from ..presenters import leaving
from ..widgets.toolkit import Window
from ..widgets.toolkit import theme
from ..widgets.toolkit import widgets
from .pages import Pages


def open_leaving(
    parent: Window | None,
    *,
    gajim_has_omemo: bool,
    switch_on: Callable[[], None] | None,
) -> Callable[[], None]:
    """
    Show the window.

    Args:
        gajim_has_omemo: Gajim's own OMEMO takes over.
        switch_on: called when the user wants the plugin to be on again; None where
            the plugin is gone.

    Returns:
        Closes the window, if it is open.
    """
    # All else of the plugin has been taken back
    theme.start()
    pages = Pages(leaving.title(), parent, 480, 320)
    pages.begin(leaving.title())
    for sentence in leaving.sentences(gajim_has_omemo=gajim_has_omemo):
        pages.add(widgets.label(sentence))
    buttons = [pages.close_button()]
    if switch_on is not None:
        buttons.insert(0, widgets.button(_("Switch it on again"), switch_on))
    pages.add_buttons(*buttons)
    opened = [pages.window]
    widgets.on_close(pages.window, opened.clear)
    widgets.present(pages.window)

    def close() -> None:
        for window in tuple(opened):
            widgets.close(window)

    return close
