# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A message that is encrypted in steps, and what may happen between two of them.
What happens to its keys in any order of events is in
tests/integration/test_orderings.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from omemo_plugin.engine.errors import NoRecipient
from omemo_plugin.engine.errors import StoreError
from omemo_plugin.engine.errors import TooManyRecipients
from omemo_plugin.engine.messages import encrypting
from omemo_plugin.engine.messages.encrypting import Encryption
from omemo_plugin.engine.messages.encrypting import SentMessage
from omemo_plugin.engine.messages.planning import LeftOut
from omemo_plugin.engine.messages.planning import LeftOutReason
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import BOTH
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.engine.many_accounts import add_crowd
from tests.support.engine.many_accounts import new_bundle
from tests.support.engine.ratchets import Step
from tests.support.engine.ratchets import step_of
from tests.support.engine.ratchets import steps_of

LEGACY = (Protocol.LEGACY,)
CROWD = "crowd@test"


def begin(ann: Peer, *others: Peer, text: bytes = b"x") -> Encryption:
    jids = tuple(dict.fromkeys(other.jid for other in others))
    ann.prepare(*jids)
    return ann.engine.outgoing.begin_encrypt(jids, dict.fromkeys(ann.protocols, text))


def end(encryption: Encryption) -> SentMessage:
    while not encryption.step(1):
        pass
    return encryption.finish()


def made(encryption: Encryption) -> list[Step]:
    """The keys there are so far."""
    return [
        step_of(protocol, key.data)
        for protocol, part in encryption._parts.items()
        for key in part.keys.values()
    ]


def two_with_devices(
    world: FakeNetwork, protocols: tuple[Protocol, ...] = BOTH
) -> tuple[Peer, list[Peer]]:
    ann = world.peer("ann@test", protocols=protocols)
    others = [world.peer("ben@test", protocols=protocols) for _ in range(2)]
    others.append(world.peer("cat@test", protocols=protocols))
    return ann, others


