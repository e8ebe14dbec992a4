#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a desktop's portal that takes pictures of the screen.

Run by the tests on the session bus of a Gajim: portal.py PICTURE COPY. The first
time the user says no; after that a copy of the picture is what was taken.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from gi.repository import Gio
from gi.repository import GLib

NAME = 'org.freedesktop.portal.Desktop'
PATH = '/org/freedesktop/portal/desktop'
INTERFACE = '''\
<node><interface name="org.freedesktop.portal.Screenshot">
  <property name="version" type="u" access="read"/>
  <method name="Screenshot">
    <arg type="s" name="parent_window" direction="in"/>
    <arg type="a{sv}" name="options" direction="in"/>
    <arg type="o" name="handle" direction="out"/>
  </method>
</interface></node>
'''


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
            lambda *_arguments: print('ready', flush=True),
            lambda *_arguments: self._loop.quit(),
        )
        self._loop.run()

    def _connected(self, bus: Any, _name: str) -> None:
        (interface,) = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces
        bus.register_object(PATH, interface, self._called, self._property, None)

    @staticmethod
    def _property(*_arguments: Any) -> Any:
        return GLib.Variant('u', 4)

    def _called(self, bus: Any, sender: str, *call: Any) -> None:
        *_rest, parameters, invocation = call
        _parent, options = parameters.unpack()
        client = sender.removeprefix(':').replace('.', '_')
        handle = f'{PATH}/request/{client}/{options["handle_token"]}'
        invocation.return_value(GLib.Variant('(o)', (handle,)))
        self._asked += 1
        response = 1
        results: dict[str, Any] = {}
        if self._asked > 1 and options['interactive']:
            shutil.copy(self._picture, self._copy)
            response = 0
            results['uri'] = GLib.Variant('s', self._copy.as_uri())
        print(f'answered {response}', flush=True)
        bus.emit_signal(
            sender,
            handle,
            'org.freedesktop.portal.Request',
            'Response',
            GLib.Variant('(ua{sv})', (response, results)),
        )


Portal(Path(sys.argv[1]), Path(sys.argv[2]))
