# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A key store that is put back from a backup, or used on two computers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from omemo_plugin.engine.effects import StoreRolledBack
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.values import Protocol
from tests.support.ratchets import Step
from tests.support.ratchets import steps_of
from tests.support.world import Peer
from tests.support.world import World

BOTH = tuple(Protocol)
both_protocols = pytest.mark.parametrize(
    "protocols", [BOTH[:1], BOTH[1:], BOTH], ids=["first", "second", "both"]
)


def backup(peer: Peer, *, witness: bool) -> dict[Path, bytes]:
    """What a backup would have, with or without the witness in it."""
    peer.restart()
    paths = [peer.path, *([peer.witness] if witness else [])]
    return {path: path.read_bytes() for path in paths}


def put_back(peer: Peer, saved: dict[Path, bytes]) -> None:
    peer.engine.close()
    for path, content in saved.items():
        path.write_bytes(content)
    peer.engine = OmemoEngine.open(peer.path, peer.jid, peer.clock, peer.witness)


def was_told(peer: Peer) -> int:
    return sum(isinstance(one, StoreRolledBack) for one in peer.news)


def say(sender: Peer, to: Peer, text: bytes, seen: list[Step]) -> None:
    """Send, and note what an observer sees of the keys."""
    sent = sender.encrypt(text, to.jid)
    seen += steps_of(sent.messages)
    assert to.decrypt(sender, sent).plaintext == text


def talk(ann: Peer, ben: Peer, seen: list[Step]) -> None:
    for number in range(3):
        say(ann, ben, b"a%d" % number, seen)
        say(ann, ben, b"A%d" % number, seen)
        say(ben, ann, b"b%d" % number, seen)


