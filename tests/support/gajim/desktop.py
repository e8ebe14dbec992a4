# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a desktop has besides windows, for a Gajim that is on Wayland: a portal, a
place for notifications, a clipboard and other programs."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

from ..processes import Child
from ..processes import make_folder
from ..waiting import wait_for
from .program import Gajim
from .wayland import SOCKET

SUPPORT = Path(__file__).parent
BACKEND = SUPPORT / "portal_backend.py"
DAEMON = SUPPORT / "notification_daemon.py"
DRAG_SOURCE = SUPPORT / "drag_source.py"

# Debian's, which talks to the part that each desktop has of its own
PORTAL = "/usr/libexec/xdg-desktop-portal"

# It has no pictures of the screen where nothing could ask for them
PORTAL_FILE = """\
[portal]
DBusName=org.freedesktop.impl.portal.desktop.test
Interfaces=org.freedesktop.impl.portal.Screenshot;org.freedesktop.impl.portal.Access;
UseIn=test
"""


class Desktop:
    """The programs around one Gajim; a context manager that ends them."""

    def __init__(self, gajim: Gajim) -> None:
        """Name a Gajim that runs on Wayland."""
        self._gajim = gajim
        self._folder = make_folder(gajim.folder / "desktop")
        self._children: list[Child] = []

    def __enter__(self) -> Desktop:
        return self

    def __exit__(self, *_exception: object) -> None:
        for child in reversed(self._children):
            child.stop()

    def start_portal(self, picture: Path) -> Path:
        """Start the portal, and what shows it a picture in place of the screen.

        Returns the file in which the picture is handed over.
        """
        taken = self._folder / "Screenshot.png"
        portals = make_folder(self._folder / "portals")
        (portals / "test.portal").write_text(PORTAL_FILE)
        backend = self._start("backend", str(BACKEND), str(picture), str(taken))
        wait_for("the backend is there", lambda: "ready" in backend.read_text())
        self._start_program(
            "portal",
            [PORTAL, "--verbose"],
            {
                "XDG_DESKTOP_PORTAL_DIR": str(portals),
                "XDG_CURRENT_DESKTOP": "test",
            },
        )
        log = self.log("portal")
        wait_for("the portal is there", lambda: "Desktop acquired" in log.read_text())
        return taken

    def start_notifications(self) -> Path:
        """Start what shows notifications. Returns its log."""
        log = self._start("notifications", str(DAEMON))
        wait_for("the daemon is there", lambda: "ready" in log.read_text())
        return log

    def click_notification(self) -> None:
        """Click on the last one."""
        self._children[-1].signal(signal.SIGUSR1)

    @contextmanager
    def drag_source(self, kind: str, what: str) -> Iterator[Path]:
        """A window from which something can be dragged, and its log. It has the
        keyboard until it is gone."""
        log = self.log("drag")
        log.unlink(missing_ok=True)
        arguments = [str(DRAG_SOURCE), "0", "0", kind, what, "240"]
        child = self._start_program("drag", ["/usr/bin/python3", "-I", *arguments])
        try:
            yield log
        finally:
            child.stop()
            self._children.remove(child)

    def copy(self, text: str) -> None:
        """Put a text into the clipboard, as another program does."""
        self._start_program("copy", ["wl-copy", "--foreground", text])
        wait_for("it is in the clipboard", lambda: self.paste() == text)

    def paste(self) -> str:
        """The text in the clipboard, as another program gets it."""
        log = self.log("paste")
        log.unlink(missing_ok=True)
        child = self._start_program("paste", ["wl-paste", "--no-newline"])
        try:
            return log.read_text() if child.wait(10) else ""
        finally:
            child.kill()
            self._children.remove(child)

    def log(self, name: str) -> Path:
        """The output of a program."""
        return self._folder / f"{name}.log"

    def _start(self, name: str, *arguments: str) -> Path:
        self._start_program(name, ["/usr/bin/python3", "-I", *arguments])
        return self.log(name)

    def _start_program(
        self, name: str, argv: list[str], environment: Mapping[str, str] | None = None
    ) -> Child:
        bus = self._gajim.call("environment", name="DBUS_SESSION_BUS_ADDRESS")
        child = Child(
            argv,
            log=self.log(name),
            environment={
                "PATH": "/usr/bin:/bin",
                "HOME": str(self._gajim.home),
                "XDG_RUNTIME_DIR": str(self._gajim.folder / "run"),
                "WAYLAND_DISPLAY": SOCKET,
                "GDK_BACKEND": "wayland",
                "DBUS_SESSION_BUS_ADDRESS": str(bus),
                "NO_AT_BRIDGE": "1",
                **(environment or {}),
            },
            folder=self._folder,
        )
        self._children.append(child)
        return child
