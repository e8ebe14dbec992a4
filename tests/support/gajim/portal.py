#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a desktop's portal that show the screen and the camera.

Run by the tests on the session bus of a Gajim: portal.py PICTURE COPY. The first
time the user says no; after that a copy of the picture is what was taken, and the
camera is a pipe in which the name of the picture stands.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from gi.repository import Gio
from gi.repository import GLib

NAME = "org.freedesktop.portal.Desktop"
PATH = "/org/freedesktop/portal/desktop"
INTERFACES = """\
<node><interface name="org.freedesktop.portal.Screenshot">
  <property name="version" type="u" access="read"/>
  <method name="Screenshot">
    <arg type="s" name="parent_window" direction="in"/>
    <arg type="a{sv}" name="options" direction="in"/>
    <arg type="o" name="handle" direction="out"/>
  </method>
</interface>
<interface name="org.freedesktop.portal.Camera">
  <property name="IsCameraPresent" type="b" access="read"/>
  <method name="AccessCamera">
    <arg type="a{sv}" name="options" direction="in"/>
    <arg type="o" name="handle" direction="out"/>
  </method>
  <method name="OpenPipeWireRemote">
    <arg type="a{sv}" name="options" direction="in"/>
    <arg type="h" name="fd" direction="out"/>
  </method>
</interface></node>
"""


class Portal:
    """Answers as xdg-desktop-portal does: a handle, and later a signal."""

    def __init__(self, picture: Path, copy: Path) -> None:
        """Name the picture, and the file in which it is handed over."""
        self._picture = picture
        self._copy = copy
        self._asked = 0
        self._loop = GLib.MainLoop()
        Gio.bus_own_name(
            Gio.BusType.SESSION,
            NAME,
            Gio.BusNameOwnerFlags.NONE,
            self._connected,
            lambda *_arguments: print("ready", flush=True),
            lambda *_arguments: self._loop.quit(),
        )
        self._loop.run()

    def _connected(self, bus: Any, _name: str) -> None:
        for interface in Gio.DBusNodeInfo.new_for_xml(INTERFACES).interfaces:
            bus.register_object(PATH, interface, self._called, self._property, None)

    @staticmethod
    def _property(*arguments: Any) -> Any:
        camera = "IsCameraPresent" in arguments
        return GLib.Variant("b", True) if camera else GLib.Variant("u", 4)

    def _called(self, bus: Any, sender: str, *call: Any) -> None:
        _path, _interface, method, parameters, invocation = call
        if method == "OpenPipeWireRemote":
            self._open_remote(invocation)
            return
        options = parameters.unpack()[-1]
        client = sender.removeprefix(":").replace(".", "_")
        handle = f"{PATH}/request/{client}/{options['handle_token']}"
        invocation.return_value(GLib.Variant("(o)", (handle,)))
        self._asked += 1
        response = 1
        results: dict[str, Any] = {}
        if self._asked > 1 and method == "AccessCamera":
            response = 0
        elif self._asked > 1 and options["interactive"]:
            shutil.copy(self._picture, self._copy)
            response = 0
            results["uri"] = GLib.Variant("s", self._copy.as_uri())
        print(f"answered {response}", flush=True)
        bus.emit_signal(
            sender,
            handle,
            "org.freedesktop.portal.Request",
            "Response",
            GLib.Variant("(ua{sv})", (response, results)),
        )

    def _open_remote(self, invocation: Any) -> None:
        read_end, write_end = os.pipe()
        os.write(write_end, self._picture.name.encode())
        os.close(write_end)
        # The list has a copy of its own
        descriptors = Gio.UnixFDList.new()
        descriptors.append(read_end)
        os.close(read_end)
        value = GLib.Variant("(h)", (0,))
        invocation.return_value_with_unix_fd_list(value, descriptors)


Portal(Path(sys.argv[1]), Path(sys.argv[2]))
