# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Peers that have met, and ways to decide on their keys. XEP-0450, "Use Cases", names
them A1, A2, A3 and B1."""

from __future__ import annotations

import pytest
import xeddsa

from omemo_plugin.engine.trust.user_decisions import UNDO_SECONDS
from omemo_plugin.engine.values import CodeClaims
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

ALICE = "alice@example.org"
BOB = "bob@example.com"

A_DAY = 24 * 3600


def meet(*peers: Peer) -> None:
    """Let all of them fetch each other's keys."""
    jids = {peer.jid for peer in peers}
    for peer in peers:
        others = jids - {peer.jid} or {peer.jid}
        peer.prepare(*others)


def trust(peer: Peer, other: Peer) -> Trust:
    return peer.info(other).trust


def verify(peer: Peer, *others: Peer) -> None:
    """Scan the code of one account with these devices."""
    (jid,) = {other.jid for other in others}
    devices = {other.engine.device_id: other.engine.fingerprint for other in others}
    peer.carry_out(peer.engine.trust.decide(jid, CodeClaims(devices=devices)))


def distrust(peer: Peer, other: Peer) -> None:
    peer.engine.trust.set_trust(other.device, Trust.DISTRUSTED)
    peer.wait(UNDO_SECONDS)


def told(peer: Peer) -> list[tuple[tuple[Device, ...], set[tuple[str, Trust]]]]:
    """The trust messages a client sent: recipients, and owner and trust of the keys."""
    result = [
        (
            effect.devices,
            {(one.key.hex(), one.trust) for one in effect.decisions},
        )
        for effect in peer.told
    ]
    peer.told.clear()
    return result


def key(peer: Peer) -> str:
    return peer.engine.identity_key.hex()


def some_key(number: int) -> bytes:
    return xeddsa.seed_to_ed25519_pub(number.to_bytes(32, "big"))


@pytest.fixture
def four(world: FakeNetwork) -> tuple[Peer, Peer, Peer, Peer]:
    a1, a2, a3 = (world.peer(ALICE) for _ in range(3))
    b1 = world.peer(BOB)
    meet(a1, a2, a3, b1)
    return a1, a2, a3, b1


Four = tuple[Peer, Peer, Peer, Peer]
