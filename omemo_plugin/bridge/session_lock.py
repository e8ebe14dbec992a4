# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Noticing that the user locks the screen, or that the computer goes to sleep, by way
of systemd-logind. Desktops tell logind when they lock (`LockedHint`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from gi.repository import Gio
from gi.repository import GLib

from .log import guard

log = logging.getLogger("gajim.p.omemo_plugin")

_LOGIND = "org.freedesktop.login1"
_SESSION = f"{_LOGIND}.Session"
_PROPERTIES = "org.freedesktop.DBus.Properties"

# Interface and signal
_SIGNALS = (
    (f"{_LOGIND}.Manager", "PrepareForSleep"),
    (_SESSION, "Lock"),
    (_PROPERTIES, "PropertiesChanged"),
)


class SessionLock:
    """Listens from `start` or `follow` until `stop`."""

    def __init__(self, locked: Callable[[], None]) -> None:
        """
        Args:
            locked: called when the screen is locked, and before the computer
                sleeps.
        """
        self._locked = locked
        self._cancellable = Gio.Cancellable()
        self._connection: Gio.DBusConnection | None = None
        self._subscriptions: list[int] = []

    def start(self) -> None:
        """Listen on the system's bus, once it is there."""

        def connected(_source: object, result: Gio.AsyncResult) -> None:
            try:
                connection = Gio.bus_get_finish(result)
            except GLib.Error:
                # Such as in a container
                log.info("No bus tells when the screen is locked")
                return
            if not self._cancellable.is_cancelled():
                self.follow(connection)

        Gio.bus_get(Gio.BusType.SYSTEM, self._cancellable, connected)

    def follow(self, connection: Gio.DBusConnection) -> None:
        """Listen on a bus."""
        self._connection = connection
        for interface, signal in _SIGNALS:
            number = connection.signal_subscribe(
                _LOGIND,
                interface,
                signal,
                None,
                None,
                Gio.DBusSignalFlags.NONE,
                self._on_signal,
            )
            self._subscriptions.append(number)

    def stop(self) -> None:
        """Listen no more."""
        self._cancellable.cancel()
        if self._connection is not None:
            for number in self._subscriptions:
                self._connection.signal_unsubscribe(number)
        self._subscriptions.clear()
        self._connection = None

    def _on_signal(
        self,
        _connection: Gio.DBusConnection,
        _sender: str | None,
        _path: str,
        _interface: str,
        signal: str,
        parameters: GLib.Variant,
        *_data: object,
    ) -> None:
        with guard("hearing that the screen is locked"):
            if _says_locked(signal, parameters.unpack()):
                self._locked()


def _says_locked(signal: str, values: tuple[object, ...]) -> bool:
    """Whether a signal of logind says that it begins, and not that it is over."""
    if signal == "Lock":
        return True
    if signal == "PrepareForSleep":
        return values == (True,)
    interface, changed, _unread = values
    assert isinstance(changed, dict)
    return interface == _SESSION and changed.get("LockedHint") is True
