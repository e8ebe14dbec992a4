# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The members of a room, as the room and nobody else tells them."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from nbxmpp.protocol import JID
from nbxmpp.protocol import Message
from nbxmpp.protocol import Presence

from omemo_plugin.bridge.rooms import Reflection
from omemo_plugin.bridge.rooms import Rooms
from omemo_plugin.engine.values import Trust

ALICE = "alice@example.org"
BOB = "bob@example.org"
CAT = "cat@example.org"
ROOM = "den@rooms.example.org"
MUC_USER = "http://jabber.org/protocol/muc#user"


class Task:
    """An answer of the room."""

    def __init__(self, data: Any, jids: Collection[str] | None) -> None:
        self._data = data
        self._jids = jids

    def get_user_data(self) -> Any:
        return self._data

    def finish(self) -> Any:
        if self._jids is None:
            raise RuntimeError("forbidden")
        return SimpleNamespace(users={JID.from_string(jid): {} for jid in self._jids})


class Client:
    """Gajim, in one room."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any, Any]] = []
        self.decided: list[Any] = []
        self.nicks: dict[str, str | None] = {}
        self.private = True
        self.connection = self
        self.contact = SimpleNamespace(
            is_groupchat=True,
            get_disco=object,
            get_resource=self._resource,
        )

    def get_module(self, _name: str) -> Any:
        return self

    def get_bare_contact(self, jid: JID) -> Any:
        if str(jid) != ROOM:
            raise KeyError
        self.contact.encryption_available = self.private
        return self.contact

    def get_affiliation(
        self, _jid: JID, affiliation: str, callback: Any, user_data: Any
    ) -> None:
        self.asked.append((affiliation, callback, user_data))

    def set_affiliation(self, _room: JID, users: Any, callback: Any = None) -> Any:
        self.decided.append((users, callback))
        return "a task"

    def answer(self, **lists: Collection[str] | None) -> None:
        asked, self.asked = self.asked, []
        for affiliation, callback, data in asked:
            callback(Task(data, lists.get(affiliation, ())))

    def _resource(self, nick: str) -> Any:
        jid = self.nicks.get(nick)
        return SimpleNamespace(real_jid=jid and JID.from_string(jid))


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def rooms(client: Client) -> Rooms:
    gajim: Any = client
    return Rooms(gajim, ALICE)


def presence(
    nick: str, jid: str, affiliation: str, *, code: str = "", kind: str = ""
) -> Presence:
    status = f'<status code="{code}"/>' if code else ""
    attr = f' type="{kind}"' if kind else ""
    return Presence(
        node=f'<presence xmlns="jabber:client" from="{ROOM}/{nick}"{attr}>'
        f'<x xmlns="{MUC_USER}"><item jid="{jid}" affiliation="{affiliation}"/>'
        f"{status}</x></presence>"
    )


def announcement(sender: str, jid: str, affiliation: str) -> Message:
    return Message(
        node=f'<message xmlns="jabber:client" from="{sender}"><x xmlns="{MUC_USER}">'
        f'<item jid="{jid}" affiliation="{affiliation}"/></x></message>'
    )


def enter(rooms: Rooms, client: Client) -> None:
    rooms.presence(presence("alice", f"{ALICE}/x", "owner", code="110"))
    client.answer(owner=[ALICE], admin=[BOB])


def test_members_are_known_when_all_lists_have_come(
    rooms: Rooms, client: Client
) -> None:
    assert rooms.members(ROOM) is None
    rooms.presence(presence("alice", f"{ALICE}/x", "owner", code="110"))
    assert [one[0] for one in client.asked] == ["owner", "admin", "member"]
    owner, admin, member = client.asked
    owner[1](Task(owner[2], [ALICE]))
    admin[1](Task(admin[2], [BOB]))
    assert rooms.members(ROOM) is None
    member[1](Task(member[2], [CAT]))
    assert rooms.members(ROOM) == (BOB, CAT)


def test_a_list_that_is_refused_is_asked_for_again(
    rooms: Rooms, client: Client
) -> None:
    rooms.load(ROOM)
    client.answer(owner=[ALICE], admin=[], member=None)
    assert rooms.members(ROOM) is None
    rooms.load(ROOM)
    assert client.asked


def test_case_37_a_removed_member_is_none_at_once(rooms: Rooms, client: Client) -> None:
    enter(rooms, client)
    for affiliation in ("outcast", "none"):
        rooms.presence(presence("bob", f"{BOB}/y", "member"))
        assert rooms.members(ROOM) == (BOB,)
        rooms.presence(presence("bob", f"{BOB}/y", affiliation, kind="unavailable"))
        assert rooms.members(ROOM) == ()


def test_our_own_decisions_count_at_once(rooms: Rooms, client: Client) -> None:
    """The room may be far away, and the next message is written already."""
    met: list[Collection[str]] = []
    enter(rooms, client)
    rooms.members_changed.connect(lambda _room, new: met.append(new))
    room = JID.from_string(ROOM)
    users = {JID.from_string(CAT): {"affiliation": "member"}}
    assert client.set_affiliation(room, users, callback=len) == "a task"
    assert client.decided == [(users, len)]
    assert rooms.members(ROOM) == (BOB, CAT)
    assert met == [[CAT]]
    client.answer(owner=[ALICE], admin=[BOB], member=[CAT])
    assert rooms.members(ROOM) == (BOB, CAT)
    client.set_affiliation(room, {BOB: {"affiliation": "outcast"}})
    assert rooms.members(ROOM) == (CAT,)
    # The room has refused it
    client.answer(owner=[ALICE], admin=[BOB], member=[CAT])
    assert rooms.members(ROOM) == (BOB, CAT)


def test_decisions_are_given_back(rooms: Rooms, client: Client) -> None:
    enter(rooms, client)
    rooms.close()
    assert "set_affiliation" not in vars(client)
    rooms.close()


def test_a_member_that_only_leaves_stays_a_member(rooms: Rooms, client: Client) -> None:
    enter(rooms, client)
    rooms.presence(presence("bob", f"{BOB}/y", "admin", kind="unavailable"))
    assert rooms.members(ROOM) == (BOB,)


def test_an_absent_account_can_become_a_member(rooms: Rooms, client: Client) -> None:
    met: list[str] = []
    rooms.members_changed.connect(lambda _room, new: met.extend(new))
    enter(rooms, client)
    rooms.announcement(announcement(ROOM, CAT, "member"))
    assert rooms.members(ROOM) == (BOB, CAT)
    assert met == [ALICE, BOB, CAT]
    rooms.announcement(announcement(ROOM, CAT, "none"))
    assert rooms.members(ROOM) == (BOB,)


@pytest.mark.parametrize("sender", [f"{ROOM}/bob", CAT, "rooms.example.org"])
def test_case_21_only_the_room_decides_who_is_a_member(
    rooms: Rooms, client: Client, sender: str
) -> None:
    enter(rooms, client)
    rooms.announcement(announcement(sender, CAT, "member"))
    assert rooms.members(ROOM) == (BOB,)


@pytest.mark.parametrize("jid", ["@", "a@b@c", ""])
def test_malformed_addresses_are_passed_over(
    rooms: Rooms, client: Client, jid: str
) -> None:
    enter(rooms, client)
    rooms.announcement(announcement(ROOM, jid, "member"))
    assert rooms.members(ROOM) == (BOB,)


def test_entering_again_asks_again(rooms: Rooms, client: Client) -> None:
    enter(rooms, client)
    rooms.presence(presence("alice", f"{ALICE}/x", "owner", code="110"))
    assert rooms.members(ROOM) is None
    client.answer(owner=[ALICE], member=[CAT])
    assert rooms.members(ROOM) == (CAT,)


def test_no_member_is_left_out_unless_the_user_agrees(
    rooms: Rooms, client: Client
) -> None:
    enter(rooms, client)
    assert rooms.recipients(ROOM) == (BOB,)
    rooms.leave_out(ROOM, [BOB])
    assert rooms.recipients(ROOM) == ()
    assert rooms.members(ROOM) == (BOB,)
    assert rooms.left_out(ROOM) == {BOB}


def test_a_room_is_private_only_if_gajim_knows_it(rooms: Rooms, client: Client) -> None:
    assert rooms.is_private(ROOM)
    client.private = False
    assert not rooms.is_private(ROOM)
    client.private = True
    # Gajim says yes of a room it has not looked at yet
    client.contact.get_disco = lambda: None
    assert not rooms.is_private(ROOM)
    assert not rooms.is_private("other@rooms.example.org")


def test_case_8_an_open_room_is_exposed(rooms: Rooms, client: Client) -> None:
    assert not rooms.is_exposed(ROOM)
    client.private = False
    assert rooms.is_exposed(ROOM)
    # A contact is none
    assert not rooms.is_exposed(BOB)


# Senders


def message(**changes: Any) -> Any:
    values: dict[str, Any] = {
        "from_": JID.from_string(f"{ROOM}/bob"),
        "mam": None,
        "muc_user": None,
    }
    return SimpleNamespace(**{**values, **changes})


def test_case_21_the_presence_tells_the_address_of_a_nickname(
    rooms: Rooms, client: Client
) -> None:
    assert rooms.sender(message()) is None
    client.nicks["bob"] = f"{BOB}/phone"
    assert rooms.sender(message()) == BOB
    # And the message does not
    forged = SimpleNamespace(jid=JID.from_string(CAT))
    assert rooms.sender(message(muc_user=forged)) == BOB


def test_the_archive_of_the_room_tells_it_too(rooms: Rooms, client: Client) -> None:
    client.nicks["bob"] = CAT
    told = SimpleNamespace(jid=JID.from_string(f"{BOB}/phone"))
    own = SimpleNamespace(archive=JID.from_string(ROOM))
    assert rooms.sender(message(mam=own, muc_user=told)) == BOB


@pytest.mark.parametrize("archive", [CAT, ALICE, "other@rooms.example.org"])
def test_case_18_another_archive_does_not(
    rooms: Rooms, client: Client, archive: str
) -> None:
    client.nicks["bob"] = BOB
    told = SimpleNamespace(jid=JID.from_string(CAT))
    mam = SimpleNamespace(archive=JID.from_string(archive))
    assert rooms.sender(message(mam=mam, muc_user=told)) is None


def test_the_room_itself_is_no_occupant(rooms: Rooms) -> None:
    assert rooms.sender(message(from_=JID.from_string(ROOM))) is None
    assert rooms.sender(message(from_=None)) is None


# Our own messages


def test_our_own_message_comes_back_once(rooms: Rooms) -> None:
    wrote = (Element("{jabber:client}body"),)
    rooms.note_sent(ROOM, "id-1", wrote, Trust.BLIND)
    assert rooms.reflected(message(), "other") is None
    assert rooms.reflected(message(), "id-1") == Reflection(wrote, Trust.BLIND)
    assert rooms.reflected(message(), "id-1") is None


def test_the_number_of_kept_reflections_is_bounded(rooms: Rooms) -> None:
    for number in range(300):
        rooms.note_sent(ROOM, str(number), (), Trust.VERIFIED)
    assert rooms.reflected(message(), "0") is None
    assert rooms.reflected(message(), "299") == Reflection((), Trust.VERIFIED)


# Private messages


def test_the_address_of_a_nickname(rooms: Rooms, client: Client) -> None:
    client.nicks = {"bob": f"{BOB}/x", "ghost": None}
    assert rooms.person(f"{ROOM}/bob") == BOB
    for address in (
        f'{ROOM}/ghost', f'{ROOM}/nobody', ROOM, f'{BOB}/x', 'no address@'
    ):  # fmt: skip
        assert rooms.person(address) is None


def test_a_nickname_that_changes_hands_is_noticed(rooms: Rooms) -> None:
    address = f"{ROOM}/bob"
    assert not rooms.is_written_to(address, BOB)
    assert rooms.previous_person(address, BOB) is None
    assert rooms.is_written_to(address, BOB)
    assert not rooms.is_written_to(address, CAT)
    assert rooms.previous_person(address, BOB) == BOB
    assert rooms.previous_person(address, CAT) == BOB
    assert rooms.previous_person(address, CAT) == CAT
