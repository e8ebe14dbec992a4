# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Codes, phrases and trust messages through the account's service."""

from __future__ import annotations

import pytest

from omemo_plugin.bridge import account as account_module
from omemo_plugin.engine.device_info import DeviceInfo
from omemo_plugin.engine.values import Trust
from omemo_plugin.verify.judge import Source
from omemo_plugin.verify.judge import Verdict
from omemo_plugin.verify.phrase import load_words
from omemo_plugin.verify.uri import build_fingerprint_uri

from .test_account import Outgoing
from .test_account import Side
from .test_account import World
from .test_account import run_for
from .test_account import wait_for
from .test_account import world

__all__ = ["world"]

ALICE = "alice@example.org"
BOB = "bob@example.org"


def code(side: Side) -> str:
    service = side.service
    return build_fingerprint_uri(side.jid, {service.device_id: service.fingerprint})


def info(side: Side, other: Side) -> DeviceInfo:
    return next(
        one
        for one in side.service.devices(other.jid)
        if one.device.device_id == other.service.device_id
    )


def meet(side: Side, other: Side) -> None:
    def has_met() -> bool:
        side.service.plan([other.jid])
        return any(
            one.device.device_id == other.service.device_id
            and one.fingerprint is not None
            for one in side.service.devices(other.jid)
        )

    wait_for(has_met)


def second_device(world: World, jid: str) -> Side:
    side = Side(jid, world.server, world.folder / "second")
    world.sides.append(side)
    side.service.connected()
    run_for(0.2)
    side.service.catch_up_ended()
    return side


def verify(side: Side, other: Side) -> None:
    shown = side.service.judge(code(other), Source.CAMERA, other.jid)
    assert shown.verdict is Verdict.MATCH
    assert side.service.apply(shown).applied


