# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts and buttons of the window "Encryption details"."""

from __future__ import annotations

import dataclasses

import pytest

from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.presenters.badges import Icon
from omemo_plugin.ui.presenters.badges import Tone
from omemo_plugin.ui.presenters.details import Details
from omemo_plugin.ui.presenters.details_values import Subject
from omemo_plugin.ui.presenters.details_values import SubjectKind
from omemo_plugin.ui.presenters.devices import Action
from omemo_plugin.ui.presenters.devices import DeviceAction
from omemo_plugin.ui.presenters.devices import DeviceCard

from .conftest import BOB
from .conftest import CAROL
from .conftest import DAY
from .conftest import NOW
from .conftest import OWN
from .conftest import FakeService
from .conftest import make


def details(
    service: FakeService,
    kind: SubjectKind = SubjectKind.CONTACT,
    members: tuple[str, ...] = (),
) -> Details:
    jid = {
        SubjectKind.CONTACT: BOB,
        SubjectKind.ROOM: "room@muc",
        SubjectKind.ACCOUNT: OWN,
    }[kind]
    return Details(
        service, Subject(kind, jid, "Bob"), members=lambda: members, clock=lambda: NOW
    )


def cards(shown: Details, jid: str = BOB) -> list[DeviceCard]:
    return [card for g in shown.page().groups if g.jid == jid for card in g.cards]


def action(card: DeviceCard, act: DeviceAction) -> Action:
    return next(one for one in card.actions if one.act is act)


def acts(card: DeviceCard) -> list[DeviceAction]:
    return [one.act for one in card.actions]


def test_a_card_says_all_there_is(service: FakeService) -> None:
    both = (Protocol.LEGACY, Protocol.OMEMO_2)
    service.known[BOB] = [
        make(BOB, 5, Trust.VERIFIED, label="Phone", protocols=both, last_seen=NOW - DAY)
    ]
    (card,) = cards(details(service))
    assert card.title == "Phone"
    assert card.facts == "Number 5 · OMEMO 0.3 and 2"
    assert "Last active yesterday" in card.seen
    assert len(card.fingerprint) == 8
    assert {len(group) for group in card.fingerprint} == {8}
    assert card.badge.text == "Verified"
    assert card.badge.icon is Icon.VERIFIED
    # Read aloud digit by digit, with a pause after each group
    assert card.spoken.count(",") == 7
    assert card.spoken.startswith("Fingerprint: " + " ".join(card.fingerprint[0]))
    assert card.summary == "Phone. Verified."


@pytest.mark.parametrize("trust", list(Trust))
@pytest.mark.parametrize("key_changed", [False, True])
def test_numbers_are_shown_where_something_is_to_be_decided(
    service: FakeService, trust: Trust, key_changed: bool
) -> None:
    service.known[BOB] = [make(BOB, 5, trust, key_changed=key_changed)]
    (card,) = cards(details(service))
    assert card.is_open is (trust is Trust.UNDECIDED or key_changed)


def test_each_trust_has_a_picture_and_words_of_its_own(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, n, t) for n, t in enumerate(Trust, 1)]
    badges = [card.badge for card in cards(details(service))]
    assert len({badge.icon for badge in badges}) == len(Trust)
    assert len({badge.text for badge in badges}) == len(Trust)
    assert len({badge.meaning for badge in badges}) == len(Trust)


def test_a_device_that_is_not_heard_says_since_when(service: FakeService) -> None:
    both = make(BOB, 1), make(BOB, 2, Trust.VERIFIED, last_seen=NOW - DAY)
    service.known[BOB] = list(both)
    service.silent = {both[1].device}
    window = details(service)
    phone, tablet = sorted(cards(window), key=lambda one: one.device)
    assert tablet.unheard == "No longer gets keys: not heard since yesterday."
    assert not phone.unheard
    assert tablet.badge.text == "Gets nothing, verified"
    assert tablet.unheard in tablet.summary
    # What is due comes first, and the rest is as ever
    assert acts(tablet)[0] is DeviceAction.WRITE_AGAIN
    assert DeviceAction.DISTRUST in acts(tablet)
    assert DeviceAction.WRITE_AGAIN not in acts(phone)
    assert "1 device gets nothing: it has not been heard" in window.page().summary
    window.do(action(tablet, DeviceAction.WRITE_AGAIN))
    assert service.device_management.written_again == [tablet.device]
    assert window.page().notice.endswith("gets keys again.")


