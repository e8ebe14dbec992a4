# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages that the plugin does not send, whatever the user or a room does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.bridge.test_account import ALICE
from tests.unit.bridge.test_account import BOB
from tests.unit.bridge.test_account import Contact
from tests.unit.bridge.test_account import FakeNetwork
from tests.unit.bridge.test_account import Outgoing
from tests.unit.bridge.test_account import main_loop as main_loop  # noqa: PLC0414
from tests.unit.bridge.test_account import run_for
from tests.unit.bridge.test_account import wait_for
from tests.unit.bridge.test_account import world as world  # noqa: PLC0414
from tests.unit.bridge.test_many_devices import make_room

CAROL = "carol@example.org"
DAN = "dan@example.org"
ROOM = "den@rooms.example.org"
NICKNAME = f"{ROOM}/bob"

LINK = f"aesgcm://files.example/x#{'ab' * 44}"


@pytest.mark.parametrize(
    "text", [LINK, f"look: {LINK}", LINK.replace("aesgcm", "AesGCM"), f"\n{LINK}\n"]
)
def test_a_typed_link_with_a_key_does_not_leave_a_clear_chat(
    world: FakeNetwork, text: str
) -> None:
    alice = world.online(ALICE)
    clear = Contact("alice", BOB, encryption="")
    alice.client._send_message(Outgoing(clear, text))
    wait_for(lambda: world.returned)
    assert alice.client.sent == []
    assert world.returned == [text]
    assert "key" in world.lines[-1]


def test_the_link_of_an_encrypted_upload_does_not_leave_a_clear_chat(
    world: FakeNetwork,
) -> None:
    alice = world.online(ALICE)
    message = Outgoing(Contact("alice", BOB, encryption=""), "the file")
    message.oob_url = LINK
    alice.client._send_message(message)
    wait_for(lambda: world.returned)
    assert alice.client.sent == []


@pytest.mark.parametrize("text", ["https://files.example/x", "aesgcm", None])
def test_other_texts_leave_a_clear_chat(world: FakeNetwork, text: str | None) -> None:
    alice = world.online(ALICE)
    message = Outgoing(Contact("alice", BOB, encryption=""), text)
    alice.client._send_message(message)
    assert alice.client.sent == [message]


def private_message(text: str) -> Any:
    """Any, because it has only what is used of Gajim's message."""
    contact = Contact("alice", NICKNAME)
    contact.is_pm_contact = True
    return Outgoing(contact, text)


def test_a_nickname_that_changed_hands_gets_nothing(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, carol = (world.online(jid) for jid in (ALICE, BOB, CAROL))
    rooms = alice.service.rooms
    monkeypatch.setattr(rooms, "person", lambda _address: BOB)
    first = private_message("for bob")
    alice.service.sender.encrypt_message(first)
    wait_for(lambda: alice.client.sent)
    assert f'rid="{bob.service.device_id}"' in str(first.stanza)
    assert any(BOB in line for line in world.lines)

    monkeypatch.setattr(rooms, "person", lambda _address: CAROL)
    alice.service.sender.encrypt_message(private_message("also for bob"))
    wait_for(lambda: world.returned)
    assert world.returned == ["also for bob"]
    assert alice.client.sent == [first]
    assert CAROL in world.lines[-1]
    # The user has seen it, and writes to the new person
    second = private_message("for carol")
    alice.service.sender.encrypt_message(second)
    wait_for(lambda: len(alice.client.sent) == 2)
    text = str(second.stanza)
    assert f'rid="{carol.service.device_id}"' in text
    assert f'rid="{bob.service.device_id}"' not in text


def test_a_nickname_of_an_unknown_person_gets_nothing(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.online(ALICE)
    monkeypatch.setattr(alice.service.rooms, "person", lambda _address: None)
    alice.service.sender.encrypt_message(private_message("hello"))
    wait_for(lambda: world.returned)
    assert alice.client.sent == []


def test_a_member_without_keys_is_not_left_out_silently(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    write = make_room(alice, monkeypatch, BOB, DAN)
    write("for both")
    wait_for(lambda: world.returned, 30)
    assert world.returned == ["for both"]
    assert alice.client.sent == []
    assert DAN in world.lines[-1]
    # Without that member, as the user may choose
    write = make_room(alice, monkeypatch, BOB)
    message = write("for bob")
    wait_for(lambda: alice.client.sent)
    assert f'rid="{bob.service.device_id}"' in str(message.stanza)


def test_case_8_nothing_is_sent_to_a_room_that_is_not_private(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.online(ALICE)
    assert world.online(BOB).service.device_id
    write = make_room(alice, monkeypatch, BOB)
    monkeypatch.setattr(alice.service.rooms, "is_private", lambda _jid: False)
    # It does not even wait: the user reads why at once
    alice.client.state.is_available = False
    write("for the room")
    wait_for(lambda: world.returned)
    run_for(0.2)
    assert world.returned == ["for the room"]
    assert alice.client.sent == []


def test_case_8_a_message_that_waits_is_not_sent_when_the_room_is_opened(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.online(ALICE)
    assert world.online(BOB).service.device_id
    write = make_room(alice, monkeypatch, BOB)
    alice.client.state.is_available = False
    write("for the room")
    run_for(0.2)
    monkeypatch.setattr(alice.service.rooms, "is_private", lambda _jid: False)
    alice.client.state.is_available = True
    alice.service.connected()
    wait_for(lambda: world.returned)
    assert world.returned == ["for the room"]
    assert alice.client.sent == []
