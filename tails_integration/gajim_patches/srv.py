# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds a domain's XMPP server (RFC 6120, 3.2.1; XEP-0368) without DNS past Tor.

Tor itself answers no SRV queries. By default only a table of well-known servers and
guesses are used, and nobody is asked. A user can opt in to asking a public resolver:
the question goes as DNS over TCP through Tor, under the account's own identity. The
resolver and the exit then learn that a user of Tor asks for this domain. A wrong
answer, guess or entry cannot pass for the server, whose certificate has to be the
domain's.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable
from dataclasses import dataclass

from ..base.tor import HOST
from ..base.tor import PORT
from .protocols import GajimProxy

log = logging.getLogger("gajim.tails")

# Quad9 and Cloudflare, which answer by TCP. What they see is the exit. By name, as
# everything that Tor is asked for
RESOLVERS = ("dns.quad9.net", "one.one.one.one")
SECONDS = 8.0
_TLS = "_xmpps-client._tcp"
_START_TLS = "_xmpp-client._tcp"


@dataclass(frozen=True)
class Server:
    """One place to connect to."""

    host: str
    port: int
    tls: bool
    """TLS from the first byte (XEP-0368), instead of STARTTLS."""


@dataclass(frozen=True)
class SrvAnswer:
    """The answer of the DNS, which may be that there is no server."""

    servers: tuple[Server, ...] = ()
    was_given: bool = True


NO_ANSWER = SrvAnswer(was_given=False)

# Servers whose host the guesses do not find, as their operators publish it
KNOWN = {
    "yax.im": Server("xmpp.yaxim.org", 5222, tls=False),
}


@dataclass(frozen=True)
class Record:
    """One SRV record (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str
    tls: bool


def in_order(records: Iterable[Record]) -> tuple[Server, ...]:
    """The servers in the order to try them; '.' means "there is none" (RFC 2782)."""
    real = [record for record in records if record.target.rstrip(".")]
    # Among equals weight is a chance, not an order
    real.sort(
        key=lambda record: (
            record.priority,
            not record.tls,
            -record.weight * random.random(),  # noqa: S311
        )
    )
    return tuple(
        Server(record.target.rstrip("."), record.port, record.tls) for record in real
    )


def guesses(domain: str) -> tuple[Server, ...]:
    """The usual places of servers. The domain at port 5222 is tried in any case."""
    return (
        Server(domain, 5223, tls=True),
        Server(f"xmpp.{domain}", 5222, tls=False),
        Server(f"xmpp.{domain}", 5223, tls=True),
        Server(f"jabber.{domain}", 5222, tls=False),
    )


def known(domain: str, _proxy: GajimProxy) -> SrvAnswer:
    """Look a domain up in the table, and ask nobody."""
    server = KNOWN.get(domain)
    return NO_ANSWER if server is None else SrvAnswer((server,))


def look_up(domain: str, proxy: GajimProxy) -> SrvAnswer:
    """Ask for a domain's servers; takes seconds.

    :param proxy: Tor, with a name and a password
    """
    try:
        import dns.exception
        import dns.message
        import socks
    except ImportError:
        log.warning("Without dnspython and PySocks servers can only be guessed")
        return NO_ANSWER
    for resolver in RESOLVERS:
        try:
            return _ask(resolver, domain, proxy)
        except (OSError, socks.ProxyError, dns.exception.DNSException) as error:
            log.info("No answer about servers by way of Tor: %s", error)
    return NO_ANSWER


def _ask(resolver: str, domain: str, proxy: GajimProxy) -> SrvAnswer:
    import dns.flags
    import dns.message
    import dns.query
    import dns.rcode
    import dns.rdatatype
    import socks

    records: list[Record] = []
    with socks.socksocket() as connection:
        connection.set_proxy(
            socks.SOCKS5, HOST, PORT, True, proxy.username, proxy.password
        )
        connection.settimeout(SECONDS)
        connection.connect((resolver, 53))
        for service in (_TLS, _START_TLS):
            question = dns.message.make_query(
                f"{service}.{domain}", dns.rdatatype.SRV, payload=0
            )
            answer = dns.query.tcp(question, resolver, SECONDS, sock=connection)
            if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                return NO_ANSWER
            records += [
                Record(
                    item.priority,
                    item.weight,
                    item.port,
                    item.target.to_text(omit_final_dot=True),
                    tls=service == _TLS,
                )
                for group in answer.answer
                if group.rdtype == dns.rdatatype.SRV
                for item in group
            ]
    return SrvAnswer(in_order(records))