def test_an_own_device_that_is_not_used_can_stay(service: FakeService) -> None:
    unused = dataclasses.replace(make(OWN, 7, last_seen=NOW - DAY), unused=True)
    service.known[OWN] += [unused, make(OWN, 8)]
    window = details(service, SubjectKind.ACCOUNT)
    tablet, other = (
        next(one for one in cards(window, OWN) if one.device.device_id == number)
        for number in (7, 8)
    )
    assert tablet.unheard == "Not used since yesterday. You can remove it."
    assert tablet.unheard in tablet.summary
    assert acts(tablet)[:2] == [DeviceAction.KEEP, DeviceAction.REMOVE]
    assert acts(tablet).count(DeviceAction.REMOVE) == 1
    assert DeviceAction.KEEP not in acts(other)
    # Removing is asked about as ever
    assert action(tablet, DeviceAction.REMOVE).question is not None
    window.do(action(tablet, DeviceAction.KEEP))
    assert service.device_management.kept == [unused.device]
    assert window.page().notice.endswith("stays. You are not asked again.")
    tablet = next(one for one in cards(window, OWN) if one.device.device_id == 7)
    assert not tablet.unheard
    assert DeviceAction.KEEP not in acts(tablet)


def test_inactive_devices_are_folded(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1), make(BOB, 2, active=False)]
    group = details(service).page().groups[0]
    assert [card.device.device_id for card in group.cards] == [1]
    assert [card.device.device_id for card in group.inactive] == [2]
    assert group.hidden == "1 device no longer in use"


def test_devices_that_need_a_decision_come_first(service: FakeService) -> None:
    service.known[BOB] = [
        make(BOB, 1, Trust.VERIFIED),
        make(BOB, 2, Trust.UNDECIDED, last_seen=0),
    ]
    assert [card.device.device_id for card in cards(details(service))] == [2, 1]


def test_the_device_of_a_warning_comes_first(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, number, Trust.UNDECIDED) for number in (1, 2, 3)]
    shown = Details(
        service,
        Subject(SubjectKind.CONTACT, BOB, "Bob"),
        first=Device(BOB, 2),
        clock=lambda: NOW,
    )
    assert [card.device.device_id for card in cards(shown)] == [2, 1, 3]


@pytest.mark.parametrize(
    ("trust", "expected"),
    [
        (
            Trust.UNDECIDED,
            [
                DeviceAction.VERIFY,
                DeviceAction.DISTRUST,
                DeviceAction.COMPARE,
                DeviceAction.RENAME,
                DeviceAction.TRUST,
            ],
        ),
        (
            Trust.BLIND,
            [
                DeviceAction.DISTRUST,
                DeviceAction.COMPARE,
                DeviceAction.RENAME,
                DeviceAction.REPLACE_SESSION,
            ],
        ),
        (
            Trust.VERIFIED,
            [
                DeviceAction.DISTRUST,
                DeviceAction.COMPARE,
                DeviceAction.RENAME,
                DeviceAction.REPLACE_SESSION,
            ],
        ),
        (
            Trust.DISTRUSTED,
            [
                DeviceAction.UNDO_REFUSAL,
                DeviceAction.COMPARE,
                DeviceAction.RENAME,
                DeviceAction.TRUST,
            ],
        ),
    ],
)
def test_actions_on_a_device(
    service: FakeService, trust: Trust, expected: list[DeviceAction]
) -> None:
    service.known[BOB] = [make(BOB, 1, trust)]
    (card,) = cards(details(service))
    assert acts(card) == expected
    # Two buttons with the same words are told apart by what is spoken
    assert all(card.title in one.name for one in card.actions)


def test_a_key_that_is_not_known_cannot_be_trusted(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, Trust.UNDECIDED, key=False)]
    (card,) = cards(details(service))
    assert acts(card) == [DeviceAction.RENAME]
    assert card.fingerprint == ()
    assert card.badge.text == "Key not known yet"


