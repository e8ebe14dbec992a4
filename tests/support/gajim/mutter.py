#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Wayland compositor without a screen, and a keyboard and a mouse for it.

Run by wayland.py on a session bus of its own: mutter.py SOCKET. Prints "ready" when
programs may come. After that each line on standard input is a JSON list of events,
which are carried out: [key symbol, whether it goes down], ["move", right, down] in
pixels, or ["button", whether it goes down].
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from gi.repository import Gio
from gi.repository import GLib

NAME = "org.gnome.Mutter.RemoteDesktop"
PATH = "/org/gnome/Mutter/RemoteDesktop"

# The key symbol of the left Shift key
SHIFT = 0xFFE1

# The code of the left button
BUTTON = 0x110

# Between two events: seconds
PAUSE = 0.02


def start_compositor(socket: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            "mutter",
            "--headless",
            "--wayland",
            "--no-x11",
            "--virtual-monitor",
            "1280x900",
            f"--wayland-display={socket}",
        ],
        stdin=subprocess.DEVNULL,
    )


def call(
    bus: Gio.DBusConnection,
    path: str,
    interface: str,
    method: str,
    arguments: GLib.Variant | None = None,
) -> GLib.Variant:
    return bus.call_sync(
        NAME, path, interface, method, arguments, None, Gio.DBusCallFlags.NONE, -1, None
    )


def main() -> None:
    compositor = start_compositor(sys.argv[1])
    bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
    while True:
        try:
            (session,) = call(bus, PATH, NAME, "CreateSession").unpack()
            break
        except GLib.Error:
            if compositor.poll() is not None:
                raise SystemExit("mutter has ended") from None
            time.sleep(0.1)
    call(bus, session, f"{NAME}.Session", "Start")

    def send(what: int | str, *values: float | bool) -> None:
        arguments = values
        if isinstance(what, int):
            name, signature = "NotifyKeyboardKeysym", "(ub)"
            arguments = (what, *values)
        elif what == "move":
            name, signature = "NotifyPointerMotionRelative", "(dd)"
        else:
            name, signature = "NotifyPointerButton", "(ib)"
            arguments = (BUTTON, *values)
        variant = GLib.Variant(signature, arguments)
        call(bus, session, f"{NAME}.Session", name, variant)
        time.sleep(PAUSE)

    # There is a keyboard from the first event on, and that one reaches nobody
    send(SHIFT, True)
    send(SHIFT, False)
    print("ready", flush=True)
    for line in sys.stdin:
        for event in json.loads(line):
            send(*event)
        print("typed", flush=True)
    compositor.terminate()


main()
