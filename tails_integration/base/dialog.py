# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A window that says one thing and asks one question, in GTK 3 or 4.

Gajim's own GTK is there wherever Gajim is, and nothing else is needed. The window is in
a process of its own, this file, which ends with the answer: whoever asked does
something else then, and a screen reader that asks a program for its windows waits long
for one that does not answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Any: GTK 3 or 4, whichever is there; their types differ
Gtk = Any

_WIDTH = 460
_MARGIN = 24


@dataclass(frozen=True)
class DialogButton:
    """One of the answers."""

    id: str
    label: str


def ask(title: str, text: str, buttons: Sequence[DialogButton]) -> str:
    """Show a text and wait for an answer.

    The last button is the safe one: closing the window means it, and so does not
    having a screen; the text is then printed.

    Returns:
        The id of the answer.
    """
    done = subprocess.run(
        [sys.executable, "-I", __file__, Path(sys.argv[0]).name],
        input=json.dumps([title, text, [[one.id, one.label] for one in buttons]]),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    answers = {one.id for one in buttons}
    return done.stdout if done.stdout in answers else buttons[-1].id


def main() -> None:
    """Ask the question in standard input, and print the answer."""
    title, text, words = json.load(sys.stdin)
    gtk = _gtk()
    if gtk is None:
        sys.stderr.write(f"{title}\n{text}\n")
        return
    from gi.repository import GLib

    # The desktop shows it as a window of whoever asks
    GLib.set_prgname(sys.argv[1])
    buttons = [DialogButton(*each) for each in words]
    sys.stdout.write(_Window(gtk, title, text, buttons).run())


def _gtk() -> Gtk:
    """GTK, ready for use; None without one or without a screen."""
    try:
        import gi
    except ImportError:
        return None
    for version in ("4.0", "3.0"):
        try:
            gi.require_version("Gtk", version)
            gi.require_version("Gdk", version)
            from gi.repository import Gdk
            from gi.repository import Gtk
        except (ValueError, ImportError):
            continue
        # Where there was none when it was loaded, GTK 4 says once that it is not ready
        return None if Gdk.Display.get_default() is None else Gtk
    return None


class _Window:
    def __init__(
        self, gtk: Gtk, title: str, text: str, buttons: Sequence[DialogButton]
    ) -> None:
        from gi.repository import GLib

        self._gtk = gtk
        self._answer = buttons[-1].id
        self._loop = GLib.MainLoop()
        self._is_4 = gtk.get_major_version() >= 4
        self._window = gtk.Window(title=title, default_width=_WIDTH, resizable=False)
        box = gtk.Box(
            orientation=gtk.Orientation.VERTICAL,
            spacing=_MARGIN // 2,
            margin_top=_MARGIN,
            margin_bottom=_MARGIN,
            margin_start=_MARGIN,
            margin_end=_MARGIN,
        )
        heading = self._label(title)
        heading.set_markup(f"<b><big>{GLib.markup_escape_text(title)}</big></b>")
        row = gtk.Box(spacing=_MARGIN // 2, halign=gtk.Align.END, margin_top=_MARGIN)
        for button in buttons:
            widget = gtk.Button(label=button.label)
            widget.connect("clicked", self._clicked, button.id)
            self._put(row, widget)
        for child in (heading, self._label(text), row):
            self._put(box, child)
        if self._is_4:
            self._window.set_child(box)
            self._window.connect("close-request", self._closed)
        else:
            self._window.add(box)
            self._window.set_position(gtk.WindowPosition.CENTER)
            self._window.connect("delete-event", self._closed)
            box.show_all()

    def run(self) -> str:
        """Show it until there is an answer."""
        self._window.present()
        self._loop.run()
        return self._answer

    def _label(self, text: str) -> Gtk:
        return self._gtk.Label(
            label=text, wrap=True, xalign=0, max_width_chars=56, selectable=False
        )

    def _put(self, box: Gtk, child: Gtk) -> None:
        if self._is_4:
            box.append(child)
        else:
            box.pack_start(child, False, False, 0)

    def _clicked(self, _button: Gtk, answer: str) -> None:
        self._answer = answer
        self._loop.quit()

    def _closed(self, *_event: object) -> bool:
        self._loop.quit()
        return True


if __name__ == "__main__":
    main()