@pytest.mark.parametrize(
    ("act", "before", "after"),
    [
        (DeviceAction.TRUST, Trust.UNDECIDED, Trust.BLIND),
        (DeviceAction.DISTRUST, Trust.VERIFIED, Trust.DISTRUSTED),
        (DeviceAction.UNDO_REFUSAL, Trust.DISTRUSTED, Trust.UNDECIDED),
    ],
)
def test_a_decision_can_be_undone(
    service: FakeService, act: DeviceAction, before: Trust, after: Trust
) -> None:
    service.known[BOB] = [make(BOB, 1, before)]
    shown = details(service)
    (card,) = cards(shown)
    shown.do(action(card, act))
    assert service.trust(card.device) is after
    assert shown.page().undo
    shown.undo()
    assert service.trust(card.device) is before
    assert not shown.page().undo
    # And the history does not say that the user had decided so
    assert service.device_management.undone == [card.device]


def test_only_the_last_decision_can_be_undone(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1), make(BOB, 2)]
    shown = details(service)
    first, second = cards(shown)
    shown.do(action(first, DeviceAction.DISTRUST))
    shown.do(action(second, DeviceAction.DISTRUST))
    shown.undo()
    shown.undo()
    assert service.trust(first.device) is Trust.DISTRUSTED
    assert service.trust(second.device) is Trust.BLIND


def test_replacing_a_session(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1)]
    shown = details(service)
    (card,) = cards(shown)
    shown.do(action(card, DeviceAction.REPLACE_SESSION))
    assert service.device_management.replaced == [card.device]
    page = shown.page()
    assert page.notice
    assert not page.undo


def test_removing_is_asked_for_and_cannot_be_undone(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, active=False)]
    shown = details(service)
    (card,) = shown.page().groups[0].inactive
    remove = action(card, DeviceAction.REMOVE)
    assert remove.question is not None
    shown.do(remove)
    assert service.device_management.forgotten == [card.device]
    assert not shown.page().undo


def test_case_13_a_changed_key_is_an_alarm(service: FakeService) -> None:
    """It gets nothing; taking the new key is a deliberate act."""
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED, key_changed=True)]
    shown = details(service)
    page = shown.page()
    (card,) = cards(shown)
    assert card.badge.tone is Tone.ALARM
    assert page.tone is Tone.ALARM
    assert acts(card) == [DeviceAction.RENAME, DeviceAction.ACCEPT_KEY]
    accept = action(card, DeviceAction.ACCEPT_KEY)
    assert accept.question is not None
    assert BOB in accept.question.text
    shown.do(accept)
    assert service.device_management.accepted == [card.device]


# Rooms


def test_a_room_shows_left_out_members_and_the_reasons(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED)]
    service.known["dave@x"] = [make("dave@x", 1, Trust.UNDECIDED)]
    shown = details(service, SubjectKind.ROOM, (BOB, CAROL, "dave@x", OWN))
    page = shown.page()
    groups = {group.jid: group for group in page.groups}
    assert list(groups) == [CAROL, "dave@x", BOB]
    assert groups[BOB].folded
    assert groups[BOB].note == ""
    assert groups[CAROL].heading == f"{CAROL}: left out"
    assert groups[CAROL].note == "No device with encryption is known."
    assert not groups[CAROL].folded
    assert "until you decide" in groups["dave@x"].note
    assert f"{CAROL} cannot read this." in page.summary
    assert page.tone is Tone.CAUTION


def test_a_room_follows_its_members(service: FakeService) -> None:
    members: list[str] = []
    subject = Subject(SubjectKind.ROOM, "room@muc", "Room")
    shown = Details(service, subject, members=lambda: members)
    assert "Nobody else" in shown.page().summary
    pages = []
    shown.changed = lambda: pages.append(shown.page())
    members.append(BOB)
    service.followers[0]()
    members.clear()
    service.followers[0]()
    joined, left = pages
    assert [group.jid for group in joined.groups] == [BOB]
    assert left.groups == ()


# One's own account


