# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security cases (docs/security-cases.md) of stores, clocks and prekeys."""

from __future__ import annotations

from pathlib import Path

import pytest
from oldmemo.oldmemo_pb2 import OMEMOMessage  # type: ignore[attr-defined]

from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import StoreLocked
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork

from .case_peers import LEGACY
from .case_peers import both_protocols
from .case_peers import pair


def test_case_47_two_engines_on_one_store(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    with pytest.raises(StoreLocked):
        OmemoEngine.open(ann.path, ann.jid)
    assert ann.engine.outgoing.plan([]).ready in (True, False)


def test_case_47_killed_before_commit_reuses_no_key(
    world: FakeNetwork, tmp_path: Path
) -> None:
    """A message that reached the network is in the store."""
    ann, ben = pair(world)
    keys = set()
    for _ in range(5):
        sent = ann.encrypt(b"x", ben.jid)
        ann.restart(commit=False)
        data = sent.messages[0].keys[0].data
        ratchet = OMEMOMessage.FromString(data[1:-8])
        keys.add((ratchet.dh_pub, ratchet.n))
    assert len(keys) == 5


@pytest.mark.parametrize("wrong", [0, 4_070_908_800], ids=["1970", "2099"])
def test_case_48_wrong_clock(world: FakeNetwork, wrong: float) -> None:
    ann, ben = pair(world, LEGACY)
    right = ben.clock.now
    first = ben.engine._core.prekeys[Protocol.LEGACY].bundle()
    message = world.peer("cat@test", protocols=LEGACY)
    early = message.encrypt(b"early", ben.jid).messages[0]
    for now in (wrong, right, wrong, right):
        ben.restart()
        ben.clock.now = now
        ben.carry_out(ben.engine.connected())
        if now == right:
            break
        ben.carry_out(ben.engine.catch_up_ended())
    # Somebody who took the bundle before is still understood
    assert ben.engine.incoming.decrypt("cat@test", [early]).plaintext == b"early"
    ben.carry_out(ben.engine.catch_up_ended())
    after = ben.engine._core.prekeys[Protocol.LEGACY].bundle()
    assert len(after.prekeys) == 100
    common = set(first.prekeys.items()) & set(after.prekeys.items())
    assert len(common) >= 98
    assert ann.send(b"on", ben).plaintext == b"on"


@both_protocols
@pytest.mark.parametrize("wrong", [0, 4_070_908_800], ids=["1970", "2099"])
def test_case_48_clock_that_is_wrong_at_each_start(
    world: FakeNetwork, protocols: tuple[Protocol, ...], wrong: float
) -> None:
    """As in Tails, where it is set from the network a while after the start."""
    ann, ben = pair(world, protocols)
    right = ben.clock.now
    cat = world.peer("cat@test", protocols=protocols)
    early = cat.encrypt(b"early", ben.jid).messages
    signed = world.bundles[ben.device, protocols[0]].signed_prekey
    for _ in range(4):
        ben.restart()
        ben.clock.now = wrong
        ben.online()
        ben.clock.now = right
        ben.carry_out(ben.engine.tick())
        ben.restart()
        ben.online()
    assert world.bundles[ben.device, protocols[0]].signed_prekey == signed
    assert ben.engine.incoming.decrypt(cat.jid, early).plaintext == b"early"
    assert ann.send(b"on", ben).plaintext == b"on"
    # And it still changes when it should
    ben.clock.now = right
    ben.wait(8 * 24 * 3600)
    assert world.bundles[ben.device, protocols[0]].signed_prekey != signed


@both_protocols
def test_case_48_away_for_long(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    """First messages of the first day are read after five weeks, and keys are
    changed only when the archive has been read."""
    ben = world.peer("ben@test", protocols=protocols)
    cats = [world.peer(f"cat{n}@test", protocols=protocols) for n in range(3)]
    early = [cat.encrypt(b"early", ben.jid).messages for cat in cats]
    ben.restart()
    ben.clock.now += 5 * 7 * 24 * 3600
    signed = world.bundles[ben.device, protocols[0]].signed_prekey
    ben.carry_out(ben.engine.connected())
    for cat, messages in zip(cats, early, strict=True):
        ben.carry_out(ben.engine.tick())
        assert ben.engine.incoming.decrypt(cat.jid, messages).plaintext == b"early"
    assert world.bundles[ben.device, protocols[0]].signed_prekey == signed
    ben.carry_out(ben.engine.catch_up_ended())
    assert world.bundles[ben.device, protocols[0]].signed_prekey != signed


def test_signed_prekey_rotates_weekly_and_the_old_one_lives_on(
    world: FakeNetwork,
) -> None:
    ann = world.peer("ann@test", protocols=LEGACY)
    ben = world.peer("ben@test", protocols=LEGACY)
    early = ann.encrypt(b"early", ben.jid).messages[0]
    ids = [world.bundles[ben.device, Protocol.LEGACY].signed_prekey_id]
    for _ in range(1):
        ben.clock.now += 7 * 24 * 3600 + 1
        ben.carry_out(ben.engine.tick())
        ids.append(world.bundles[ben.device, Protocol.LEGACY].signed_prekey_id)
    assert ids == [1, 2]
    assert ben.engine.incoming.decrypt(ann.jid, [early]).plaintext == b"early"
