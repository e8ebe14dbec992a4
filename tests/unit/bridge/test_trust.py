# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Codes, phrases and trust messages through the account's service."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from gi.repository import GLib

from omemo_plugin.bridge.gajim import archive as gajim_archive
from omemo_plugin.bridge.xml.nodes import to_element
from omemo_plugin.engine.keys.device_info import DeviceInfo
from omemo_plugin.engine.state.diary import DiaryKind
from omemo_plugin.engine.trust.user_decisions import UNDO_SECONDS
from omemo_plugin.engine.values import Alarm
from omemo_plugin.engine.values import AlarmKind
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.presenters.trust_before import TrustBefore
from omemo_plugin.ui.presenters.trust_before import undo_kept
from omemo_plugin.verify.judge import Source
from omemo_plugin.verify.judge import Verdict
from omemo_plugin.verify.phrase import load_words
from omemo_plugin.verify.uri import build_fingerprint_uri

from .test_account import FakeNetwork
from .test_account import Outgoing
from .test_account import Side
from .test_account import main_loop
from .test_account import run_for
from .test_account import wait_for
from .test_account import world

__all__ = ["main_loop", "world"]

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


def second_device(world: FakeNetwork, jid: str) -> Side:
    side = Side(jid, world.server, world.folder / "second")
    world.sides.append(side)
    side.service.connected()
    run_for(0.2)
    side.service.catch_up_ended()
    return side


def verify(side: Side, other: Side) -> None:
    shown = side.service.verification.judge(code(other), Source.CAMERA, other.jid)
    assert shown.verdict is Verdict.MATCH
    assert side.service.verification.apply(shown).applied


