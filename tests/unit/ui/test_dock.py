# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts above the message input."""

from __future__ import annotations

from dataclasses import replace

import pytest

from omemo_plugin.bridge.values import ClearReason
from omemo_plugin.engine.messages.planning import LeftOut
from omemo_plugin.engine.messages.planning import LeftOutReason
from omemo_plugin.engine.messages.planning import SendPlan
from omemo_plugin.engine.values import Alarm
from omemo_plugin.engine.values import AlarmKind
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.presenters.alarm_notification import DesktopWarning
from omemo_plugin.ui.presenters.alarm_notification import desktop_warning
from omemo_plugin.ui.presenters.badges import Icon
from omemo_plugin.ui.presenters.badges import Tone
from omemo_plugin.ui.presenters.dock import content_of
from omemo_plugin.ui.presenters.situation import Banner
from omemo_plugin.ui.presenters.situation import Chat
from omemo_plugin.ui.presenters.situation import Question
from omemo_plugin.ui.presenters.situation import Situation
from omemo_plugin.ui.presenters.situation import SituationAction
from omemo_plugin.ui.presenters.situation import Truth

from .conftest import BOB
from .conftest import CAROL
from .conftest import OWN
from .conftest import FakeService
from .conftest import make

NAMES = {BOB: "Bob", CAROL: "Carol"}


def situation(service: FakeService, *jids: str, chat: Chat = Chat.CONTACT) -> Situation:
    """An encrypted chat with Bob, or a room with several."""
    recipients = jids or (BOB,)
    return Situation(
        chat,
        "Bob" if chat is Chat.CONTACT else "Den",
        "OMEMO",
        recipients=recipients,
        plan=service.plan(recipients),
        trust={
            info.device: info.trust
            for jid in (*recipients, OWN)
            for info in service.devices(jid)
        },
        name_of=lambda jid: NAMES.get(jid, jid),
        device_name=lambda device: f"Device {device.device_id}",
    )


def truth(now: Situation) -> Truth:
    found = content_of(now).truth
    assert found is not None
    return found


def banner(now: Situation) -> Banner:
    found = content_of(now).banner
    assert found is not None
    return found


def acts(shown: Banner) -> list[SituationAction]:
    return [button.act for button in shown.buttons]


def test_one_device_that_is_verified(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED)]
    line = truth(situation(service))
    assert line.text == "Encrypted for Bob. 1 device can read this. It is verified."
    assert (line.icon, line.tone) == (Icon.VERIFIED, Tone.GOOD)
    assert line.button is None
    assert not line.blocked


def test_none_and_some_are_verified(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1), make(BOB, 2)]
    line = truth(situation(service))
    assert line.text == "Encrypted for Bob. 2 devices can read this. None is verified."
    assert line.button is not None
    assert line.button.act is SituationAction.VERIFY
    service.known[BOB][0] = make(BOB, 1, Trust.VERIFIED)
    line = truth(situation(service))
    assert line.text.endswith("2 devices can read this. Not all are verified.")
    assert line.icon is Icon.TRUSTED


def test_own_devices_read_it_too(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED)]
    service.known[OWN].append(make(OWN, 2))
    text = truth(situation(service)).text
    assert text.endswith("2 devices can read this. Not all are verified.")


def test_a_device_that_waits_for_a_decision(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED), make(BOB, 2, Trust.UNDECIDED)]
    line = truth(situation(service))
    assert line.text == "Encrypted for Bob. 1 device gets nothing until you decide."
    assert (line.icon, line.tone) == (Icon.UNDECIDED, Tone.CAUTION)


def test_an_own_device_that_is_not_used(service: FakeService) -> None:
    """It is offered for removal, after everything else."""
    service.known[BOB] = [make(BOB, 1)]
    now = replace(situation(service), unused=(Device(OWN, 7),))
    shown = banner(now)
    assert shown.title == "You have not used “Device 7” for half a year"
    assert acts(shown) == [SituationAction.KEEP_DEVICE, SituationAction.OWN_DEVICES]
    assert shown.buttons[0].suggested
    assert shown.devices == (Device(OWN, 7),)
    # No warning, and nothing is held up
    assert shown.tone is Tone.PLAIN
    assert not truth(now).blocked
    alarm = Alarm(AlarmKind.NEW_DEVICE, Device(BOB, 1))
    assert banner(replace(now, alarms=(alarm,))).question is Question.ALARM
    assert banner(replace(now, asked_to_switch_off=True)).question is (
        Question.SWITCH_OFF
    )


