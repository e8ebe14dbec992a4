# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Tor network of our own, of real tor processes, and a Tor that uses it."""

from __future__ import annotations

import binascii
import contextlib
import re
import socket
import threading
from collections.abc import Iterable
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from ..processes import Child
from ..processes import make_folder
from ..processes import unprivileged_ids
from ..waiting import TooLate
from ..waiting import wait_for
from .machine import Machine

OR_PORT = 5000
DIR_PORT = 7000
# Four relays are the fewest with which onion services work.
AUTHORITIES = ("auth0", "auth1")
RELAYS = ("relay0", "relay1", "relay2")
EXITS = ("relay1", "relay2")
ONION = "onion"

# Everybody's; what a network so small and so young needs.
COMMON = """
TestingTorNetwork 1
AssumeReachable 1
ExtendAllowPrivateAddresses 1
PathsNeededToBuildCircuits 0.67
AvoidDiskWrites 1
DisableDebuggerAttachment 0
Log notice stdout
"""

AUTHORITY = """
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
ContactInfo nobody@invalid
TestingV3AuthInitialVotingInterval 5
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
V3AuthVotingInterval 10
V3AuthVoteDelay 2
V3AuthDistDelay 2
V3AuthNIntervalsValid 20
TestingDirAuthVoteExit *
TestingDirAuthVoteHSDir *
TestingDirAuthVoteGuard *
TestingMinExitFlagThreshold 0
ExitPolicy reject *:*
"""

EXIT = """
ExitRelay 1
ExitPolicyRejectPrivate 0
ExitPolicy accept *:*
ServerDNSDetectHijacking 0
ServerDNSAllowBrokenConfig 1
ServerDNSTestAddresses
ServerDNSResolvConfFile {resolv_conf}
"""

MIDDLE = """
ExitRelay 0
ExitPolicy reject *:*
"""

CLIENT = """
ClientRejectInternalAddresses 0
ClientDNSRejectInternalAddresses 0
"""


