# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A key store that is put back from a backup, or used on two computers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from omemo_plugin.engine.effects import AlarmRaised
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.state.rollback_marker import RollbackMarker
from omemo_plugin.engine.values import AlarmKind
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.engine.ratchets import Step
from tests.support.engine.ratchets import steps_of
from tests.support.engine.secrets_on_disk import files_of

BOTH = tuple(Protocol)
both_protocols = pytest.mark.parametrize(
    "protocols", [BOTH[:1], BOTH[1:], BOTH], ids=["first", "second", "both"]
)


def backup(peer: Peer, *, marker: bool) -> dict[Path, bytes]:
    """The files in a backup, with or without the rollback marker."""
    peer.restart()
    paths = [peer.path, *([peer.rollback_marker] if marker else [])]
    return {path: path.read_bytes() for path in paths}


def put_back(peer: Peer, saved: dict[Path, bytes]) -> None:
    peer.engine.close()
    for path, content in saved.items():
        path.write_bytes(content)
    peer.engine = OmemoEngine.open(
        peer.path, peer.jid, peer.clock, peer.rollback_marker
    )


def was_told(peer: Peer) -> int:
    # It is said again after a restart, until it is answered
    told = [one for one in peer.news if isinstance(one, AlarmRaised)]
    return len({one for one in told if one.alarm.kind is AlarmKind.OLD_KEYS})


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
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    seen: list[Step] = []
    talk(ann, ben, seen)
    saved = backup(ann, marker=False)
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
def test_messages_still_in_the_archive_are_read(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    seen: list[Step] = []
    talk(ann, ben, seen)
    saved = backup(ann, marker=False)
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


@both_protocols
def test_case_47_a_late_key_exchange_is_not_answered_on_its_session(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    """The archive of a room comes after the account's own, and a server may send
    an old message again at any time."""
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    seen: list[Step] = []
    saved = backup(ann, marker=False)
    first = ben.encrypt(b"first", ann.jid)
    ann.decrypt(ben, first)
    say(ann, ben, b"answer", seen)
    put_back(ann, saved)
    ann.online()
    assert ann.decrypt(ben, first).plaintext == b"first"
    say(ann, ben, b"again", seen)
    talk(ann, ben, seen)
    assert len(set(seen)) == len(seen)


def test_retired_sessions_stay_so(world: FakeNetwork) -> None:
    """Over restarts, and when they have received something."""
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    seen: list[Step] = []
    talk(ann, ben, seen)
    saved = backup(ann, marker=False)
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


def test_prekeys_are_renewed_and_the_old_ones_understood(world: FakeNetwork) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    saved = backup(ann, marker=False)
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
def test_a_backup_with_the_marker_is_recognised_by_the_published_bundle(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    seen: list[Step] = []
    talk(ann, ben, seen)
    saved = backup(ann, marker=True)
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


def test_two_computers_with_one_store(world: FakeNetwork, tmp_path: Path) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    talk(ann, ben, [])
    saved = backup(ann, marker=True)
    world.peer("cat@test").send(b"x", ann)
    ann.wait(700)
    path = tmp_path / "copy.db"
    path.write_bytes(saved[ann.path])
    path.with_suffix(".generation").write_bytes(saved[ann.rollback_marker])
    engine = OmemoEngine.open(path, ann.jid, ann.clock, path.with_suffix(".generation"))
    copy = dataclasses.replace(ann, path=path, engine=engine, news=[])
    copy.online()
    assert was_told(copy) == 1
    # And the first one notices that it is not alone
    ann.online()
    assert was_told(ann) == 1
    copy.engine.close()


def test_a_store_left_alone_is_not_suspected(world: FakeNetwork) -> None:
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


def test_a_marker_of_a_deleted_store_does_not_count(
    world: FakeNetwork,
) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    talk(ann, ben, [])
    ann.engine.close()
    ann.path.unlink()
    ann.engine = OmemoEngine.open(ann.path, ann.jid, ann.clock, ann.rollback_marker)
    ann.online()
    assert was_told(ann) == 0


@both_protocols
@pytest.mark.parametrize("anew", [False, True], ids=["ended", "anew"])
def test_case_142_an_ended_identity_is_put_back(
    world: FakeNetwork, protocols: tuple[Protocol, ...], anew: bool
) -> None:
    """A copy of its store comes back, also where another identity is used by now. Its
    device is off the server, so that no bundle tells how far it has come."""
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    seen: list[Step] = []
    talk(ann, ben, seen)
    saved = backup(ann, marker=False)
    # On the chain that the copy would go on with
    say(ann, ben, b"again", seen)
    say(ann, ben, b"and again", seen)
    end(world, ann)
    if anew:
        ann.engine = OmemoEngine.open(ann.path, ann.jid, ann.clock, ann.rollback_marker)
        ann.online()
        assert was_told(ann) == 0
        say(ann, ben, b"anew", seen)
        ann.engine.close()
        for one in files_of(ann.path):
            one.unlink()
    for path, content in saved.items():
        path.write_bytes(content)
    for _ in range(2):
        ann.engine = OmemoEngine.open(ann.path, ann.jid, ann.clock, ann.rollback_marker)
        say(ann, ben, b"is back", seen)
        ann.online()
        assert was_told(ann) == 1
        talk(ann, ben, seen)
        assert len(set(seen)) == len(seen)
        ann.engine.close()
    ann.engine = OmemoEngine.open(ann.path, ann.jid, ann.clock, ann.rollback_marker)
    assert not ann.engine._core.is_behind


def end(world: FakeNetwork, peer: Peer) -> None:
    """End the identity of a peer, as the bridge does."""
    device = peer.device
    peer.engine.close()
    RollbackMarker(peer.rollback_marker).end(device.device_id)
    for one in files_of(peer.path):
        one.unlink()
    for protocol in peer.protocols:
        del world.bundles[device, protocol]
        world.lists[peer.jid, protocol] = DeviceList(protocol, ())


@pytest.mark.parametrize("content", [b"", b"\xff" * 31, b"x y", b"1 2 3", b"9" * 99])
def test_a_broken_marker_does_not_count(world: FakeNetwork, content: bytes) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    talk(ann, ben, [])
    ann.engine.close()
    ann.rollback_marker.write_bytes(content)
    ann.engine = OmemoEngine.open(ann.path, ann.jid, ann.clock, ann.rollback_marker)
    ann.online()
    assert was_told(ann) == 0
    say(ann, ben, b"x", [])
    assert ann.rollback_marker.stat().st_mode & 0o777 == 0o600


def test_a_server_that_replaces_prekeys_is_believed_once(world: FakeNetwork) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    talk(ann, ben, [])
    for _ in range(3):
        for protocol in Protocol:
            bundle = world.bundles[ann.device, protocol]
            prekeys = dict(bundle.prekeys)
            newest = max(prekeys)
            del prekeys[min(prekeys)]
            prekeys[newest + 1] = bytes(range(32))
            world.bundles[ann.device, protocol] = dataclasses.replace(
                bundle, prekeys=prekeys
            )
        ann.online()
    assert was_told(ann) == 1


@pytest.mark.parametrize("number", [1, 101, 5000, 2**31 - 1])
def test_case_65_a_server_that_adds_a_prekey_is_not_believed(
    world: FakeNetwork, number: int
) -> None:
    """No alarm, and no session begins again; our bundle is published once more."""
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    talk(ann, ben, [])
    for _ in range(3):
        for protocol in Protocol:
            bundle = world.bundles[ann.device, protocol]
            prekeys = {**bundle.prekeys, number: bytes(range(32))}
            world.bundles[ann.device, protocol] = dataclasses.replace(
                bundle, prekeys=prekeys
            )
        ann.online()
        for protocol in Protocol:
            found = world.bundles[ann.device, protocol]
            assert found == ann.engine._core.prekeys[protocol].bundle()
    assert was_told(ann) == 0
    for sessions in ann.engine._core.sessions.values():
        assert not sessions._retired
    talk(ann, ben, [])


def test_a_signed_prekey_of_somebody_else_proves_nothing(world: FakeNetwork) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    talk(ann, ben, [])
    for protocol in Protocol:
        bundle = world.bundles[ann.device, protocol]
        world.bundles[ann.device, protocol] = dataclasses.replace(
            bundle, signed_prekey_id=99, signature=bytes(64)
        )
        other = world.bundles[ben.device, protocol]
        ann.carry_out(ann.engine.keys.bundle_received(ann.device, other))
    ann.online()
    assert was_told(ann) == 0


def test_a_message_leaves_when_the_marker_cannot_be_written(
    world: FakeNetwork,
) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    ann.rollback_marker.unlink(missing_ok=True)
    ann.rollback_marker.mkdir()
    sent = ann.encrypt(b"x", ben.jid)
    assert ben.decrypt(ann, sent).plaintext == b"x"
