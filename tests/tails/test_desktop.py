# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Gajim needs of the desktop works with a view of its own of files and buses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gajim.display import Display
from tests.support.processes import Child
from tests.support.tails import stand_in
from tests.support.tails.machine import Machine
from tests.support.tails.root import HOME
from tests.support.tails.root import USER_IDS
from tests.support.tails.root import TailsRoot
from tests.support.tails.wayland import Compositor
from tests.support.waiting import wait_for

SUPPORT = Path(stand_in.__file__).parent
DESKTOP = (SUPPORT / "desktop.py").read_text()
RUNTIME = Path(f"/run/user/{USER_IDS[0]}")
BUS = f"unix:path={RUNTIME}/bus"
# What Gajim of each Debian is drawn with, and where
TOOLKITS = {"bookworm": "3.0", "trixie": "4.0"}
WAYLAND_SUITE = "trixie"
PROGRAM = f"/usr/bin/python3 -I {stand_in.GAJIM}"
TITLE = "Apart"
LINK = "https://example.org/"
FILE = HOME / "Gajim" / "a list.txt"
# Of others, at places that AppArmor cannot protect
OTHERS = (RUNTIME / "systemd" / "private", HOME / "Persistent" / "list.txt")


class X11:
    """An X server, which all programs share."""

    # Whether Gajim sees the X server
    seen = True

    def __init__(self, _root: TailsRoot, folder: Path) -> None:
        self._display = Display(folder)
        self.environment = {"DISPLAY": self._display.name, "GDK_BACKEND": "x11"}

    def type(self, desktop: Desktop, text: str) -> None:
        """Type into the window."""
        (window,) = desktop.run("xdotool", "search", "--name", f"^{TITLE}$").split()
        desktop.run("xdotool", "windowfocus", "--sync", window, "type", text)

    def stop(self) -> None:
        self._display.stop()


class Wayland:
    """A compositor; there is an X server beside it, as on every desktop of GNOME."""

    seen = False

    def __init__(self, root: TailsRoot, folder: Path) -> None:
        self._beside = Display(folder)
        self._compositor = Compositor(root.path, folder)
        self.environment = {
            "WAYLAND_DISPLAY": self._compositor.name,
            "DISPLAY": self._beside.name,
        }

    def type(self, _desktop: Desktop, text: str) -> None:
        """Type into the newest window."""
        events = [(ord(letter), down) for letter in text for down in (True, False)]
        self._compositor.display.events(events)

    def stop(self) -> None:
        self._compositor.stop()
        self._beside.stop()


class Desktop:
    """A machine at which somebody sits, with a session bus and input methods."""

    def __init__(self, suite: str, root: TailsRoot, folder: Path) -> None:
        self._folder = folder
        self._toolkit = TOOLKITS[suite]
        self._number = 0
        kind = Wayland if suite == WAYLAND_SUITE else X11
        self.screen: X11 | Wayland = kind(root, folder)
        stand_in.install(root.path, SUPPORT / "desktop_program.py")
        binds = ["/tmp/.X11-unix:/tmp/.X11-unix"]
        self.machine = Machine("desktop", root.path, folder, binds)
        try:
            self._begin()
        except BaseException:
            self.stop()
            raise

    def _begin(self) -> None:
        for path in (RUNTIME, FILE.parent, *(path.parent for path in OTHERS)):
            self._make(path)
        for path in (FILE, *OTHERS):
            place = self._place(path)
            place.write_text("words\n")
            os.chown(place, *USER_IDS)
        self.start("dbus-daemon", "--session", "--nofork", f"--address={BUS}")
        wait_for("there is a bus", self._place(RUNTIME / "bus").exists)
        self.requests = self.start("/usr/bin/python3", "-c", DESKTOP, "serve")
        wait_for("there are services", lambda: "ready" in self.requests())
        self.start("ibus-daemon", "--panel=disable", "--emoji-extension=disable")
        self.calls = self.start("dbus-monitor", "--session", "type=method_call")
        wait_for("somebody monitors the bus", lambda: bool(self.calls()))

    def _place(self, path: Path) -> Path:
        return self.machine.files / path.relative_to("/")

    def _make(self, path: Path) -> None:
        for folder in reversed([path, *path.parents]):
            if not self._place(folder).is_dir():
                self._place(folder).mkdir(mode=0o700)
                os.chown(self._place(folder), *USER_IDS)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(HOME),
            "XDG_RUNTIME_DIR": str(RUNTIME),
            "DBUS_SESSION_BUS_ADDRESS": BUS,
            **self.screen.environment,
            "GSK_RENDERER": "cairo",
            "GSETTINGS_BACKEND": "memory",
            "GTK_IM_MODULE": "ibus",
            "GTK_A11Y": "atspi",
        }

    def start(self, *argv: str) -> Printed:
        """Start a program of the user's."""
        self._number += 1
        log = self._folder / f"{self._number}-{Path(argv[0]).name}.log"
        child = self.machine.start(list(argv), log, USER_IDS, self.environment)
        return Printed(child, log)

    def run(self, *argv: str, check: bool = True) -> str:
        """Run a program of the user's to its end."""
        done = self.machine.run(
            list(argv), USER_IDS, environment=self.environment, check=check
        )
        return done.stdout

    def start_gajim(self) -> Printed:
        """Start what stands for it."""
        words = stand_in.command(self._toolkit, TITLE, LINK, str(FILE))
        return self.start(*words)

    def stop(self) -> None:
        self.machine.stop()
        self.screen.stop()