@pytest.mark.parametrize("protocols", [*[(p,) for p in Protocol], BOTH])
def test_all_recipients_read_a_message_encrypted_in_steps(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann, others = two_with_devices(world, protocols)
    for text in (b"first", b"second"):
        encryption = begin(ann, *others, text=text)
        sent = end(encryption)
        ann.engine.flush()
        assert sent.recipients == tuple(sorted(other.device for other in others))
        assert not sent.left_out
        assert not sent.lost
        for other in others:
            assert other.decrypt(ann, sent).plaintext == text


def test_case_36_a_step_is_bounded(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.peer("ann@test", protocols=LEGACY)
    add_crowd(ann.engine, CROWD, 70)
    commits: list[int] = []
    commit = ann.engine._core.commit

    def counted() -> None:
        commits.append(1)
        commit()

    monkeypatch.setattr(ann.engine._core, "commit", counted)
    found: list[list[int]] = []
    for again in range(3):
        if again == 2:
            # So is what a commit has to write
            assert len(commits) == 3 + 3
            ann.restart()
        encryption = ann.engine.outgoing.begin_encrypt([CROWD], {Protocol.LEGACY: b"x"})
        sizes: list[int] = []
        done = False
        while not done:
            before = len(made(encryption))
            done = encryption.step()
            sizes.append(len(made(encryption)) - before)
        assert not ann.engine.uncommitted
        assert len(encryption.finish().recipients) == sum(sizes) == 70
        found.append(sizes)
    new, known, loaded = found
    assert max(new) == encrypting.STEP // 8
    assert known == [32, 32, 6]
    assert max(loaded) == 16


def test_case_36_keys_are_committed_in_batches(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.peer("ann@test", protocols=LEGACY)
    add_crowd(ann.engine, CROWD, 70)
    encryption = ann.engine.outgoing.begin_encrypt([CROWD], {Protocol.LEGACY: b"x"})
    sizes: list[int] = []
    commit = ann.engine._core.commit

    def counted() -> None:
        sizes.append(len(made(encryption)))
        commit()

    monkeypatch.setattr(ann.engine._core, "commit", counted)
    while not encryption.step(1):
        pass
    assert sizes == [32, 64, 70]


def test_case_36_a_question_loads_no_sessions(world: FakeNetwork) -> None:
    ann = world.peer("ann@test", protocols=LEGACY)
    add_crowd(ann.engine, CROWD, 5)
    ann.engine.outgoing.encrypt([CROWD], {Protocol.LEGACY: b"x"})
    ann.restart()
    ann.engine.connected()
    assert len(ann.engine.outgoing.plan([CROWD]).recipients) == 5
    sessions = ann.engine._core.sessions[Protocol.LEGACY]
    assert not any(sessions.is_loaded(Device(CROWD, n)) for n in range(1, 6))


def test_case_36_a_thousand_and_one_are_refused(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encrypting, "RECIPIENTS_MAX", 4)
    ann = world.peer("ann@test", protocols=LEGACY)
    add_crowd(ann.engine, CROWD, 5)
    with pytest.raises(TooManyRecipients):
        ann.engine.outgoing.begin_encrypt([CROWD], {Protocol.LEGACY: b"x"})
    assert not ann.engine._core.sessions[Protocol.LEGACY].uncommitted
    ann.engine.trust.set_trust(Device(CROWD, 3), Trust.DISTRUSTED)
    assert (
        len(ann.engine.outgoing.encrypt([CROWD], {Protocol.LEGACY: b"x"}).recipients)
        == 4
    )


@pytest.mark.parametrize("steps", range(4))
def test_case_47_killed_between_steps_reuses_no_key(
    world: FakeNetwork, steps: int
) -> None:
    ann, others = two_with_devices(world, LEGACY)
    keys: list[Step] = []
    for _ in range(3):
        encryption = begin(ann, *others)
        done = False
        for _ in range(steps):
            done = encryption.step(1)
        if done:
            # It may have left, and the others did not
            keys += made(encryption)
        ann.restart(commit=False)
    sent = ann.encrypt(b"at last", "ben@test", "cat@test")
    keys += steps_of(sent.messages)
    assert len(keys) == len(set(keys)) == 3 * (3 if steps == 3 else 0) + 3
    for other in others:
        assert other.decrypt(ann, sent).plaintext == b"at last"


def test_case_47_a_rollback_gives_all_of_it_up(world: FakeNetwork) -> None:
    ann, others = two_with_devices(world)
    halfway, done = begin(ann, *others), begin(ann, *others)
    halfway.step(1)
    while not done.step(1):
        pass
    keys = made(halfway) + made(done)
    ann.engine._core.rollback()
    with pytest.raises(StoreError):
        halfway.step(1)
    with pytest.raises(StoreError):
        done.finish()
    sent = ann.encrypt(b"anew", "ben@test", "cat@test")
    assert set(keys).isdisjoint(steps_of(sent.messages))
    for other in others:
        assert other.decrypt(ann, sent).plaintext == b"anew"


def test_case_47_a_step_that_is_not_written_gives_all_of_it_up(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, others = two_with_devices(world, LEGACY)
    encryption = begin(ann, *others)
    encryption.step(1)

    def full() -> None:
        raise StoreError("full")

    with monkeypatch.context() as disk:
        disk.setattr(ann.engine._core.store, "commit", full)
        encryption.step(1)
        with pytest.raises(StoreError):
            encryption.step(1)
    # The disk has room again, and still
    with pytest.raises(StoreError):
        encryption.step(1)
    with pytest.raises(StoreError):
        encryption.finish()
    sent = ann.encrypt(b"anew", "ben@test", "cat@test")
    for other in others:
        assert other.decrypt(ann, sent).plaintext == b"anew"


def distrust(ann: Peer, other: Peer) -> None:
    ann.engine.trust.set_trust(other.device, Trust.DISTRUSTED)


def unlist(ann: Peer, other: Peer) -> None:
    for protocol in Protocol:
        left = tuple(
            device
            for device in ann.world.lists[other.jid, protocol].devices
            if device.device_id != other.engine.device_id
        )
        ann.engine.keys.device_list_received(other.jid, DeviceList(protocol, left))


def refuse_key(ann: Peer, other: Peer) -> None:
    ann.engine.keys.bundle_received(other.device, new_bundle(Protocol.OMEMO_2))


def forget(ann: Peer, other: Peer) -> None:
    ann.engine.devices.forget(other.device)


def take_its_place(ann: Peer, other: Peer) -> None:
    """Another device has its number, and is trusted blindly."""
    ann.engine.devices.forget(other.device)
    for protocol in Protocol:
        device_list = ann.world.lists[other.jid, protocol]
        ann.engine.keys.device_list_received(other.jid, device_list)
    ann.engine.keys.bundle_received(other.device, new_bundle(Protocol.LEGACY))


CHANGES = [
    (distrust, LeftOutReason.DISTRUSTED),
    (unlist, None),
    (refuse_key, LeftOutReason.KEY_CHANGED),
    (forget, None),
    (take_its_place, LeftOutReason.KEY_CHANGED),
]


@pytest.mark.parametrize("steps", [0, 1, 6])
@pytest.mark.parametrize(("change", "reason"), CHANGES)
def test_a_device_that_must_not_read_any_more_gets_no_key(
    world: FakeNetwork,
    change: Callable[[Peer, Peer], None],
    reason: LeftOutReason | None,
    steps: int,
) -> None:
    ann, others = two_with_devices(world)
    first, second, cat = others
    encryption = begin(ann, *others)
    for _ in range(steps):
        encryption.step(1)
    change(ann, first)
    sent = end(encryption)
    if change is not take_its_place or steps:
        assert first.device not in sent.recipients
        ids = {key.device_id for one in sent.messages for key in one.keys}
        assert ids == {second.engine.device_id, cat.engine.device_id}
        reasons = {one.reason for one in sent.left_out if one.device == first.device}
        assert reasons == (set() if reason is None else {reason})
    assert sent.lost == ()
    for other in (second, cat):
        assert other.decrypt(ann, sent).plaintext == b"x"


@pytest.mark.parametrize("change", [change for change, _reason in CHANGES])
def test_a_message_does_not_leave_after_a_reader_has_lost_the_right(
    world: FakeNetwork, change: Callable[[Peer, Peer], None]
) -> None:
    ann, others = two_with_devices(world)
    sent = ann.encrypt(b"x", "ben@test", "cat@test")
    assert ann.engine.outgoing.may_leave(sent)
    change(ann, others[1])
    assert not ann.engine.outgoing.may_leave(sent)


def test_a_device_that_shows_another_key_gets_nothing_at_all(
    world: FakeNetwork,
) -> None:
    ann, (ben, *_) = two_with_devices(world)
    ann.prepare(ben.jid)
    ann.engine.trust.set_trust(ben.device, Trust.VERIFIED)
    outgoing = ann.engine.outgoing
    trust_message = outgoing.encrypt_trust_message([ben.device], b"x")
    assert trust_message.recipients == (ben.device,)
    assert trust_message.left_out == ()
    for protocol in Protocol:
        assert outgoing.encrypt_empty(ben.device, protocol) is not None
    refuse_key(ann, ben)
    with pytest.raises(NoRecipient) as caught:
        outgoing.encrypt_trust_message([ben.device], b"x")
    assert caught.value.jids == (ben.jid,)
    for protocol in Protocol:
        assert outgoing.encrypt_empty(ben.device, protocol) is None


def test_a_device_that_may_not_read_keeps_no_other_from_it(world: FakeNetwork) -> None:
    ann, others = two_with_devices(world)
    ann.prepare("ben@test", "cat@test")
    refused, *readers = sorted(others, key=lambda one: one.jid)
    distrust(ann, refused)
    sent = ann.encrypt(b"x", "ben@test", "cat@test")
    assert sent.recipients == tuple(sorted(one.device for one in readers))
    assert sent.left_out == (LeftOut(refused.device, LeftOutReason.DISTRUSTED),)
    assert sent.lost == ()
    assert sent.identities == {one.device: one.engine.identity_key for one in readers}


def test_a_bundle_that_makes_no_session_is_reported(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, others = two_with_devices(world, LEGACY)
    refused, *readers = others
    encryption = begin(ann, *others)
    backend = ann.engine._core.sessions[Protocol.LEGACY].backend
    build = backend.build_session_active

    async def build_most(jid: str, number: int, *rest: Any) -> Any:
        if Device(jid, number) == refused.device:
            raise ValueError("a bundle that makes no sense")
        return await build(jid, number, *rest)

    monkeypatch.setattr(backend, "build_session_active", build_most)
    sent = end(encryption)
    assert sent.recipients == tuple(sorted(one.device for one in readers))
    assert sent.left_out == (LeftOut(refused.device, LeftOutReason.BUNDLE_REFUSED),)


def test_a_recipient_who_lost_all_devices_is_reported(world: FakeNetwork) -> None:
    ann, others = two_with_devices(world)
    encryption = begin(ann, *others)
    distrust(ann, others[2])
    assert end(encryption).lost == ("cat@test",)


def test_nobody_is_left(world: FakeNetwork) -> None:
    ann, others = two_with_devices(world)
    world.peer("ann@test")
    encryption = begin(ann, *others)
    for other in others:
        distrust(ann, other)
    with pytest.raises(NoRecipient):
        end(encryption)


def test_a_session_that_is_replaced_meanwhile(world: FakeNetwork) -> None:
    """Its key is one of a session that the other side still has."""
    ann, others = two_with_devices(world, LEGACY)
    ben = others[0]
    ann.send(b"before", ben)
    ben.send(b"answer", ann)
    encryption = begin(ann, *others)
    encryption.step(1)
    ann.carry_out(ann.engine.keys.replace_session(ben.device))
    sent = end(encryption)
    assert ben.decrypt(ann, sent).plaintext == b"x"
    assert ann.send(b"after", ben).plaintext == b"after"


def test_case_47_a_rollback_forgets_uncommitted_state(world: FakeNetwork) -> None:
    """Lists and keys are asked for again, and no bundle is left of a device whose
    key is not known any more."""
    ann, others = two_with_devices(world)
    ann.prepare("ben@test")
    ann.engine._core.rollback()
    for protocol in Protocol:
        assert ann.engine._directory.bundle(others[0].device, protocol) is None
    sent = ann.encrypt(b"x", "ben@test", "cat@test")
    assert len(sent.recipients) == 3


def test_two_at_once_and_in_any_order(world: FakeNetwork) -> None:
    ann, others = two_with_devices(world)
    one, other = begin(ann, *others, text=b"1"), begin(ann, *others, text=b"2")
    for _ in range(6):
        one.step(1)
        other.step(1)
    first, second = one.finish(), other.finish()
    for number, peer in enumerate(others):
        order = [(first, b"1"), (second, b"2")]
        for sent, text in order if number else reversed(order):
            assert peer.decrypt(ann, sent).plaintext == text


def test_messages_received_meanwhile_are_read(world: FakeNetwork) -> None:
    ann, others = two_with_devices(world)
    encryption = begin(ann, *others)
    for peer in (*others, *others):
        encryption.step(1)
        assert peer.send(b"in between", ann).plaintext == b"in between"
    sent = encryption.finish()
    for peer in others:
        assert peer.decrypt(ann, sent).plaintext == b"x"


def test_encryption_in_steps_returns_no_effects(world: FakeNetwork) -> None:
    """Nobody would carry out the effects that it asks for."""
    ann, others = two_with_devices(world)
    encryption = begin(ann, *others)
    encryption.step()
    new = world.peer("ben@test")
    encryption.step()
    assert new.device not in encryption.finish().recipients
    assert new.device in ann.encrypt(b"y", "ben@test").recipients