class TorNetwork:
    """Two authorities and three relays in one machine, each with an address."""

    def __init__(
        self, machine: Machine, folder: Path, addresses: Iterable[str], resolver: str
    ) -> None:
        """Make keys and configurations; start() starts the network.

        :param folder: the machine sees it under the same path
        :param addresses: five, all of them the machine's
        :param resolver: where exits look names up
        """
        self._machine = machine
        self._folder = make_folder(folder)
        self._names = (*AUTHORITIES, *RELAYS)
        self._addresses = dict(zip(self._names, addresses, strict=True))
        self._children: list[Child] = []
        self._onion: Control | None = None
        for name in (*self._names, ONION):
            make_folder(self._data(name)).chmod(0o700)
        resolv_conf = self._folder / "resolv.conf"
        resolv_conf.write_text(f"nameserver {resolver}\n")
        with ThreadPoolExecutor(len(AUTHORITIES)) as pool:
            lines = list(pool.map(self._make_authority, AUTHORITIES))
        # The options that every tor needs
        self.directory = "".join(f"DirAuthority {line}\n" for line in lines)
        for name in self._names:
            if name in AUTHORITIES:
                more = AUTHORITY + f"DirPort {self._addresses[name]}:{DIR_PORT}\n"
            elif name in EXITS:
                more = EXIT.format(resolv_conf=resolv_conf)
            else:
                more = MIDDLE
            self.write_torrc(
                name,
                f"Nickname {name}\nAddress {self._addresses[name]}\n"
                f"ORPort {self._addresses[name]}:{OR_PORT} IPv4Only\n"
                f"SocksPort 0\n{more}",
            )

    @property
    def endpoints(self) -> set[str]:
        """The addresses of the relays: all that a user's Tor talks to."""
        return set(self._addresses.values())

    def start(self) -> None:
        """Start all of them; wait_until_ready() waits for the network."""
        for name in self._names:
            self.start_tor(name)

    def wait_until_ready(self, timeout: float = 90) -> None:
        """Wait until there is a consensus with all relays in it.

        A client that starts before it is told that there is nothing, and asks
        again only after half a minute.
        """
        wait_for("the Tor network agrees on its relays", self._agrees, timeout, 0.2)

    def start_tor(self, name: str) -> None:
        """Start one tor whose configuration has been written."""
        data = self._data(name)
        self._children.append(
            self._machine.start(
                ["tor", "--defaults-torrc", "/dev/null", "-f", str(data / "torrc")],
                data / "tor.log",
                unprivileged_ids(),
                {"HOME": str(data)},
            )
        )

    def write_torrc(self, name: str, text: str) -> Path:
        """Write the configuration of a tor of this network; return its folder."""
        data = self._data(name)
        (data / "torrc").write_text(
            f"DataDirectory {data}\n{COMMON}{self.directory}{text}"
        )
        return data

    def serve_onion(self, ports: Mapping[int, tuple[str, int]]) -> str:
        """Make an onion service and return its name; publish_onion() opens it.

        :param ports: its ports, and where each of them leads to
        """
        lines = "".join(
            f"HiddenServicePort {port} {host}:{inner}\n"
            for port, (host, inner) in ports.items()
        )
        data = self._data(ONION)
        make_folder(data / "service").chmod(0o700)
        self.write_torrc(
            ONION,
            f"SocksPort 0\nDisableNetwork 1\n{CLIENT}"
            f"ControlSocket {data}/control\nCookieAuthentication 1\n"
            f"HiddenServiceDir {data}/service\n{lines}",
        )
        self.start_tor(ONION)
        hostname = data / "service" / "hostname"
        wait_for("the onion service has a name", lambda: _is_written(hostname))
        wait_for("its tor answers", lambda: _is_written(data / "control_auth_cookie"))
        self._onion = Control(data / "control", data / "control_auth_cookie")
        return hostname.read_text().strip()

    def publish_onion(self) -> None:
        """Let the onion service connect, now that the network is ready."""
        assert self._onion is not None
        self._onion.ask("SETCONF DisableNetwork=0")

    def wait_for_onion(self, timeout: float = 90) -> None:
        """Wait until clients can find the service; ask it once to try again."""
        onion = self._onion
        assert onion is not None

        def published() -> bool:
            return onion.uploads > 0

        try:
            wait_for("the onion service is published", published, timeout, 0.2)
        except TooLate:
            onion.ask("SIGNAL NEWNYM")
            onion.ask("SETCONF DisableNetwork=1")
            onion.ask("SETCONF DisableNetwork=0")
            wait_for("the onion service is published", published, timeout, 0.2)

    def _data(self, name: str) -> Path:
        return self._folder / name

    def _make_authority(self, name: str) -> str:
        """Make an authority's keys; return what a DirAuthority line says of it."""
        data = self._data(name)
        keys = make_folder(data / "keys")
        keys.chmod(0o700)
        address = self._addresses[name]
        self._machine.run(
            ['tor-gencert', '--create-identity-key', '--passphrase-fd', '0',
             '-m', '12', '-a', f'{address}:{DIR_PORT}',
             '-i', f'{keys}/authority_identity_key',
             '-s', f'{keys}/authority_signing_key',
             '-c', f'{keys}/authority_certificate'],
            unprivileged_ids(), given='nothing secret\n',
        )  # fmt: skip
        (data / "torrc").write_text(
            f"DataDirectory {data}\nNickname {name}\nORPort {address}:{OR_PORT}\n"
            "ContactInfo nobody@invalid\nExitRelay 0\n"
        )
        listed = self._machine.run(
            ['tor', '--defaults-torrc', '/dev/null', '-f', str(data / 'torrc'),
             '--quiet', '--list-fingerprint'],
            unprivileged_ids(), environment={'HOME': str(data)},
        )  # fmt: skip
        # The last line: its name, and ten groups of four digits
        fingerprint = "".join(listed.stdout.splitlines()[-1].split()[1:])
        certificate = (keys / "authority_certificate").read_text()
        found = re.search(r"^fingerprint ([0-9A-F]{40})$", certificate, re.MULTILINE)
        assert found is not None, certificate
        return (
            f"{name} orport={OR_PORT} no-v2 v3ident={found[1]}"
            f" {address}:{DIR_PORT} {fingerprint}"
        )

    def _agrees(self) -> bool:
        for child, name in zip(self._children, self._names, strict=False):
            if not child.running:
                log = (self._data(name) / "tor.log").read_text(errors="replace")
                raise RuntimeError(f"{name} ended: {log[-2000:]}")
        path = self._data(AUTHORITIES[0]) / "cached-microdesc-consensus"
        if not path.exists():
            return False
        # Relays that are there, but not with all that they are good for yet, would
        # do for nothing
        flags = re.findall(r"^s (.*)$", path.read_text(), re.MULTILINE)
        exits = [each for each in flags if " Exit " in f" {each} "]
        return len(flags) == len(self._names) and len(exits) >= len(EXITS)


