# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comparing by hand: a page, and a window with nothing else."""

from __future__ import annotations

from collections.abc import Callable

from ...i18n import _
from ..presenters.comparison import Comparison
from ..presenters.help_page import HelpPage
from ..widgets.toolkit import Window
from ..widgets.toolkit import widgets
from .fingerprint import fingerprint
from .help import help_on_f1
from .judged_page import JudgedPage
from .pages import Pages


class ComparisonPage(JudgedPage):
    """The fingerprint of one device."""

    def __init__(
        self,
        comparison: Comparison,
        pages: Pages,
        back: Callable[[], None] | None,
        show_code: Callable[[], None],
    ) -> None:
        super().__init__(comparison, pages, back, show_code)
        self._comparison = comparison

    def show(self) -> None:
        comparison, pages = self._comparison, self._pages
        pages.begin(comparison.device_name, self._back, comparison.notice)
        pages.add(
            widgets.label(comparison.help),
            widgets.centre(fingerprint(comparison.fingerprint, comparison.spoken)),
        )
        pages.add_buttons(
            widgets.button(_("All the same"), self._same),
            widgets.button(_("Something differs"), self._differ),
            widgets.button(_("Cancel"), lambda: widgets.close(pages.window)),
        )


def open_comparison(
    comparison: Comparison, parent: Window | None, show_code: Callable[[Window], None]
) -> Window:
    """
    Open a window.

    Args:
        show_code: shows the user's own code over the window given to it.
    """
    pages = Pages(comparison.title, parent, 440, 420)
    help_on_f1(pages.window, HelpPage.VERIFYING)
    page = ComparisonPage(comparison, pages, None, lambda: show_code(pages.window))
    page.show()
    widgets.present(pages.window)
    return pages.window
