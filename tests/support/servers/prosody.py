# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Prosody on loopback, in a temporary folder, that logs what it sees."""

from __future__ import annotations

import base64
import html
import re
import socket
import subprocess
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from ..folders import files_below
from ..processes import Child
from ..processes import copy_tree
from ..processes import give_away
from ..processes import make_folder
from ..processes import unprivileged_ids
from ..waiting import wait_for

MODULES = Path(__file__).parent / "prosody_modules"
DOMAIN = "localhost"
ADDRESS = "127.0.0.1"

CONFIG = """pidfile = "{folder}/prosody.pid"
daemonize = false
data_path = "{folder}/data"
plugin_paths = {{ "{folder}/modules" }}
log = {{ info = "{folder}/prosody.log" }}
wire_log = "{folder}/wire.log"
wire_times = "{folder}/wire.times"
hostile_folder = "{folder}/hostile"
hang_up_folder = "{folder}/hang-up"
interfaces = {{ "{address}" }}
c2s_ports = {{ {c2s_port} }}
http_ports = {{ }}
http_interfaces = {{ "{address}" }}
https_ports = {{ {https_port} }}
https_interfaces = {{ "{address}" }}
https_ssl = {{ key = "{folder}/key.pem", certificate = "{folder}/certificate.pem" }}
http_default_host = "{domain}"
http_external_url = "https://{domain}:{https_port}/"
ssl = {{ key = "{folder}/key.pem", certificate = "{folder}/certificate.pem" }}
authentication = "internal_plain"
storage = "internal"
groups_file = "{folder}/groups"
default_archive_policy = true
max_archive_query_results = 50
archive_expires_after = "never"
storage_archive_item_limit = 100000
modules_enabled = {{
    "roster"; "saslauth"; "tls"; "disco"; "ping"; "time"; "version"; "groups";
    "carbons"; "mam"; "pep"; "blocklist"; "bookmarks"; "vcard4"; "vcard_legacy";
    "smacks"; "wire_log"; {more_modules}
}}
modules_disabled = {{ "s2s"; {without} }}
c2s_stanza_size_limit = {stanza_bytes_max}
VirtualHost "{domain}"
Component "rooms.{domain}" "muc"
    modules_enabled = {{ "muc_mam" }}
    restrict_room_creation = false
Component "files.{domain}" "http_file_share"
    http_host = "{domain}"
    http_file_share_access = {{ "{domain}" }}
    http_file_share_size_limit = {largest_file}
{more_hosts}"""

DEVICE_LISTS = (
    "eu.siacs.conversations.axolotl.devicelist",
    "urn:xmpp:omemo:2:devices",
)

# A port in this state listens; see proc_net_tcp(5).
LISTENING = "0A"


@dataclass(frozen=True)
class XmppAccount:
    """An account on the server."""

    name: str
    password: str
    domain: str = DOMAIN

    @property
    def jid(self) -> str:
        """The bare JID."""
        return f"{self.name}@{self.domain}"


def reserve_port() -> socket.socket:
    """A socket on a free port of loopback, which nobody else gets while it is open.

    It does not listen; the server does, which like this socket takes an address that
    is in use but not listened on.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((ADDRESS, 0))
    return reserved


def encoded(name: str) -> str:
    """A domain or a user's name as Prosody names its folder or file."""
    return "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in name)


