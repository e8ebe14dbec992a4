# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The buses behind a filter (xdg-dbus-proxy), and what passes it.

Debian's kernels enforce no rule of AppArmor's about D-Bus. Without the filter Gajim
could have systemd start any program outside of its profile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..base.system import System

PROXY = "/usr/bin/xdg-dbus-proxy"

SESSION_ADDRESS = "DBUS_SESSION_BUS_ADDRESS"
SYSTEM_ADDRESS = "DBUS_SYSTEM_BUS_ADDRESS"
ACCESSIBILITY_ADDRESS = "AT_SPI_BUS_ADDRESS"
SYSTEM_SOCKET = "/run/dbus/system_bus_socket"

_PROPERTIES = "org.freedesktop.DBus.Properties"
_READING = (f"{_PROPERTIES}.Get", f"{_PROPERTIES}.GetAll")

_PORTAL = "org.freedesktop.portal.Desktop"
_PORTAL_PATH = "/org/freedesktop/portal/desktop"
# Not all of the portal: it also writes entries for the menu and for the autostart
_PORTALS = ("OpenURI", "Camera", "Screenshot", "Settings", "Inhibit")

_SESSION_MANAGER = "org.gnome.SessionManager"
_SCREEN_SAVERS = ("org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver")


@dataclass(frozen=True)
class Bus:
    """A bus, and the socket that stands for it."""

    address: str
    outside: Path
    """The socket of the filter."""
    inside: Path
    """Where Gajim sees it."""
    variable: str
    """By which Gajim finds it."""
    rules: tuple[str, ...]
    """What passes, as options of xdg-dbus-proxy."""


class NoBus(Exception):
    """There is no session bus, so nothing can be filtered."""


def all_buses(system: System, runtime: Path, folder: Path) -> list[Bus]:
    """Name the buses that are there.

    :param runtime: $XDG_RUNTIME_DIR
    :param folder: for the sockets of the filter; Gajim does not see it

    Raises:
        NoBus: There is no session bus.
    """
    address = system.environ.get(SESSION_ADDRESS, "")
    if not address:
        if not (runtime / "bus").exists():
            raise NoBus
        address = f"unix:path={runtime}/bus"
    found = [
        Bus(address, folder / "session", runtime / "bus", SESSION_ADDRESS, SESSION)
    ]
    address = _accessibility_address(system)
    if address:
        inside = runtime / "at-spi" / "bus"
        found.append(
            Bus(
                address,
                folder / "accessibility",
                inside,
                ACCESSIBILITY_ADDRESS,
                ACCESSIBILITY,
            )
        )
    if system.file(SYSTEM_SOCKET).exists():
        inside = Path(SYSTEM_SOCKET)
        found.append(
            Bus(
                f"unix:path={inside}", folder / "system", inside, SYSTEM_ADDRESS, SYSTEM
            )
        )
    return found


def proxy_command(buses: Iterable[Bus], ready: int) -> list[str]:
    """Return what filters these buses.

    :param ready: a descriptor; a byte is written there when the sockets are there,
        and the filter ends when its other end is closed
    """
    command = [PROXY, f"--fd={ready}"]
    for bus in buses:
        command += [bus.address, str(bus.outside), "--filter", *bus.rules]
    return command


def _accessibility_address(system: System) -> str:
    """Where the accessibility bus is; '' where there is none.

    Gajim then cannot be read out, and is confined all the same.
    """
    answer = system.run(
        ['dbus-send', '--session', '--print-reply=literal', '--reply-timeout=10000',
         '--dest=org.a11y.Bus', '/org/a11y/bus', 'org.a11y.Bus.GetAddress']
    )  # fmt: skip
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _calls(name: str, methods: Iterable[str], path: str) -> list[str]:
    return [f"--call={name}={method}@{path}" for method in methods]


