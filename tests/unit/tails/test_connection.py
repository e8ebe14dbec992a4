# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""nbxmpp, changed so that it connects by way of Tor: in processes of their own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]

BEGINNING = """
import json
import os
import sys
from pathlib import Path
from gi.repository import GLib
from nbxmpp.addresses import NoMoreAddresses, ServerAddresses
from nbxmpp.const import ConnectionProtocol, ConnectionType
from nbxmpp.structs import ProxyData
from tails_integration.gajim_patches import connection, srv
from tails_integration.gajim_patches.proxies import Proxies
from tails_integration.base.system import System
from tails_integration.base.tor import Identities

ours = Proxies(Identities(System(Path('/'), {}, 0)))
loop = GLib.MainLoop()
"""

RESOLVE = (
    BEGINNING
    + """
wanted = json.loads(sys.argv[1])
asked = []

def resolver(domain, proxy):
    asked.append([domain, proxy.host, proxy.username])
    if wanted['answer'] is None:
        return srv.NO_ANSWER
    return srv.SrvAnswer(tuple(srv.Server(*server) for server in wanted['answer']))

connection.install(ours, resolver)
addresses = ServerAddresses(wanted['domain'])
if wanted.get('custom'):
    addresses.set_custom_host((wanted['custom'], ConnectionProtocol.TCP,
                               ConnectionType.START_TLS))
addresses.set_proxy({
    'none': None,
    'direct': ProxyData('direct', '', None, None),
    'account': ours.of_account('alice'),
}[wanted.get('proxy', 'account')])

def resolved(*_signal):
    tried = []
    try:
        for address in addresses.get_next_address(
            [ConnectionType.DIRECT_TLS, ConnectionType.START_TLS],
            [ConnectionProtocol.TCP],
        ):
            tried.append([address.host, address.type.value, address.domain])
            assert address.proxy.host == '127.0.0.1:9050'
            users.add(address.proxy.username)
    except (NoMoreAddresses, RuntimeError):
        pass  # a generator makes the one out of the other
    print(json.dumps({'tried': tried, 'asked': asked, 'users': sorted(users),
                      'account': ours.of_account('alice').username,
                      'program': ours.of_program().username}))
    loop.quit()

users = set()
addresses.subscribe('resolved', resolved)
GLib.timeout_add_seconds(20, loop.quit)
GLib.idle_add(addresses.resolve)
loop.run()
"""
)


def resolve(**wanted: Any) -> dict[str, Any]:
    ended = subprocess.run(
        ["/usr/bin/python3", "-c", RESOLVE, json.dumps(wanted)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        timeout=60,
    )
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def test_the_server_is_not_the_domain() -> None:
    found = resolve(
        domain="example.org", answer=[["x.example.net", 5223, True], ["y", 5, False]]
    )
    assert found["tried"] == [
        ["x.example.net:5223", "DIRECT TLS", "example.org"],
        ["y:5", "START TLS", "example.org"],
        ["example.org:5222", "START TLS", "example.org"],
    ]
    assert found["asked"] == [["example.org", "127.0.0.1:9050", found["account"]]]
    assert found["users"] == [found["account"]]


def test_nobody_could_be_asked() -> None:
    tried = [host for host, _type, _d in resolve(domain="a.test", answer=None)["tried"]]
    assert tried[0] == "a.test:5222"
    assert "xmpp.a.test:5222" in tried


def test_an_onion_is_nobodys_business() -> None:
    found = resolve(domain="abc.onion", answer=[["evil.test", 5222, False]])
    assert found["asked"] == []
    assert found["tried"] == [["abc.onion:5222", "START TLS", "abc.onion"]]


def test_a_custom_host_is_enough() -> None:
    found = resolve(domain="a.test", custom="b.test:5", answer=[["evil.test", 1, True]])
    assert found["asked"] == []
    assert found["tried"] == [["b.test:5", "START TLS", "a.test"]]


@pytest.mark.parametrize("proxy", ["none", "direct"])
def test_without_a_proxy_it_is_tor(proxy: str) -> None:
    """As in the account wizard of Gajim 1.7."""
    found = resolve(domain="abc.onion", proxy=proxy, answer=[])
    assert found["tried"]
    assert found["users"] == [found["program"]]


SLOW = (
    BEGINNING
    + """
import socket
import threading
import time
from nbxmpp.addresses import ServerAddress
from nbxmpp.tcp import TCPConnection

listener = socket.create_server(('127.0.0.1', 0))

def serve():
    peer, _address = listener.accept()
    peer.recv(64)
    peer.sendall(b'\\5\\0')
    peer.recv(600)
    time.sleep(9)
    try:
        peer.sendall(b'\\5\\0\\0\\1\\0\\0\\0\\0\\0\\0')
        time.sleep(3)
    except OSError:
        pass

threading.Thread(target=serve, daemon=True).start()
if sys.argv[1] == 'patient':
    connection.install(ours)
proxy = ProxyData('socks5', '127.0.0.1:%d' % listener.getsockname()[1], None, None)
tcp = TCPConnection('test', ServerAddress(
    'a.test', None, 'abc.onion:5222', None, ConnectionProtocol.TCP,
    ConnectionType.START_TLS, proxy), None, None, None, None)
TCPConnection._on_connected = lambda self: say('connected')

def say(word, *_signal):
    print(word)
    sys.stdout.flush()
    os._exit(0)

tcp.subscribe('connection-failed', lambda *signal: say('failed'))
tcp.connect()
GLib.timeout_add_seconds(30, loop.quit)
loop.run()
"""
)


@pytest.mark.parametrize(
    ("how", "outcome"), [("patient", "connected"), ("as it is", "failed")]
)
def test_a_slow_onion_service(how: str, outcome: str) -> None:
    """The proxy answers after 9 seconds; nbxmpp alone waits 7."""
    ended = subprocess.run(
        ["/usr/bin/python3", "-c", SLOW, how],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        timeout=60,
    )
    assert ended.stdout.split() == [outcome]
