#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a desktop that takes pictures of the screen for xdg-desktop-portal.

Run by desktop.py on the session bus of a Gajim: portal_backend.py PICTURE COPY. The
first time the user says no; after that a copy of the picture is what was taken.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from gi.repository import Gio
from gi.repository import GLib

NAME = "org.freedesktop.impl.portal.desktop.test"
PATH = "/org/freedesktop/portal/desktop"
INTERFACE = """\
<node><interface name="org.freedesktop.impl.portal.Screenshot">
  <property name="version" type="u" access="read"/>
  <method name="Screenshot">
    <arg type="o" name="handle" direction="in"/>
    <arg type="s" name="app_id" direction="in"/>
    <arg type="s" name="parent_window" direction="in"/>
    <arg type="a{sv}" name="options" direction="in"/>
    <arg type="u" name="response" direction="out"/>
    <arg type="a{sv}" name="results" direction="out"/>
  </method>
</interface></node>
"""


class Backend:
    """Answers at once, as if a user had."""

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
        (interface,) = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces
        bus.register_object(PATH, interface, self._called, self._property, None)

    @staticmethod
    def _property(*_arguments: Any) -> Any:
        return GLib.Variant("u", 2)

    def _called(self, _bus: Any, _sender: str, *call: Any) -> None:
        _path, _interface, _method, parameters, invocation = call
        options = parameters.unpack()[-1]
        self._asked += 1
        response = 1
        results: dict[str, Any] = {}
        if self._asked > 1 and options.get("interactive"):
            shutil.copy(self._picture, self._copy)
            response = 0
            results["uri"] = GLib.Variant("s", self._copy.as_uri())
        print(f"answered {response}", flush=True)
        invocation.return_value(GLib.Variant("(ua{sv})", (response, results)))


Backend(Path(sys.argv[1]), Path(sys.argv[2]))
