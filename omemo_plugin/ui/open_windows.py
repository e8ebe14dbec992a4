# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The windows that are open: each is there once."""

from __future__ import annotations

from collections.abc import Callable

from .widgets.toolkit import Window
from .widgets.toolkit import widgets

# The kind of a window, then what it is about; an account comes second
WindowKey = tuple[str, ...]


class OpenWindows:
    """Shows a window again rather than a second one."""

    def __init__(self) -> None:
        self._windows: dict[WindowKey, Window] = {}

    def present(self, key: WindowKey, make: Callable[[], Window | None]) -> None:
        """
        Show a window.

        Args:
            make: opens it, if it is not open; may open none.
        """
        window = self._windows.get(key)
        if window is not None:
            widgets.present(window)
            return
        window = make()
        if window is not None:
            self._windows[key] = window
            widgets.on_close(window, lambda: self._forget(key))

    def close_about(self, account: str, *, but: str) -> None:
        """
        Close the windows about an account.

        Args:
            but: the kind that stays.
        """
        for key, window in list(self._windows.items()):
            if account in key[1:2] and key[0] != but:
                widgets.close(window)

    def close_all(self) -> None:
        for window in list(self._windows.values()):
            widgets.close(window)

    def _forget(self, key: WindowKey) -> None:
        self._windows.pop(key, None)