def test_a_device_that_is_not_heard(service: FakeService) -> None:
    """It is said in each state, and is no warning."""
    silent = make(BOB, 2, Trust.VERIFIED)
    service.silent = {silent.device}
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED), silent]
    line = truth(situation(service))
    assert line.text == (
        "Encrypted for Bob. 1 device can read this. It is verified. 1 device gets "
        "nothing: it has not been heard for long."
    )
    assert (line.icon, line.tone) == (Icon.VERIFIED, Tone.GOOD)
    assert content_of(situation(service)).banner is None
    service.known[BOB].append(make(BOB, 3, Trust.UNDECIDED))
    text = truth(situation(service)).text
    assert "1 device gets nothing until you decide." in text
    assert "it has not been heard for long" in text
    # In a room as well, with a member who was left out
    service.known[CAROL] = [make(CAROL, 4)]
    room = situation(service, BOB, CAROL, chat=Chat.ROOM)
    assert "it has not been heard for long" in truth(room).text
    room = replace(room, left_out=("dave@example.org",))
    assert "it has not been heard for long" in truth(room).text


@pytest.mark.parametrize(
    ("trust", "said"),
    [
        (Trust.UNDECIDED, "Nothing is sent until you decide about Bob’s devices."),
        (Trust.DISTRUSTED, "Nothing is sent: you refused all devices of Bob."),
    ],
)
def test_no_device_may_read(service: FakeService, trust: Trust, said: str) -> None:
    service.known[BOB] = [make(BOB, 1, trust)]
    now = situation(service)
    line = truth(now)
    assert line.text == said
    assert line.blocked
    # There is an app; nothing is to be sent in clear
    assert content_of(now).banner is None


def test_no_device_at_all(service: FakeService) -> None:
    now = situation(service)
    line = truth(now)
    assert line.text == "Nothing is sent yet: Bob’s app offers no encryption."
    assert line.blocked
    shown = banner(now)
    assert shown.title == "Bob’s app offers no encryption"
    assert acts(shown) == [SituationAction.FOLD, SituationAction.SEND_WITHOUT]
    assert shown.buttons[0].suggested
    folded = replace(now, folded=frozenset({Question.NO_DEVICE}))
    assert content_of(folded).banner is None
    assert truth(folded).button is not None


def test_the_dock_while_nothing_is_known_yet(service: FakeService) -> None:
    now = situation(service)
    looking = "Checking whether Bob can read encrypted messages. You can write already."
    plan = SendPlan(False, (), (), (), (), ())
    for unknown in (replace(now, recipients=None), replace(now, plan=plan)):
        assert truth(unknown).text == looking
        assert content_of(unknown).banner is None
    offline = truth(replace(now, is_online=False))
    assert offline.text.startswith("You are offline.")
    assert not offline.blocked


def alarm_of(kind: AlarmKind, jid: str = BOB, number: int = 1, *members: str) -> Alarm:
    return Alarm(kind, Device(jid, number), 1_700_000_000, "eve@test", members)


def test_another_key(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, key_changed=True)]
    alarm = alarm_of(AlarmKind.KEY_CHANGED)
    now = replace(situation(service), alarms=(alarm,))
    shown = banner(now)
    assert shown.alarm == alarm
    assert shown.title == "Device 1 shows a different key"
    assert shown.tone is Tone.ALARM
    assert "Or somebody pretends to be Bob." in shown.text
    assert acts(shown) == [
        SituationAction.CHECK,
        SituationAction.REFUSE,
        SituationAction.FOLD,
    ]
    assert truth(now).text == (
        "Nothing is sent to Bob until you answer the warning above."
    )
    folded = banner(replace(now, folded=frozenset({alarm})))
    # It stays until it is answered
    assert folded.title == shown.title
    assert folded.buttons == shown.buttons[:1]
    # To the others it goes on
    service.known[BOB].append(make(BOB, 2))
    assert not truth(situation(service)).blocked


