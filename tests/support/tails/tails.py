# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Tails that runs: its firewall, its Tor, and someone who watches its cable."""

from __future__ import annotations

import os
from collections.abc import Iterable
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..gajim.display import ENVIRONMENT
from ..gajim.display import Display
from ..processes import Child
from ..waiting import wait_for
from .bus_log import BusLog
from .bus_log import start_system_bus
from .capture import Packet
from .capture import packets
from .clock import Clock
from .firewall import SOCKS_PORTS
from .firewall import Counts
from .firewall import Firewall
from .internet import Internet
from .machine import Machine
from .persistence import PersistentStorage
from .root import HOME
from .root import USER
from .root import USER_IDS
from .root import TailsRoot
from .screen import Screen
from .services import ENVIRONMENT as SERVICES_ENVIRONMENT
from .services import Services
from .tor import Stream
from .tor import TailsTor
from .wayland import Compositor
from .wayland import WaylandScreen

LOOPBACK = 1  # the number of lo, in every network
WATCH = "/run/watch"
# Of the user's session, where all programs share one
BUS = Path(f"/run/user/{USER_IDS[0]}/bus")

# By this name Tor is asked whether it reaches somebody
PROBE_USER = "probe"

# Asks Tor for a connection, and ends with what it answers (0 for success)
PROBE = """
import socket, struct, sys
user, host, port = sys.argv[1].encode(), sys.argv[2].encode(), int(sys.argv[3])
with socket.create_connection(('127.0.0.1', 9062), 5) as tor:
    tor.settimeout(30)
    tor.sendall(bytes((5, 1, 2)))
    assert tor.recv(2) == bytes((5, 2))
    tor.sendall(bytes((1, len(user))) + user + bytes((1,)) + b'x')
    assert tor.recv(2) == bytes((1, 0))
    tor.sendall(bytes((5, 1, 0, 3, len(host))) + host + struct.pack('>H', port))
    sys.exit(tor.recv(10)[1])
"""


