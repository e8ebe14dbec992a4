# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the server of a domain, through a SOCKS proxy."""

from __future__ import annotations

import inspect
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field

import pytest

from tails_integration import cli
from tails_integration.gajim_patches import connection
from tails_integration.gajim_patches import srv
from tails_integration.gajim_patches.srv import Record
from tails_integration.gajim_patches.srv import Server
from tails_integration.settings import servers

from .machine import Machine

dns_message = pytest.importorskip(
    "dns.message", reason="install python3-dnspython (tools/lib/packages/test.txt)"
)
pytest.importorskip(
    "socks", reason="install python3-socks (tools/lib/packages/test.txt)"
)

ZONE = """
_xmpps-client._tcp.example.org. 60 IN SRV 5 1 443 tls.example.net.
_xmpp-client._tcp.example.org. 60 IN SRV 5 1 5222 a.example.net.
_xmpp-client._tcp.example.org. 60 IN SRV 9 1 5269 b.example.net.
_xmpp-client._tcp.none.example. 60 IN SRV 0 0 0 .
"""

# Of what SOCKS 5 calls addresses (RFC 1928, 5)
BY_NAME = 3


@dataclass
class Proxy:
    """A SOCKS5 proxy that is a DNS server behind every address."""

    type: str = "socks5"
    host: str = "127.0.0.1"
    username: str = "name"
    password: str = "secret"
    works: bool = True
    asked: list[tuple[str, str, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            with connection:
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.recv(64)
        connection.sendall(b"\5\2")
        login = connection.recv(600)
        user = login[2 : 2 + login[1]].decode()
        password = login[3 + login[1] :].decode()
        connection.sendall(b"\1\0")
        request = connection.recv(600)
        assert request[3] == BY_NAME
        host = request[5:-2].decode()
        (port,) = struct.unpack(">H", request[-2:])
        self.asked.append((user, password, host, port))
        if not self.works:
            connection.sendall(b"\5\4\0\1\0\0\0\0\0\0")
            return
        connection.sendall(b"\5\0\0\1\0\0\0\0\0\0")
        while length := connection.recv(2):
            question = dns_message.from_wire(
                connection.recv(struct.unpack(">H", length)[0])
            )
            answer = dns_message.make_response(question)
            name = question.question[0].name.to_text()
            import dns.rrset

            for line in ZONE.strip().splitlines():
                owner, ttl, kind, type_, data = line.split(" ", 4)
                if owner == name:
                    answer.answer.append(
                        dns.rrset.from_text(owner, int(ttl), kind, type_, data)
                    )
            wire = answer.to_wire()
            connection.sendall(struct.pack(">H", len(wire)) + wire)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    proxy = Proxy()
    monkeypatch.setattr(srv, "PORT", proxy.port)
    yield proxy
    proxy.close()


def test_an_answer(proxy: Proxy) -> None:
    answer = srv.look_up("example.org", proxy)
    assert answer.was_given
    assert answer.servers == (
        Server("tls.example.net", 443, tls=True),
        Server("a.example.net", 5222, tls=False),
        Server("b.example.net", 5269, tls=False),
    )
    assert proxy.asked == [("name", "secret", "dns.quad9.net", 53)]


@pytest.mark.parametrize("domain", ["none.example", "unknown.example"])
def test_there_is_none(proxy: Proxy, domain: str) -> None:
    assert srv.look_up(domain, proxy) == srv.SrvAnswer()


def test_no_answer(proxy: Proxy) -> None:
    proxy.works = False
    assert srv.look_up("example.org", proxy) == srv.NO_ANSWER
    assert [host for _u, _p, host, _port in proxy.asked] == list(srv.RESOLVERS)


def test_by_default_nobody_is_asked(proxy: Proxy) -> None:
    assert srv.known("example.org", proxy) == srv.NO_ANSWER
    (server,) = srv.known("yax.im", proxy).servers
    assert server.host == "xmpp.yaxim.org"
    assert proxy.asked == []
    resolver = inspect.signature(connection.install).parameters["resolver"]
    assert resolver.default is srv.known


def test_the_user_opts_in(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    system = machine.system()
    for word, asks in (("status", False), ("ask", True), ("guess", False)):
        assert cli.main(["tails-gajim", "servers", word], system) == 0
        assert servers.may_ask(system) is asks
        assert ("through Tor" in capsys.readouterr().out) is asks


def test_order() -> None:
    records = [
        Record(9, 1, 1, "last", tls=True),
        Record(1, 1, 1, "second", tls=False),
        Record(1, 1, 1, "first", tls=True),
        Record(0, 1, 1, ".", tls=True),
    ]
    hosts = [server.host for server in srv.in_order(records)]
    assert hosts == ["first", "second", "last"]


def test_weight_is_a_chance() -> None:
    records = [Record(0, 90, 1, "often", tls=True), Record(0, 10, 1, "else", tls=True)]
    first = [srv.in_order(records)[0].host for _number in range(400)]
    assert 250 < first.count("often") < 400


def test_guesses_are_below_the_domain() -> None:
    for server in srv.guesses("example.org"):
        assert server.host.endswith("example.org")
