# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries what must not be possible, in a virtual machine.

vm_attempts.py prepare: as root. Puts something in every place that is tried, with
    rights that stop nobody: what is refused then is refused by AppArmor. Leaves a
    process that listens on the sockets and one of the user's, whose number it prints.
vm_attempts.py serve: as the user. Is systemd on the session bus. Says "ready".
vm_attempts.py try: say what was possible, and why the rest was not, as JSON.

Standard input is JSON: lists of paths by the kind of the attempt, and for "try" the
number of that process.
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

USER = 1000
SYSTEMD = "org.freedesktop.systemd1"
SYSTEMD_PATH = "/org/freedesktop/systemd1"
MANAGER = f"{SYSTEMD}.Manager"
INTERFACE = f"""\
<node><interface name="{MANAGER}"><method name="StartTransientUnit"/></interface></node>
"""
POSSIBLE = "possible"
ASK_SYSTEMD = "have systemd start a program"


def prepare(plan: dict[str, Any]) -> None:
    subprocess.run(["mount", "-o", "remount,exec", "/run"], check=True)
    for path in map(Path, plan["programs"]):
        if not path.exists():
            make_folders(path)
            shutil.copy("/usr/bin/true", path)
            path.chmod(0o755)
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
    attempts[ASK_SYSTEMD] = ask_systemd
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


def ask_systemd() -> None:
    from gi.repository import Gio

    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    bus.call_sync(
        SYSTEMD, SYSTEMD_PATH, MANAGER, "StartTransientUnit", None, None,
        Gio.DBusCallFlags.NO_AUTO_START, 20_000, None,
    )  # fmt: skip


def serve() -> None:
    from gi.repository import Gio
    from gi.repository import GLib

    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    (interface,) = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces
    bus.register_object(
        SYSTEMD_PATH, interface, lambda *call: call[-1].return_value(None), None, None
    )
    Gio.bus_own_name_on_connection(
        bus, SYSTEMD, Gio.BusNameOwnerFlags.NONE,
        lambda *_: print("ready", flush=True), None,
    )  # fmt: skip
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
