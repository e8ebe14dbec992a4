# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that is outside a Tails: a Tor network, and a server to talk on."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from collections.abc import Iterable
from pathlib import Path
from typing import Generic
from typing import TypeVar

from ..gajim.bundle import build_bundle
from ..gajim.program import Gajim
from ..processes import unprivileged_ids
from ..servers.hosts import Host
from ..servers.hosts import machine_suite
from ..servers.prosody import Prosody
from .machine import Machine
from .machine import connect
from .tor import TorNetwork

RELAY_ADDRESSES = tuple(f"10.11.0.{number}" for number in range(1, 6))
SERVER_ADDRESS = "10.11.1.1"
RESOLVER_ADDRESS = "10.11.1.53"
# By name, and so through an exit
DOMAIN = "chat.test"
# Another one on the same server, which only an SRV record says
DOMAIN_BY_SRV = "office.test"
# Whom our integration asks for these records, by way of Tor
PUBLIC_RESOLVERS = ("dns.quad9.net", "one.one.one.one")
# For clients and for HTTPS. Gajim looks for host-meta there; if nobody answered, a
# network so small would give up on the whole address
PORTS = (5222, 443)
# In bytes
LARGEST_FILE = 128 << 20


T = TypeVar("T")


class Beside(Generic[T]):
    """What takes a while and is done while something else is."""

    def __init__(self, call: Callable[[], T]) -> None:
        """Begin to call a function."""
        self._call = call
        self._results: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def result(self) -> T:
        """Wait for what the function returns; what it raises is raised here."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:
            self._error = error


class Internet:
    """A machine with everything in it; close() ends it."""

    def __init__(
        self,
        root: Path,
        folder: Path,
        names: Iterable[str],
        names_by_srv: Iterable[str] = (),
        onion_names: Iterable[str] = (),
    ) -> None:
        """Start everything; wait_until_ready() waits for it.

        :param root: a Debian with tor in it
        :param folder: for keys, logs and data
        :param names: of accounts at DOMAIN
        :param names_by_srv: of accounts at DOMAIN_BY_SRV
        :param onion_names: of accounts at the onion service
        """
        self.folder = folder
        self._cables = itertools.count(1)
        self.machine = Machine("internet", root, folder, [f"{folder}:{folder}"])
        try:
            for address in (*RELAY_ADDRESSES, SERVER_ADDRESS, RESOLVER_ADDRESS):
                self.machine.run(["ip", "address", "add", address, "dev", "lo"])
            # Nobody here has root's rights, and some have ports below 1024
            self.machine.run(
                ["sh", "-c", "echo 53 >/proc/sys/net/ipv4/ip_unprivileged_port_start"]
            )
            program = folder / "names.py"
            program.write_bytes(Path(__file__).with_name("names.py").read_bytes())
            self.machine.start(
                ['/usr/bin/python3', str(program), RESOLVER_ADDRESS,
                 f'{DOMAIN}={SERVER_ADDRESS}',
                 f'_xmpp-client._tcp.{DOMAIN_BY_SRV}={DOMAIN}:{PORTS[0]}',
                 *(f'{name}={RESOLVER_ADDRESS}' for name in PUBLIC_RESOLVERS)],
                folder / 'names.log',
                unprivileged_ids(),
            )  # fmt: skip
            self.tor = TorNetwork(
                self.machine, folder / "tor", RELAY_ADDRESSES, RESOLVER_ADDRESS
            )
            self.tor.start()
            self.onion = self.tor.serve_onion(
                {port: (SERVER_ADDRESS, port) for port in PORTS}
            )
            self.server = Prosody(
                folder / "server",
                names,
                domain=DOMAIN,
                address=SERVER_ADDRESS,
                ports=PORTS,
                more_hosts={DOMAIN_BY_SRV: names_by_srv, self.onion: onion_names},
                network=self.machine.network,
                largest_file=LARGEST_FILE,
            )
            self.server.start()
        except BaseException:
            self.close()
            raise

    def wait_until_ready(self) -> None:
        """Wait until Tor clients can reach the server, by name and as an onion."""
        self.tor.wait_until_ready()
        self.tor.publish_onion()
        self.tor.wait_for_onion()

    def plug_in(self, machine: Machine) -> None:
        """Give another machine a cable to here, and nothing but that."""
        number = next(self._cables)
        network = f"10.11.{100 + number}"
        connect(machine, self.machine, (f"{network}.2/24", f"{network}.1/24"))

    def gajim(self, name: str, artefacts: Path) -> Gajim:
        """An ordinary Gajim out here with our plugin; it is not started.

        :param name: of its account
        """
        gajim = Gajim(
            name,
            Host(machine_suite(), network=self.machine.network),
            self.server,
            self.server.accounts[name],
            self.folder / name,
            artefacts,
            plugins={"omemo": False},
            trusts_server=True,
            bundle=build_bundle(self.folder),
        )
        # No exit is asked for it then
        gajim.know_hosts({DOMAIN: SERVER_ADDRESS})
        return gajim

    def names_asked(self) -> list[str]:
        """The names that were looked up here: by exits, unless something leaks."""
        return (self.folder / "names.log").read_text().split()

    def close(self) -> None:
        """End all of it."""
        server = getattr(self, "server", None)
        if server is not None:
            server.stop()
        self.machine.stop()
