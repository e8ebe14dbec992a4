# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""An identity that goes on in another key store, and the same one a second time."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from omemo_plugin.engine.effects import AlarmRaised
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import MovingFileDamaged
from omemo_plugin.engine.errors import MovingFileNotRead
from omemo_plugin.engine.errors import MovingFileOfAnother
from omemo_plugin.engine.errors import StoreTooNew
from omemo_plugin.engine.moving.arrival import Arrival
from omemo_plugin.engine.moving.departure import pack
from omemo_plugin.engine.moving.moving_file import MovedIdentity
from omemo_plugin.engine.state import store as store_module
from omemo_plugin.engine.state.rollback_marker import RollbackMarker
from omemo_plugin.engine.values import AlarmKind
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.engine.ratchets import Step
from tests.support.engine.ratchets import steps_of

ANN = "ann@test"
BEN = "ben@test"


def say(sender: Peer, to: Peer, text: bytes, seen: list[Step]) -> None:
    """Send, and note what an observer sees of the keys."""
    sent = sender.encrypt(text, to.jid)
    seen += steps_of(sent.messages)
    assert to.decrypt(sender, sent).plaintext == text


def talk(ann: Peer, ben: Peer, seen: list[Step]) -> None:
    for number in range(3):
        say(ann, ben, b"a%d" % number, seen)
        say(ben, ann, b"b%d" % number, seen)


def leave(peer: Peer) -> MovedIdentity:
    peer.engine.close()
    return pack(peer.path, peer.jid, "")


def is_used(world: FakeNetwork, peer: Peer, arrival: Arrival) -> bool:
    """Whether the server has newer keys."""
    bundles = [world.bundles[peer.device, protocol] for protocol in Protocol]
    return any(arrival.is_behind(bundle) for bundle in bundles)


def settle(peer: Peer, path: Path, arrival: Arrival, *, used: bool) -> None:
    """Go on with what has arrived, in another place."""
    marker = RollbackMarker(path.with_suffix(".generation"))
    arrival.finish(marker, used=used)
    peer.path = path
    peer.engine = OmemoEngine.open(path, peer.jid, peer.clock, peer.rollback_marker)
    peer.online()


def old_keys(peer: Peer) -> int:
    told = [one for one in peer.news if isinstance(one, AlarmRaised)]
    return len([one for one in told if one.alarm.kind is AlarmKind.OLD_KEYS])


def test_it_goes_on_as_if_nothing_had_happened(
    world: FakeNetwork, tmp_path: Path
) -> None:
    ann, ben = world.peer(ANN), world.peer(BEN)
    seen: list[Step] = []
    talk(ann, ben, seen)
    ann.engine.trust.set_trust(ben.device, Trust.VERIFIED)
    ann.engine.devices.rename(ben.device, "Ben's telephone")
    before, device, print_ = len(ben.news), ann.device, ann.engine.fingerprint
    # Sent in between, it waits in the archive
    identity = leave(ann)
    waiting = ben.encrypt(b"meanwhile", ANN)
    seen += steps_of(waiting.messages)
    arrival = Arrival(identity, tmp_path / "new.db", ANN)
    assert not is_used(world, ann, arrival)
    settle(ann, tmp_path / "new.db", arrival, used=False)
    assert (ann.device, ann.engine.fingerprint) == (device, print_)
    info = ann.info(ben)
    assert (info.trust, info.name) == (Trust.VERIFIED, "Ben's telephone")
    assert ann.decrypt(ben, waiting).plaintext == b"meanwhile"
    talk(ann, ben, seen)
    assert len(set(seen)) == len(seen)
    # Nobody was told of anything
    assert len(ben.news) == before
    assert old_keys(ann) == 0
    # There and back again
    back = leave(ann)
    arrival = Arrival(back, tmp_path / "back.db", ANN)
    assert not is_used(world, ann, arrival)
    settle(ann, tmp_path / "back.db", arrival, used=False)
    talk(ann, ben, seen)
    assert len(set(seen)) == len(seen)
    assert len(ben.news) == before


def test_case_118_a_file_that_was_used_is_recognised(
    world: FakeNetwork, tmp_path: Path
) -> None:
    """Also when nobody has written since, and nothing on this computer knows it."""
    ann, ben = world.peer(ANN), world.peer(BEN)
    seen: list[Step] = []
    talk(ann, ben, seen)
    identity = leave(ann)
    first = Arrival(identity, tmp_path / "first.db", ANN)
    settle(ann, tmp_path / "first.db", first, used=False)
    second = Arrival(identity, tmp_path / "second.db", ANN)
    assert is_used(world, ann, second)
    talk(ann, ben, seen)
    assert is_used(world, ann, second)
    # The user knows what breaks, and goes on
    ann.engine.close()
    settle(ann, tmp_path / "second.db", second, used=True)
    assert old_keys(ann) == 1
    talk(ann, ben, seen)
    assert len(set(seen)) == len(seen)


def test_the_mark_of_this_computer_recognises_it(
    world: FakeNetwork, tmp_path: Path
) -> None:
    ann = world.peer(ANN)
    identity = leave(ann)
    marker = RollbackMarker(tmp_path / "marker")
    arrival = Arrival(identity, tmp_path / "new.db", ANN)
    assert not arrival.was_used(marker)
    marker.write(identity.device_id, identity.generation)
    assert not arrival.was_used(marker)
    marker.write(identity.device_id, identity.generation + 1)
    assert arrival.was_used(marker)
    marker.write(identity.device_id + 1, identity.generation + 1)
    assert not arrival.was_used(marker)
    # What arrives has come further than the mark
    marker.write(identity.device_id, identity.generation + 100)
    assert arrival.finish(marker, used=True) > identity.generation + 100
    ann.engine = OmemoEngine.open(tmp_path / "new.db", ANN, ann.clock)


def test_what_cannot_arrive(
    world: FakeNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.peer(ANN)
    identity = leave(ann)
    path = tmp_path / "new.db"
    with pytest.raises(MovingFileOfAnother) as caught:
        Arrival(identity, path, BEN)
    assert caught.value.own_jid == ANN
    assert not path.exists()

    def refused(error: type[Exception], **changes: object) -> None:
        changed = dataclasses.replace(identity, **changes)  # type: ignore[arg-type]
        with pytest.raises(error):
            Arrival(changed, path, ANN)
        for one in tmp_path.glob("new.db*"):
            one.unlink()

    refused(MovingFileDamaged, store=b"no database " * 1000)
    refused(MovingFileDamaged, store=b"")
    refused(MovingFileDamaged, store=identity.store[:5000])
    refused(MovingFileDamaged, device_id=identity.device_id % 1000 + 1)
    path.write_text("mine")
    with pytest.raises(MovingFileNotRead):
        Arrival(identity, path, ANN)
    assert path.read_text() == "mine"
    path.unlink()
    monkeypatch.setattr(store_module, "SCHEMA_VERSION", 0)
    refused(StoreTooNew)
    monkeypatch.undo()
    ann.engine = OmemoEngine.open(ann.path, ANN, ann.clock)
