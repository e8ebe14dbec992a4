#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A window at X, Y from which a file, or a text, can be dragged.

Run by the tests on the display of a Gajim: drag_source.py X Y uri|text WHAT [SIZE]
Prints "entered" when the mouse is in it, "began" and "ended".
"""

from __future__ import annotations

import sys
from typing import Any

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")

from gi.repository import Gdk  # noqa: E402
from gi.repository import Gtk  # noqa: E402


def main() -> None:
    x, y, kind, what, *more = sys.argv[1:]
    size = int(more[0]) if more else 80
    window = Gtk.Window(title="drag me", default_width=size, default_height=size)
    source = Gtk.EventBox()
    source.add(Gtk.Label(label="drag me"))
    source.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
    if kind == "uri":
        source.drag_source_add_uri_targets()
    else:
        source.drag_source_add_text_targets()

    def get(_source: Any, _context: Any, data: Any, _info: int, _time: int) -> None:
        if kind == "uri":
            data.set_uris([what])
        else:
            data.set_text(what, -1)

    def say(word: str) -> None:
        print(word, flush=True)

    source.connect("drag-data-get", get)
    source.connect("enter-notify-event", lambda *_arguments: say("entered"))
    source.connect("drag-begin", lambda *_arguments: say("began"))
    source.connect("drag-end", lambda *_arguments: say("ended"))
    window.add(source)
    window.show_all()
    window.move(int(x), int(y))
    Gtk.main()


main()
