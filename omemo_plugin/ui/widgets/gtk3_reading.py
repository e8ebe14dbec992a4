# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pictures in longer texts, in GTK 3. `gtk4_reading.py` has the same
functions, and says what they do."""

from __future__ import annotations

import math
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")

from gi.repository import Atk  # noqa: E402
from gi.repository import Gdk  # noqa: E402
from gi.repository import GdkPixbuf  # noqa: E402
from gi.repository import GLib  # noqa: E402
from gi.repository import Gtk  # noqa: E402

from .gtk3 import describe  # noqa: E402
from .gtk3 import label  # noqa: E402
from .painter import Painter  # noqa: E402


def picture(path: Path, name: str) -> Gtk.Widget:
    """
    A picture from a file, never wider than the window.

    Args:
        name: what a screen reader says.
    """
    pixels = GdkPixbuf.Pixbuf.new_from_file(str(path))
    if pixels is None:
        return label(name)
    surface = Gdk.cairo_surface_create_from_pixbuf(pixels, 1, None)
    area = Gtk.DrawingArea()
    area.get_accessible().set_role(Atk.Role.IMAGE)

    def scale() -> float:
        return min(1.0, area.get_allocated_width() / pixels.get_width())

    def draw(_area: Gtk.DrawingArea, context: Painter) -> bool:
        context.scale(scale(), scale())
        context.set_source_surface(surface, 0, 0)
        context.paint()
        return True

    def fit(*_args: object) -> None:
        height = math.ceil(pixels.get_height() * scale())
        # Its place has been given for this time
        GLib.idle_add(area.set_size_request, -1, height)

    area.connect("draw", draw)
    area.connect("size-allocate", fit)
    return describe(area, name)
