# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
Tests of the machine that the other tests of Tails run on: it counts packets, and
invents none.
"""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest

from tests.support.tails.capture import PCAP
from tests.support.tails.capture import RECORD
from tests.support.tails.capture import SLL2
from tests.support.tails.capture import packets
from tests.support.tails.firewall import Counts
from tests.support.tails.firewall import Firewall
from tests.support.tails.gajim import TailsGajim
from tests.support.tails.machine import Machine
from tests.support.tails.machine import connect
from tests.support.tails.names import answer
from tests.support.tails.names import encoded
from tests.support.tails.root import USER_IDS
from tests.support.tails.root import TailsRoot
from tests.support.tails.station import Station
from tests.support.tails.tps import parse
from tests.support.waiting import wait_for

NAME_SERVER = "user 1000: udp 127.0.0.1:53"

# What a user's program may try, and whether it gets through.
ATTEMPTS = """
import socket, sys
for line in sys.stdin:
    kind, host, port = line.split()
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    with socket.socket(family, getattr(socket, f'SOCK_{kind}')) as one:
        one.settimeout(5)
        try:
            one.connect((host, int(port)))
            one.send(b'?')
        except OSError:
            pass
"""


def test_the_firewall_counts_what_it_refuses(namespaces: None, tmp_path: Path) -> None:
    root = TailsRoot("bookworm")
    machine = Machine("bare", root.path, tmp_path)
    try:
        tor = (machine.files / "var" / "lib" / "tor").stat().st_uid
        firewall = Firewall(machine, USER_IDS[0], tor)
        assert firewall.counts().clean

        def attempt(*lines: str) -> None:
            argv = ["/usr/bin/python3", "-c", ATTEMPTS]
            machine.run(argv, USER_IDS, given="\n".join(lines))

        attempt("STREAM 127.0.0.1 9050", "STREAM 127.0.0.1 9062")
        counts = firewall.counts()
        assert counts.clean
        assert counts.socks == 2

        attempt("DGRAM 127.0.0.1 53", "STREAM 127.0.0.1 53", "DGRAM 127.0.0.1 5353")
        counts = firewall.counts()
        assert counts.dns == counts.refused == 3

        attempt(
            'STREAM 127.0.0.1 9063', 'STREAM 127.0.0.1 9052', 'DGRAM 127.0.0.1 123',
            'STREAM ::1 9050',
        )  # fmt: skip
        counts = firewall.counts()
        assert counts.dns == 3
        assert counts.refused >= 7  # what says so by ICMPv6 is refused as well
        assert "user 1000: tcp 127.0.0.1:9063" in counts.where
        assert NAME_SERVER in counts.where
    finally:
        machine.stop()
        root.close()


def test_machines_of_each_debian_can_be_connected(
    namespaces: None, suite: str, tmp_path: Path
) -> None:
    root = TailsRoot(suite)
    machines: list[Machine] = []
    try:
        machines.extend(Machine(name, root.path, tmp_path) for name in ("one", "other"))
        one, other = machines
        connect(one, other, ("10.9.1.2/24", "10.9.1.1/24"))
        assert "via 10.9.1.1 dev eth0" in one.run(["ip", "route"]).stdout
        assert "10.9.1.1/24" in other.run(["ip", "address"]).stdout
    finally:
        for machine in machines:
            machine.stop()
        root.close()


def test_gajim_by_itself_trips_the_counters(bare_station: Station) -> None:
    """The control run: the same machine, the same wizard, nothing of ours."""
    tails = bare_station.boot()
    tails.connect_tor([bare_station.internet.server.domain])
    gajim = TailsGajim(tails, ["gajim"])
    gajim.launch()
    gajim.wait_until_running()
    accounts = bare_station.internet.server.accounts
    gajim.try_to_log_in(accounts[f"drifter-{bare_station.suite}"])

    # The counters and the places are not read in one breath
    def lookups() -> Counts | None:
        counts = tails.counts()
        return counts if NAME_SERVER in counts.where else None

    counts = wait_for("Gajim looks up the server by DNS", lookups)
    assert counts is not None
    assert counts.refused >= counts.dns > 0
    assert counts.socks == 0
    assert tails.packet_count() > 0


# -- these need no namespaces


def test_a_capture_can_be_read(tmp_path: Path) -> None:
    ip = struct.pack(
        '>BBHHHBBH4s4s', 0x45, 0, 40, 0, 0, 64, socket.IPPROTO_TCP, 0,
        socket.inet_aton('127.0.0.1'), socket.inet_aton('192.0.2.7'),
    ) + struct.pack('>HH', 1234, 443)  # fmt: skip
    records = [
        SLL2.pack(ether, 0, 2, 1, 4, 6, b"\0" * 8) + ip for ether in (0x0800, 0x0806)
    ]
    path = tmp_path / "some.pcap"
    path.write_bytes(
        PCAP.pack(0xA1B2C3D4, 2, 4, 0, 0, 96, 276)
        + b"".join(RECORD.pack(0, 0, len(r), len(r)) + r for r in records)
    )
    (packet,) = packets(path)
    assert str(packet) == "tcp 127.0.0.1:1234 > 192.0.2.7:443 (interface 2)"


def test_the_name_server_knows_its_names() -> None:
    def query(name: str, kind: int = 1) -> bytes:
        head = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0)
        return head + encoded(name) + struct.pack(">2H", kind, 1)

    names = {"chat.test": "10.11.1.1", "_x._tcp.other.test": "chat.test:5222"}
    found = answer(query("Chat.test"), names)
    assert found.endswith(socket.inet_aton("10.11.1.1"))
    assert struct.unpack_from(">3H", found) == (7, 0x8580, 1)
    service = answer(query("_x._tcp.other.test", 33), names)
    assert service.endswith(struct.pack(">H", 5222) + b"\4chat\4test\0")
    missing = answer(query("other.test"), names)
    assert struct.unpack_from(">4H", missing) == (7, 0x8583, 1, 0)


@pytest.mark.parametrize(
    "line",
    [
        "/home/amnesia/x source=x y",
        "/home/amnesia/x",
        "/home/amnesia/x source=x,bind",
        "/home/amnesia/x source=../x",
        "/home/amnesia/x source=x,source=y",
        "# /home/amnesia/x source=x",
        "/home/amnesia/x link",
    ],
)
def test_the_storage_leaves_out_what_tails_would(line: str) -> None:
    assert parse(line) == []


def test_the_storage_takes_what_tails_would() -> None:
    lines = parse("/home/amnesia/x\tsource=x\n'/home/amnesia/y z' source=y/z,link # y")
    assert [str(line.target) for line in lines] == [
        '/home/amnesia/x', '/home/amnesia/y z'
    ]  # fmt: skip
    assert str(lines[1].source) == "/live/persistence/TailsData_unlocked/y/z"
    assert [line.link for line in lines] == [False, True]
