# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A firewall like that of Tails, which counts what it refuses.

It lets through what Tails lets a user reach of Tor, and Tor itself. Tails would
also answer DNS (through Tor) and reach the local network; nothing of ours has
business there, so both are refused and counted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .machine import Machine

SOCKS_PORTS = (9050, 9062)

RULES = """
table inet tails {{
	counter socks {{}}
	counter dns {{}}
	counter others {{}}
	set refused {{
		typeof meta skuid . ip daddr . meta l4proto . th dport
		flags dynamic
		size 8192
		counter
	}}
	chain output {{
		type filter hook output priority 0; policy drop;
		ct state established,related accept
		meta skuid {tor} accept
		meta skuid {user} oifname "lo" ip daddr 127.0.0.1 tcp dport {{ {ports} }} \
			counter name socks accept
		meta l4proto {{ tcp, udp }} th dport {{ 53, 853, 5353, 5355 }} counter name dns
		meta l4proto {{ tcp, udp }} \
			add @refused {{ meta skuid . ip daddr . meta l4proto . th dport counter }}
		counter name others
		reject with icmpx type port-unreachable
	}}
	chain input {{
		type filter hook input priority 0; policy drop;
		ct state established,related accept
		iifname "lo" accept
	}}
}}
"""


@dataclass(frozen=True)
class Counts:
    """Packets since the firewall was put up."""

    socks: int
    """Connections to Tor's SOCKS ports."""
    dns: int
    """DNS queries, wherever to."""
    refused: int
    """Everything that was refused, DNS included."""
    where: tuple[str, ...]
    """Where the refused ones were going: 'user 1000: tcp 192.0.2.1:443'."""

    @property
    def clean(self) -> bool:
        """Whether nothing was refused."""
        return self.refused == 0 and self.dns == 0


class Firewall:
    """The firewall of one machine."""

    def __init__(self, machine: Machine, user: int, tor: int) -> None:
        """Put it up.

        :param user: who may use Tor's SOCKS ports
        :param tor: who may do everything
        """
        self._machine = machine
        ports = ", ".join(map(str, SOCKS_PORTS))
        rules = RULES.format(user=user, tor=tor, ports=ports)
        machine.run(["nft", "-f", "-"], given=rules)

    def counts(self) -> Counts:
        """The packets that were counted so far."""
        listed = self._machine.run(["nft", "-j", "list", "table", "inet", "tails"])
        objects = json.loads(listed.stdout)["nftables"]
        counters = {
            each["counter"]["name"]: each["counter"]["packets"]
            for each in objects
            if "counter" in each
        }
        where = [
            _place(element["elem"]["val"]["concat"])
            for each in objects
            if "set" in each
            for element in each["set"].get("elem", ())
        ]
        return Counts(
            counters["socks"], counters["dns"], counters["others"], tuple(sorted(where))
        )


def _place(key: list[Any]) -> str:
    user, address, protocol, port = key
    name = {6: "tcp", 17: "udp"}.get(protocol, protocol)
    return f"user {user}: {name} {address}:{port}"
