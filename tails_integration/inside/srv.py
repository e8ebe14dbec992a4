# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a domain's XMPP server is (RFC 6120, 3.2.1; XEP-0368), asked through Tor.

Tor itself answers no SRV queries. So the question goes as DNS over TCP to a public
resolver, through Tor and under the account's own identity: the resolver learns that
somebody in the Tor network asks for this domain, and the exit the same. Both could
lie, but they cannot pass for the server: its certificate has to be the domain's.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..tor import HOST
from ..tor import PORT

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
class Answer:
    """What the DNS says; no server can be an answer too."""

    servers: tuple[Server, ...] = ()
    was_given: bool = True


NO_ANSWER = Answer(was_given=False)


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
    """Where servers often are. The domain at port 5222 is tried in any case."""
    return (
        Server(domain, 5223, tls=True),
        Server(f"xmpp.{domain}", 5222, tls=False),
        Server(f"xmpp.{domain}", 5223, tls=True),
        Server(f"jabber.{domain}", 5222, tls=False),
    )


def look_up(domain: str, proxy: Any) -> Answer:
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


def _ask(resolver: str, domain: str, proxy: Any) -> Answer:
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
    return Answer(in_order(records))