@pytest.mark.parametrize("kind", list(AlarmKind))
def test_every_alarm_has_its_words(service: FakeService, kind: AlarmKind) -> None:
    service.known[BOB] = [make(BOB, 1)]
    number = 1 if kind not in (AlarmKind.LIST_WITHDRAWN, AlarmKind.OLD_KEYS) else 0
    alarm = alarm_of(kind, BOB, number, CAROL)
    shown = banner(replace(situation(service), alarms=(alarm,)))
    assert shown.alarm == alarm
    assert shown.buttons[0].suggested
    assert [one.suggested for one in shown.buttons[1:]] == [False] * (
        len(shown.buttons) - 1
    )
    for text in (shown.title, shown.text, *(one.label for one in shown.buttons)):
        assert text
        assert "{" not in text


def test_the_desktop_warns() -> None:
    def warning(*alarms: Alarm, names: bool = True) -> DesktopWarning:
        return desktop_warning(
            alarms,
            lambda jid: NAMES.get(jid, jid),
            lambda device: f"Device {device.device_id}",
            names=names,
        )

    changed = alarm_of(AlarmKind.KEY_CHANGED)
    one = warning(changed)
    assert one == DesktopWarning(
        "Warning about Bob", "Device 1 shows a different key", BOB
    )
    other = alarm_of(AlarmKind.NEW_DEVICE, CAROL)
    both = warning(changed, other)
    assert both.title == "Warnings about encryption"
    assert both.text == "2 warnings wait for your answer."
    assert both.jid == CAROL
    hidden = warning(changed, other, names=False)
    for text in (hidden.title, hidden.text):
        assert "Bob" not in text
        assert "Carol" not in text


def test_several_alarms_take_turns(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED)]
    new = alarm_of(AlarmKind.NEW_DEVICE, BOB, 2)
    changed = alarm_of(AlarmKind.KEY_CHANGED, BOB, 3)
    old = alarm_of(AlarmKind.OLD_KEYS, OWN, 0)
    now = replace(situation(service), alarms=(old, new, changed))
    seen = [banner(replace(now, turn=turn)) for turn in range(4)]
    # The worst one first
    assert [one.alarm for one in seen] == [changed, new, old, changed]
    assert [one.position for one in seen[:3]] == ["1 of 3", "2 of 3", "3 of 3"]
    assert all(acts(one)[-1] is SituationAction.NEXT for one in seen)
    folded = banner(replace(now, folded=frozenset({changed})))
    assert acts(folded) == [SituationAction.CHECK, SituationAction.NEXT]


def test_own_devices_are_asked_about_in_every_chat(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1)]
    alarm = alarm_of(AlarmKind.OWN_DEVICE, OWN, 7)
    for now in (
        situation(service),
        replace(situation(service), encryption=""),
        replace(situation(service, chat=Chat.ROOM), is_public=True, encryption=""),
    ):
        shown = banner(replace(now, alarms=(alarm,)))
        assert shown.title == "Is this device yours?"
        assert shown.text.endswith("It cannot read your messages.")
    service.known[OWN].append(make(OWN, 7))
    reads = banner(replace(situation(service), alarms=(alarm,)))
    assert reads.text.endswith("It can read your messages.")
    service.known[OWN].pop()
    now = replace(situation(service), alarms=(alarm,))
    assert now.plan is not None
    soon = replace(now.plan, waiting=(Device(OWN, 7),))
    assert banner(replace(now, plan=soon)).text.endswith("It can read your messages.")
    now = replace(situation(service), alarms=(alarm,), asked=frozenset({alarm}))
    asked = banner(now)
    assert asked.title == "Remove this device?"
    assert acts(asked) == [SituationAction.CANCEL, SituationAction.REFUSE]


def test_an_alarm_that_was_put_aside_hides_no_question(service: FakeService) -> None:
    alarm = alarm_of(AlarmKind.OWN_DEVICE, OWN, 7)
    now = replace(situation(service), alarms=(alarm,))
    assert banner(now).alarm == alarm
    aside = replace(now, folded=frozenset({alarm}))
    assert banner(aside).question is Question.NO_DEVICE
    both = replace(now, folded=frozenset({alarm, Question.NO_DEVICE}))
    assert banner(both).alarm == alarm


def test_going_on_after_a_failed_check_is_asked_about(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, Trust.UNDECIDED)]
    alarm = alarm_of(AlarmKind.CHECK_FAILED, BOB, 0)
    now = replace(situation(service), alarms=(alarm,))
    assert banner(now).title == "The check with Bob failed"
    asked = banner(replace(now, asked=frozenset({alarm})))
    assert asked.title == "Go on although something differed?"
    assert acts(asked) == [SituationAction.CANCEL, SituationAction.ACCEPT]


