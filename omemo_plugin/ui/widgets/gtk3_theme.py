# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The icons and the style of the plugin in GTK 3."""

from __future__ import annotations

import gi

gi.require_version("Gtk", "3.0")

from gi.repository import Gdk  # noqa: E402
from gi.repository import Gtk  # noqa: E402

from .style import CSS  # noqa: E402
from .style import ICONS  # noqa: E402

_provider: Gtk.CssProvider | None = None


def start() -> None:
    """Make the plugin's icons and style known."""
    global _provider  # noqa: PLW0603
    Gtk.IconTheme.get_default().append_search_path(str(ICONS))
    screen = Gdk.Screen.get_default()
    if _provider is None and screen is not None:
        _provider = Gtk.CssProvider()
        _provider.load_from_data(CSS.encode())
        Gtk.StyleContext.add_provider_for_screen(
            screen,
            _provider,
            Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION,
        )


def stop() -> None:
    """Take the style back."""
    global _provider  # noqa: PLW0603
    screen = Gdk.Screen.get_default()
    if _provider is not None and screen is not None:
        Gtk.StyleContext.remove_provider_for_screen(screen, _provider)
        _provider = None
