# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large the text is, and how much room the windows need for it."""

from __future__ import annotations

from typing import Any

from gi.repository import Gtk

# The stubs are those of GTK 3; since 2.0 Gajim has GTK 4
GTK4: Any = Gtk

# What GTK counts in: 1024 times the dots per inch, of which there are 96
NORMAL = 96 * 1024


class Sizes:
    """Of text and of windows."""

    def set_text_size(self, percent: int) -> None:
        """Make all text larger, as a desktop's setting does."""
        settings = Gtk.Settings.get_default()
        assert settings is not None
        settings.set_property("gtk-xft-dpi", NORMAL * percent // 100)

    def set_dark(self, dark: bool) -> None:
        """Choose the dark colours, as a desktop's setting does."""
        settings = Gtk.Settings.get_default()
        assert settings is not None
        settings.set_property("gtk-application-prefer-dark-theme", dark)

    def set_window_size(self, title: str, width: int, height: int) -> None:
        """Make a window so large, if its content lets it be."""
        for window in self._windows():
            if title in (window.get_title() or ""):
                if Gtk.get_major_version() == 3:
                    window.resize(width, height)
                else:
                    window.set_default_size(width, height)

    def least_widths(self) -> dict[str, int]:
        """How wide the content of each open window is at least, in pixels, by the
        window's title."""
        found: dict[str, int] = {}
        for window in self._windows():
            child: Any = window.get_child()
            if child is None:
                continue
            if Gtk.get_major_version() == 3:
                width = child.get_preferred_width()[0]
            else:
                width = child.measure(GTK4.Orientation.HORIZONTAL, -1)[0]
            found[window.get_title() or ""] = width
        return found

    @staticmethod
    def _windows() -> list[Gtk.Window]:
        return [
            window
            for window in Gtk.Window.list_toplevels()
            if isinstance(window, Gtk.Window) and window.get_visible()
        ]
