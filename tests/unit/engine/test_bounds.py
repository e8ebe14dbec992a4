# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work that is bounded, whatever somebody sends."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from omemo_plugin.engine.backend.codec import CODECS
from omemo_plugin.engine.effects import FetchBundle
from omemo_plugin.engine.effects import FetchDeviceList
from omemo_plugin.engine.effects import PublishBundle
from omemo_plugin.engine.errors import DecryptionFailed
from omemo_plugin.engine.errors import MessageKeyGone
from omemo_plugin.engine.errors import PayloadDamaged
from omemo_plugin.engine.errors import ReceiveError
from omemo_plugin.engine.errors import TooManySkipped
from omemo_plugin.engine.messages import decryption_work
from omemo_plugin.engine.messages.decryption_work import KEYS_MAX
from omemo_plugin.engine.messages.encrypting import SentMessage
from omemo_plugin.engine.messages.rate_limit import RateLimit
from omemo_plugin.engine.values import EncryptedKey
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.work import calls_of
from tests.unit.engine.case_peers import both_protocols
from tests.unit.engine.case_peers import content_of_store
from tests.unit.engine.case_peers import pair

AHEAD = 1000


def far_ahead(ann: Peer, ben: Peer) -> EncryptedMessage:
    """A message after a thousand that did not come."""
    for _ in range(AHEAD):
        sent = ann.engine.outgoing.encrypt(
            [ben.jid], dict.fromkeys(ann.protocols, b"x")
        )
    return sent.messages[0]


def forged(message: EncryptedMessage, count: int) -> EncryptedMessage:
    """Make many keys for the reader that differ in bytes which nobody has
    authenticated."""
    key = message.keys[0]
    keys = tuple(
        dataclasses.replace(key, data=key.data[:-3] + number.to_bytes(3, "big"))
        for number in range(1, count + 1)
    )
    return dataclasses.replace(message, keys=keys)


def calls_of_refusing(ben: Peer, jid: str, message: EncryptedMessage) -> int:
    def refuse() -> None:
        with pytest.raises(ReceiveError):
            ben.engine.incoming.decrypt(jid, [message])

    return calls_of(refuse)