def without_bundle(now: Situation, *jids: str) -> Situation:
    """Devices are listed, and their keys do not come."""
    assert now.plan is not None
    left_out = tuple(LeftOut(Device(jid, 1), LeftOutReason.NO_BUNDLE) for jid in jids)
    return replace(now, plan=replace(now.plan, left_out=left_out))


def test_keys_that_are_held_back_lead_to_nothing_in_clear(service: FakeService) -> None:
    """That the app offers no encryption would not be true."""
    service.known[BOB] = []
    now = without_bundle(situation(service), BOB)
    assert content_of(now).banner is None
    line = truth(now)
    assert line.blocked
    assert line.text == ("Nothing is sent yet: the keys of Bob’s devices did not come.")
    service.known[CAROL] = []
    room = without_bundle(situation(service, CAROL, chat=Chat.ROOM), CAROL)
    assert banner(room).text == "The keys of Carol’s devices did not come."
    both = without_bundle(situation(service, BOB, CAROL, chat=Chat.ROOM), CAROL)
    assert banner(both).text.startswith("Their keys did not come, or their apps")


def test_members_who_were_added(service: FakeService) -> None:
    for jid in (BOB, CAROL):
        service.known[jid] = [make(jid, 1, Trust.VERIFIED)]
    added = alarm_of(AlarmKind.MEMBERS_ADDED, "den@rooms", 0, CAROL)
    now = replace(situation(service, BOB, CAROL, chat=Chat.ROOM), alarms=(added,))
    shown = banner(now)
    assert shown.title == "Carol can read this group chat from now on"
    assert shown.text.startswith(f"{CAROL} was made a member")
    assert not truth(now).blocked
    # All that could read were verified
    waits = truth(replace(now, unanswered=frozenset({CAROL})))
    assert waits.blocked
    assert waits.text == "Nothing is sent until you answer the warning above."
    # Before everything else, while the user has not seen the name
    changed = alarm_of(AlarmKind.KEY_CHANGED, BOB, 1)
    both = replace(now, alarms=(changed, added))
    assert banner(both).alarm == changed
    for turn in range(3):
        shown = banner(replace(both, unnamed=(CAROL,), turn=turn))
        assert shown.alarm == added
    two = alarm_of(AlarmKind.MEMBERS_ADDED, "den@rooms", 0, BOB, CAROL)
    shown = banner(replace(now, alarms=(two,)))
    assert shown.title == "2 people can read this group chat from now on"
    assert f"Bob ({BOB}), Carol ({CAROL})" in shown.text


def test_case_138_a_long_address_pushes_no_other_one_out(
    service: FakeService,
) -> None:
    long = f"{'a' * 1000}@example.org"
    added = alarm_of(AlarmKind.MEMBERS_ADDED, "den@rooms", 0, long, CAROL)
    now = replace(situation(service, BOB, CAROL, chat=Chat.ROOM), alarms=(added,))
    assert CAROL in banner(now).text
    assert len(banner(now).text) < 300
    alone = alarm_of(AlarmKind.MEMBERS_ADDED, "den@rooms", 0, long)
    assert len(banner(replace(now, alarms=(alone,))).text) < 300


def test_members_who_were_added_and_have_no_keys(service: FakeService) -> None:
    """That they can read it would not be true."""
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED)]
    added = alarm_of(AlarmKind.MEMBERS_ADDED, "den@rooms", 0, CAROL)
    now = replace(situation(service, BOB, CAROL, chat=Chat.ROOM), alarms=(added,))
    shown = banner(now)
    assert shown.title == "Carol was made a member of this group chat"
    assert [button.label for button in shown.buttons][:2] == [
        "That is right",
        "Send without Carol",
    ]
    # One of them can
    both = alarm_of(AlarmKind.MEMBERS_ADDED, "den@rooms", 0, BOB, CAROL)
    shown = banner(replace(now, alarms=(both,)))
    assert shown.title == "2 people can read this group chat from now on"
    service.known[BOB] = []
    now = replace(situation(service, BOB, CAROL, chat=Chat.ROOM), alarms=(both,))
    shown = banner(now)
    assert shown.title == "2 people were made members of this group chat"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (ClearReason.NO_DEVICE, "Not encrypted: Bob’s app cannot do it."),
        (ClearReason.SWITCHED_OFF, "Not encrypted: you switched it off for Bob."),
        (ClearReason.STAYED, "Not encrypted: you switched it off for Bob."),
        (None, "Not encrypted. The servers can read this."),
    ],
)
def test_in_clear(service: FakeService, reason: ClearReason | None, said: str) -> None:
    now = replace(situation(service), encryption="", clear_reason=reason, plan=None)
    line = truth(now)
    assert line.text.startswith(said)
    assert (line.icon, line.tone) == (Icon.OPEN, Tone.CAUTION)
    assert line.button is not None
    assert line.button.act is SituationAction.SWITCH_ON
    assert not line.blocked
    assert content_of(now).banner is None