def test_a_code_is_judged_and_applied(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    meet(alice, bob)
    verify(alice, bob)
    assert info(alice, bob).trust is Trust.VERIFIED
    again = alice.service.judge(code(bob), Source.CAMERA, BOB)
    assert again.verdict is Verdict.MATCH
    assert not alice.service.apply(again).applied


def test_case_45_a_link_is_applied_when_the_user_says_so(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    meet(alice, bob)
    shown = alice.service.judge(code(bob), Source.LINK, BOB)
    assert not alice.service.apply(shown).applied
    assert info(alice, bob).trust is Trust.BLIND
    assert alice.service.apply(shown, confirmed=True).applied
    assert info(alice, bob).trust is Trust.VERIFIED


def test_case_45_what_is_not_true_any_more_is_not_applied(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    wrong = build_fingerprint_uri(BOB, {bob.service.device_id: "42" * 32})
    shown = alice.service.judge(wrong, Source.CAMERA, BOB)
    assert shown.verdict is Verdict.IN_ADVANCE
    meet(alice, bob)
    now = alice.service.apply(shown)
    assert now.verdict is Verdict.MISMATCH
    assert not now.applied
    assert info(alice, bob).trust is Trust.BLIND
    assert alice.service.apply(now).applied
    assert info(alice, bob).trust is Trust.DISTRUSTED


def test_a_phrase_is_the_same_on_both_sides(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    meet(alice, bob)
    meet(bob, alice)
    ours, theirs = alice.service.phrase(BOB), bob.service.phrase(ALICE)
    assert ours is not None
    assert theirs is not None
    assert ours.groups == theirs.groups
    assert ours.digits == theirs.digits
    assert ours.is_words is bool(load_words())
    assert alice.service.phrase_matched(ours)
    assert info(alice, bob).trust is Trust.VERIFIED


def test_a_phrase_that_is_another_one_now_verifies_nobody(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    meet(alice, bob)
    phrase = alice.service.phrase(BOB)
    assert phrase is not None
    bob2 = second_device(world, BOB)
    alice.service.device_list_event(
        BOB,
        account_module.Protocol.OMEMO_2,
        _list_of(world, BOB),
    )
    meet(alice, bob2)
    assert not alice.service.phrase_matched(phrase)
    assert info(alice, bob).trust is Trust.BLIND


def _list_of(world: World, jid: str) -> account_module.Element:
    from omemo_plugin.bridge.nodes import to_element

    return to_element(world.server.items[jid, "urn:xmpp:omemo:2:devices"]["current"])


@pytest.fixture
def three(world: World) -> tuple[Side, Side, Side]:
    """Two devices of Alice, and one of Bob."""
    alice, bob = world.online(ALICE), world.online(BOB)
    alice2 = second_device(world, ALICE)
    alice.service.device_list_event(
        ALICE, account_module.Protocol.OMEMO_2, _list_of(world, ALICE)
    )
    for side in (alice, alice2):
        meet(side, bob)
    meet(alice, alice2)
    meet(alice2, alice)
    meet(bob, alice)
    meet(bob, alice2)
    return alice, alice2, bob


def deliver(sender: Side, *receivers: Side) -> int:
    """Bring what was sent to all; returns how many stanzas there were."""
    run_for(0.2)
    stanzas, sender.client.stanzas = sender.client.stanzas, []
    for stanza in stanzas:
        for receiver in receivers:
            message = Outgoing.__new__(Outgoing)
            message.stanza = stanza
            assert receiver.read(message, sender.jid) == (None, None)
    run_for(0.05)
    return len(stanzas)


def test_trust_messages_from_end_to_end(
    world: World, three: tuple[Side, Side, Side]
) -> None:
    alice, alice2, bob = three
    deliver(alice, alice2)
    verify(alice2, alice)
    deliver(alice2, alice)
    world.lines.clear()
    verify(alice, alice2)
    verify(alice, bob)
    sent = str(alice.client.stanzas)
    assert deliver(alice, alice2, bob) == 2
    assert "trust-message" not in sent
    assert info(alice2, bob).trust is Trust.VERIFIED
    # Bob has not verified Alice, so what she says of her other device waits
    assert info(bob, alice2).trust is Trust.BLIND
    verify(bob, alice)
    assert info(bob, alice2).trust is Trust.VERIFIED


def test_a_trust_message_is_no_text_to_anybody(
    three: tuple[Side, Side, Side],
) -> None:
    alice, alice2, bob = three
    verify(alice, alice2)
    deliver(alice)
    verify(alice, bob)
    run_for(0.2)
    for stanza in alice.client.stanzas:
        assert stanza.getBody() is None
        assert stanza.getTag("encryption") is None
        assert stanza.getType() == "chat"
        assert stanza.getTag("store", namespace="urn:xmpp:hints") is not None
    assert alice.client.stanzas


def test_without_a_connection_they_wait(three: tuple[Side, Side, Side]) -> None:
    alice, alice2, bob = three
    deliver(alice)
    alice.client.state.is_available = False
    verify(alice, alice2)
    verify(alice, bob)
    run_for(0.2)
    assert alice.client.stanzas == []
    alice.client.state.is_available = True
    alice.service.connected()
    run_for(0.2)
    alice.service.catch_up_ended()
    assert deliver(alice) == 2


def test_a_decision_by_hand_waits_until_it_cannot_be_undone(
    three: tuple[Side, Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, alice2, bob = three
    verify(alice, alice2)
    deliver(alice)
    seconds: list[int] = []
    monkeypatch.setattr(
        account_module.GLib,
        "timeout_add_seconds",
        lambda delay, _callback: seconds.append(delay) or 0,
    )
    alice.service.set_trust(info(alice, bob).device, Trust.VERIFIED)
    assert deliver(alice) == 0
    assert seconds == [account_module.UNDO_SECONDS + 1]


def test_nothing_raises_without_keys(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    monkeypatch.setattr(alice.service._keystore, "engine", None)
    shown = alice.service.judge(code(bob), Source.CAMERA, BOB)
    assert shown.verdict is Verdict.IN_ADVANCE
    assert not alice.service.apply(shown).applied
    assert alice.service.phrase(BOB) is None
