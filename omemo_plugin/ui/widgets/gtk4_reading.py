# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pictures in longer texts, in GTK 4. `gtk3_reading.py` has the same
functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import gi

gi.require_version("Gtk", "4.0")

if TYPE_CHECKING:
    # The stubs know both toolkits; GTK 3 has the plain names
    from gi.repository import _Gtk4 as Gtk
else:
    from gi.repository import Gtk

from .gtk4 import describe  # noqa: E402


def picture(path: Path, name: str) -> Gtk.Widget:
    """
    A picture from a file, never wider than the window.

    Args:
        name: what a screen reader says.
    """
    made = Gtk.Picture.new_for_filename(str(path))
    made.set_can_shrink(True)
    made.set_halign(Gtk.Align.START)
    made.set_alternative_text(name)

    def mapped(_picture: Gtk.Picture) -> None:
        # Whatever can shrink would otherwise have no height where it is scrolled
        around = made.get_parent()
        while around is not None and not isinstance(around, Gtk.Viewport):
            around = around.get_parent()
        if around is not None:
            around.set_vscroll_policy(Gtk.ScrollablePolicy.NATURAL)

    made.connect("map", mapped)
    return describe(made, name)