def test_a_code_is_judged_and_applied(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    meet(alice, bob)
    verify(alice, bob)
    assert info(alice, bob).trust is Trust.VERIFIED
    again = alice.service.verification.judge(code(bob), Source.CAMERA, BOB)
    assert again.verdict is Verdict.MATCH
    assert not alice.service.verification.apply(again).applied


def test_case_45_a_link_is_applied_when_the_user_says_so(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    meet(alice, bob)
    shown = alice.service.verification.judge(code(bob), Source.LINK, BOB)
    assert not alice.service.verification.apply(shown).applied
    assert info(alice, bob).trust is Trust.BLIND
    assert alice.service.verification.apply(shown, confirmed=True).applied
    assert info(alice, bob).trust is Trust.VERIFIED


def test_case_45_a_judgement_that_has_changed_is_not_applied(
    world: FakeNetwork,
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    wrong = build_fingerprint_uri(BOB, {bob.service.device_id: "42" * 32})
    shown = alice.service.verification.judge(wrong, Source.CAMERA, BOB)
    assert shown.verdict is Verdict.IN_ADVANCE
    meet(alice, bob)
    now = alice.service.verification.apply(shown)
    assert now.verdict is Verdict.MISMATCH
    assert not now.applied
    assert info(alice, bob).trust is Trust.BLIND
    assert alice.service.verification.apply(now).applied
    assert info(alice, bob).trust is Trust.DISTRUSTED


def test_a_phrase_is_the_same_on_both_sides(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    meet(alice, bob)
    meet(bob, alice)
    ours, theirs = (
        alice.service.verification.phrase(BOB),
        bob.service.verification.phrase(ALICE),
    )
    assert ours is not None
    assert theirs is not None
    assert ours.forms == theirs.forms
    # One of them reads the first half, the other one the second
    assert ours.own_first
    assert not theirs.own_first
    languages = [form.language for form in ours.forms]
    assert languages == ["", "en"] if load_words("en") else [""]
    assert alice.service.verification.phrase_matched(ours)
    assert info(alice, bob).trust is Trust.VERIFIED
    assert kinds(alice) == [DiaryKind.WORDS]
    alice.service.device_management.set_trust(info(alice, bob).device, Trust.DISTRUSTED)
    assert kinds(alice) == [DiaryKind.REFUSED, DiaryKind.WORDS]


def kinds(user: Side) -> list[DiaryKind]:
    """The history of Bob's devices, newest first."""
    return [one.kind for one in user.service.device_history.of(BOB)]


def test_the_history_says_what_was_undone(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    meet(alice, bob)
    management, device = alice.service.device_management, info(alice, bob).device
    management.set_trust(device, Trust.DISTRUSTED)
    management.undo_refusal(device)
    assert info(alice, bob).trust is Trust.UNDECIDED
    assert kinds(alice) == [DiaryKind.REFUSAL_UNDONE, DiaryKind.REFUSED]
    management.undo(device, Trust.DISTRUSTED)
    assert info(alice, bob).trust is Trust.DISTRUSTED
    assert kinds(alice)[0] is DiaryKind.UNDONE
    management.accept_key(device)
    assert kinds(alice)[0] is DiaryKind.ACCEPTED


def test_the_history_has_warnings_once_and_their_answers(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    meet(alice, bob)
    history, device = alice.service.device_history, info(alice, bob).device
    yesterday = int(time.time()) - 24 * 3600
    alarm = Alarm(AlarmKind.KEY_CHANGED, device, yesterday)
    history.note_alarm(alarm)
    alice.service.device_management.set_trust(device, Trust.DISTRUSTED)
    # At the next start
    history.note_alarm(alarm)
    assert kinds(alice) == [DiaryKind.REFUSED, DiaryKind.KEY_CHANGED]
    first = history.of(BOB)[-1]
    day = datetime.fromtimestamp(yesterday).astimezone().date()
    assert first.day == day.isoformat()

    alice.service.alarms.check_failed(BOB)
    (failed,) = alice.service.alarms.open((BOB,))
    alice.service.alarms.answer(failed, accept=True)
    assert kinds(alice)[0] is DiaryKind.WENT_ON
    history.note_answer(Alarm(AlarmKind.NEW_DEVICE, device), accept=False)
    assert kinds(alice)[0] is DiaryKind.REFUSED
    history.note_answer(Alarm(AlarmKind.OLD_KEYS, device), accept=True)
    assert kinds(alice)[0] is DiaryKind.REFUSED, "it is not about a device"
    history.note_settled(Alarm(AlarmKind.LIST_WITHDRAWN, Device(BOB, 0)))
    assert kinds(alice)[0] is DiaryKind.OFFERED_AGAIN
    history.note_settled(Alarm(AlarmKind.NEW_DEVICE, device))
    assert kinds(alice)[0] is DiaryKind.SETTLED


def test_no_history_of_devices_is_kept_without_a_history_of_chats(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    meet(alice, bob)
    service, device = alice.service, info(alice, bob).device
    service.device_management.set_trust(device, Trust.DISTRUSTED)
    assert len(service.device_history.of(BOB)) == 1
    monkeypatch.setattr(gajim_archive, "history_max_age", lambda _account: 0)
    service.history_setting_changed()
    assert service.device_history.of(BOB) == ()
    service.device_management.set_trust(device, Trust.VERIFIED)
    assert service.device_history.of(BOB) == ()


def test_a_phrase_that_has_changed_verifies_no_device(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    meet(alice, bob)
    phrase = alice.service.verification.phrase(BOB)
    assert phrase is not None
    bob2 = second_device(world, BOB)
    alice.service.device_lists.came(
        BOB,
        Protocol.OMEMO_2,
        _list_of(world, BOB),
    )
    meet(alice, bob2)
    assert not alice.service.verification.phrase_matched(phrase)
    assert info(alice, bob).trust is Trust.BLIND


def _list_of(world: FakeNetwork, jid: str) -> Element:
    return to_element(world.server.items[jid, "urn:xmpp:omemo:2:devices"]["current"])


@pytest.fixture
def three(world: FakeNetwork) -> tuple[Side, Side, Side]:
    """Two devices of Alice, and one of Bob."""
    alice, bob = world.online(ALICE), world.online(BOB)
    alice2 = second_device(world, ALICE)
    alice.service.device_lists.came(ALICE, Protocol.OMEMO_2, _list_of(world, ALICE))
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
    world: FakeNetwork, three: tuple[Side, Side, Side]
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

    def add(delay: int, _callback: Any) -> int:
        seconds.append(delay)
        return 0

    monkeypatch.setattr(GLib, "timeout_add_seconds", add)
    alice.service.device_management.set_trust(info(alice, bob).device, Trust.VERIFIED)
    assert deliver(alice) == 0
    assert seconds == [UNDO_SECONDS + 1]


def test_nothing_raises_without_keys(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    monkeypatch.setattr(alice.service._keystore, "engine", None)
    shown = alice.service.verification.judge(code(bob), Source.CAMERA, BOB)
    assert shown.verdict is Verdict.IN_ADVANCE
    assert not alice.service.verification.apply(shown).applied
    assert alice.service.verification.phrase(BOB) is None


def test_a_check_is_undone_after_the_window_is_closed(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    meet(alice, bob)
    service = alice.service
    before = TrustBefore(service, BOB)
    verify(alice, bob)
    before.keep()
    assert info(alice, bob).trust is Trust.VERIFIED
    assert service.device_history.of(BOB)[0].kind is DiaryKind.CODE
    assert undo_kept(service, BOB)
    assert info(alice, bob).trust is Trust.BLIND
    assert service.device_history.of(BOB)[0].kind is DiaryKind.UNDONE
    assert not undo_kept(service, BOB)


def test_where_no_history_is_kept_a_check_cannot_be_undone_later(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    meet(alice, bob)
    service = alice.service
    before = TrustBefore(service, BOB)
    verify(alice, bob)
    before.keep()
    assert service.trust_undo.of(BOB) is not None
    monkeypatch.setattr(gajim_archive, "history_max_age", lambda _account: 0)
    service.history_setting_changed()
    assert service.trust_undo.of(BOB) is None
    before.keep()
    assert service.trust_undo.of(BOB) is None
