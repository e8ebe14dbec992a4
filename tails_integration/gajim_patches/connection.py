# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connects to XMPP servers through Tor.

nbxmpp needs three changes for it. Without a proxy it looks up names and connects
directly, and the account wizard of Gajim 1.7 gives it no proxy. With a proxy it
tries only one address, the domain at port 5222 (addresses.py). And its timeout is 7
seconds until the proxy has answered (tcp.py), which is too short for the first
connection to an onion service.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Sequence

from . import srv
from .patching import Function
from .patching import wrap_method
from .protocols import Addresses
from .protocols import GajimConnection
from .protocols import GajimProxy
from .proxies import Proxies

# Tor itself gives up after two minutes (SocksTimeout, tor(1))
CONNECT_SECONDS = 125

Resolver = Callable[[str, GajimProxy], srv.SrvAnswer]


def install(proxies: Proxies, resolver: Resolver = srv.known) -> None:
    """Change nbxmpp's addresses and its connection.

    :param resolver: finds a domain's servers, if it asks somebody then through the
        proxy; called in a thread of its own
    """
    from nbxmpp.addresses import ServerAddresses
    from nbxmpp.tcp import TCPConnection

    def patient(old: Function) -> Function:
        def __init__(  # noqa: N807
            self: GajimConnection, *arguments: object, **more: object
        ) -> None:
            old(self, *arguments, **more)
            self._client.set_timeout(CONNECT_SECONDS)

        return __init__

    def through_tor(old: Function) -> Function:
        def resolve(self: Addresses) -> None:
            if not proxies.is_ours(self._proxy):
                self.set_proxy(proxies.of_program())
            if self._is_resolved or self._custom_host is not None:
                old(self)
                return
            if self._domain is None or self._domain.endswith(".onion"):
                # The DNS has no records of onion services, and must not be asked
                old(self)
                return
            _look_up(self, self._domain, resolver, lambda: old(self))

        return resolve

    wrap_method(TCPConnection, "__init__", patient)
    wrap_method(ServerAddresses, "resolve", through_tor)


def _look_up(
    addresses: Addresses, domain: str, resolver: Resolver, go_on: Callable[[], None]
) -> None:
    from gi.repository import GLib

    def finish(answer: srv.SrvAnswer) -> bool:
        _add(addresses, domain, answer)
        go_on()
        return bool(GLib.SOURCE_REMOVE)

    def work() -> None:
        GLib.idle_add(finish, resolver(domain, addresses._proxy))

    threading.Thread(target=work, daemon=True).start()


def _add(addresses: Addresses, domain: str, answer: srv.SrvAnswer) -> None:
    """Put the servers of the answer first; without an answer, put guesses last.

    A server has to show a certificate for the domain itself, so a wrong address is
    not a danger (RFC 6120, 13.7.2.1).
    """
    if answer.was_given:
        addresses._addresses[:0] = _as_addresses(domain, answer.servers)
        return
    guesses = srv.guesses(domain)
    addresses._fallback_addresses += _as_addresses(domain, guesses)


def _as_addresses(domain: str, servers: Sequence[srv.Server]) -> list[object]:
    from nbxmpp.addresses import ServerAddress
    from nbxmpp.const import ConnectionProtocol
    from nbxmpp.const import ConnectionType

    return [
        ServerAddress(
            domain=domain,
            service=None,
            host=f"{server.host}:{server.port}",
            uri=None,
            protocol=ConnectionProtocol.TCP,
            type=(
                ConnectionType.DIRECT_TLS if server.tls else ConnectionType.START_TLS
            ),
            proxy=None,
        )
        for server in servers
    ]
