# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for Gajim, and uses the desktop as Gajim does.

desktop_program.py GTK TITLE LINK FILE: one window, a notification, a link and a file to
open. Prints what it is told.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

TOOLKIT, TITLE, LINK, FILE = sys.argv[1:]


# Any: GTK 3 or 4, whose types differ
def activate(program: Any) -> None:
    from gi.repository import Gio
    from gi.repository import Gtk

    from tails_integration.gajim_patches.links import open_uri

    print("activated", flush=True)
    if program.get_windows():
        return
    window: Any = Gtk.ApplicationWindow(application=program, title=TITLE)
    entry: Any = Gtk.Entry()
    entry.connect("changed", lambda one: print(f"typed {one.get_text()}", flush=True))
    if TOOLKIT == "4.0":
        window.set_child(entry)
    else:
        window.add(entry)
        window.show_all()
    window.present()
    program.send_notification("test", Gio.Notification.new(TITLE))
    open_uri(LINK)
    open_uri(Path(FILE).as_uri())


def run(program: Any, _command_line: object) -> int:
    program.activate()
    return 0


def main() -> int:
    import gi

    sys.path.insert(0, "/usr/share/tails-gajim")
    gi.require_version("Gtk", TOOLKIT)
    from gi.repository import Gio
    from gi.repository import Gtk

    # As Gajim has it: a second start waits until the first one has understood
    flags = Gio.ApplicationFlags.HANDLES_COMMAND_LINE
    program: Any = Gtk.Application(application_id="org.gajim.Gajim", flags=flags)
    program.connect("activate", activate)
    program.connect("command-line", run)
    return int(program.run([]))


if __name__ == "__main__":
    sys.exit(main())
