# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes first in GLib's real main loop."""

from __future__ import annotations

from gi.repository import GLib

from omemo_plugin.bridge.timers import later
from omemo_plugin.bridge.timers import soon

# GDK_PRIORITY_REDRAW of GTK 3 and 4
DRAWING = GLib.PRIORITY_HIGH_IDLE + 20


def test_what_is_to_be_done_soon_comes_before_drawing_and_in_its_order() -> None:
    done: list[str] = []
    later(done.append, "later")
    GLib.idle_add(lambda: done.append("drawn"), priority=DRAWING)
    soon(done.append, "soon")
    soon(lambda: soon(done.append, "after it"))
    assert done == []
    while len(done) < 4:
        GLib.MainContext.default().iteration(False)
    assert done == ["soon", "after it", "drawn", "later"]
