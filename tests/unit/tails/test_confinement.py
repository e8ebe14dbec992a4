# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Gajim sees of files and buses, and that it does not run without.

tests/tails tries it with the real programs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from tails_integration.confinement import buses
from tails_integration.confinement import files
from tails_integration.confinement import run as confinement
from tails_integration.confinement.run import FilterStopped
from tails_integration.confinement.run import NotConfined
from tests.support.tails.escapes import SECRETS
from tests.support.tails.escapes import SOCKETS
from tests.support.waiting import wait_for

from .machine import Machine

ADDRESS = "unix:path=/run/user/1000/bus,guid=1"
RULES = [*buses.SESSION, *buses.ACCESSIBILITY, *buses.SYSTEM]

# Whoever can be called runs programs, or tells what others do
DANGEROUS = (
    "org.freedesktop.systemd1",
    "org.freedesktop.secrets",
    "org.freedesktop.Flatpak",
    "org.freedesktop.portal.Flatpak",
    "org.gtk.vfs",
    "org.gnome.Shell",
    "org.gnome.Terminal",
    "ca.desrt.dconf",
    "org.freedesktop.FileManager1",
    "org.freedesktop.IBus",
    "org.boum.tails",
)


def view(machine: Machine, environ: dict[str, str]) -> files.View:
    environ = {buses.SESSION_ADDRESS: ADDRESS, **environ}
    system = machine.system(environ)
    runtime = machine.runtime
    found = buses.all_buses(system, runtime, runtime / ".filter")
    own = runtime / "tails-gajim"
    return files.View(system, system.environ, runtime, own, tuple(found))


def shown(arguments: list[str]) -> set[str]:
    """The files that bubblewrap is told to show, by where they are really."""
    options = ("--bind", "--bind-try", "--ro-bind", "--ro-bind-try", "--dev-bind-try")
    return {path for option, path in pairwise(arguments) if option in options}


@pytest.mark.parametrize("name", DANGEROUS)
def test_no_dangerous_service_is_called(name: str) -> None:
    for rule in RULES:
        called = rule.split("=")[1] if "=" in rule else ""
        assert called != name
        assert not called.startswith(f"{name}.")


def test_only_one_name_is_owned_and_no_pattern_is_used() -> None:
    assert [rule for rule in RULES if rule.startswith("--own")] == [
        "--own=org.gajim.Gajim"
    ]
    for rule in RULES:
        assert not rule.startswith(("--see", "--talk")) or "*" not in rule
        # All of a portal would write into the autostart
        assert rule != "--talk=org.freedesktop.portal.Desktop"
        assert "=org.freedesktop.portal.Desktop=*" not in rule
        assert "PropertiesChanged" not in rule
        assert ".Set" not in rule.replace(".Settings", "")


def test_each_bus_has_its_filter(machine: Machine) -> None:
    machine.write(buses.SYSTEM_SOCKET, "")
    address = "unix:path=/run/user/1000/at-spi/bus_0,guid=2"
    machine.answers["dbus-send"] = (0, f"   {address}\n")
    one = view(machine, {})
    command = buses.proxy_command(one.buses, 7)
    assert command[:2] == [buses.PROXY, "--fd=7"]
    assert command.count("--filter") == 3
    for bus in one.buses:
        place = command.index(bus.address)
        assert command[place + 1 : place + 3] == [str(bus.outside), "--filter"]
        assert one.inside()[bus.variable] == f"unix:path={bus.inside}"
        assert str(bus.outside) in shown(one.arguments())


def test_without_an_accessibility_bus(machine: Machine) -> None:
    machine.answers["dbus-send"] = (1, "")
    assert [bus.variable for bus in view(machine, {}).buses] == [buses.SESSION_ADDRESS]


