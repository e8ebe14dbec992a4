# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Gajim asks of a system by its bus: whether there is a network, and to be told
when the machine goes down. Run in a machine as a program by itself; prints "ready".
"""

from __future__ import annotations

import os

from gi.repository import Gio
from gi.repository import GLib

SERVICES = {
    "org.freedesktop.NetworkManager": (
        "/org/freedesktop/NetworkManager",
        """<node><interface name="org.freedesktop.NetworkManager">
        <property name="State" type="u" access="read"/>
        <property name="Connectivity" type="u" access="read"/>
        <property name="Metered" type="u" access="read"/>
        <property name="Version" type="s" access="read"/>
        </interface></node>""",
    ),
    "org.freedesktop.login1": (
        "/org/freedesktop/login1",
        """<node><interface name="org.freedesktop.login1.Manager">
        <method name="Inhibit"><arg type="s" direction="in"/>
        <arg type="s" direction="in"/><arg type="s" direction="in"/>
        <arg type="s" direction="in"/><arg type="h" direction="out"/></method>
        <signal name="PrepareForShutdown"><arg type="b"/></signal>
        </interface></node>""",
    ),
}
# NetworkManager's words for being connected to the internet, without a limit
VALUES = {
    "State": GLib.Variant("u", 70),
    "Connectivity": GLib.Variant("u", 4),
    "Metered": GLib.Variant("u", 4),
    "Version": GLib.Variant("s", "1.42.4"),
}


def answer(*call: object) -> None:
    """Inhibit: what stands for the lock is closed when it is no longer wanted."""
    invocation = call[-1]
    lock = Gio.UnixFDList.new_from_array([os.open(os.devnull, os.O_RDONLY)])
    result = GLib.Variant("(h)", (0,))
    invocation.return_value_with_unix_fd_list(result, lock)  # type: ignore[attr-defined]


def get(*call: object) -> GLib.Variant:
    """A property of NetworkManager."""
    return VALUES[str(call[-1])]


def main() -> None:
    """Serve until killed."""
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
    for name, (path, text) in SERVICES.items():
        (interface,) = Gio.DBusNodeInfo.new_for_xml(text).interfaces
        bus.register_object(path, interface, answer, get, None)
        bus.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "RequestName", GLib.Variant("(su)", (name, 0)), None,
            Gio.DBusCallFlags.NONE, -1, None,
        )  # fmt: skip
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
