# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The widgets for the GTK that this Gajim runs on.

mypy looks at the views twice, once with each toolkit (tools/lib/lint); a test
compares the signatures of the functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gi

# mypy takes it for false, and in its second run for true
FOR_GTK_4 = gi.get_required_version("Gtk") != "3.0"

if FOR_GTK_4:
    from . import gtk4 as widgets
    from . import gtk4_desktop as desktop
    from . import gtk4_embedding as embedding
    from . import gtk4_reading as reading
    from . import gtk4_theme as theme

    if TYPE_CHECKING:
        # The stubs know both toolkits; GTK 3 has the plain names
        from gi.repository import _Gtk4 as Gtk
    else:
        from gi.repository import Gtk
else:
    from gi.repository import Gtk

    from . import gtk3 as widgets
    from . import gtk3_desktop as desktop
    from . import gtk3_embedding as embedding
    from . import gtk3_reading as reading
    from . import gtk3_theme as theme

# The types of the toolkit that the windows name
Application = Gtk.Application
Box = Gtk.Box
Button = Gtk.Button
Entry = Gtk.Entry
Expander = Gtk.Expander
Grid = Gtk.Grid
Image = Gtk.Image
Label = Gtk.Label
MenuButton = Gtk.MenuButton
Widget = Gtk.Widget
Window = Gtk.Window

__all__ = [
    "Application",
    "Box",
    "Button",
    "Entry",
    "Expander",
    "Grid",
    "Image",
    "Label",
    "MenuButton",
    "Widget",
    "Window",
    "desktop",
    "embedding",
    "reading",
    "theme",
    "widgets",
]