def test_ones_own_account(service: FakeService) -> None:
    service.known[OWN].append(make(OWN, 2, Trust.UNDECIDED))
    page = details(service, SubjectKind.ACCOUNT).page()
    this, others = page.groups
    assert this.cards[0].badge.text == "This device"
    assert this.cards[0].actions == ()
    # Others compare what it shows
    assert this.cards[0].is_open
    assert acts(others.cards[0])[-1] is DeviceAction.REMOVE
    assert page.verify


def test_removing_an_own_device_takes_it_off_the_list(service: FakeService) -> None:
    service.known[OWN].append(make(OWN, 2))
    shown = details(service, SubjectKind.ACCOUNT)
    (card,) = shown.page().groups[1].cards
    shown.do(action(card, DeviceAction.REMOVE))
    assert [device.device_id for device in service.device_management.removed] == [2]


def test_own_devices_read_a_chat_too(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1)]
    service.known[OWN].append(make(OWN, 2, Trust.VERIFIED))
    own = details(service).page().groups[-1]
    assert own.folded
    assert own.heading == "Your other devices: 1 device, verified"


# Events around the window


def test_it_follows_the_account_until_it_is_closed(service: FakeService) -> None:
    shown = details(service)
    told = []
    shown.changed = lambda: told.append(True)
    service.followers[0]()
    assert told
    shown.close()
    assert service.followers == []


def test_without_keys_it_says_why(service: FakeService) -> None:
    service.problem = "the disk is full."
    page = details(service).page()
    assert page.groups == ()
    assert "the disk is full." in page.summary
    assert page.tone is Tone.ALARM


def test_a_device_has_a_name_and_not_a_number(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, n) for n in (1, 2, 9)]
    service.known[BOB].append(make(BOB, 3, label="Phone"))
    assert [card.title for card in cards(details(service))] == [
        "Bob’s first device",
        "Bob’s second device",
        "Phone",
        "Bob’s device number 9",
    ]


def test_the_users_own_name_counts_most(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, label="Phone")]
    shown = details(service)
    (card,) = cards(shown)
    shown.rename(card.device, "Work")
    assert cards(shown)[0].title == "Work"
    assert shown.page().notice == "It is called “Work” from now on."
    shown.rename(card.device, "")
    assert cards(shown)[0].title == "Phone"


def test_the_window_offers_verifying_once(service: FakeService) -> None:
    """Not in each card; only where an answer is due."""
    service.known[BOB] = [make(BOB, 1)]
    shown = details(service)
    assert shown.page().verify == "Verify Bob…"
    assert DeviceAction.VERIFY not in acts(cards(shown)[0])
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED)]
    assert details(service).page().verify == ""


def test_a_later_member_is_added_at_the_end(service: FakeService) -> None:
    """Nothing moves under the pointer."""
    members = [BOB, "zoe@example.org"]
    for number, jid in enumerate((BOB, CAROL), 1):
        service.known[jid] = [make(jid, number)]
    shown = Details(
        service,
        Subject(SubjectKind.ROOM, "room@muc", "Den"),
        members=lambda: members,
        clock=lambda: NOW,
    )

    def order() -> list[str]:
        return [one.jid for one in shown.page().groups if one.jid != OWN]

    # Zoe has no device: she is left out, and comes first
    assert order() == ["zoe@example.org", BOB]
    members += [CAROL, "adam@example.org"]
    assert order() == ["zoe@example.org", BOB, "adam@example.org", CAROL]
    sections = [one.section for one in shown.page().groups]
    assert sections[:4] == ["", "", "Just added", ""]
    members.remove("zoe@example.org")
    assert order() == [BOB, "adam@example.org", CAROL]


def test_ten_devices_can_be_searched(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, n) for n in range(1, 10)]
    shown = details(service)
    assert not shown.page().can_search
    service.known[BOB].append(make(BOB, 10, label="Phone"))
    assert shown.page().can_search
    shown.search = " pHo"
    assert [card.title for card in cards(shown)] == ["Phone"]
    assert shown.page().can_search
    shown.search = BOB
    assert len(cards(shown)) == 10
    shown.search = "nobody"
    assert cards(shown) == []
