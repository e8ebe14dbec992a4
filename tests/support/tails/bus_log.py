# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system bus of a machine, and everything that is said on its buses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from ..waiting import wait_for
from .bus_rules import BUS
from .bus_rules import Message
from .bus_rules import messages
from .machine import ROOT_IDS
from .machine import Machine
from .root import USER_IDS

# Through it comes all that Gajim says and hears
FILTER = "xdg-dbus-proxy"

_DESKTOP = Path(__file__).with_name("desktop.py").read_text()
_SERVICES = Path(__file__).with_name("system_services.py").read_text()

_SYSTEM_BUS = Path("/run/dbus/system_bus_socket")
_CONFIG = f"""\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={_SYSTEM_BUS}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def start_system_bus(machine: Machine, folder: Path) -> None:
    """Start one with stand-ins for NetworkManager and logind; it ends with the machine.

    :param folder: for logs
    """
    place = machine.files / _SYSTEM_BUS.relative_to("/")
    place.parent.mkdir(exist_ok=True)
    (place.parent / "system.conf").write_text(_CONFIG)
    machine.start(
        ["dbus-daemon", f"--config-file={_SYSTEM_BUS.parent}/system.conf", "--nofork"],
        folder / "system-bus.log",
    )
    wait_for("there is a system bus", place.exists)
    log = folder / "system-services.log"
    machine.start(["/usr/bin/python3", "-c", _SERVICES], log)
    wait_for("there are services", lambda: "ready" in _text(log))


class BusLog:
    """Listens to the session bus, to the one for accessibility, which it starts, and to
    the system bus; it ends with the machine."""

    def __init__(
        self,
        machine: Machine,
        environment: Mapping[str, str],
        folder: Path,
        *,
        system: bool,
    ) -> None:
        """Begin to listen.

        :param environment: names the session bus
        :param folder: for what is heard
        :param system: whether there is a system bus
        """
        self._machine = machine
        self._environment = environment
        self._files: dict[str, Path] = {}
        for bus in ("session", "accessibility", *(["system"] if system else ())):
            address = self._desktop("address", bus).strip()
            file = folder / f"{bus}-bus.txt"
            machine.start(
                ["dbus-monitor", "--address", address, "--profile"],
                file,
                # Who may listen is who has started it
                ROOT_IDS if bus == "system" else USER_IDS,
                environment,
            )
            self._files[bus] = file
        for bus, file in self._files.items():
            wait_for(f"somebody hears the {bus} bus", partial(_text, file))

    def messages(self) -> list[Message]:
        """What Gajim has said, and what was said to it, on all of its connections that
        there are now; each kind once."""
        found: dict[Message, None] = {}
        for bus, file in self._files.items():
            names = self._desktop("connections", bus, FILTER).split()
            assert names, f"Gajim is not on the {bus} bus"
            found |= dict.fromkeys(messages(_text(file).splitlines(), bus, names))
        # The filter itself asks the bus so; libraries name the bus' own path
        return [one for one in found if (one.path, one.peer) != ("/", BUS)]

    def _desktop(self, *words: str) -> str:
        done = self._machine.run(
            ["/usr/bin/python3", "-c", _DESKTOP, *words],
            USER_IDS,
            environment=self._environment,
        )
        return done.stdout


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