class Prosody:
    """A server for some accounts that all have one another in their roster."""

    def __init__(
        self,
        folder: Path,
        names: Iterable[str],
        more_modules: Iterable[str] = (),
        *,
        domain: str = DOMAIN,
        address: str = ADDRESS,
        ports: tuple[int, int] | None = None,
        more_hosts: Mapping[str, Iterable[str]] | None = None,
        network: Path | None = None,
        without: Iterable[str] = (),
        roster_names: Mapping[str, str] | None = None,
        largest_file: int = 10 << 20,
        stanza_bytes_max: int = 256 * 1024,
    ) -> None:
        """Write the configuration; start() starts the server.

        :param names: of accounts at the domain
        :param address: where it listens
        :param ports: for clients and for HTTPS; any two that are free otherwise
        :param more_hosts: domains besides, and the names of the accounts there
        :param network: a network namespace to run in (then as root)
        :param without: modules of Prosody's that shall not be loaded
        :param roster_names: what some accounts are called in all rosters
        :param largest_file: bytes of an upload
        :param stanza_bytes_max: from a client; the default is Prosody's own
        """
        self.folder = make_folder(folder)
        self.domain = domain
        self.address = address
        self.network = network
        hosts = {domain: tuple(names), **(more_hosts or {})}
        self.accounts = {
            name: XmppAccount(name, f"password-of-{name}", host)
            for host, local in hosts.items()
            for name in local
        }
        # Tests beside this one, and what it connects itself, stay away from them
        self._reserved = [] if ports else [reserve_port(), reserve_port()]
        free: list[int] = [one.getsockname()[1] for one in self._reserved]
        self.c2s_port, self.https_port = ports or free
        self._more_modules = tuple(more_modules)
        self._child: Child | None = None
        self._write_accounts(roster_names or {})
        self._write_certificate(list(hosts))
        copy_tree(MODULES, self.folder / "modules")
        make_folder(self.folder / "hostile")
        make_folder(self.folder / "hang-up")
        config = CONFIG.format(
            folder=self.folder,
            address=address,
            domain=domain,
            more_hosts="".join(f'VirtualHost "{host}"\n' for host in more_hosts or ()),
            c2s_port=self.c2s_port,
            https_port=self.https_port,
            more_modules=" ".join(f'"{name}";' for name in self._more_modules),
            without=" ".join(f'"{name}";' for name in without),
            largest_file=largest_file,
            stanza_bytes_max=stanza_bytes_max,
        )
        self._config = self.folder / "prosody.cfg.lua"
        self._config.write_text(config)
        give_away(self.folder)

    @property
    def certificate(self) -> Path:
        """The server's certificate (PEM)."""
        return self.folder / "certificate.pem"

    @property
    def wire_log(self) -> Path:
        """Every stanza the server saw, one a line."""
        return self.folder / "wire.log"

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        argv = ["prosody", "-F", "--config", str(self._config)]
        if self.network is not None:
            uid, gid = unprivileged_ids()
            argv = [
                'nsenter', f'--net={self.network}', '--',
                'setpriv', f'--reuid={uid}', f'--regid={gid}', '--clear-groups', '--',
                *argv,
            ]  # fmt: skip
        self._child = Child(
            argv,
            log=self.folder / "output.log",
            environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
            folder=self.folder,
            as_root=self.network is not None,
        )
        wait_for("Prosody listens", self._listens, timeout=20)

    def stop(self) -> None:
        """Stop the server; its accounts, archives and logs stay."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def close(self) -> None:
        """Stop the server for good, and let others have its ports."""
        self.stop()
        for each in self._reserved:
            each.close()

    def hang_up(self, account: XmppAccount) -> None:
        """Close an account's connections without a word (module hang_up)."""
        path = self.folder / "hang-up" / account.name
        path.touch()
        wait_for("the server has hung up", lambda: not path.exists())

    def wire(self) -> str:
        """The traffic that the server saw so far."""
        if not self.wire_log.exists():
            return ""
        return self.wire_log.read_text(encoding="utf-8", errors="replace")

    def timed_wire(self) -> list[tuple[float, str]]:
        """The logged stanzas, each with the second since 1970 at which the server saw
        it."""
        times = (self.folder / "wire.times").read_text().split()
        # Those of which both are written
        lines = self.wire().split("\n")
        return [(float(t), line) for t, line in zip(times, lines, strict=False)]

    def stanzas_with(self, needle: str) -> list[str]:
        """The logged stanzas that contain a string."""
        return [line for line in self.wire().splitlines() if needle in line]

    def accepted_device_list(self, full_jid: str) -> bool:
        """Whether somebody has published an OMEMO 2 device list.

        Our plugin publishes it last, after its keys and the list of 0.3.
        """
        return any(
            line.startswith(f"> {full_jid} <iq ") and "type='result'" in line
            for line in self.stanzas_with("<publish node='urn:xmpp:omemo:2:devices'")
        )

    def delivered_device_list(self, owner: str, reader: str) -> bool:
        """Whether an owner's 0.3 device list was sent to a reader (bare JIDs)."""
        return any(
            line.startswith(f"> {reader}/")
            and f"from='{owner}'" in line
            and "node='eu.siacs.conversations.axolotl.devicelist'" in line
            and "<device " in line
            for line in self.stanzas_with("axolotl.devicelist")
        )

    def kept_in_node(self, account: XmppAccount, node: str) -> str:
        """The stored content of a PEP node of an account, as the server keeps it."""
        folder = self.folder / "data" / encoded(account.domain)
        name = encoded(account.name)
        return "".join(
            # Beside a list, Prosody 13 keeps an index, which is no text
            content.decode(errors="replace")
            for path, content in files_below(folder)
            if path.parent.name.startswith("pep")
            and path.name.startswith(name)
            # A file that Prosody is still writing, and will rename
            and not path.name.endswith("~")
            and node in unquote(str(path))
        )

    def listed_devices(self, account: XmppAccount) -> dict[str, frozenset[str]]:
        """The ids in an account's device lists, by the lists' nodes, as of now."""
        return {
            node: frozenset(
                re.findall(r'\["id"\] = "(\d+)"', self.kept_in_node(account, node))
            )
            for node in DEVICE_LISTS
        }

    def leaks(self, plaintext: str) -> list[str]:
        """The places where a plaintext is in the traffic or in the server's files, in
        any coding."""
        codings = {
            plaintext,
            html.escape(plaintext),
            base64.b64encode(plaintext.encode()).decode().rstrip("="),
            plaintext.encode().hex(),
        }
        needles = [coding.encode() for coding in codings]
        found = []
        for path, content in files_below(self.folder):
            # To take a large file apart line by line takes seconds
            if path.suffix == ".pem" or not any(one in content for one in needles):
                continue
            found += [
                f"{path.name}: {line}"
                for line in content.decode(errors="replace").splitlines()
                if any(coding in line for coding in codings)
            ]
        return found

    def _listens(self) -> bool:
        assert self._child is not None
        if not self._child.running:
            output = (self.folder / "output.log").read_text(errors="replace")
            raise RuntimeError(f"Prosody ended: {output}")
        # Not by trying: it may be in a network that we are not in
        table = Path(f"/proc/{self._child.pid}/net/tcp").read_text()
        sockets = [line.split() for line in table.splitlines()[1:]]
        return f"{self.c2s_port:04X}" in {
            local.rpartition(":")[2]
            for _number, local, _remote, state, *_rest in sockets
            if state == LISTENING
        }

    def _write_accounts(self, roster_names: Mapping[str, str]) -> None:
        for account in self.accounts.values():
            folder = self.folder / "data" / encoded(account.domain) / "accounts"
            folder.mkdir(parents=True, exist_ok=True)
            text = f'return {{ ["password"] = "{account.password}"; }};\n'
            (folder / f"{encoded(account.name)}.dat").write_text(text)
        members = [
            f"{account.jid}={roster_names.get(account.name, account.name.title())}\n"
            for account in self.accounts.values()
        ]
        (self.folder / "groups").write_text("[Friends]\n" + "".join(members))

    def _write_certificate(self, domains: Sequence[str]) -> None:
        names = [name for d in domains for name in (f"DNS:{d}", f"DNS:*.{d}")]
        subprocess.run(
            [
                'openssl', 'req', '-x509', '-newkey', 'ec',
                '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                '-days', '30', '-subj', f'/CN={self.domain}',
                '-addext', f'subjectAltName={",".join(names)}',
                '-keyout', str(self.folder / 'key.pem'),
                '-out', str(self.certificate),
            ],
            check=True,
            capture_output=True,
        )  # fmt: skip
