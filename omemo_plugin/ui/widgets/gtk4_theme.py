# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The icons and the style of the plugin in GTK 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gi

gi.require_version("Gtk", "4.0")

if TYPE_CHECKING:
    # The stubs know both toolkits; GTK 3 has the plain names
    from gi.repository import _Gdk4 as Gdk
    from gi.repository import _Gtk4 as Gtk
else:
    from gi.repository import Gdk
    from gi.repository import Gtk

from .style import CSS  # noqa: E402
from .style import ICONS  # noqa: E402

_provider: Gtk.CssProvider | None = None


def start() -> None:
    """Make the plugin's icons and style known."""
    global _provider  # noqa: PLW0603
    display = Gdk.Display.get_default()
    if display is None:
        return
    Gtk.IconTheme.get_for_display(display).add_search_path(str(ICONS))
    if _provider is None:
        _provider = Gtk.CssProvider()
        _provider.load_from_string(CSS)
        Gtk.StyleContext.add_provider_for_display(
            display, _provider, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION
        )


def stop() -> None:
    """Take the style back."""
    global _provider  # noqa: PLW0603
    display = Gdk.Display.get_default()
    if _provider is not None and display is not None:
        Gtk.StyleContext.remove_provider_for_display(display, _provider)
        _provider = None