class Tails:
    """One session of a Tails, from the Welcome Screen to the shutdown."""

    def __init__(
        self,
        root: TailsRoot,
        internet: Internet,
        folder: Path,
        storage: PersistentStorage | None = None,
        *,
        wayland: bool = False,
        services: bool = False,
        clock: int = 0,
    ) -> None:
        """Start it, with a new home; Tor waits for Tor Connection.

        :param folder: for its logs
        :param storage: its Persistent Storage, unlocked at the Welcome Screen
        :param wayland: whether its desktop is one; there is an X server all the same
        :param services: whether all that the programs use of a desktop on X11 is there
        :param clock: how many seconds it is ahead
        """
        self.root = root
        self.internet = internet
        self.folder = folder
        self.storage = storage
        self.last_counts: Counts | None = None
        self.services: Services | None = None
        self.bus_log: BusLog | None = None
        self._with_services = services
        self.clock = Clock(root.path, clock) if clock else None
        folder.mkdir(parents=True, exist_ok=True)
        root.forget()
        self._display = Display(folder)
        self._compositor = Compositor(root.path, folder) if wayland else None
        # In the machine only root sees it
        self._watch = folder / "watch"
        self._watch.mkdir(mode=0o700)
        binds = [
            *root.binds,
            "/tmp/.X11-unix:/tmp/.X11-unix",
            f"{self._watch}:{WATCH}",
        ]
        if storage is not None:
            binds.append(storage.bind)
        self.machine = Machine("tails", root.path, folder, binds)
        try:
            self._set_up()
            self.screen = self._make_screen()
        except BaseException:
            self.shut_down()
            raise

    def _set_up(self) -> None:
        files = self.machine.files
        runtime = files / "run" / "user" / str(USER_IDS[0])
        runtime.mkdir(parents=True, mode=0o700)
        os.chown(runtime, *USER_IDS)
        tor = (files / "var" / "lib" / "tor").stat()
        self._tor_ids = tor.st_uid, tor.st_gid
        # First of all those who watch
        self.firewall = Firewall(self.machine, USER_IDS[0], tor.st_uid)
        self._capture = self._start_capture()
        self.internet.plug_in(self.machine)
        if self.storage is not None:
            self.storage.unlock(self.machine)
        self.tor = TailsTor(
            self.machine, self.internet.tor, self._tor_ids, self.folder / "tor.log"
        )

    def _make_screen(self) -> Screen | WaylandScreen:
        if self._compositor is not None:
            self._start_bus()
            return WaylandScreen(self.machine, self._compositor, self.environment())
        if self._with_services:
            self._start_bus()
            self.services = Services(self.machine, self.environment(), self.folder)
        return Screen(self.machine, self._display)

    def _start_bus(self) -> None:
        bus = self.machine.files / BUS.relative_to("/")
        self.machine.start(
            ["dbus-daemon", "--session", "--nofork", f"--address=unix:path={BUS}"],
            self.folder / "bus.log",
            USER_IDS,
            self.environment(),
        )
        wait_for("there is a session bus", bus.exists)
        if self._with_services:
            start_system_bus(self.machine, self.folder)
        self.bus_log = BusLog(
            self.machine,
            self.environment(),
            self.folder,
            system=self._with_services,
        )

    @property
    def is_wayland(self) -> bool:
        """Whether the desktop is a Wayland desktop."""
        return self._compositor is not None

    @property
    def running(self) -> bool:
        """Whether the session has not ended."""
        return self.machine.running

    @property
    def capture_file(self) -> Path:
        """Every packet on every interface of the machine (pcap)."""
        return self._watch / "tails.pcap"

    @property
    def home(self) -> Path:
        """The user's home, as this program sees it."""
        return self.machine.files / HOME.relative_to("/")

    def environment(self) -> dict[str, str]:
        """The environment of the user's programs."""
        common = {
            "HOME": str(HOME),
            "USER": USER,
            "LOGNAME": USER,
            "DISPLAY": self._display.name,
            "XDG_RUNTIME_DIR": f"/run/user/{USER_IDS[0]}",
            "XDG_CURRENT_DESKTOP": "GNOME",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONFAULTHANDLER": "1",
        }
        bus = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={BUS}"}
        if self._compositor is None:
            if not self._with_services:
                return {**common, **ENVIRONMENT}
            common |= {**ENVIRONMENT, **SERVICES_ENVIRONMENT, **bus}
            del common["NO_AT_BRIDGE"]
            return common
        return {
            **common,
            **bus,
            "WAYLAND_DISPLAY": self._compositor.name,
            "GSK_RENDERER": "cairo",
            "GSETTINGS_BACKEND": "memory",
            "GTK_A11Y": "atspi",
        }

    def start(self, argv: list[str], log: Path) -> Child:
        """Start a program of the user's; on X11 with a session bus of its own where
        there are no services."""
        shared = self.is_wayland or self._with_services
        bus = [] if shared else ["dbus-run-session", "--"]
        return self.machine.start([*bus, *argv], log, USER_IDS, self.environment())

    def trust(self, certificate: Path) -> None:
        """Take a server's certificate for one that somebody trusted has signed."""
        trusted = self.machine.files / "etc/ssl/certs/ca-certificates.crt"
        text = trusted.read_text() + certificate.read_text()
        # The roots may share their files
        trusted.unlink()
        trusted.write_text(text)

    def connect_tor(self, hosts: Iterable[str], port: int = 5222) -> None:
        """Do what Tor Connection does, and wait until Tor reaches these hosts.

        A young network's first circuits may fail, and an onion service may take
        its time; whoever runs Gajim would try again, this does it for them. After
        each failure Tor forgets what it tried, an onion service's descriptor too.
        """
        self.tor.connect()
        for host in hosts:
            wait_for(f"Tor reaches {host}", partial(self._reaches, host, port), 240)

    def _reaches(self, host: str, port: int) -> bool:
        reached = self._is_answered(host, port)
        if not reached:
            self.tor.control.ask("SIGNAL NEWNYM")
        return reached

    def _is_answered(self, host: str, port: int) -> bool:
        done = self.machine.run(
            ["/usr/bin/python3", "-c", PROBE, PROBE_USER, host, str(port)],
            self._tor_ids,
            check=False,
        )
        return done.returncode == 0

    # -- what left the machine, or wanted to

    def counts(self) -> Counts:
        """The packets that the firewall has counted."""
        self.last_counts = self.firewall.counts()
        return self.last_counts

    def strays(self) -> list[Packet]:
        """The packets seen anywhere that are not of Tor or to its SOCKS port."""
        return [packet for packet in self._packets() if not self._belongs(packet)]

    def streams(self) -> list[Stream]:
        """The connections for which the user's programs have asked Tor."""
        streams = list(self.tor.control.streams.values())
        return [stream for stream in streams if stream.user != PROBE_USER]

    def packet_count(self) -> int:
        """Count the packets that were captured, to know that capturing works."""
        return sum(1 for _packet in self._packets())

    def _packets(self) -> Iterator[Packet]:
        return packets(self.capture_file)

    def _belongs(self, packet: Packet) -> bool:
        if packet.protocol != "tcp":
            return False
        if packet.interface == LOOPBACK:
            ports = {packet.source_port, packet.target_port}
            return packet.source == packet.target == "127.0.0.1" and bool(
                ports & set(SOCKS_PORTS)
            )
        relays = self.internet.tor.endpoints
        return packet.source in relays or packet.target in relays

    def _start_capture(self) -> Child:
        # In there, so that it ends with the machine
        program = self._watch / "capture.py"
        program.write_bytes(Path(__file__).with_name("capture.py").read_bytes())
        child = self.machine.start(
            ["/usr/bin/python3", f"{WATCH}/capture.py", f"{WATCH}/tails.pcap"],
            self.folder / "capture.log",
        )
        wait_for(
            "the capture runs",
            lambda: self.capture_file.exists() and self.capture_file.stat().st_size,
        )
        return child

    # -- the end

    def shut_down(self) -> None:
        """End the session, as a pulled stick does; more than once is the same."""
        if not self.running:
            return
        tor = getattr(self, "tor", None)
        if tor is not None:
            self.counts()
            tor.control.close()
        screen = getattr(self, "screen", None)
        if isinstance(screen, WaylandScreen):
            screen.close()
        self.machine.stop()
        if self.clock is not None:
            self.clock.remove()
        self._display.stop()
        if self._compositor is not None:
            self._compositor.stop()
