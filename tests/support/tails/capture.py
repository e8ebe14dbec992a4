# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every packet on every interface of a machine; run there as a program by itself.

    python3 capture.py FILE

FILE is a pcap that any network analyser opens.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

EVERYTHING = 0x0003  # ETH_P_ALL
LINUX_COOKED_2 = 276  # LINKTYPE_LINUX_SLL2
PACKET_OUTGOING = 4
PCAP = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")
SLL2 = struct.Struct(">HHIHBB8s")
IPV4 = 0x0800
IPV6 = 0x86DD
ARP = 0x0806


@dataclass(frozen=True)
class Packet:
    """The way that a packet took."""

    interface: int
    protocol: str
    source: str
    source_port: int
    target: str
    target_port: int

    def __str__(self) -> str:
        return (
            f"{self.protocol} {self.source}:{self.source_port}"
            f" > {self.target}:{self.target_port} (interface {self.interface})"
        )


def packets(path: Path) -> Iterator[Packet]:
    """Read what was captured; ARP is left out, it is not of the IP family."""
    data = path.read_bytes()
    position = PCAP.size
    while position + RECORD.size <= len(data):
        *_time, kept, _length = RECORD.unpack_from(data, position)
        position += RECORD.size
        raw = data[position : position + kept]
        position += kept
        if len(raw) < kept:
            return  # it was being written
        ether, _reserved, interface, *_rest = SLL2.unpack_from(raw)
        if ether != ARP:
            yield _parse(ether, interface, raw[SLL2.size :])


def _parse(ether: int, interface: int, raw: bytes) -> Packet:
    if ether == IPV4:
        start = (raw[0] & 0x0F) * 4
        number = raw[9]
        source, target = raw[12:16], raw[16:20]
    elif ether == IPV6:
        start = 40
        number = raw[6]
        source, target = raw[8:24], raw[24:40]
    else:
        return Packet(interface, f"ether {ether:#06x}", "", 0, "", 0)
    name = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp6"}.get(number, f"ip {number}")
    ports = (0, 0)
    if name in ("tcp", "udp") and len(raw) >= start + 4:
        ports = struct.unpack_from(">HH", raw, start)
    return Packet(
        interface,
        name,
        str(ipaddress.ip_address(source)),
        ports[0],
        str(ipaddress.ip_address(target)),
        ports[1],
    )


def main() -> None:
    """Capture until killed."""
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(EVERYTHING))
    tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
    loopback = socket.if_nametoindex("lo")
    # 96 bytes: the headers; what is said is encrypted anyway
    with Path(sys.argv[1]).open("wb", buffering=0) as file:
        file.write(PCAP.pack(0xA1B2C3D4, 2, 4, 0, 0, 96 + SLL2.size, LINUX_COOKED_2))
        while True:
            raw, (_name, ether, way, kind, sender) = tap.recvfrom(65536)
            interface = socket.if_nametoindex(_name)
            if interface == loopback and way == PACKET_OUTGOING:
                continue  # it comes in again
            now = time.time_ns()
            head = SLL2.pack(
                ether, 0, interface, kind, way, len(sender), sender.ljust(8, b"\0")
            )
            body = raw[:96]
            file.write(
                RECORD.pack(
                    now // 10**9,
                    now % 10**9 // 1000,
                    len(head) + len(body),
                    len(head) + len(raw),
                )
                + head
                + body
            )


if __name__ == "__main__":
    main()
