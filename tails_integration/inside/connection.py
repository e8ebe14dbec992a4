# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connecting to XMPP servers by way of Tor.

Three things in nbxmpp stand against it. Without a proxy it looks up names and
connects by itself, and the account wizard of Gajim 1.7 gives it none. With a proxy
it tries one address only, the domain at port 5222 (addresses.py). And it waits 7
seconds for everything up to the answer of the proxy (tcp.py), which is too short for
the first way to an onion service.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

from . import srv
from .patching import wrap_method
from .proxies import Proxies

# Tor itself gives up after two minutes (SocksTimeout, tor(1))
CONNECT_SECONDS = 125

Resolver = Callable[[str, Any], srv.Answer]


def install(proxies: Proxies, resolver: Resolver = srv.look_up) -> None:
    """Change nbxmpp's addresses and its connection.

    :param resolver: asks for a domain's servers, by way of a proxy; called in a
        thread of its own
    """
    from nbxmpp.addresses import ServerAddresses
    from nbxmpp.tcp import TCPConnection

    def patient(old: Callable[..., None]) -> Callable[..., None]:
        def __init__(self: Any, *arguments: Any, **more: Any) -> None:  # noqa: N807
            old(self, *arguments, **more)
            self._client.set_timeout(CONNECT_SECONDS)

        return __init__

    def by_tor(old: Callable[..., None]) -> Callable[..., None]:
        def resolve(self: Any) -> None:
            if not proxies.is_ours(self._proxy):
                self.set_proxy(proxies.of_program())
            if self._is_resolved or self._custom_host is not None:
                old(self)
                return
            if self._domain is None or self._domain.endswith(".onion"):
                # The DNS knows nothing about it, and must not be asked
                old(self)
                return
            _look_up(self, resolver, lambda: old(self))

        return resolve

    wrap_method(TCPConnection, "__init__", patient)
    wrap_method(ServerAddresses, "resolve", by_tor)


def _look_up(addresses: Any, resolver: Resolver, go_on: Callable[[], None]) -> None:
    from gi.repository import GLib

    def finish(answer: srv.Answer) -> bool:
        _add(addresses, answer)
        go_on()
        return bool(GLib.SOURCE_REMOVE)

    def work() -> None:
        GLib.idle_add(finish, resolver(addresses._domain, addresses._proxy))

    threading.Thread(target=work, daemon=True).start()


def _add(addresses: Any, answer: srv.Answer) -> None:
    """Put what was found first, and guesses last where nobody could be asked.

    Whoever answers has to have a certificate for the domain itself, so a wrong
    address is not a danger (RFC 6120, 13.7.2.1).
    """
    if answer.was_given:
        addresses._addresses[:0] = _as_addresses(addresses._domain, answer.servers)
        return
    guesses = srv.guesses(addresses._domain)
    addresses._fallback_addresses += _as_addresses(addresses._domain, guesses)


def _as_addresses(domain: str, servers: Sequence[srv.Server]) -> list[Any]:
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