def _session_rules() -> Iterable[str]:
    # Being one Gajim, and coming to the front
    yield "--own=org.gajim.Gajim"
    yield "--talk=org.freedesktop.Notifications"
    yield "--talk=org.gtk.Notifications"
    # An icon in the panel, where there is one
    yield "--talk=org.kde.StatusNotifierWatcher"
    # Input methods. IBus' own socket would also tell what others type
    yield "--talk=org.freedesktop.portal.IBus"
    # Opening a link or a file, the camera, a picture of the screen, the colour scheme
    for portal in _PORTALS:
        interface = f"org.freedesktop.portal.{portal}.*"
        yield from _calls(_PORTAL, [interface], _PORTAL_PATH)
    yield from _calls(_PORTAL, _READING, _PORTAL_PATH)
    for kind in ("Request", "Session"):
        path = f"{_PORTAL_PATH}/{kind.lower()}/*"
        yield from _calls(_PORTAL, [f"org.freedesktop.portal.{kind}.*"], path)
    yield f"--broadcast={_PORTAL}=@/org/freedesktop/portal/*"
    # Whether a screen reader is there; the bus' own address is in the environment
    yield from _calls("org.a11y.Bus", _READING, "/org/a11y/bus")
    yield f"--broadcast=org.a11y.Bus={_PROPERTIES}.*@/org/a11y/bus"
    # Whether the user is there, and the screen is locked
    monitor = "org.gnome.Mutter.IdleMonitor"
    path = "/org/gnome/Mutter/IdleMonitor/Core"
    yield from _calls(monitor, [f"{monitor}.GetIdletime"], path)
    for saver in _SCREEN_SAVERS:
        for method in ("GetActive", "GetSessionIdleTime"):
            yield f"--call={saver}={saver}.{method}"
        yield f"--broadcast={saver}={saver}.ActiveChanged"
    # The end of the desktop's session
    methods = ("RegisterClient", "UnregisterClient", "Inhibit", "Uninhibit")
    manager_path = "/org/gnome/SessionManager"
    yield from _calls(
        _SESSION_MANAGER, [f"{_SESSION_MANAGER}.{m}" for m in methods], manager_path
    )
    client = f"{_SESSION_MANAGER}.ClientPrivate.*"
    yield from _calls(_SESSION_MANAGER, [client], f"{manager_path}/*")
    yield f"--broadcast={_SESSION_MANAGER}={client}@{manager_path}/*"
    # Settings of the desktop that GTK shows itself in; they cannot be changed
    yield from _calls("org.gtk.Settings", _READING, "/org/gtk/Settings")
    yield "--broadcast=org.gtk.Settings=*@/org/gtk/Settings"


def _accessibility_rules() -> Iterable[str]:
    """Being read by the screen reader, and not reading others."""
    yield "--sloppy-names"
    registry = "org.a11y.atspi.Registry"
    sockets = [f"org.a11y.atspi.Socket.{method}" for method in ("Embed", "Unembed")]
    yield from _calls(registry, sockets, "/org/a11y/atspi/accessible/root")
    yield from _calls(
        registry, [f"{registry}.GetRegisteredEvents"], "/org/a11y/atspi/registry"
    )
    controller = "org.a11y.atspi.DeviceEventController"
    methods = (
        'GetKeystrokeListeners', 'GetDeviceEventListeners', 'NotifyListenersSync',
        'NotifyListenersAsync',
    )  # fmt: skip
    yield from _calls(
        registry,
        [f"{controller}.{method}" for method in methods],
        "/org/a11y/atspi/registry/deviceeventcontroller",
    )


def _system_rules() -> Iterable[str]:
    """Whether there is a network, and whether the machine goes to sleep."""
    for name, path in (
        ("org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager"),
        ("org.freedesktop.login1", "/org/freedesktop/login1"),
    ):
        for place in (path, f"{path}/*"):
            yield from _calls(name, _READING, place)
            yield f"--broadcast={name}=*@{place}"
    manager = "org.freedesktop.login1.Manager.Inhibit"
    yield from _calls("org.freedesktop.login1", [manager], "/org/freedesktop/login1")


SESSION = tuple(_session_rules())
ACCESSIBILITY = tuple(_accessibility_rules())
SYSTEM = tuple(_system_rules())