def test_they_write_encrypted(service: FakeService) -> None:
    reason = ClearReason.UNANSWERED
    now = replace(situation(service), encryption="", clear_reason=reason, plan=None)
    assert truth(now).blocked
    assert banner(now).title == "Bob writes encrypted, you do not"
    assert acts(banner(now)) == [
        SituationAction.SWITCH_ON,
        SituationAction.STAY_WITHOUT,
    ]


def test_switching_off_is_asked_about(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1)]
    now = replace(situation(service), asked_to_switch_off=True)
    assert banner(now).title == "Switch encryption off for Bob?"
    assert acts(banner(now)) == [SituationAction.KEEP_ON, SituationAction.SWITCH_OFF]
    # It is on until that is answered
    assert "Encrypted for Bob." in truth(now).text


def test_a_question_that_was_put_aside_is_not_asked(service: FakeService) -> None:
    now = situation(service)
    assert banner(now).question is Question.NO_DEVICE
    folded = replace(now, folded=frozenset({Question.NO_DEVICE}))
    assert content_of(folded).banner is None


def test_a_room(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED)]
    service.known[CAROL] = [make(CAROL, 1, Trust.VERIFIED)]
    line = truth(situation(service, BOB, CAROL, chat=Chat.ROOM))
    assert line.text == (
        "Encrypted for 2 people. 2 devices can read this. All are verified."
    )


def test_members_who_cannot_read(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1)]
    now = situation(service, BOB, CAROL, chat=Chat.ROOM)
    shown = banner(now)
    assert shown.title == "Carol cannot read this group chat"
    assert shown.text == "Carol’s app offers no encryption."
    assert shown.members == (CAROL,)
    assert acts(shown) == [
        SituationAction.FOLD,
        SituationAction.LEAVE_OUT,
        SituationAction.DETAILS,
    ]
    assert truth(now).blocked
    service.known[CAROL] = [make(CAROL, 1, Trust.DISTRUSTED)]
    shown = banner(situation(service, BOB, CAROL, chat=Chat.ROOM))
    assert shown.text == "You refused Carol’s devices, or have not decided yet."
    shown = banner(situation(service, "dan@x", "eve@x", chat=Chat.ROOM))
    assert shown.title == "2 people cannot read this group chat"
    assert "dan@x, eve@x" in shown.text
    without = situation(service, BOB, chat=Chat.ROOM)
    line = truth(replace(without, left_out=(CAROL,)))
    assert line.text == "Encrypted for 1 person. Carol cannot read this."
    assert line.tone is Tone.CAUTION


def test_a_public_room(service: FakeService) -> None:
    now = replace(
        situation(service, BOB, chat=Chat.ROOM), is_public=True, encryption=""
    )
    line = truth(now)
    assert line.text == "Not encrypted: anyone can join this group chat and read it."
    assert line.button is None
    opened = truth(replace(now, has_to_be_encrypted=True))
    assert opened.text == "Nothing is sent: anyone can join this group chat now."
    assert opened.blocked


def test_a_nickname(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1)]
    now = replace(situation(service, chat=Chat.NICKNAME), name="ben", address=BOB)
    text = truth(now).text
    assert text.startswith("Encrypted for bob@example.org, here “ben”. 1 device")


def test_it_does_not_work(service: FakeService) -> None:
    line = truth(replace(situation(service), problem="The disk is full."))
    assert line.text == (
        "Encryption does not work, so nothing is sent. The disk is full."
    )
    assert line.blocked


def test_another_plugins_encryption(service: FakeService) -> None:
    now = content_of(replace(situation(service), encryption="OpenPGP"))
    assert now.truth is None
    assert now.banner is None