class Printed:
    """A program, and what it has printed."""

    def __init__(self, child: Child, log: Path) -> None:
        self.child = child
        self._log = log

    def __call__(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""


@pytest.fixture
def at_desktop(namespaces: None, suite: str, artefacts: Path) -> Iterator[Desktop]:
    root = TailsRoot(suite)
    try:
        desktop = Desktop(suite, root, artefacts)
        yield desktop
        desktop.stop()
    finally:
        root.close()


def test_the_desktop_can_be_used(at_desktop: Desktop) -> None:
    gajim = at_desktop.start_gajim()
    wait_for("the program runs", lambda: "activated" in gajim(), 60)

    def requests() -> list[list[object]]:
        lines = at_desktop.requests().splitlines()[1:]
        return [json.loads(line) for line in lines]

    # A notification, a link, and a file that the portal finds where it is
    wait_for("everything was asked for", lambda: len(requests()) == 3, 30)
    assert ["OpenURI", "", LINK, {}] in requests()
    assert ["OpenFile", str(FILE)] in requests()
    assert any(method == "Notify" for method, *_words in requests())

    # A screen reader
    def read() -> str:
        return at_desktop.run("/usr/bin/python3", "-c", DESKTOP, "read", check=False)

    wait_for("a screen reader can read it", lambda: TITLE in read().split(), 30, 0.5)

    # An input method, by its portal alone
    def typed() -> bool:
        at_desktop.screen.type(at_desktop, "x")
        return "typed x" in gajim() and "ProcessKeyEvent" in at_desktop.calls()

    wait_for("something is typed by an input method", typed, 30, 0.5)

    # A second start brings the first one to the front
    second = at_desktop.start_gajim()
    wait_for("the second one has ended", lambda: not second.child.running, 30)
    assert second.child.exit_code == 0
    wait_for("the first one knows", lambda: gajim().count("activated") == 2, 30)

    check_view(at_desktop)

    # Without the filter nothing goes on
    (filter_,) = find(at_desktop.machine, "xdg-dbus-proxy")
    at_desktop.machine.run(["kill", "-KILL", str(filter_)])
    wait_for("the program has ended", lambda: not gajim.child.running, 30)
    assert "Gajim was closed" in gajim()
    assert find(at_desktop.machine, PROGRAM) == []


def check_view(desktop: Desktop) -> None:
    """The program does not see what is there of others."""
    machine = desktop.machine
    # What has ended may be on the list for a moment still
    wait_for("there is one program", lambda: len(find(machine, PROGRAM)) == 1)
    (program,) = find(machine, PROGRAM)
    view = machine.files / "proc" / str(program) / "root"
    for path in OTHERS:
        assert (machine.files / path.relative_to("/")).exists()
        assert not (view / path.relative_to("/")).exists()
    names = {path.name for path in (view / RUNTIME.relative_to("/")).iterdir()}
    assert names == {"at-spi", "bus", "dconf", "tails-gajim"}
    sees_x11 = any((view / "tmp").glob(".X11-unix/*"))
    assert sees_x11 == desktop.screen.seen

    def numbers() -> set[str]:
        return {path.name for path in (view / "proc").glob("[0-9]*")}

    wait_for("it sees itself alone", lambda: numbers() == {"1", "2"})


def find(machine: Machine, command: str) -> list[int]:
    """The user's processes whose command begins with this, or is this program's."""
    return [
        number
        for number, text in machine.processes(USER_IDS).items()
        if text.startswith(command) or Path(text.split()[0]).name == command
    ]
