#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a desktop that shows notifications, for one that has no screen.

Run by desktop.py on the session bus of a Gajim. Prints a line for each notification,
"shown TITLE" or "closed"; SIGUSR1 is a click on the last one.
"""

from __future__ import annotations

import signal
from typing import Any

from gi.repository import Gio
from gi.repository import GLib

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
INTERFACE = """\
<node><interface name="org.freedesktop.Notifications">
  <method name="GetCapabilities"><arg type="as" direction="out"/></method>
  <method name="GetServerInformation">
    <arg type="s" direction="out"/>
    <arg type="s" direction="out"/>
    <arg type="s" direction="out"/>
    <arg type="s" direction="out"/>
  </method>
  <method name="Notify">
    <arg type="s" name="app_name" direction="in"/>
    <arg type="u" name="replaces_id" direction="in"/>
    <arg type="s" name="app_icon" direction="in"/>
    <arg type="s" name="summary" direction="in"/>
    <arg type="s" name="body" direction="in"/>
    <arg type="as" name="actions" direction="in"/>
    <arg type="a{sv}" name="hints" direction="in"/>
    <arg type="i" name="expire_timeout" direction="in"/>
    <arg type="u" name="id" direction="out"/>
  </method>
  <method name="CloseNotification">
    <arg type="u" name="id" direction="in"/>
  </method>
  <signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
  <signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
</interface></node>
"""


class Daemon:
    """Shows nothing, and says what it was given."""

    def __init__(self) -> None:
        """Serve until the bus ends."""
        self._bus: Any = None
        self._last = 0
        self._loop = GLib.MainLoop()
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGUSR1, self._click)
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
        self._bus = bus
        (interface,) = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces
        bus.register_object(PATH, interface, self._called, None, None)

    def _called(self, _bus: Any, _sender: str, *call: Any) -> None:
        _path, _interface, method, parameters, invocation = call
        value = None
        if method == "GetCapabilities":
            value = GLib.Variant("(as)", (["actions", "body"],))
        elif method == "GetServerInformation":
            value = GLib.Variant("(ssss)", ("test", "test", "1", "1.2"))
        elif method == "Notify":
            _name, replaced, _icon, title, *_rest = parameters.unpack()
            self._last = replaced or self._last + 1
            value = GLib.Variant("(u)", (self._last,))
            print(f"shown {title}", flush=True)
        elif method == "CloseNotification":
            print("closed", flush=True)
            self._emit("NotificationClosed", "(uu)", (*parameters.unpack(), 3))
        invocation.return_value(value)

    def _click(self) -> bool:
        self._emit("ActionInvoked", "(us)", (self._last, "default"))
        return bool(GLib.SOURCE_CONTINUE)

    def _emit(self, name: str, signature: str, values: tuple[Any, ...]) -> None:
        value = GLib.Variant(signature, values)
        self._bus.emit_signal(None, PATH, NAME, name, value)


Daemon()
