# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Dino on a machine by itself: a name server, a server to chat on, and a SOCKS
proxy, all of them on loopback, and each keeps count."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tails_integration.base import tor

from ..folders import files_below
from ..gajim.display import ENVIRONMENT
from ..gajim.display import Display
from ..processes import Child
from ..servers.hosts import debian_root
from ..servers.prosody import Prosody
from ..servers.prosody import XmppAccount
from ..servers.root_copy import copy_root
from ..servers.root_copy import delete_root
from ..waiting import wait_for
from .firewall import SOCKS_PORTS
from .firewall import Firewall
from .machine import Machine
from .root import HOME
from .root import PREFIX
from .root import USER
from .root import USER_IDS

SUITE = "trixie"
LISTS = ("dino",)

DOMAIN = "chat.test"
ADDRESS = "127.0.0.1"
# For clients and for HTTPS
PORTS = (5222, 5443)
SOCKS_PORT = SOCKS_PORTS[0]

RUNTIME = Path(f"/run/user/{USER_IDS[0]}")
BUS = f"unix:path={RUNTIME}/bus"
DATA = HOME / ".local" / "share" / "dino"

# Of a table of the kernel's: who is connected, whereto, and whose it is
ESTABLISHED = "01"


class DinoMachine:
    """A context manager; nothing of it is left at the end."""

    def __init__(self, names: Iterable[str], folder: Path) -> None:
        """Start everything but Dino.

        :param names: of accounts at DOMAIN
        :param folder: for logs
        """
        self._logs = folder
        self._folder = Path(tempfile.mkdtemp(prefix="omemo-dino-"))
        self._folder.chmod(0o755)
        base = debian_root(SUITE, LISTS)
        prefix = f"{PREFIX}{os.getpid()}-"
        self.root = Path(tempfile.mkdtemp(prefix=prefix, dir=base.parent))
        self._display = Display(folder)
        self._dino: Child | None = None
        self._started = 0
        self._prepare(base)
        self.machine = Machine(
            "dino", self.root, folder, ["/tmp/.X11-unix:/tmp/.X11-unix"]
        )
        try:
            self.server = Prosody(
                self._folder / "server",
                names,
                domain=DOMAIN,
                address=ADDRESS,
                ports=PORTS,
                network=self.machine.network,
            )
            self._begin()
        except BaseException:
            self.close()
            raise

    def _prepare(self, base: Path) -> None:
        self.root.chmod(0o755)
        copy_root(base, self.root)
        etc = self.root / "etc"
        with (etc / "passwd").open("a") as file:
            file.write(f"{USER}:x:{USER_IDS[0]}:{USER_IDS[1]}::{HOME}:/bin/sh\n")
        for name, text in (
            ("hosts", f"{ADDRESS}\tlocalhost\n"),
            ("resolv.conf", f"nameserver {ADDRESS}\n"),
        ):
            (etc / name).unlink(missing_ok=True)
            (etc / name).write_text(text)
        home = self.root / HOME.relative_to("/")
        home.mkdir(mode=0o700, parents=True)
        os.chown(home, *USER_IDS)

    def _begin(self) -> None:
        files = self.machine.files
        # Without an address but 127.0.0.1 glibc asks for no names
        self.machine.run(["ip", "address", "add", "10.12.0.1/24", "dev", "lo"])
        runtime = files / RUNTIME.relative_to("/")
        runtime.mkdir(mode=0o700, parents=True)
        os.chown(runtime, *USER_IDS)
        trusted = files / "etc/ssl/certs/ca-certificates.crt"
        with trusted.open("a") as file:
            file.write(self.server.certificate.read_text())
        self._tor = (files / "var" / "lib" / "tor").stat().st_uid
        programs = files / "srv"
        for name in ("names.py", "socks.py"):
            shutil.copy(Path(__file__).with_name(name), programs / name)
        self.machine.start(
            ['/usr/bin/python3', '/srv/names.py', ADDRESS, f'{DOMAIN}={ADDRESS}',
             f'_xmpp-client._tcp.{DOMAIN}={DOMAIN}:{PORTS[0]}'],
            self._logs / 'names.log',
        )  # fmt: skip
        self.machine.start(
            ["/usr/bin/python3", "/srv/socks.py", f"{SOCKS_PORT}", ADDRESS],
            self._logs / "socks.log",
            (self._tor, self._tor),
        )
        self.server.start()
        self.machine.start(
            ["dbus-daemon", "--session", "--nofork", f"--address={BUS}"],
            self._logs / "bus.log",
            USER_IDS,
            self._environment(),
        )
        wait_for("there is a session bus", (runtime / "bus").exists)

    def __enter__(self) -> DinoMachine:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything, and delete it."""
        machine = getattr(self, "machine", None)
        server = getattr(self, "server", None)
        if server is not None:
            server.stop()
        if machine is not None:
            machine.stop()
        self._display.stop()
        delete_root(self.root)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(HOME),
            "USER": USER,
            "DISPLAY": self._display.name,
            "XDG_RUNTIME_DIR": str(RUNTIME),
            "DBUS_SESSION_BUS_ADDRESS": BUS,
            **ENVIRONMENT,
        }

    # -- Dino

    @property
    def data(self) -> Path:
        """Where Dino keeps what it keeps, from out here."""
        # SQLite follows the link that machine.files begins with, to what it is in there
        return self.root / DATA.relative_to("/")

    def start(self, *, proxied: bool) -> None:
        """Start Dino.

        :param proxied: with the SOCKS proxy in its environment
        """
        self._started += 1
        log = self._logs / f"dino-{self._started}.log"
        # As for Gajim; Dino knows no other way to name a proxy
        environment = self._environment() | (tor.environment() if proxied else {})
        self._dino = self.machine.start(["dino"], log, USER_IDS, environment)

    def stop(self) -> None:
        """End it, as at the end of a session."""
        assert self._dino is not None
        self._dino.stop()
        numbers = [
            str(number)
            for number, text in self.machine.processes(USER_IDS).items()
            if text.split()[0].endswith("dino")
        ]
        self.machine.run(["kill", "-TERM", *numbers], check=False)
        wait_for("Dino has ended", lambda: not self._is_there())

    def _is_there(self) -> bool:
        texts = self.machine.processes(USER_IDS).values()
        return any(text.split()[0].endswith("dino") for text in texts)

    def add_accounts(self, accounts: Sequence[XmppAccount]) -> None:
        """Write accounts where Dino's own window for them writes them, while it does
        not run. It has to have run once."""
        with closing(sqlite3.connect(self.data / "dino.db")) as database, database:
            database.executemany(
                "INSERT INTO account (bare_jid, resourcepart, password, enabled)"
                " VALUES (?, ?, ?, 1)",
                [(one.jid, f"dino-{one.name}", one.password) for one in accounts],
            )

    def show_chat(self, jid: str) -> None:
        """Open the chat with somebody as a link does."""
        self.machine.run(
            ["dino", f"xmpp:{jid}?message"],
            USER_IDS,
            environment=self._environment(),
        )

    def open(self, link: str) -> None:
        """Have Dino open a link."""
        self.machine.run(["dino", link], USER_IDS, environment=self._environment())

    def type(self, text: str) -> None:
        """Type into its window, and press Enter."""
        found = self._xdotool("search", "--onlyvisible", "--name", ".")
        self._xdotool("windowfocus", "--sync", found.split()[-1])
        self._xdotool("type", "--delay", "30", text)
        self._xdotool("key", "Return")

    def _xdotool(self, *words: str) -> str:
        done = self.machine.run(
            ["xdotool", *words], USER_IDS, environment=self._environment(), check=False
        )
        return done.stdout

    def picture(self, path: Path) -> None:
        """Take a picture of the screen."""
        self._display.screenshot(path)

    def is_online(self, account: XmppAccount) -> bool:
        """Whether the server has seen Dino's presence for an account, now or before."""
        start = f"< {account.jid}/"
        return any(
            line.startswith(start) and "<presence" in line
            for line in self.server.wire().splitlines()
        )

    def rows(self, database: str, query: str) -> list[tuple[object, ...]]:
        """Ask one of Dino's databases something."""
        with closing(sqlite3.connect(self.data / database)) as connection:
            return connection.execute(query).fetchall()

    def files_with(self, text: str) -> set[str]:
        """Dino's files in which something stands in clear."""
        return {
            path.name
            for path, content in files_below(self.data)
            if text.encode() in content
        }

    # -- what went where

    def names_asked(self) -> list[str]:
        """The names that were looked up, in their order."""
        return (self._logs / "names.log").read_text().split()

    def proxied(self) -> list[tuple[str, str, int]]:
        """The connections that the proxy was asked for: user, host and port."""
        lines = (self._logs / "socks.log").read_text().splitlines()
        words = [line.split() for line in lines]
        return [(user, host, int(port)) for user, host, port in words]

    def direct(self) -> int:
        """How many connections Dino has to the server, past the proxy."""
        table = self.machine.run(["cat", "/proc/net/tcp"]).stdout
        lines = [line.split() for line in table.splitlines()[1:]]
        return sum(
            line[2].endswith(f":{PORTS[0]:04X}")
            and line[3] == ESTABLISHED
            and line[7] == str(USER_IDS[0])
            for line in lines
        )

    def put_up_firewall(self) -> Firewall:
        """That of Tails: from now on there is the proxy, and nothing else."""
        return Firewall(self.machine, USER_IDS[0], self._tor)