def test_no_socket_and_no_secret_of_others_is_shown(machine: Machine) -> None:
    machine.write("/usr/lib/live/mount/persistence/x", "")
    arguments = view(machine, {"DISPLAY": ":1", "SSH_AUTH_SOCK": "x"}).arguments()
    paths = {Path(path) for path in shown(arguments)}
    home = str(machine.home)
    for name in (*SOCKETS, *SECRETS):
        real = Path(name.replace("/home/amnesia", home))
        real = Path(str(real).replace("/run/user/1000", str(machine.runtime)))
        above = [path for path in paths if real.is_relative_to(path)]
        if name.startswith("/usr/lib/live"):
            assert arguments[arguments.index("/usr/lib/live") - 1] == "--tmpfs"
        elif name.startswith("/etc"):
            # AppArmor's, and the file's own rights
            assert above == [Path("/etc")]
        else:
            assert above == [], name


def test_what_is_lost_cannot_be_written(machine: Machine) -> None:
    one = view(machine, {})
    arguments = one.arguments()
    last = max(i for i, word in enumerate(arguments) if word.endswith("bind"))
    places = [i for i, word in enumerate(arguments) if word == "--remount-ro"]
    assert min(places) > last
    assert {arguments[i + 1] for i in places} >= {"/", str(machine.home)}


def test_x11_is_not_shown_beside_wayland(machine: Machine) -> None:
    environ = {"DISPLAY": ":1.0", "XAUTHORITY": "/run/x"}
    one = view(machine, environ)
    assert {"/tmp/.X11-unix/X1", "/run/x"} <= shown(one.arguments())
    assert one.inside()["DISPLAY"] == ":1.0"
    (machine.runtime / "wayland-0").touch()
    # The tests' machine is in a folder
    machine.write(str(machine.runtime / "wayland-0"), "")
    one = view(machine, {**environ, "WAYLAND_DISPLAY": "wayland-0"})
    assert str(machine.runtime / "wayland-0") in shown(one.arguments())
    assert not {"/tmp/.X11-unix/X1", "/run/x"} & shown(one.arguments())
    assert not {"DISPLAY", "XAUTHORITY"} & set(one.inside())


def test_persistent_files_are_shown_where_they_are(machine: Machine) -> None:
    assert not any(
        "Persistent" in path for path in shown(view(machine, {}).arguments())
    )
    (machine.home / "Persistent").mkdir()
    one = view(machine, {})
    one.make_folders()
    folder = machine.home / "Persistent" / "Gajim"
    assert folder.is_dir()
    assert str(folder) in shown(one.arguments())
    assert str(machine.home / "Persistent") not in shown(one.arguments())


# -- running it, with programs in the place of the real ones

FILTER = """\
#!/usr/bin/python3 -I
import os, sys
os.write(int(sys.argv[1].removeprefix("--fd=")), b"x")
open("FIFO").read()
"""
NO_FILTER = "#!/bin/sh\nexit 3\n"
BWRAP = """\
#!/usr/bin/python3 -I
import json, os, sys
os.write(int(sys.argv[2]), json.dumps({"child-pid": os.getpid()}).encode())
os.close(int(sys.argv[2]))
command = sys.argv[sys.argv.index("--") + 1:]
os.execv(command[0], command)
"""
# bubblewrap's first process has Gajim for its child
PARENT = BWRAP.replace("os.execv(", "sys.exit(os.spawnv(os.P_WAIT, ").replace(
    "command)", "command))"
)


class Programs:
    """Stand for xdg-dbus-proxy and bubblewrap."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fifo = folder / "fifo"
        os.mkfifo(self.fifo)
        self._folder = folder
        self._monkeypatch = monkeypatch
        self.set(FILTER, BWRAP)

    def set(self, proxy: str, bwrap: str) -> None:
        for owner, name, text in (
            (buses, "PROXY", proxy),
            (files, "BWRAP", bwrap),
        ):
            path = self._folder / name
            path.write_text(text.replace("FIFO", str(self.fifo)))
            path.chmod(0o755)
            self._monkeypatch.setattr(owner, name, str(path))

    def stop_filter(self) -> None:
        self.fifo.write_text("end\n")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "programs"
    folder.mkdir()
    return Programs(folder, monkeypatch)


@pytest.fixture
def ready(machine: Machine, programs: Programs) -> Machine:
    """Programs are run, where the machine's answers are not asked for."""
    machine.answers[files.BWRAP] = (0, "")
    return machine


