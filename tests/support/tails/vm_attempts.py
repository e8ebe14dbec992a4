# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries what must not be possible, in a virtual machine.

vm_attempts.py prepare: as root. Puts something in every place that is tried, with
    rights that stop nobody: what is refused then is refused by AppArmor. Leaves a
    process that listens on the sockets and one of the user's, whose number it prints.
vm_attempts.py serve: as the user. Is systemd, the portal and the desktop on the
    session bus. Says "ready".
vm_attempts.py try: say what was possible, and why the rest was not, as JSON.

Standard input is JSON: lists of paths by the kind of the attempt, a file of Gajim's
own, and for "try" the number of that process.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from typing import NamedTuple

USER = 1000
SYSTEMD = "org.freedesktop.systemd1"
NOTIFICATIONS = "org.freedesktop.Notifications"
PORTAL = "org.freedesktop.portal"
DESKTOP = "/org/freedesktop/portal/desktop"


class Request(NamedTuple):
    """What a service on the session bus is asked for."""

    name: str
    path: str
    interface: str
    method: str


POSSIBLE = "possible"
ASK_SYSTEMD = "have systemd start a program"
ASK_FOR_AUTOSTART = "have a program started at each login"
# Gajim needs these
NOTIFY = "show a notification"
OPEN_LINK = "open a link"
WRITE_OWN = "write a file of its own"
NEEDED = frozenset({NOTIFY, OPEN_LINK, WRITE_OWN})
REQUESTS = {
    ASK_SYSTEMD: Request(
        SYSTEMD, "/org/freedesktop/systemd1", f"{SYSTEMD}.Manager", "StartTransientUnit"
    ),
    ASK_FOR_AUTOSTART: Request(
        f"{PORTAL}.Desktop", DESKTOP, f"{PORTAL}.Background", "RequestBackground"
    ),
    OPEN_LINK: Request(f"{PORTAL}.Desktop", DESKTOP, f"{PORTAL}.OpenURI", "OpenURI"),
    NOTIFY: Request(
        NOTIFICATIONS, "/org/freedesktop/Notifications", NOTIFICATIONS, "Notify"
    ),
}
# It has no path, so it is not in the view of files, and Debian's kernels let AppArmor
# decide nothing about it
ABSTRACT = "\0other-program"
CONNECT_ABSTRACT = "connect a socket without a path"


def prepare(plan: dict[str, Any]) -> None:
    subprocess.run(["mount", "-o", "remount,exec", "/run"], check=True)
    for path in map(Path, plan["programs"]):
        if not path.exists():
            make_folders(path)
            shutil.copy("/usr/bin/true", path)
            path.chmod(0o755)
    make_folders(Path(plan["own"]))
    for path in map(Path, [*plan["secrets"], *plan["obeyed"]]):
        make_folders(path)
        with path.open("a") as file:
            file.write("# nobody's\n")
        os.chown(path, USER, USER)
        path.chmod(0o600)
    servers = []
    for path in map(Path, plan["sockets"]):
        make_folders(path)
        path.unlink(missing_ok=True)
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen()
        os.chown(path, USER, USER)
        servers.append(server)
    servers.append(socket.socket(socket.AF_UNIX))
    servers[-1].bind(ABSTRACT)
    servers[-1].listen()
    # In sessions of their own, because this program's group ends with it
    listener = os.fork()
    if listener == 0:
        os.setsid()
        signal.pause()
    while os.getsid(listener) != listener:
        time.sleep(0.01)
    victim = subprocess.Popen(
        ["sleep", "10000"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=USER,
        group=USER,
        start_new_session=True,
    )
    print(victim.pid)


def make_folders(path: Path) -> None:
    for folder in reversed(path.parents):
        if not folder.is_dir():
            folder.mkdir()
            os.chown(folder, USER, USER)


def attempt_all(plan: dict[str, Any]) -> dict[str, str]:
    """What happened at each attempt: 'possible', or the name of the error."""
    attempts: dict[str, Callable[[], object]] = {}
    for path in plan["programs"]:
        attempts[f"run {path}"] = partial(execute, path)
    for path in plan["sockets"]:
        attempts[f"connect {path}"] = partial(connect, path)
    for path in plan["secrets"]:
        attempts[f"read {path}"] = partial(use, path, os.O_RDONLY)
    for path in [*plan["secrets"], *plan["obeyed"]]:
        attempts[f"write {path}"] = partial(use, path, os.O_WRONLY | os.O_APPEND)
    victim = plan["process"]
    attempts["read another's memory"] = lambda: use(f"/proc/{victim}/mem", os.O_RDONLY)
    attempts["read another's secrets"] = lambda: use(
        f"/proc/{victim}/environ", os.O_RDONLY
    )
    attempts["attach to another"] = lambda: attach(victim)
    attempts["stop another"] = lambda: os.kill(victim, signal.SIGCONT)
    attempts["UDP"] = lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    attempts["IPv6"] = lambda: socket.socket(socket.AF_INET6).close()
    attempts["leave the profile"] = leave
    attempts[CONNECT_ABSTRACT] = partial(connect, ABSTRACT)
    attempts[WRITE_OWN] = partial(use, plan["own"], os.O_WRONLY | os.O_CREAT)
    for name, request in REQUESTS.items():
        attempts[name] = partial(ask, request)
    return {name: outcome(attempt) for name, attempt in attempts.items()}


def outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    except RuntimeError as error:
        # GLib's errors are no OSErrors
        return str(error)
    return POSSIBLE


def execute(path: str) -> None:
    pid = os.posix_spawn(
        path,
        [path],
        {},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0)
            for number in (0, 1, 2)
        ],
    )
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def connect(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(path)


def use(path: str, flags: int) -> None:
    os.close(os.open(path, flags | os.O_CLOEXEC))


def attach(pid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    seize = 0x4206
    if libc.ptrace(seize, pid, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def leave() -> None:
    Path("/proc/self/attr/apparmor/current").write_text("changeprofile unconfined")


def ask(request: Request) -> None:
    from gi.repository import Gio

    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    bus.call_sync(*request, None, None, Gio.DBusCallFlags.NO_AUTO_START, 20_000, None)


def serve() -> None:
    from gi.repository import Gio
    from gi.repository import GLib

    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    names = set()
    for name, path, interface, method in REQUESTS.values():
        text = f'<interface name="{interface}"><method name="{method}"/></interface>'
        (described,) = Gio.DBusNodeInfo.new_for_xml(f"<node>{text}</node>").interfaces
        bus.register_object(
            path, described, lambda *call: call[-1].return_value(None), None, None
        )
        names.add(name)
    for name in names:
        bus.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "RequestName", GLib.Variant("(su)", (name, 0)), None,
            Gio.DBusCallFlags.NONE, -1, None,
        )  # fmt: skip
    print("ready", flush=True)
    GLib.MainLoop().run()


def main() -> None:
    if sys.argv[1] == "serve":
        serve()
        return
    plan = json.load(sys.stdin)
    if sys.argv[1] == "prepare":
        prepare(plan)
    else:
        print(json.dumps(attempt_all(plan)))


if __name__ == "__main__":
    main()
