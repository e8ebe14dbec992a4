# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""An identity is written into the database of another OMEMO program, and read from
there. The programs themselves do that in `tests/integration/test_giving_back.py`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import EarlierStoreDamaged
from omemo_plugin.engine.errors import EarlierStoreError
from omemo_plugin.engine.errors import StoreDamaged
from omemo_plugin.engine.state.store import Store
from omemo_plugin.engine.takeover.own_store import read_own_store
from omemo_plugin.engine.takeover.reader import read
from omemo_plugin.engine.takeover.takeover import take_over
from omemo_plugin.engine.takeover.values import EarlierIdentity
from omemo_plugin.engine.takeover.writer import write
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.engine.ratchets import Step
from tests.support.engine.ratchets import steps_of

LEGACY = (Protocol.LEGACY,)
NAMESPACE = Protocol.LEGACY.namespace


def read_store(peer: Peer) -> EarlierIdentity:
    """What the peer, which is closed, has for another program."""
    before = peer.path.read_bytes()
    store = Store(peer.path)
    try:
        found = read_own_store(store, peer.jid)
    finally:
        store.close()
    assert peer.path.read_bytes() == before
    assert found is not None
    return found


def give(peer: Peer) -> EarlierIdentity:
    """Give the identity away; what is in the other program's file afterwards."""
    peer.engine.close()
    file = peer.path.with_suffix(".other")
    file.unlink(missing_ok=True)
    write(file, read_store(peer))
    peer.path.unlink()
    found = read(file)
    assert found is not None
    return found


def take_again(peer: Peer, identity: EarlierIdentity) -> None:
    generation = peer.engine._core.rollback_marker.generation(identity.device_id)
    now = int(peer.clock.now)
    take_over(peer.path, peer.jid, identity, now, generation)
    peer.engine = OmemoEngine.open(
        peer.path, peer.jid, peer.clock, peer.rollback_marker
    )


def say(sender: Peer, to: Peer, text: bytes, seen: list[Step]) -> None:
    sent = sender.encrypt(text, to.jid)
    seen += steps_of(sent.messages)
    assert to.decrypt(sender, sent).plaintext == text


@pytest.mark.parametrize("begun_by_ann", [True, False])
@pytest.mark.parametrize("answered", [True, False])
def test_sessions_go_on(world: FakeNetwork, begun_by_ann: bool, answered: bool) -> None:
    ann = world.peer("ann@a.org", protocols=LEGACY)
    ben = world.peer("ben@b.org", protocols=LEGACY)
    ann.auto_answer = ben.auto_answer = answered
    by_ann: list[Step] = []
    by_ben: list[Step] = []
    if begun_by_ann:
        say(ann, ben, b"first", by_ann)
    else:
        say(ben, ann, b"first", by_ben)
    device, fingerprint = ann.engine.device_id, ann.engine.fingerprint
    on_its_way = ben.encrypt(b"on its way", ann.jid) if answered else None
    take_again(ann, give(ann))
    assert (ann.engine.device_id, ann.engine.fingerprint) == (device, fingerprint)
    assert not ann.engine.alarms.open()
    if on_its_way is not None:
        by_ben += steps_of(on_its_way.messages)
        assert ann.decrypt(ben, on_its_way).plaintext == b"on its way"
    for number in range(3):
        say(ann, ben, b"a%d" % number, by_ann)
        say(ann, ben, b"A%d" % number, by_ann)
        say(ben, ann, b"b%d" % number, by_ben)
    for seen in (by_ann, by_ben):
        assert len(set(seen)) == len(seen)


def test_keys_of_messages_on_their_way_are_given(world: FakeNetwork) -> None:
    """Of the chain that goes on, and of those that have ended."""
    ann = world.peer("ann@a.org", protocols=LEGACY)
    ben = world.peer("ben@b.org", protocols=LEGACY)
    seen: list[Step] = []
    say(ann, ben, b"first", seen)
    for _chain in range(7):
        ben.encrypt(b"late", ann.jid)
        ben.encrypt(b"late", ann.jid)
        say(ben, ann, b"in time", seen)
        say(ann, ben, b"next chain", seen)
    ben.encrypt(b"late", ann.jid)
    say(ben, ann, b"in time", seen)
    identity = give(ann)
    (device,) = identity.devices
    # libsignal has five chains: the one that goes on, and four that have ended
    assert device.sessions[0].skipped == 1 + 4 * 2
    take_again(ann, identity)
    say(ann, ben, b"after", seen)
    say(ben, ann, b"after", seen)


def test_sessions_that_must_not_be_sent_on_stay_behind(world: FakeNetwork) -> None:
    """An old store was put back: they are tried for what is received, and no more.
    Another program would send on them."""
    ann = world.peer("ann@a.org", protocols=LEGACY)
    ben = world.peer("ben@b.org", protocols=LEGACY)
    cat = world.peer("cat@c.org", protocols=LEGACY)
    seen: list[Step] = []
    say(ann, ben, b"before", seen)
    say(ben, ann, b"before", seen)
    say(ann, cat, b"before", seen)
    bundle = ann.engine._core.prekeys[Protocol.LEGACY].bundle()
    ann.restart()
    copy = ann.path.read_bytes()
    say(ann, ben, b"after", seen)
    ann.engine.close()
    ann.path.write_bytes(copy)
    ann.engine = OmemoEngine.open(ann.path, ann.jid, ann.clock, ann.rollback_marker)
    ann.online()
    # With Cat there is a new session, and an old one behind it
    say(ann, cat, b"anew", seen)
    identity = give(ann)
    (device,) = identity.devices
    assert device.device == cat.device
    assert len(device.sessions) == 1
    # Nor can anybody begin one with a key that was offered before
    assert bundle.signed_prekey_id not in [k.number for k in identity.signed_prekeys]
    assert not bundle.prekeys.keys() & {key.number for key in identity.prekeys}
    take_again(ann, identity)
    say(ann, ben, b"here", seen)
    say(ann, cat, b"here", seen)
    assert len(set(seen)) == len(seen)


def test_without_an_identity_there_is_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "empty.db")
    assert read_own_store(store, "me@example.org") is None
    store.close()


@pytest.mark.parametrize(
    ("end", "value"),
    [
        ("/double_ratchet", "{}"),
        ("/associated_data", '"AAAA"'),
        (f"/{NAMESPACE}/x3dh", "{}"),
        ("/ikp/key", '"AAAA"'),
    ],
)
def test_a_damaged_store_gives_nothing(
    world: FakeNetwork, end: str, value: str
) -> None:
    ann = world.peer("ann@a.org", protocols=LEGACY)
    ben = world.peer("ben@b.org", protocols=LEGACY)
    say(ann, ben, b"first", [])
    ann.engine.close()
    world.peers.remove(ann)
    connection = sqlite3.connect(ann.path)
    with connection:
        changed = connection.execute(
            "UPDATE kv SET value = ? WHERE key LIKE ?", (value, f"%{end}")
        )
        assert changed.rowcount
    connection.close()
    store = Store(ann.path)
    with pytest.raises((EarlierStoreDamaged, StoreDamaged)):
        read_own_store(store, ann.jid)
    store.close()


def test_an_existing_file_is_not_written_over(
    world: FakeNetwork, tmp_path: Path
) -> None:
    ann = world.peer("ann@a.org", protocols=LEGACY)
    ann.engine.close()
    world.peers.remove(ann)
    identity = read_store(ann)
    file = tmp_path / "other.db"
    file.write_bytes(b"there")
    with pytest.raises(EarlierStoreError):
        write(file, identity)
    assert file.read_bytes() == b"there"
