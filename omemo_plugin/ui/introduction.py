# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Says once what the plugin does: one window for all accounts whose user has not
read it yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gi.repository import GLib

from .gajim_windows import screen
from .widgets.toolkit import Window
from .widgets.toolkit import widgets

if TYPE_CHECKING:
    from .presenters.first_page import FirstPage
    from .presenters.ports import FirstPageSettings


# Accounts that start together are on one page
_MILLISECONDS = 500


class Introduction:
    """Opens the window."""

    def __init__(
        self,
        accounts: Callable[[], list[FirstPageSettings]],
        answered: Callable[[], None],
        bring: Callable[[], None],
    ) -> None:
        """
        Args:
            accounts: the settings of those that have been started.
            answered: called when settings may have changed.
            bring: asks for the file of an identity from another computer.
        """
        self._accounts = accounts
        self._answered = answered
        self._bring = bring
        self._window: Window | None = None
        self._timer = 0

    def account_started(self) -> None:
        """Open the window in a moment, if somebody has not read it."""
        if not self._timer and self._window is None:
            self._timer = GLib.timeout_add(_MILLISECONDS, self._open)

    def show_again(self) -> None:
        """Open the window for all accounts."""
        if self._window is not None:
            widgets.present(self._window)
            return
        accounts = self._accounts()
        if accounts:
            self._show(accounts)

    def stop(self) -> None:
        """Close the window; the user will be told again."""
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        window, self._window = self._window, None
        if window is not None:
            widgets.close(window)

    def _open(self) -> bool:
        if screen.main_window() is None:
            # Gajim is starting
            return bool(GLib.SOURCE_CONTINUE)
        self._timer = 0
        new = [one for one in self._accounts() if not one.introduced]
        if new and self._window is None:
            self._show(new)
        return bool(GLib.SOURCE_REMOVE)

    def _show(self, accounts: list[FirstPageSettings]) -> None:
        # Most runs of Gajim do not show it
        from .presenters.first_page import FirstPage
        from .views.first_page import open_first_page

        page = FirstPage(accounts)
        self._window = open_first_page(page, screen.main_window(), self._bring)
        widgets.on_close(self._window, lambda: self._closed(page))

    def _closed(self, page: FirstPage) -> None:
        if self._window is None:
            # Not by the user
            return
        self._window = None
        page.answer()
        self._answered()
        # Another account may have started meanwhile
        self.account_started()
