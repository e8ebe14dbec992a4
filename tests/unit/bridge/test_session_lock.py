# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signals of systemd-logind, on a bus of the test's own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from gi.repository import Gio
from gi.repository import GLib

from omemo_plugin.bridge.session_lock import SessionLock

MANAGER = "/org/freedesktop/login1"
SESSION = f"{MANAGER}/session/_32"


@pytest.fixture
def connect() -> Iterator[Callable[[], Gio.DBusConnection]]:
    """Connections to a new bus."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("apt install dbus")
    bus = Gio.TestDBus.new(Gio.TestDBusFlags.NONE)
    bus.up()
    flags = (
        Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
        | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
    )
    made: list[Gio.DBusConnection] = []

    def make() -> Gio.DBusConnection:
        address = bus.get_bus_address()
        assert address is not None
        one = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close_sync(None)
    bus.stop()


def take_name(connection: Gio.DBusConnection) -> None:
    """Be logind."""
    answer = connection.call_sync(
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "RequestName",
        GLib.Variant("(su)", ("org.freedesktop.login1", 0)),
        None,
        Gio.DBusCallFlags.NONE,
        -1,
        None,
    )
    assert answer.unpack() == (1,)


def emit(
    connection: Gio.DBusConnection, path: str, name: str, kind: str, *values: object
) -> None:
    interface, _, signal = name.rpartition(".")
    parameters = GLib.Variant(kind, values) if kind else None
    connection.emit_signal(None, path, interface, signal, parameters)
    connection.flush_sync(None)


def run_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        GLib.MainContext.default().iteration(False)


LOGIND = "org.freedesktop.login1"
CHANGED = "org.freedesktop.DBus.Properties.PropertiesChanged"


def say_all(logind: Gio.DBusConnection) -> None:
    """Three signals that count, and others."""

    def hint(**values: bool) -> tuple[str, dict[str, GLib.Variant], list[str]]:
        changed = {name: GLib.Variant("b", one) for name, one in values.items()}
        return f"{LOGIND}.Session", changed, []

    emit(logind, MANAGER, f"{LOGIND}.Manager.PrepareForSleep", "(b)", True)
    emit(logind, MANAGER, f"{LOGIND}.Manager.PrepareForSleep", "(b)", False)
    emit(logind, SESSION, f"{LOGIND}.Session.Lock", "")
    emit(logind, SESSION, f"{LOGIND}.Session.Unlock", "")
    emit(logind, SESSION, CHANGED, "(sa{sv}as)", *hint(LockedHint=False))
    emit(logind, SESSION, CHANGED, "(sa{sv}as)", *hint(IdleHint=True))
    emit(logind, SESSION, CHANGED, "(sa{sv}as)", *hint(LockedHint=True))


def test_locking_and_sleeping_are_noticed(
    connect: Callable[[], Gio.DBusConnection],
) -> None:
    heard: list[int] = []
    lock = SessionLock(lambda: heard.append(1))
    logind = connect()
    take_name(logind)
    lock.follow(connect())
    # The one who listens has asked the bus for all of it
    run_until(lambda: not GLib.MainContext.default().iteration(False))
    end: list[int] = []
    last = connect()
    last.signal_subscribe(
        None,
        "test.End",
        None,
        None,
        None,
        Gio.DBusSignalFlags.NONE,
        lambda *_a: end.append(1),
    )
    say_all(logind)
    run_until(lambda: len(heard) >= 3)
    emit(logind, "/end", "test.End.End", "")
    run_until(lambda: bool(end))
    assert len(heard) == 3
    lock.stop()
    end.clear()
    say_all(logind)
    emit(logind, "/end", "test.End.End", "")
    run_until(lambda: bool(end))
    assert len(heard) == 3


def test_nobody_else_is_believed(connect: Callable[[], Gio.DBusConnection]) -> None:
    heard: list[int] = []
    lock = SessionLock(lambda: heard.append(1))
    take_name(connect())
    mine = connect()
    lock.follow(mine)
    end: list[int] = []
    mine.signal_subscribe(
        None,
        "test.End",
        None,
        None,
        None,
        Gio.DBusSignalFlags.NONE,
        lambda *_a: end.append(1),
    )
    other = connect()
    say_all(other)
    emit(other, "/end", "test.End.End", "")
    run_until(lambda: bool(end))
    assert not heard