@both_protocols
def test_case_50_thousands_of_keys_in_one_stanza(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    message = far_ahead(ann, ben)
    before = content_of_store(ben)
    assert calls_of_refusing(ben, ann.jid, forged(message, 5000)) < 200_000
    assert content_of_store(ben) == before
    # The true one is read all the same
    assert ben.engine.incoming.decrypt(ann.jid, [message]).plaintext == b"x"


@both_protocols
def test_case_50_only_a_few_keys_are_tried(
    world: FakeNetwork,
    protocols: tuple[Protocol, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ann, ben = pair(world, protocols)
    sent = ann.encrypt(b"x", ben.jid).messages[0]
    tried: list[EncryptedKey] = []
    backend = ben.engine._core.sessions[protocols[0]].backend
    decrypt = backend.decrypt_key_material

    def count(session: object, key: EncryptedKey) -> object:
        tried.append(key)
        return decrypt(session, key)  # type: ignore[arg-type]

    monkeypatch.setattr(backend, "decrypt_key_material", count)
    with pytest.raises(DecryptionFailed):
        ben.engine.incoming.decrypt(ann.jid, [forged(sent, 1000)])
    assert len(tried) == KEYS_MAX
    # The same key many times is one
    tried.clear()
    same = dataclasses.replace(sent, keys=sent.keys * 1000)
    assert ben.engine.incoming.decrypt(ann.jid, [same]).plaintext == b"x"
    assert len(tried) == 1


def calls_of_trying(
    ben: Peer, jid: str, message: EncryptedMessage, monkeypatch: pytest.MonkeyPatch
) -> int:
    """How often a session tries to open the key of a message that nobody can read."""
    backend = ben.engine._core.sessions[message.protocol].backend
    decrypt = backend.decrypt_key_material
    tried: list[object] = []

    def count(session: Any, key: Any) -> Any:
        tried.append(key)
        return decrypt(session, key)

    with monkeypatch.context() as patch:
        patch.setattr(backend, "decrypt_key_material", count)
        with pytest.raises(DecryptionFailed):
            ben.engine.incoming.decrypt(jid, [message])
    return len(tried)


@both_protocols
def test_case_50_failed_keys_are_remembered(
    world: FakeNetwork,
    protocols: tuple[Protocol, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ann, ben = pair(world, protocols)
    message = forged(far_ahead(ann, ben), 1)
    with pytest.raises(DecryptionFailed):
        ben.engine.incoming.decrypt(ann.jid, [message])
    backend = ben.engine._core.sessions[protocols[0]].backend
    with monkeypatch.context() as patch:
        patch.setattr(backend, "decrypt_key_material", None)
        with pytest.raises(DecryptionFailed):
            ben.engine.incoming.decrypt(ann.jid, [message])
    # Until the session moves
    ann.send(b"on", ben)
    assert calls_of_trying(ben, ann.jid, message, monkeypatch) == 1
    assert calls_of_trying(ben, ann.jid, message, monkeypatch) == 0


@both_protocols
def test_case_50_work_for_a_sender_is_budgeted(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    """A thousand stanzas, each with keys of its own."""
    ann, ben = pair(world, protocols)
    message = far_ahead(ann, ben)
    key = message.keys[0]
    stanzas = [
        dataclasses.replace(
            message,
            keys=(
                dataclasses.replace(
                    key, data=key.data[:-3] + number.to_bytes(3, "big")
                ),
            ),
        )
        for number in range(1, 1001)
    ]
    kinds = []

    def refuse() -> None:
        for stanza in stanzas:
            with pytest.raises(ReceiveError) as caught:
                ben.engine.incoming.decrypt(ann.jid, [stanza])
            kinds.append(type(caught.value))

    assert calls_of(refuse) < 2_000_000
    assert kinds.count(DecryptionFailed) <= 20
    assert kinds[-1] is TooManySkipped
    # It comes back with time, and what is cheap is read meanwhile
    ben.clock.now += 60
    assert ben.engine.incoming.decrypt(ann.jid, [message]).plaintext == b"x"


def test_a_limit_allows_some_at_once_and_others_with_time() -> None:
    limit = RateLimit(3, 0.5, 100.0)
    assert [limit.take(100.0) for _ in range(4)] == [True, True, True, False]
    found = [limit.take(now) for now in (101.0, 102.0, 103.0, 104.0)]
    assert found == [False, True, False, True]
    # Time that nobody has used adds no more than the first ones
    assert [limit.take(1000.0) for _ in range(4)] == [True, True, True, False]
    # Nor does a clock that was set back, which goes on from there
    assert [limit.take(now) for now in (50.0, 51.0, 52.0)] == [False, False, True]
    assert [limit.has(count, 58.0) for count in (3, 4)] == [True, False]
    limit.spend(5)
    assert [limit.has(count, 60.0) for count in (1, 2)] == [True, False]


def test_a_clock_that_went_back_refills_no_budget(world: FakeNetwork) -> None:
    work = decryption_work.DecryptionWork()
    for _ in range(9):
        stanza = work.stanza_of("ann@test", 1000.0)
        stanza.check(2100)
        stanza.spend(2100)
    stanza = work.stanza_of("ann@test", 0.0)
    with pytest.raises(TooManySkipped):
        stanza.check(2100)
    work.stanza_of("ann@test", 10.0).check(2100)


def test_one_stanza_has_less_than_its_sender() -> None:
    work = decryption_work.DecryptionWork()
    stanza = work.stanza_of("ann@test", 0.0)
    stanza.check(decryption_work.STEPS_OF_STANZA)
    with pytest.raises(TooManySkipped):
        stanza.check(decryption_work.STEPS_OF_STANZA + 1)
    stanza.spend(2000)
    stanza.check(100)
    with pytest.raises(TooManySkipped):
        stanza.check(101)
    work.stanza_of("ann@test", 0.0).check(decryption_work.STEPS_OF_STANZA)


def test_the_budgets_of_many_senders_do_not_fill_the_memory() -> None:
    work = decryption_work.DecryptionWork()
    for number in range(1100):
        work.stanza_of(f"ann{number}@test", 0.0).spend(1)
    assert len(work._budgets) == 1000


def test_the_sender_who_failed_last_is_remembered_longest() -> None:
    work = decryption_work.DecryptionWork()
    for number in (*range(1000), 0, 1000):
        work.spend(f"ann{number}@test", 1, 0.0)
    assert list(work._budgets)[-2:] == ["ann0@test", "ann1000@test"]
    assert "ann1@test" not in work._budgets


@pytest.mark.parametrize("spent", [0, 1])
def test_a_sender_may_cause_so_many_steps(spent: int) -> None:
    work = decryption_work.DecryptionWork()
    if spent:
        work.spend("ann@test", spent, 0.0)
    found = [work.may_spend("ann@test", 20_000 + more, 0.0) for more in (-1, 0, 1)]
    assert found == [True, not spent, False]
    work.spend("ann@test", 20_000, 0.0)
    found = [work.may_spend("ann@test", steps, 2.0) for steps in (2000, 2001)]
    assert found == [True, False]


def test_the_failed_keys_do_not_fill_the_memory() -> None:
    work = decryption_work.DecryptionWork()
    digests = [number.to_bytes(2, "big") for number in range(600)]
    for digest in digests:
        work.note_failed("phone", digest, DecryptionFailed)
    kept = [digest for digest in digests if work.failure_of("phone", digest)]
    assert kept == digests[100:]
    for device in range(1000):
        work.note_failed(device, b"key", MessageKeyGone)
    assert work.failure_of("phone", digests[-1]) is None
    assert work.failure_of(0, b"key") is MessageKeyGone
    work.forget(0)
    work.forget("nobody")
    found = [work.failure_of(device, b"key") for device in (0, 1)]
    assert found == [None, MessageKeyGone]


def needed(ben: Peer, ann: Peer, sent: SentMessage) -> tuple[int, bool]:
    """The steps that ben's session makes for a message of ann's, and whether it knows
    the message's chain."""
    (message,) = sent.messages
    session = ben.engine._core.sessions[message.protocol].of(ann.device).current
    assert session is not None
    codec, data = CODECS[message.protocol], message.keys[0].data
    key = codec.parse_key(data, ann.jid, ann.engine.device_id)
    return (
        decryption_work.steps_needed(session, key),
        decryption_work.knows_chain(session, key),
    )


@both_protocols
def test_the_steps_that_a_message_needs(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    first = [ann.encrypt(b"x", ben.jid) for _ in range(5)]
    # A ratchet step costs as much as forty others
    found = [needed(ben, ann, sent) for sent in first]
    assert found == [(40 + number, False) for number in range(5)]
    ben.decrypt(ann, first[1])
    found = [needed(ben, ann, sent) for sent in first]
    assert found == [(0, True), (0, True), (0, True), (1, True), (2, True)]
    ben.send(b"x", ann)
    second = [ann.encrypt(b"x", ben.jid) for _ in range(3)]
    # Three of the chain before have not come
    found = [needed(ben, ann, sent) for sent in second]
    assert found == [(40 + 3 + number, False) for number in range(3)]


@both_protocols
def test_a_message_is_tried_with_the_session_that_knows_its_chain(
    world: FakeNetwork,
    protocols: tuple[Protocol, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ann, ben = pair(world, protocols)
    skipped = ann.encrypt(b"1", ben.jid)
    ann.send(b"2", ben)
    ben.send(b"3", ann)
    ann.send(b"4", ben)
    late = ann.encrypt(b"5", ben.jid)
    ben.carry_out(ben.engine.keys.replace_session(ann.device))
    tried: list[object] = []
    backend = ben.engine._core.sessions[protocols[0]].backend
    decrypt = backend.decrypt_key_material

    def count(session: Any, key: Any) -> Any:
        tried.append(session)
        return decrypt(session, key)

    monkeypatch.setattr(backend, "decrypt_key_material", count)
    for sent, text in ((skipped, b"1"), (late, b"5")):
        tried.clear()
        assert ben.decrypt(ann, sent).plaintext == text
        assert len(tried) == 1


@both_protocols
def test_a_message_with_a_damaged_payload_costs_its_steps(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    ann.send(b"x", ben)
    for _ in range(250):
        (message,) = ann.encrypt(b"x", ben.jid).messages
    damaged = dataclasses.replace(message, payload=b"x" * 64)
    kinds = []
    for _ in range(81):
        with pytest.raises(ReceiveError) as caught:
            ben.engine.incoming.decrypt(ann.jid, [damaged])
        kinds.append(type(caught.value))
    assert kinds == [PayloadDamaged] * 80 + [TooManySkipped]
    # Others have a budget of their own
    cat = world.peer("cat@test", protocols=protocols)
    cat.send(b"1", ben)
    for _ in range(100):
        cat.encrypt(b"2", ben.jid)
    assert cat.send(b"3", ben).plaintext == b"3"


def test_steps_that_a_ratchet_refuses_cost_nothing() -> None:
    found = [decryption_work.bounded(steps) for steps in (-1, 0, 1, 1000, 1001)]
    assert found == [0, 0, 1, 1000, 0]


@both_protocols
def test_case_57_junk_of_strangers_asks_for_nothing(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    """A question to the stranger's server would tell it that we are online."""
    ann, ben = pair(world, protocols)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    for number in range(1000):
        stranger = f"{number}@stranger.test"
        with pytest.raises(ReceiveError) as caught:
            ben.engine.incoming.decrypt(stranger, [forged(message, 3)])
        assert all(
            isinstance(effect, FetchDeviceList) and effect.unasked
            for effect in caught.value.effects
            if isinstance(effect, FetchDeviceList | FetchBundle)
        )


@pytest.mark.thorough
def test_case_70_our_bundle_is_seen_while_prekeys_are_used(
    world: FakeNetwork,
) -> None:
    """The server's answer about our bundle comes between the messages: it is
    published once, and whole."""
    protocol = Protocol.LEGACY
    ben = world.peer("ben@test", protocols=(protocol,))
    bundle = world.bundles[ben.device, protocol]
    waiting = []
    for number, prekey in enumerate(bundle.prekeys.items()):
        single = dataclasses.replace(bundle, prekeys=dict([prekey]))
        world.bundles[ben.device, protocol] = single
        sender = world.peer(f"ann{number}@test", protocols=(protocol,))
        waiting.append((sender, sender.encrypt(b"x", ben.jid)))
    world.bundles[ben.device, protocol] = bundle
    ben.wait(60)
    ben.log.clear()
    wanted = ben.engine.connected()
    for number, (sender, sent) in enumerate(waiting):
        if number == 80:
            ben.carry_out(wanted)
        ben.engine.incoming.decrypt(sender.jid, sent.messages)
    ben.carry_out(ben.engine.catch_up_ended())
    published = [
        one
        for one in ben.log
        if isinstance(one, PublishBundle) and one.bundle.protocol is protocol
    ]
    assert len(published) == 1
    assert len(world.bundles[ben.device, protocol].prekeys) == 100


@pytest.mark.thorough
@pytest.mark.parametrize("accounts", [1, 100])
def test_case_70_all_our_prekeys_while_we_are_offline(
    world: FakeNetwork, accounts: int
) -> None:
    """A hundred key exchanges wait, one for each prekey on the server: all can be
    read, and the server gets one bundle with enough prekeys."""
    protocol = Protocol.LEGACY
    ben = world.peer("ben@test", protocols=(protocol,))
    bundle = world.bundles[ben.device, protocol]
    waiting = []
    for number, prekey in enumerate(bundle.prekeys.items()):
        if number % accounts == number or accounts == 100:
            sender = world.peer(f"ann{number % accounts}@test", protocols=(protocol,))
        single = dataclasses.replace(bundle, prekeys=dict([prekey]))
        world.bundles[ben.device, protocol] = single
        if accounts == 1 and number:
            sender.engine.keys.replace_session(ben.device)
            sender.engine.keys.bundle_received(ben.device, single)
        waiting.append((sender, sender.encrypt(b"%d" % number, ben.jid)))
    assert len(waiting) == 100
    world.bundles[ben.device, protocol] = bundle
    ben.log.clear()
    ben.carry_out(ben.engine.connected())
    for number, (sender, sent) in enumerate(waiting):
        result = ben.engine.incoming.decrypt(sender.jid, sent.messages)
        assert result.plaintext == b"%d" % number
        if number % 20 == 19:
            ben.engine.commit()
            ben.carry_out(ben.engine.tick())
    ben.carry_out(ben.engine.catch_up_ended())
    ben.wait(11)
    ben.wait(11)
    published = [
        one
        for one in ben.log
        if isinstance(one, PublishBundle) and one.bundle.protocol is protocol
    ]
    assert len(published) == 1
    assert len(world.bundles[ben.device, protocol].prekeys) == 100
    assert (
        not world.bundles[ben.device, protocol].prekeys.keys() & bundle.prekeys.keys()
    )
