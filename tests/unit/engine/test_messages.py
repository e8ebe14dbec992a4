# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages between engines, when all goes well or nearly so."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import replace

import pytest

from omemo_plugin.engine.effects import Effect
from omemo_plugin.engine.effects import NewDevices
from omemo_plugin.engine.effects import OweEmptyMessage
from omemo_plugin.engine.effects import PublishDeviceList
from omemo_plugin.engine.errors import DuplicateMessage
from omemo_plugin.engine.errors import NoRecipient
from omemo_plugin.engine.errors import NotForThisDevice
from omemo_plugin.engine.errors import OmemoError
from omemo_plugin.engine.errors import SentByThisDevice
from omemo_plugin.engine.errors import UnknownPrekey
from omemo_plugin.engine.messages.encrypting import SentMessage
from omemo_plugin.engine.messages.planning import LeftOutReason
from omemo_plugin.engine.state.prekeys import KEPT_MAX
from omemo_plugin.engine.state.prekeys import KEPT_SECONDS
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

LEGACY = (Protocol.LEGACY,)
OMEMO_2 = (Protocol.OMEMO_2,)


@pytest.mark.parametrize("protocols", [LEGACY, OMEMO_2, (*LEGACY, *OMEMO_2)])
def test_conversation(world: FakeNetwork, protocols: tuple[Protocol, ...]) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    for number in range(3):
        there = ann.send(b"there %d" % number, ben)
        back = ben.send(b"back %d" % number, ann)
        assert there.plaintext == b"there %d" % number
        assert back.plaintext == b"back %d" % number
        assert there.protocol is protocols[-1]
        assert there.device == ann.device
        assert there.fingerprint == ann.engine.fingerprint
        assert there.trust is Trust.BLIND


