# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program needs of the desktop, on the session bus of a machine.

desktop.py serve: is the portal and shows notifications. Prints "ready", and then each
    request as a line of JSON.
desktop.py read: prints the names of programs and windows as a screen reader gets them.
desktop.py address BUS: prints where a bus is: session, accessibility or system.
desktop.py connections BUS PROGRAM: prints the names that a program's connections have
    on a bus, those by which services are known as well.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from gi.repository import Gio
from gi.repository import GLib

SERVICES = {
    "org.freedesktop.Notifications": (
        "/org/freedesktop/Notifications",
        """<node><interface name="org.freedesktop.Notifications">
        <method name="Notify"><arg type="s" direction="in"/>
        <arg type="u" direction="in"/><arg type="s" direction="in"/>
        <arg type="s" direction="in"/><arg type="s" direction="in"/>
        <arg type="as" direction="in"/><arg type="a{sv}" direction="in"/>
        <arg type="i" direction="in"/><arg type="u" direction="out"/></method>
        </interface></node>""",
    ),
    "org.freedesktop.portal.Desktop": (
        "/org/freedesktop/portal/desktop",
        """<node><interface name="org.freedesktop.portal.OpenURI">
        <method name="OpenURI"><arg type="s" direction="in"/>
        <arg type="s" direction="in"/><arg type="a{sv}" direction="in"/>
        <arg type="o" direction="out"/></method>
        <method name="OpenFile"><arg type="s" direction="in"/>
        <arg type="h" direction="in"/><arg type="a{sv}" direction="in"/>
        <arg type="o" direction="out"/></method>
        </interface></node>""",
    ),
}
ROOT = "/org/a11y/atspi/accessible/root"
ACCESSIBLE = "org.a11y.atspi.Accessible"


def answer(*call: object) -> None:
    *_who, method, parameters, invocation = call
    words = parameters.unpack()  # type: ignore[attr-defined]
    if method == "OpenFile":
        descriptors = invocation.get_message().get_unix_fd_list()  # type: ignore[attr-defined]
        # The portal opens the file by this name
        words = [str(Path(f"/proc/self/fd/{descriptors.get(words[1])}").readlink())]
    print(json.dumps([method, *words[:4]]), flush=True)
    result = ("(u)", (1,)) if method == "Notify" else ("(o)", ("/request",))
    invocation.return_value(GLib.Variant(*result))  # type: ignore[attr-defined]


def serve() -> None:
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    for name, (path, text) in SERVICES.items():
        (interface,) = Gio.DBusNodeInfo.new_for_xml(text).interfaces
        bus.register_object(path, interface, answer, None, None)
        bus.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "RequestName", GLib.Variant("(su)", (name, 0)), None,
            Gio.DBusCallFlags.NONE, -1, None,
        )  # fmt: skip
    print("ready", flush=True)
    GLib.MainLoop().run()


def find_address(bus: str) -> str:
    if bus == "session":
        return os.environ["DBUS_SESSION_BUS_ADDRESS"]
    if bus == "system":
        return "unix:path=/run/dbus/system_bus_socket"
    (address,) = Gio.bus_get_sync(Gio.BusType.SESSION).call_sync(
        "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None, None,
        Gio.DBusCallFlags.NONE, -1, None,
    ).unpack()  # fmt: skip
    return str(address)


def connect(bus: str) -> Gio.DBusConnection:
    flags = (
        Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
        | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
    )
    address = find_address(bus)
    return Gio.DBusConnection.new_for_address_sync(address, flags, None, None)


def address(bus: str) -> None:
    print(find_address(bus))


def connections(bus: str, program: str) -> None:
    connection = connect(bus)

    def ask(method: str, *words: str) -> object:
        parameters = GLib.Variant("(s)", words) if words else None
        (answer,) = connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            method, parameters, None, Gio.DBusCallFlags.NONE, -1, None,
        ).unpack()  # fmt: skip
        return answer

    names = ask("ListNames")
    assert isinstance(names, list)
    for name in names:
        try:
            number = ask("GetConnectionUnixProcessID", name)
            words = Path(f"/proc/{number}/comm").read_text()
        except (GLib.Error, OSError):
            # It is gone, or the bus itself
            continue
        if words.strip() == program:
            print(name)


def read() -> None:
    reader = connect("accessibility")

    def call(name: str, path: str, method: str, *words: str) -> object:
        interface, _, member = method.rpartition(".")
        parameters = GLib.Variant("(ss)", words) if words else None
        (result,) = reader.call_sync(
            name, path, interface, member, parameters, None,
            Gio.DBusCallFlags.NONE, 10_000, None,
        ).unpack()  # fmt: skip
        return result

    def children(name: str, path: str) -> list[tuple[str, str]]:
        found = call(name, path, f"{ACCESSIBLE}.GetChildren")
        assert isinstance(found, list)
        return found

    for program in children("org.a11y.atspi.Registry", ROOT):
        for window in children(*program):
            print(
                call(*window, "org.freedesktop.DBus.Properties.Get", ACCESSIBLE, "Name")
            )


ACTIONS: dict[str, Callable[..., None]] = {
    "serve": serve,
    "read": read,
    "address": address,
    "connections": connections,
}

if __name__ == "__main__":
    ACTIONS[sys.argv[1]](*sys.argv[2:])
