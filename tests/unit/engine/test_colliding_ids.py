# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Devices of different people that chose the same id.

Ids are random numbers of 31 bits, each account chooses for itself, and the
header of OMEMO 0.3 names devices without their owners (XEP-0384 0.3).
"""

from __future__ import annotations

import pytest

from omemo_plugin.engine.state import core
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import BOTH
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

LEGACY = (Protocol.LEGACY,)
OMEMO_2 = (Protocol.OMEMO_2,)
ID = 4711

PROTOCOLS = pytest.mark.parametrize("protocols", [LEGACY, OMEMO_2, BOTH])


class Chosen:
    """Stands in for the source of device ids."""

    def randbelow(self, _limit: int) -> int:
        return ID - 1


def twin(
    world: FakeNetwork,
    monkeypatch: pytest.MonkeyPatch,
    jid: str,
    protocols: tuple[Protocol, ...],
) -> Peer:
    """A client whose device id is always the same."""
    with monkeypatch.context() as patch:
        patch.setattr(core, "secrets", Chosen())
        peer = world.peer(jid, protocols=protocols)
    assert peer.engine.device_id == ID
    return peer


@PROTOCOLS
def test_two_members_with_one_id_both_read(
    world: FakeNetwork,
    monkeypatch: pytest.MonkeyPatch,
    protocols: tuple[Protocol, ...],
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = twin(world, monkeypatch, "ben@test", protocols)
    eve = twin(world, monkeypatch, "eve@test", protocols)
    assert ben.engine.fingerprint != eve.engine.fingerprint
    members = [ann, ben, eve]
    for number in range(3):
        for sender in members:
            others = [peer for peer in members if peer is not sender]
            text = b"%d from %s" % (number, sender.jid.encode())
            sent = sender.encrypt(text, *(peer.jid for peer in others))
            assert set(sent.recipients) == {peer.device for peer in others}
            for peer in others:
                result = peer.decrypt(sender, sent)
                assert result.plaintext == text
                assert result.device == sender.device
                assert result.fingerprint == sender.engine.fingerprint
                assert result.trust is Trust.BLIND


@PROTOCOLS
def test_sessions_of_one_id_outlive_a_restart(
    world: FakeNetwork,
    monkeypatch: pytest.MonkeyPatch,
    protocols: tuple[Protocol, ...],
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = twin(world, monkeypatch, "ben@test", protocols)
    eve = twin(world, monkeypatch, "eve@test", protocols)
    for peer in (ben, eve):
        ann.send(b"first", peer)
        peer.send(b"answer", ann)
    for peer in (ann, ben, eve):
        peer.engine.commit()
        peer.restart()
    for peer in (ben, eve):
        assert ann.send(b"again", peer).plaintext == b"again"
        assert peer.send(b"and back", ann).fingerprint == peer.engine.fingerprint


@PROTOCOLS
def test_a_decision_about_one_leaves_the_other(
    world: FakeNetwork,
    monkeypatch: pytest.MonkeyPatch,
    protocols: tuple[Protocol, ...],
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = twin(world, monkeypatch, "ben@test", protocols)
    eve = twin(world, monkeypatch, "eve@test", protocols)
    sent = ann.encrypt(b"both", ben.jid, eve.jid)
    assert set(sent.recipients) == {ben.device, eve.device}
    ann.engine.trust.set_trust(ben.device, Trust.DISTRUSTED)
    assert ann.info(ben).trust is Trust.DISTRUSTED
    assert ann.info(eve).trust is Trust.BLIND
    sent = ann.encrypt(b"one", eve.jid)
    assert sent.recipients == (eve.device,)
    assert eve.decrypt(ann, sent).plaintext == b"one"