def run(machine: Machine, *command: str) -> int:
    system = machine.system({buses.SESSION_ADDRESS: ADDRESS, **os.environ})
    environment = {**os.environ, "HOME": str(machine.home)}
    return confinement.run(system, command, environment)


def is_tidy(machine: Machine) -> bool:
    return {path.name for path in machine.runtime.iterdir()} == {"tails-gajim"}


def test_the_exit_code_is_gajims(ready: Machine) -> None:
    assert run(ready, "/bin/sh", "-c", "exit 7") == 7
    assert is_tidy(ready)


def test_it_runs_in_the_environment_that_fits(ready: Machine, tmp_path: Path) -> None:
    run(ready, "/bin/sh", "-c", f'echo "$IBUS_USE_PORTAL" >{tmp_path}/said')
    assert (tmp_path / "said").read_text() == "1\n"


def test_without_the_filter_nothing_is_started(
    ready: Machine, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.set(NO_FILTER, BWRAP)
    with pytest.raises(NotConfined):
        run(ready, sys.executable, "-c", "raise SystemExit('started')")
    monkeypatch.setattr(buses, "PROXY", "/nonexistent")
    with pytest.raises(NotConfined, match="No such file"):
        run(ready, "/bin/false")
    assert is_tidy(ready)


def test_without_bubblewrap_nothing_is_started(ready: Machine) -> None:
    ready.answers[files.BWRAP] = (1, "")
    with pytest.raises(NotConfined, match="it failed"):
        run(ready, "/bin/false")
    assert is_tidy(ready)


def test_without_a_bus_nothing_is_started(ready: Machine) -> None:
    with pytest.raises(NotConfined, match="session bus"):
        confinement.run(ready.system(), ["/bin/false"], {})


def test_it_does_not_outlive_the_filter(
    ready: Machine,
    programs: Programs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(confinement, "_LAST_MOMENTS", 0.1)
    thread = threading.Thread(target=programs.stop_filter, daemon=True)
    thread.start()
    with pytest.raises(FilterStopped):
        run(ready, "/bin/sh", "-c", f"echo $$ >{tmp_path}/pid; exec sleep 1000")
    thread.join(10)
    assert is_tidy(ready)


@pytest.mark.parametrize("stopped", [False, True])
def test_the_end_of_the_filter_is_said_however_late_it_is_seen(stopped: bool) -> None:
    """A program that has lost its bus ends by itself, and both have ended by then."""
    reader, writer = os.pipe()
    gajim = subprocess.Popen(["/bin/true"])
    os.waitid(os.P_PID, gajim.pid, os.WEXITED | os.WNOWAIT)
    if stopped:
        os.close(writer)
        with pytest.raises(FilterStopped):
            confinement._wait(gajim, reader)
    else:
        confinement._wait(gajim, reader)
        os.close(writer)
    os.close(reader)
    gajim.wait()


WHO_IS_ASKED_TO_END = """\
import sys
from tests.unit.tails import test_confinement as here
from tails_integration.confinement import buses, files
from tests.unit.tails.machine import Machine
from pathlib import Path
buses.PROXY, files.BWRAP, folder, gajim = sys.argv[1:]
machine = Machine(Path(folder))
machine.answers[files.BWRAP] = (0, '')
sys.exit(here.run(machine, '/bin/sh', '-c', gajim))
"""


def test_a_request_to_end_is_for_gajim(programs: Programs, tmp_path: Path) -> None:
    programs.set(FILTER, PARENT)
    ready = tmp_path / "ready"
    gajim = f"trap 'exit 5' TERM; touch {ready}; while :; do sleep 0.1; done"
    child = subprocess.Popen(
        ["/usr/bin/python3", '-c', WHO_IS_ASKED_TO_END, buses.PROXY, files.BWRAP,
         tmp_path / 'machine', gajim],
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    try:
        wait_for("Gajim runs", ready.exists)
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 5
    finally:
        child.kill()
        child.wait()
