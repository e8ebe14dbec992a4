# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The window that says why the plugin cannot be switched on. It is shown while the
plugin is off, and needs none of its libraries.
"""

from __future__ import annotations

from collections.abc import Callable

from ...i18n import _
from ..presenters.help_page import HelpPage
from ..presenters.obstacles import Obstacle
from ..widgets.toolkit import Window
from ..widgets.toolkit import desktop
from ..widgets.toolkit import theme
from ..widgets.toolkit import widgets
from .help import help_button
from .help import help_on_f1
from .pages import Pages

_HEADING = "the-plugin-cannot-be-switched-on"


def open_obstacle(
    obstacle: Obstacle, parent: Window | None, switch_other_off: Callable[[], None]
) -> Window:
    """
    Show the window.

    Args:
        switch_other_off: called when the user wants the other plugin to be off.
    """
    theme.start()
    title = _("Encryption cannot be switched on")
    pages = Pages(title, parent, 480, 320)
    help_on_f1(pages.window, HelpPage.TROUBLE, _HEADING)

    def copy() -> None:
        desktop.copy(pages.window, obstacle.command)
        show(_("The command is in the clipboard."))

    def switch_off() -> None:
        switch_other_off()
        pages.begin(title, notice=_("The other OMEMO plugin is off."))
        pages.add(widgets.label(_("Start Gajim again to go on.")))
        pages.add_buttons(pages.close_button())

    def show(notice: str = "") -> None:
        pages.begin(title, notice=notice)
        pages.add(widgets.label(obstacle.text, selectable=True))
        buttons = [help_button(HelpPage.TROUBLE, pages.window, _HEADING)]
        if obstacle.command:
            buttons.insert(0, widgets.button(_("Copy command"), copy))
        if obstacle.is_other_plugin:
            buttons.insert(0, widgets.button(_("Switch it off"), switch_off))
        pages.add_buttons(*buttons, pages.close_button())

    show()
    widgets.present(pages.window)
    return pages.window