def _is_written(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


@dataclass
class Stream:
    """One connection that a program asked Tor for."""

    target: str
    user: str = ""
    circuits: set[str] = field(default_factory=set)
    outcome: str = "NEW"
    reasons: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        """The host that was asked for, without the port."""
        return self.target.rpartition(":")[0].strip("[]")


class Control:
    """A connection to a tor's control socket that keeps count of streams."""

    def __init__(self, path: Path, cookie: Path) -> None:
        """Connect, and watch all streams and circuits from now on."""
        self.streams: dict[str, Stream] = {}
        self.circuits: dict[str, str] = {}
        self.uploads = 0
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self._answers: list[str] = []
        self._complete = threading.Condition()
        self._done: list[list[str]] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.ask(f"AUTHENTICATE {binascii.hexlify(cookie.read_bytes()).decode()}")
        self.ask("SETEVENTS STREAM CIRC HS_DESC")

    def ask(self, command: str, timeout: float = 20) -> list[str]:
        """Send a command; return the lines of the answer.

        :raises RuntimeError: when tor does not say 250
        """
        self._socket.sendall(f"{command}\r\n".encode())
        word, *_secrets = command.split()
        with self._complete:
            if not self._complete.wait_for(lambda: bool(self._done), timeout):
                raise RuntimeError(f"tor does not answer {word}")
            answer = self._done.pop(0)
        if not answer[-1].startswith("250"):
            raise RuntimeError(f"tor: {word}: {answer[-1]}")
        return [line[4:] for line in answer]

    def bootstrap(self) -> int:
        """The progress of Tor's bootstrap, in per cent."""
        answer = self.ask("GETINFO status/bootstrap-phase")[0]
        found = re.search(r"PROGRESS=(\d+)", answer)
        return int(found[1]) if found else 0

    def circuits_of(self, user: str) -> set[str]:
        """The circuits over which the streams of a SOCKS user went."""
        return {
            circuit
            for stream in list(self.streams.values())
            if stream.user == user
            for circuit in stream.circuits
        }

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self) -> None:
        answer: list[str] = []
        data = False
        try:
            for raw in self._lines:
                line = raw.rstrip("\r\n")
                if data:
                    data = line != "."
                elif line.startswith("650"):
                    self._event(line[4:])
                else:
                    answer.append(line)
                    data = line[3:4] == "+"
                    if line[3:4] == " ":
                        with self._complete:
                            self._done.append(answer)
                            self._complete.notify_all()
                        answer = []
        except (OSError, ValueError):
            return

    def _event(self, line: str) -> None:
        words = line.split()
        if words[0] == "CIRC":
            path = next((w for w in words[3:4] if w.startswith("$")), "")
            if path:
                self.circuits[words[1]] = path
        elif words[:2] == ["HS_DESC", "UPLOADED"]:
            self.uploads += 1
        elif words[0] == "STREAM":
            number, state, circuit, target = words[1:5]
            if state == "NEW":
                if "PURPOSE=USER" in words:
                    user = re.search(r'SOCKS_USERNAME="((?:[^"\\]|\\.)*)"', line)
                    self.streams[number] = Stream(target, user[1] if user else "")
            elif number in self.streams:
                self.streams[number].outcome = state
                self.streams[number].reasons += [
                    word for word in words[5:] if "REASON=" in word
                ]
                if circuit != "0":
                    self.streams[number].circuits.add(circuit)


# As in Tails, but for what needs its other programs, and what makes it ours.
TAILS_TORRC = """
SocksPort 127.0.0.1:9050 IsolateDestAddr IsolateDestPort
SocksPort 127.0.0.1:9062 IsolateDestAddr IsolateDestPort
SocksPort 127.0.0.1:9063
DNSPort 127.0.0.1:5353
AutomapHostsOnResolve 1
AutomapHostsSuffixes .exit,.onion
VirtualAddrNetworkIPv4 127.192.0.0/10
TransPort 127.0.0.1:9040
ControlSocket /var/lib/tor/control
CookieAuthentication 1
CookieAuthFile /var/lib/tor/control.authcookie
DataDirectory /var/lib/tor
DisableNetwork 1
"""


class TailsTor:
    """The Tor of a Tails, which waits for Tor Connection as it does there."""

    def __init__(
        self, machine: Machine, network: TorNetwork, ids: tuple[int, int], log: Path
    ) -> None:
        """Start it; it does not connect."""
        self._machine = machine
        etc = machine.files / "etc" / "tor"
        etc.mkdir(exist_ok=True)
        (etc / "torrc").write_text(TAILS_TORRC + COMMON + network.directory + CLIENT)
        self._log = log
        self._child = machine.start(["tor", "--defaults-torrc", "/dev/null"], log, ids)
        data = machine.files / "var" / "lib" / "tor"
        wait_for("the Tor of Tails answers", lambda: self._has(data / "control"))
        self.control = Control(data / "control", data / "control.authcookie")

    def connect(self, timeout: float = 60) -> None:
        """Do what Tor Connection does, and leave the mark that Tails leaves."""
        self.control.ask("SETCONF DisableNetwork=0")
        wait_for("Tor is ready", lambda: self.control.bootstrap() == 100, timeout, 0.1)
        self.set_mark(True)

    def set_mark(self, there: bool) -> None:
        """Make or remove the file by which programs see that Tor is ready."""
        folder = self._machine.files / "run" / "tor-has-bootstrapped"
        folder.mkdir(exist_ok=True)
        if there:
            (folder / "done").touch()
        else:
            (folder / "done").unlink(missing_ok=True)

    def _has(self, path: Path) -> bool:
        if not self._child.running:
            raise RuntimeError(self._log.read_text(errors="replace")[-2000:])
        return path.exists() and (path.parent / "control.authcookie").exists()