def test_both_protocols_until_omemo_2_was_heard(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    ben = world.peer("ben@test")
    # Ben must not answer by himself, or Ann knows at once
    ben.auto_answer = False
    for _ in range(2):
        sent = ann.encrypt(b"x", ben.jid)
        assert {message.protocol for message in sent.messages} == set(Protocol)
        assert ben.decrypt(ann, sent).protocol is Protocol.OMEMO_2
    answer = ben.encrypt(b"y", ann.jid)
    assert [message.protocol for message in answer.messages] == [Protocol.OMEMO_2]
    ann.decrypt(ben, answer)
    sent = ann.encrypt(b"z", ben.jid)
    assert [message.protocol for message in sent.messages] == [Protocol.OMEMO_2]


def test_mixed_devices_get_one_message(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    old = world.peer("ben@test", protocols=LEGACY)
    new = world.peer("ben@test", protocols=OMEMO_2)
    own = world.peer("ann@test")
    sent = ann.encrypt(b"to all", "ben@test")
    assert set(sent.recipients) == {old.device, new.device, own.device}
    assert not sent.left_out
    assert old.decrypt(ann, sent).protocol is Protocol.LEGACY
    assert new.decrypt(ann, sent).protocol is Protocol.OMEMO_2
    assert own.decrypt(ann, sent).plaintext == b"to all"


def test_a_device_without_a_protocol_we_have_text_for_is_left_out(
    world: FakeNetwork,
) -> None:
    ann = world.peer("ann@test")
    old = world.peer("ben@test", protocols=LEGACY)
    new = world.peer("ben@test", protocols=OMEMO_2)
    ann.prepare("ben@test")
    sent = ann.engine.outgoing.encrypt(["ben@test"], {Protocol.OMEMO_2: b"reaction"})
    assert sent.recipients == (new.device,)
    assert [(one.device, one.reason) for one in sent.left_out] == [
        (old.device, LeftOutReason.PROTOCOL)
    ]


def test_simultaneous_first_messages_lose_nothing(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    ben = world.peer("ben@test")
    from_ann = [ann.encrypt(b"a%d" % n, ben.jid) for n in range(3)]
    from_ben = [ben.encrypt(b"b%d" % n, ann.jid) for n in range(3)]
    for number in range(3):
        assert ben.decrypt(ann, from_ann[number]).plaintext == b"a%d" % number
        assert ann.decrypt(ben, from_ben[number]).plaintext == b"b%d" % number
    for number in range(5):
        assert ann.send(b"%d" % number, ben).plaintext == b"%d" % number
        assert ben.send(b"%d" % number, ann).plaintext == b"%d" % number


def test_restart_without_commit_receives_again(world: FakeNetwork) -> None:
    """Gajim may lose in a crash what it showed; the archive sends it again."""
    ann = world.peer("ann@test")
    ben = world.peer("ben@test")
    ann.send(b"first", ben)
    ben.engine.commit()
    lost = ann.encrypt(b"second", ben.jid)
    ben.decrypt(ann, lost)
    ben.restart(commit=False)
    assert ben.decrypt(ann, lost).plaintext == b"second"
    ben.restart()
    with pytest.raises(DuplicateMessage):
        ben.decrypt(ann, lost)
    assert ann.send(b"third", ben).plaintext == b"third"


def test_own_messages_are_not_for_this_device(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    ben = world.peer("ben@test")
    sent = ann.encrypt(b"x", ben.jid)
    with pytest.raises(SentByThisDevice):
        ann.engine.incoming.decrypt(ann.jid, sent.messages)


def test_message_for_others_only(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    ben = world.peer("ben@test")
    eve = world.peer("eve@test")
    sent = ann.encrypt(b"x", ben.jid)
    with pytest.raises(NotForThisDevice):
        eve.engine.incoming.decrypt(ann.jid, sent.messages)


def test_own_jid_in_another_case(world: FakeNetwork) -> None:
    ann = world.peer("ann@test", protocols=OMEMO_2)
    ben = world.peer("ben@test", protocols=OMEMO_2)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    keys = (dataclasses.replace(message.keys[0], jid="Ben@Test"),)
    message = dataclasses.replace(message, keys=keys)
    assert ben.engine.incoming.decrypt(ann.jid, [message]).plaintext == b"x"


def test_late_bundle_is_asked_for_again(world: FakeNetwork) -> None:
    """Some clients publish the list before the bundle."""
    ann = world.peer("ann@test")
    ben = world.peer("ben@test")
    hidden = {
        key: world.bundles.pop(key)
        for key in list(world.bundles)
        if key[0] == ben.device
    }
    ann.prepare(ben.jid)
    assert ann.engine.outgoing.plan([ben.jid]).unreachable == (ben.jid,)
    with pytest.raises(NoRecipient):
        ann.engine.outgoing.encrypt([ben.jid], {Protocol.LEGACY: b"x"})
    # Not at once: this would go on for ever
    assert not ann.engine.outgoing.plan([ben.jid]).effects
    world.bundles.update(hidden)
    ann.clock.now += 4
    assert ann.send(b"x", ben).plaintext == b"x"


def test_missing_bundles_are_not_fetched_again_and_again(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    ben = world.peer("ben@test")
    gone = world.peer("ben@test")
    world.bundles.pop((gone.device, Protocol.LEGACY))
    world.bundles.pop((gone.device, Protocol.OMEMO_2))
    before = len(ann.log)
    for _ in range(20):
        ann.send(b"x", ben)
        ann.clock.now += 60
    fetched = [
        effect
        for effect in ann.log[before:]
        if getattr(effect, "device", None) == gone.device
    ]
    assert 2 <= len(fetched) <= 10


def test_catch_up_keeps_prekeys_and_publishes_once(world: FakeNetwork) -> None:
    """Two devices took the same prekey before we came back."""
    ann = world.peer("ann@test")
    ben = world.peer("ben@test", protocols=LEGACY)
    key = (ben.device, Protocol.LEGACY)
    bundle = world.bundles[key]
    number = next(iter(bundle.prekeys))
    world.bundles[key] = type(bundle)(
        bundle.protocol,
        bundle.identity_key,
        bundle.signed_prekey_id,
        bundle.signed_prekey,
        bundle.signature,
        {number: bundle.prekeys[number]},
    )
    other = world.peer("ann@test")
    ann.prepare(ben.jid)
    other.prepare(ben.jid)
    texts = {Protocol.LEGACY: b"x"}
    one = ann.engine.outgoing.encrypt([ben.jid], texts)
    two = other.engine.outgoing.encrypt([ben.jid], texts)

    ben.carry_out(ben.engine.connected())
    ben.log.clear()
    assert ben.decrypt(ann, one).plaintext == b"x"
    ben.restart()
    ben.carry_out(ben.engine.connected())
    assert ben.decrypt(other, two).plaintext == b"x"
    assert not [e for e in ben.log if isinstance(e, OweEmptyMessage)]
    ben.clock.now += 60
    ben.log.clear()
    ben.carry_out(ben.engine.catch_up_ended())
    kinds = [type(effect).__name__ for effect in ben.log]
    assert kinds.count("PublishBundle") == 2 - 1
    assert len(world.bundles[key].prekeys) == 100
    assert number not in world.bundles[key].prekeys
    assert "OweEmptyMessage" in kinds


def first_messages(
    world: FakeNetwork, ben: Peer, senders: list[Peer]
) -> list[SentMessage]:
    """First messages of several devices that all took the same prekey."""
    key = (ben.device, Protocol.LEGACY)
    bundle = world.bundles[key]
    number = next(iter(bundle.prekeys))
    one_prekey = {number: bundle.prekeys[number]}
    world.bundles[key] = dataclasses.replace(bundle, prekeys=one_prekey)
    for sender in senders:
        sender.prepare(ben.jid)
    texts = {Protocol.LEGACY: b"x"}
    return [sender.engine.outgoing.encrypt([ben.jid], texts) for sender in senders]


def test_two_take_the_same_prekey_at_the_same_time(world: FakeNetwork) -> None:
    """The second one's message comes when the first one's has used it."""
    ben = world.peer("ben@test", protocols=LEGACY)
    ann, cat = world.peer("ann@test"), world.peer("cat@test")
    late = world.peer("dan@test")
    one, two, three = first_messages(world, ben, [ann, cat, late])
    assert ben.decrypt(ann, one).plaintext == b"x"
    ben.clock.now += 20
    ben.carry_out(ben.engine.tick())
    # It is not offered any more
    assert len(world.bundles[ben.device, Protocol.LEGACY].prekeys) == 100
    used = set(ben.engine._core.prekeys[Protocol.LEGACY]._used())
    assert len(used) == 1
    ben.engine.commit()
    ben.restart()
    ben.online()
    assert ben.decrypt(cat, two).plaintext == b"x"
    ben.clock.now += KEPT_SECONDS
    ben.carry_out(ben.engine.tick())
    with pytest.raises(UnknownPrekey):
        ben.engine.incoming.decrypt(late.jid, three.messages)


def test_used_prekeys_are_bounded_in_number(world: FakeNetwork) -> None:
    ben = world.peer("ben@test")
    prekeys = ben.engine._core.prekeys[Protocol.LEGACY]
    now = ben.engine._core.now()
    for number in range(KEPT_MAX + 20):
        bundle = prekeys.bundle()
        prekey_id = min(bundle.prekeys)
        prekeys.consume(bundle.prekeys[prekey_id], prekey_id, now + number)
    used = prekeys._used()
    assert len(used) == KEPT_MAX
    assert min(at for _, at in used.values()) == now + 20


@pytest.mark.parametrize("jump", [-1, KEPT_SECONDS])
def test_used_prekeys_do_not_outlive_a_wrong_clock(
    world: FakeNetwork, jump: int
) -> None:
    ben = world.peer("ben@test")
    prekeys = ben.engine._core.prekeys[Protocol.LEGACY]
    now = ben.engine._core.now()
    bundle = prekeys.bundle()
    prekey_id = min(bundle.prekeys)
    prekeys.consume(bundle.prekeys[prekey_id], prekey_id, now)
    prekeys.delete_used(now)
    assert prekeys.some_used
    prekeys.delete_used(now + jump)
    assert not prekeys.some_used


def test_new_contact_device_is_told(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    ben = world.peer("ben@test")
    ann.send(b"x", ben)
    assert NewDevices("ben@test", (ben.device,), Trust.BLIND) in ann.news
    ann.news.clear()
    ann.send(b"x", ben)
    assert not ann.news


def test_replaced_session(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    ben = world.peer("ben@test")
    ann.send(b"x", ben)
    ben.send(b"x", ann)
    late = ann.encrypt(b"late", ben.jid)
    ben.carry_out(ben.engine.keys.replace_session(ann.device))
    assert ben.outbox
    assert ben.send(b"new", ann).plaintext == b"new"
    assert ann.send(b"new", ben).plaintext == b"new"
    # A message under way on the old session is not lost
    assert ben.decrypt(ann, late).plaintext == b"late"


def owed_after(ben: Peer, ann: Peer) -> list[Effect]:
    sent = ann.encrypt(b"x", ben.jid)
    effects = ben.engine.incoming.decrypt(ann.jid, sent.messages).effects
    return [one for one in effects if isinstance(one, OweEmptyMessage)]


@pytest.mark.parametrize("protocols", [LEGACY, OMEMO_2], ids=["legacy", "omemo2"])
def test_an_answer_is_owed_for_a_first_message_and_each_53_of_a_chain(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    first = OweEmptyMessage(ann.device, protocols[0], False)
    assert owed_after(ben, ann) == [first]
    ben.send(b"x", ann)
    heartbeat = OweEmptyMessage(ann.device, protocols[0], True)
    found = [owed_after(ben, ann) for _ in range(107)]
    assert found == [[heartbeat] if n in (52, 105) else [] for n in range(107)]


def test_an_answer_that_is_owed_waits_for_the_end_of_the_catch_up(
    world: FakeNetwork,
) -> None:
    ann = world.peer("ann@test", protocols=OMEMO_2)
    ben = world.peer("ben@test", protocols=OMEMO_2)
    ben.carry_out(ben.engine.connected())
    assert [owed_after(ben, ann) for _ in range(2)] == [[], []]
    effects = ben.engine.catch_up_ended()
    found = [one for one in effects if isinstance(one, OweEmptyMessage)]
    assert found == [OweEmptyMessage(ann.device, Protocol.OMEMO_2, False)]


def test_heartbeat_after_53_messages_without_answer(world: FakeNetwork) -> None:
    ann = world.peer("ann@test", protocols=OMEMO_2)
    ben = world.peer("ben@test", protocols=OMEMO_2)
    ann.send(b"x", ben)
    ben.send(b"x", ann)
    ann.send(b"x", ben)
    ben.outbox.clear()
    for _ in range(60):
        ann.send(b"x", ben)
    ((_device, heartbeat),) = ben.outbox
    # QXmpp does not count what has no payload, and stops after 106 messages
    assert heartbeat.payload is not None


def test_a_heartbeat_after_a_month_away(world: FakeNetwork) -> None:
    """One answer for all that has come; it counts for QXmpp as well."""
    ann = world.peer("ann@test", protocols=OMEMO_2)
    ben = world.peer("ben@test", protocols=OMEMO_2)
    ann.send(b"x", ben)
    ben.send(b"x", ann)
    ben.outbox.clear()
    ben.carry_out(ben.engine.connected())
    for _ in range(60):
        ann.send(b"x", ben)
    assert ben.outbox == []
    ben.carry_out(ben.engine.catch_up_ended())
    ((_device, heartbeat),) = ben.outbox
    assert heartbeat.payload is not None


@pytest.mark.parametrize("protocols", [LEGACY, OMEMO_2], ids=["legacy", "omemo2"])
def test_the_answer_to_a_key_exchange_is_empty(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    ann.send(b"x", ben)
    ((_device, answer),) = ben.outbox
    assert answer.payload is None


def test_a_heartbeat_is_empty_in_the_legacy_protocol(world: FakeNetwork) -> None:
    """Every payload is a text there."""
    ann = world.peer("ann@test", protocols=LEGACY)
    ben = world.peer("ben@test", protocols=LEGACY)
    ann.send(b"x", ben)
    ben.send(b"x", ann)
    ben.outbox.clear()
    for _ in range(60):
        ann.send(b"x", ben)
    ((_device, heartbeat),) = ben.outbox
    assert heartbeat.payload is None


def lists_of(effects: Sequence[Effect]) -> list[DeviceList]:
    """The device lists to publish, if the effects are nothing else."""
    found = [one.device_list for one in effects if isinstance(one, PublishDeviceList)]
    assert len(found) == len(effects)
    return found


def test_another_own_device_is_taken_off_the_lists(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    other = world.peer("ann@test")
    third = world.peer("ann@test", protocols=LEGACY)
    effects = ann.engine.devices.remove_own(other.device)
    lists = {one.protocol: one for one in lists_of(effects)}
    assert lists[Protocol.LEGACY].ids == {
        ann.device.device_id,
        third.device.device_id,
    }
    assert lists[Protocol.OMEMO_2].ids == {ann.device.device_id}
    # Where it is not listed, there is nothing to publish
    (only,) = lists_of(ann.engine.devices.remove_own(third.device))
    assert only.protocol is Protocol.LEGACY


def test_this_device_and_other_peoples_stay_on_the_lists(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    ben = world.peer("ben@test")
    for device in (ann.device, ben.device):
        with pytest.raises(OmemoError):
            ann.engine.devices.remove_own(device)


@pytest.mark.parametrize(
    ("written", "is_ours"),
    [
        ("ann@bücher.example", True),
        ("ANN@xn--bcher-kva.EXAMPLE", True),
        ("ann@bucher.example", False),
        ("ann@bücher.example/phone", False),
        ("bücher.example", False),
        ("", False),
    ],
)
def test_a_key_for_this_account_may_name_it_in_any_form(
    world: FakeNetwork, written: str, is_ours: bool
) -> None:
    ann = world.peer("ann@bücher.example")
    ben = world.peer("ben@test", protocols=(Protocol.OMEMO_2,))
    sent = ben.encrypt(b"hello", ann.jid)
    (message,) = sent.messages
    keys = tuple(replace(key, jid=written) for key in message.keys)
    sent = replace(sent, messages=(replace(message, keys=keys),))
    if is_ours:
        assert ann.decrypt(ben, sent).plaintext == b"hello"
    else:
        with pytest.raises(NotForThisDevice):
            ann.decrypt(ben, sent)
