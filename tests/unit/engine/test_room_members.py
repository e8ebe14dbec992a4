# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The members of a room whose names the user has seen."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from omemo_plugin.engine.effects import AlarmRaised
from omemo_plugin.engine.trust.room_members import NAMED_TOGETHER_MAX
from omemo_plugin.engine.values import AlarmKind
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

ROOM = "den@rooms.test"
BEN, CAT, DAN = "ben@test", "cat@test", "dan@test"


@pytest.fixture
def ann(world: FakeNetwork) -> Peer:
    ann = world.peer("ann@test")
    # The encryption begins
    assert compare(ann, [BEN]) == []
    return ann


def compare(
    ann: Peer, members: Collection[str], visible: Collection[str] = ()
) -> list[tuple[str, ...]]:
    """The members that alarms are raised about."""
    effects = ann.engine.members.compare(ROOM, members, visible)
    found = []
    for effect in effects:
        assert isinstance(effect, AlarmRaised)
        assert effect.alarm.kind is AlarmKind.MEMBERS_ADDED
        found.append(effect.alarm.members)
    return found


def named(ann: Peer) -> set[str]:
    return set(ann.engine.members.seen(ROOM).named)


def alarmed(ann: Peer) -> list[tuple[str, ...]]:
    return [alarm.members for alarm in ann.engine.alarms.open(ROOM)]


def test_case_55_those_at_the_beginning_are_named(ann: Peer) -> None:
    assert named(ann) == {BEN}
    assert alarmed(ann) == []
    assert compare(ann, [BEN]) == []


def test_case_55_an_added_member_is_an_alarm_that_stays(ann: Peer) -> None:
    assert compare(ann, [BEN, CAT]) == [(CAT,)]
    # By a list, a presence, an announcement
    assert compare(ann, [BEN, CAT]) == []
    ann.restart()
    assert named(ann) == {BEN}
    assert alarmed(ann) == [(CAT,)]
    assert compare(ann, [BEN, CAT]) == []
    # It is shown, but not answered
    ann.engine.members.note_named(ROOM, [CAT])
    ann.restart()
    assert named(ann) == {BEN, CAT}
    assert ann.engine.members.seen(ROOM).unanswered == {CAT}
    (alarm,) = ann.engine.alarms.open(ROOM)
    assert alarm.since == int(ann.clock.now)
    ann.engine.alarms.answer(alarm, accept=True)
    ann.restart()
    assert compare(ann, [BEN, CAT]) == []
    assert alarmed(ann) == []
    assert ann.engine.members.seen(ROOM).left_out == set()


def test_case_55_each_room_has_its_own_alarm(ann: Peer) -> None:
    other = "park@rooms.test"
    for members in ([BEN], [BEN, DAN]):
        ann.engine.members.compare(other, members, ())
    assert ann.engine.members.seen(other).unanswered == {DAN}
    assert ann.engine.members.seen(ROOM).unanswered == set()
    assert compare(ann, [BEN]) == []
    assert compare(ann, [BEN, CAT]) == [(CAT,)]
    assert ann.engine.members.seen(ROOM).unanswered == {CAT}
    assert ann.engine.members.seen(other).unanswered == {DAN}


def test_case_55_who_is_added_to_two_rooms_is_an_alarm_in_each(ann: Peer) -> None:
    other = "park@rooms.test"
    for members in ([BEN], [BEN, CAT]):
        ann.engine.members.compare(other, members, ())
    assert compare(ann, [BEN, CAT]) == [(CAT,)]
    assert alarmed(ann) == [(CAT,)]


def test_case_55_several_are_one_alarm(ann: Peer) -> None:
    assert compare(ann, [BEN, CAT]) == [(CAT,)]
    assert compare(ann, [BEN, CAT, DAN]) == [(CAT, DAN)]
    assert alarmed(ann) == [(CAT, DAN)]
    # One of them is gone: that is no news
    assert compare(ann, [BEN, DAN]) == []
    assert alarmed(ann) == [(DAN,)]
    assert compare(ann, [BEN]) == []
    assert alarmed(ann) == []


def test_case_55_a_visible_member_is_no_alarm(ann: Peer) -> None:
    assert compare(ann, [BEN, CAT], visible=[CAT]) == []
    # The user is told all the same, before anything is encrypted
    assert named(ann) == {BEN}
    assert compare(ann, [BEN, CAT]) == [(CAT,)]
    # It answers itself
    assert compare(ann, [BEN, CAT], visible=[CAT]) == []
    assert alarmed(ann) == []


def test_case_55_a_removed_member_that_returns_is_a_new_one(ann: Peer) -> None:
    compare(ann, [])
    assert named(ann) == set()
    assert compare(ann, [BEN]) == [(BEN,)]


def test_case_55_sending_without(ann: Peer) -> None:
    compare(ann, [BEN, CAT])
    (alarm,) = ann.engine.alarms.open(ROOM)
    ann.engine.alarms.answer(alarm, accept=False)
    ann.restart()
    assert ann.engine.members.seen(ROOM).left_out == {CAT}
    assert compare(ann, [BEN, CAT]) == []
    compare(ann, [BEN])
    assert compare(ann, [BEN, CAT]) == [(CAT,)]


def test_case_55_an_answer_counts_for_the_members_that_were_shown(ann: Peer) -> None:
    compare(ann, [BEN, CAT])
    (alarm,) = ann.engine.alarms.open(ROOM)
    ann.engine.members.note_named(ROOM, alarm.members)
    compare(ann, [BEN, CAT, DAN])
    ann.engine.alarms.answer(alarm, accept=True)
    assert named(ann) == {BEN, CAT}
    assert compare(ann, [BEN, CAT, DAN]) == [(DAN,)]


def test_case_55_nobody_reads_a_hundred_names(ann: Peer) -> None:
    many = [f"member{number:03}@test" for number in range(100)]
    ((first,),) = [compare(ann, many)]
    assert len(first) == NAMED_TOGETHER_MAX
    (alarm,) = ann.engine.alarms.open(ROOM)
    ann.engine.members.note_named(ROOM, first)
    ann.engine.alarms.answer(alarm, accept=True)
    ((second,),) = [compare(ann, many)]
    assert not set(first) & set(second)


def test_a_room_that_is_not_encrypted_is_forgotten(ann: Peer) -> None:
    compare(ann, [BEN, CAT])
    ann.engine.members.forget(ROOM)
    assert alarmed(ann) == []
    assert named(ann) == set()
    # It begins once more
    assert compare(ann, [BEN, CAT, DAN]) == []


def test_nobody_is_new_when_the_encryption_begins(ann: Peer) -> None:
    ann.engine.members.forget(ROOM)
    # The chat is on the screen, and not encrypted
    ann.engine.members.note_named(ROOM, [BEN])
    assert compare(ann, [BEN, CAT]) == []
    assert named(ann) == {BEN, CAT}
