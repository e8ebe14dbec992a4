# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing is encrypted for a member of a room whom the user has not seen named."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from nbxmpp.protocol import JID

from omemo_plugin.bridge.gajim import contacts as gajim_contacts
from omemo_plugin.bridge.rooms import Room
from omemo_plugin.engine.values import AlarmKind
from omemo_plugin.engine.values import Trust
from tests.unit.bridge.test_account import ALICE
from tests.unit.bridge.test_account import BOB
from tests.unit.bridge.test_account import CAROL
from tests.unit.bridge.test_account import Contact
from tests.unit.bridge.test_account import FakeNetwork
from tests.unit.bridge.test_account import Outgoing
from tests.unit.bridge.test_account import Side
from tests.unit.bridge.test_account import main_loop as main_loop  # noqa: PLC0414
from tests.unit.bridge.test_account import run_for
from tests.unit.bridge.test_account import wait_for
from tests.unit.bridge.test_account import world as world  # noqa: PLC0414
from tests.unit.bridge.test_rooms import announcement
from tests.unit.bridge.test_rooms import presence

ROOM = "den@rooms.example.org"


class Den:
    """Alice's Gajim in a private room with Bob; Carol is not a member."""

    def __init__(self, world: FakeNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = world
        self.alice = world.online(ALICE)
        self.bob, self.carol = world.online(BOB), world.online(CAROL)
        room = SimpleNamespace(is_groupchat=True)
        monkeypatch.setattr(
            gajim_contacts, "room", lambda _client, jid: room if jid == ROOM else None
        )
        monkeypatch.setattr(gajim_contacts, "is_private_room", lambda _room: True)
        world.chat = ROOM
        self.rooms = self.alice.service.rooms
        self.rooms._rooms[ROOM] = Room(
            {ALICE: "owner", BOB: "member"}, {"owner", "admin", "member"}, asked=True
        )

    def begin(self) -> None:
        """Send the first encrypted message."""
        self.write("the encryption begins")
        self.wait_until_sent(1)

    def write(self, text: str) -> Outgoing:
        contact = Contact(self.alice.client.account, ROOM)
        contact.is_groupchat = True
        message = Outgoing(contact, text)
        self.alice.encrypt(message)
        return message

    def wait_until_sent(self, count: int) -> None:
        wait_for(lambda: len(self.alice.client.sent) == count, 30)

    def nothing_is_sent(self, count: int) -> None:
        run_for(200)
        assert len(self.alice.client.sent) == count
        assert self.world.returned == []

    def announce(self, jid: str, affiliation: str = "member") -> None:
        stanza: Any = announcement(ROOM, jid, affiliation)
        self.rooms.announcement(stanza)

    def reads(self, side: Side, message: Outgoing) -> bool:
        return f'rid="{side.service.device_id}"' in str(message.stanza)

    def show_dock(self) -> None:
        """The dock names everybody that an alarm is about."""
        names = [
            jid
            for alarm in self.alice.service.alarms.open((ROOM,))
            for jid in alarm.members
        ]
        self.alice.service.new_members.on_screen(ROOM, names)


@pytest.fixture
def den(world: FakeNetwork, monkeypatch: pytest.MonkeyPatch) -> Den:
    den = Den(world, monkeypatch)
    den.begin()
    return den


def by_announcement(den: Den) -> None:
    den.announce(CAROL)


def by_list(den: Den) -> None:
    """Learn the members as after the next start."""
    task: Any = SimpleNamespace(
        get_user_data=lambda: (ROOM, "member"),
        finish=lambda: SimpleNamespace(
            users={JID.from_string(jid): {} for jid in (BOB, CAROL)}
        ),
    )
    den.rooms._list_came(task)


def by_another_occupant(den: Den) -> None:
    """A presence of somebody, with two items."""
    stanza: Any = presence("bob", f"{BOB}/x", "member")
    stanza.getTag("x").addChild("item", {"jid": CAROL, "affiliation": "member"})
    den.rooms.presence(stanza)


EVERY_WAY = pytest.mark.parametrize(
    "add", [by_announcement, by_list, by_another_occupant]
)


@EVERY_WAY
def test_case_55_nothing_before_the_name_was_shown(
    den: Den, add: Callable[[Den], None]
) -> None:
    add(den)
    (alarm,) = den.alice.service.alarms.open((ROOM,))
    assert (alarm.kind, alarm.members) == (AlarmKind.MEMBERS_ADDED, (CAROL,))
    message = den.write("who is here?")
    den.nothing_is_sent(1)
    den.show_dock()
    den.wait_until_sent(2)
    # One notice, and no click
    assert den.reads(den.carol, message)
    assert den.alice.service.alarms.open((ROOM,)) == (alarm,)
    den.alice.service.alarms.answer(alarm, accept=True)
    assert den.alice.service.alarms.open((ROOM,)) == ()
    den.write("go on")
    den.wait_until_sent(3)


@EVERY_WAY
def test_case_55_sending_without_the_new_member(
    den: Den, add: Callable[[Den], None]
) -> None:
    add(den)
    (alarm,) = den.alice.service.alarms.open((ROOM,))
    den.alice.service.alarms.answer(alarm, accept=False)
    message = den.write("for bob alone")
    den.wait_until_sent(2)
    assert den.reads(den.bob, message)
    assert not den.reads(den.carol, message)


def test_members_of_before_the_encryption_are_not_new(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    den = Den(world, monkeypatch)
    den.announce(CAROL)
    stanza: Any = presence("bob", f"{BOB}/x", "member")
    den.rooms.presence(stanza)
    # The chat is opened, and nothing has been written yet
    den.show_dock()
    run_for(200)
    message = den.write("hello all")
    den.wait_until_sent(1)
    assert den.alice.service.alarms.open((ROOM,)) == ()
    assert den.reads(den.bob, message)
    assert den.reads(den.carol, message)
    assert not [line for line in world.lines if BOB in line or CAROL in line]


def test_case_55_a_dock_that_names_somebody_else(den: Den) -> None:
    den.announce(CAROL)
    den.write("wait")
    den.alice.service.new_members.on_screen(ROOM, [BOB])
    den.alice.service.new_members.on_screen(ROOM, [])
    den.nothing_is_sent(1)


def test_case_55_another_chat_is_on_screen(den: Den) -> None:
    den.announce(CAROL)
    den.world.chat = BOB
    den.write("wait")
    den.show_dock()
    den.nothing_is_sent(1)
    den.world.chat = ROOM
    den.show_dock()
    den.wait_until_sent(2)


def test_case_55_a_member_who_enters_visibly_is_a_note(den: Den) -> None:
    stanza: Any = presence("carol", f"{CAROL}/x", "member")
    den.rooms.presence(stanza)
    assert den.alice.service.alarms.open((ROOM,)) == ()
    message = den.write("hello")
    den.nothing_is_sent(1)
    den.show_dock()
    den.wait_until_sent(2)
    assert den.reads(den.carol, message)
    # Her keys have not come by then
    notes = [line for line in den.world.lines if CAROL in line]
    assert notes == [
        f"{CAROL} is a member of this group chat now, and can read it if the app "
        "offers encryption."
    ]
    den.show_dock()
    den.write("again")
    den.wait_until_sent(3)
    assert den.world.lines.count(notes[0]) == 1


def test_a_note_says_that_a_new_member_with_keys_can_read(den: Den) -> None:
    den.announce(CAROL)
    den.show_dock()
    den.write("her keys come")
    den.wait_until_sent(2)
    den.announce(CAROL, "none")
    den.rooms.presence(_carol_comes_in())
    den.show_dock()
    said = f"From now on {CAROL} can read this group chat."
    wait_for(lambda: said in den.world.lines, 5)


def _carol_comes_in() -> Any:
    return presence("carol", f"{CAROL}/x", "member")


def test_case_55_an_invited_member_is_a_note(den: Den) -> None:
    room, user = JID.from_string(ROOM), JID.from_string(CAROL)
    den.rooms._follow_decisions(lambda *_args: None)(
        room, {user: {"affiliation": "member"}}
    )
    assert den.alice.service.alarms.open((ROOM,)) == ()
    den.show_dock()
    den.write("hello")
    den.wait_until_sent(2)
    assert any(CAROL in line for line in den.world.lines)


def test_case_55_a_room_of_verified_people_waits_for_the_answer(den: Den) -> None:
    service = den.alice.service
    for info in service.devices(BOB):
        service.device_management.set_trust(info.device, Trust.VERIFIED)
    den.announce(CAROL)
    message = den.write("only for the verified")
    den.show_dock()
    den.nothing_is_sent(1)
    (alarm,) = service.alarms.open((ROOM,))
    service.alarms.answer(alarm, accept=False)
    den.wait_until_sent(2)
    assert not den.reads(den.carol, message)


def test_case_55_added_while_the_disk_is_waited_for(den: Den) -> None:
    message = den.write("almost gone")
    wait_for(lambda: any(one.busy for one in den.alice.service.sender._outbox), 30)
    den.announce(CAROL)
    den.nothing_is_sent(1)
    den.show_dock()
    den.wait_until_sent(2)
    assert den.reads(den.carol, message)


def test_case_55_after_a_restart(den: Den) -> None:
    den.announce(CAROL)
    den.alice.service.close()
    alice = den.world.side(ALICE)
    rooms = alice.service.rooms
    rooms._rooms[ROOM] = Room(
        {ALICE: "owner", BOB: "member", CAROL: "member"},
        {"owner", "admin", "member"},
    )
    alice.service.new_members.compare(ROOM)
    assert rooms.unnamed(ROOM) == (CAROL,)
    (alarm,) = alice.service.alarms.open((ROOM,))
    assert alarm.members == (CAROL,)


def test_case_55_typing_is_not_told_either(den: Den) -> None:
    den.announce(CAROL)
    before = len(den.alice.client.sent)
    contact = Contact(den.alice.client.account, ROOM)
    contact.is_groupchat = True
    message = Outgoing(contact, None, extra="<composing/>")
    message.chatstate = "composing"
    den.alice.encrypt(message)
    run_for(10)
    assert len(den.alice.client.sent) == before