@both_protocols
def test_case_47_a_backup_reuses_no_key(
    world: World, protocols: tuple[Protocol, ...]
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    seen: list[Step] = []
    talk(ann, ben, seen)
    saved = backup(ann, witness=False)
    # On one chain, which is the one the backup would go on with
    say(ann, ben, b"again", seen)
    say(ann, ben, b"and again", seen)
    put_back(ann, saved)
    # Before anything is heard of the server
    say(ann, ben, b"anew", seen)
    ann.online()
    assert was_told(ann) == 1
    talk(ann, ben, seen)
    assert len(set(seen)) == len(seen)
    ann.restart()
    ann.online()
    assert was_told(ann) == 1


@both_protocols
def test_what_the_archive_still_has_is_read(
    world: World, protocols: tuple[Protocol, ...]
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    seen: list[Step] = []
    talk(ann, ben, seen)
    saved = backup(ann, witness=False)
    archive = []
    for number in range(4):
        sent = ben.encrypt(b"%d" % number, ann.jid)
        ann.decrypt(ben, sent)
        archive.append(sent)
    # Lost with the store: a session on which an answer was given
    cat = world.peer("cat@test", protocols=protocols)
    first = cat.encrypt(b"first", ann.jid)
    ann.decrypt(cat, first)
    say(ann, cat, b"answer", seen)
    put_back(ann, saved)
    ann.carry_out(ann.engine.connected())
    for number, sent in enumerate(archive):
        assert ann.decrypt(ben, sent).plaintext == b"%d" % number
    assert ann.decrypt(cat, first).plaintext == b"first"
    ann.carry_out(ann.engine.catch_up_ended())
    # Cat went on from the answer, so nothing may come on that session
    for other in (ben, cat):
        talk(ann, other, seen)
    assert len(set(seen)) == len(seen)


def test_retired_sessions_stay_so(world: World) -> None:
    """Over restarts, and when they have received something."""
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    seen: list[Step] = []
    talk(ann, ben, seen)
    saved = backup(ann, witness=False)
    # On the chain the backup knows: they do not make the ratchet turn
    late = [ben.encrypt(b"%d" % number, ann.jid) for number in range(2)]
    say(ann, ben, b"lost", seen)
    put_back(ann, saved)
    ann.restart()
    for number, sent in enumerate(late):
        assert ann.decrypt(ben, sent).plaintext == b"%d" % number
        ann.restart()
    say(ann, ben, b"anew", seen)
    assert len(set(seen)) == len(seen)


def test_prekeys_are_renewed_and_the_old_ones_understood(world: World) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    saved = backup(ann, witness=False)
    before = {p: world.bundles[ann.device, p] for p in Protocol}
    waiting = ben.encrypt(b"waiting", ann.jid)
    world.peer("cat@test").send(b"x", ann)
    ann.engine.flush()
    put_back(ann, saved)
    ann.carry_out(ann.engine.connected())
    for protocol, old in before.items():
        new = world.bundles[ann.device, protocol]
        assert new.signed_prekey != old.signed_prekey
        assert not set(new.prekeys.values()) & set(old.prekeys.values())
        assert len(new.prekeys) == 100
    assert ann.decrypt(ben, waiting).plaintext == b"waiting"


@both_protocols
def test_a_backup_of_everything_is_recognised_by_what_is_published(
    world: World, protocols: tuple[Protocol, ...]
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    seen: list[Step] = []
    talk(ann, ben, seen)
    saved = backup(ann, witness=True)
    say(ann, ben, b"lost", seen)
    # A new session of somebody else, and with it a new prekey
    say(world.peer("cat@test", protocols=protocols), ann, b"x", seen)
    ann.wait(11)
    ann.wait(700)
    put_back(ann, saved)
    assert was_told(ann) == 0
    ann.online()
    assert was_told(ann) == 1
    talk(ann, ben, seen)
    assert len(set(seen)) == len(seen)
    ann.restart()
    ann.online()
    assert was_told(ann) == 1


def test_two_computers_with_one_store(world: World, tmp_path: Path) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    talk(ann, ben, [])
    saved = backup(ann, witness=True)
    world.peer("cat@test").send(b"x", ann)
    ann.wait(700)
    path = tmp_path / "copy.db"
    path.write_bytes(saved[ann.path])
    path.with_suffix(".generation").write_bytes(saved[ann.witness])
    engine = OmemoEngine.open(path, ann.jid, ann.clock, path.with_suffix(".generation"))
    copy = dataclasses.replace(ann, path=path, engine=engine, news=[])
    copy.online()
    assert was_told(copy) == 1
    # And the first one notices that it is not alone
    ann.online()
    assert was_told(ann) == 1
    copy.engine.close()


def test_a_store_left_alone_is_not_suspected(world: World) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    for _ in range(3):
        talk(ann, ben, [])
        ann.wait(8 * 24 * 3600)
        ann.restart(commit=False)
        ann.online()
        assert was_told(ann) == 0
    # An old bundle on the server, whose prekeys are used up
    old = {p: world.bundles[ann.device, p] for p in Protocol}
    for number in range(3):
        world.peer(f"cat{number}@test").send(b"x", ann)
        ann.wait(700)
    world.bundles.update({(ann.device, p): old[p] for p in Protocol})
    ann.online()
    assert was_told(ann) == 0


def test_a_new_store_is_not_measured_by_the_old_ones_witness(world: World) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    talk(ann, ben, [])
    ann.engine.close()
    ann.path.unlink()
    ann.engine = OmemoEngine.open(ann.path, ann.jid, ann.clock, ann.witness)
    ann.online()
    assert was_told(ann) == 0


@pytest.mark.parametrize("content", [b"", b"\xff" * 31, b"x y", b"1 2 3", b"9" * 99])
def test_a_broken_witness_says_nothing(world: World, content: bytes) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    talk(ann, ben, [])
    ann.engine.close()
    ann.witness.write_bytes(content)
    ann.engine = OmemoEngine.open(ann.path, ann.jid, ann.clock, ann.witness)
    ann.online()
    assert was_told(ann) == 0
    say(ann, ben, b"x", [])
    assert ann.witness.stat().st_mode & 0o777 == 0o600


def test_a_server_that_makes_prekeys_up_is_believed_once(world: World) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    talk(ann, ben, [])
    for _ in range(3):
        for protocol in Protocol:
            bundle = world.bundles[ann.device, protocol]
            prekeys = {**bundle.prekeys, 2**31 - 1: bytes(range(32))}
            world.bundles[ann.device, protocol] = dataclasses.replace(
                bundle, prekeys=prekeys
            )
        ann.online()
    assert was_told(ann) == 1
    bundle = world.bundles[ann.device, Protocol.LEGACY]
    assert max(bundle.prekeys) < 1000


def test_a_signed_prekey_of_somebody_else_proves_nothing(world: World) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    talk(ann, ben, [])
    for protocol in Protocol:
        bundle = world.bundles[ann.device, protocol]
        world.bundles[ann.device, protocol] = dataclasses.replace(
            bundle, signed_prekey_id=99, signature=bytes(64)
        )
        other = world.bundles[ben.device, protocol]
        ann.carry_out(ann.engine.bundle_received(ann.device, other))
    ann.online()
    assert was_told(ann) == 0


def test_a_message_leaves_when_the_witness_cannot_be_written(world: World) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    ann.witness.unlink(missing_ok=True)
    ann.witness.mkdir()
    sent = ann.encrypt(b"x", ben.jid)
    assert ben.decrypt(ann, sent).plaintext == b"x"
