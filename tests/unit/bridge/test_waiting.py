# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that have not been sent: what is known of them, and what the user does
with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from omemo_plugin.bridge.gajim import archive as gajim_archive
from omemo_plugin.bridge.gajim import chat_window
from omemo_plugin.bridge.gajim import messages as gajim_messages
from omemo_plugin.bridge.outgoing import outbox as outbox_module
from omemo_plugin.bridge.outgoing import waiting as waiting_module
from omemo_plugin.bridge.state.paths import drafts_path
from omemo_plugin.bridge.state.paths import recipients_path
from omemo_plugin.bridge.values import WaitingMessage
from omemo_plugin.bridge.values import WaitingState
from tests.unit.bridge.test_account import ALICE
from tests.unit.bridge.test_account import BOB
from tests.unit.bridge.test_account import CAROL
from tests.unit.bridge.test_account import Contact
from tests.unit.bridge.test_account import FakeNetwork
from tests.unit.bridge.test_account import Outgoing
from tests.unit.bridge.test_account import Side
from tests.unit.bridge.test_account import _event
from tests.unit.bridge.test_account import main_loop as main_loop  # noqa: PLC0414
from tests.unit.bridge.test_account import run_for
from tests.unit.bridge.test_account import wait_for
from tests.unit.bridge.test_account import world as world  # noqa: PLC0414

OFFLINE = WaitingState.OFFLINE
FAILED = WaitingState.FAILED
ENDED = WaitingState.ENDED
BEHIND = WaitingState.BEHIND
CANCELLED = WaitingState.CANCELLED


@pytest.fixture(autouse=True)
def _with_windows(monkeypatch: pytest.MonkeyPatch, world: FakeNetwork) -> None:
    """Show waiting messages at once, as in an open window."""
    monkeypatch.setattr(outbox_module, "SHOWN_AFTER", 0.0)
    online = world.side

    def side(jid: str) -> Side:
        made = online(jid)
        made.service.notices.show_offers_with(lambda *_args: False)
        return made

    monkeypatch.setattr(world, "side", side)

    def send(client: Any, contact: Any, text: str, like: Any) -> None:
        # As Gajim hands over what is sent in its window
        del like
        message: Any = Outgoing(contact, text)
        for one in world.sides:
            if one.client is client:
                if contact.settings["encryption"]:
                    one.encrypt(message)
                else:
                    client._send_message(message)

    monkeypatch.setattr(gajim_messages, "send_text", send)


def shown(side: Side, jid: str = BOB) -> list[tuple[str, WaitingState]]:
    return [(one.text, one.state) for one in side.service.waiting.of(jid)]


def row(side: Side, text: str, jid: str = BOB) -> WaitingMessage:
    return next(one for one in side.service.waiting.of(jid) if one.text == text)


def failed(world: FakeNetwork, *texts: str) -> Side:
    """Alice wrote to Bob, who has no device."""
    alice = world.online(ALICE)
    for text in texts:
        alice.write(BOB, text)
    wait_for(lambda: shown(alice)[:1] == [(texts[0], FAILED)])
    return alice


def appear(world: FakeNetwork, alice: Side) -> Side:
    """Bob has a device from now on, and the server says so."""
    bob = world.online(BOB)
    for (owner, node), items in list(world.server.items.items()):
        if owner == BOB and "device" in node:
            _event(alice, node, *items.values())
    return bob


def contact(jid: str = BOB, encryption: str = "OMEMO") -> Any:
    return Contact("alice", jid, encryption)


def test_offline_it_waits_and_is_sent_by_itself(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    alice.client.state.is_available = False
    message = alice.write(BOB, "hello")
    run_for(0.1)
    assert shown(alice) == [("hello", OFFLINE)]
    assert alice.client.sent == world.lines == []
    alice.client.state.is_available = True
    alice.service.connection_changed()
    wait_for(lambda: alice.client.sent)
    assert bob.read(message, ALICE)[0] == "hello"
    assert shown(alice) == []


def test_a_message_that_leaves_at_once_is_not_shown(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "SHOWN_AFTER", 0.3)
    alice = world.online(ALICE)
    alice.client.state.is_available = False
    alice.write(BOB, "hello")
    run_for(0.1)
    assert shown(alice) == []
    told: list[bool] = []
    alice.service.sender.waiting_changed.connect(lambda: told.append(True))
    wait_for(lambda: shown(alice))
    wait_for(lambda: told)


def test_messages_after_a_failed_one_wait(world: FakeNetwork) -> None:
    alice = failed(world, "one", "two", "three")
    assert shown(alice) == [("one", FAILED), ("two", BEHIND), ("three", BEHIND)]
    assert world.returned == world.lines == []
    # The line about the chat says that nobody can read it
    assert row(alice, "one").reason == ""
    bob = appear(world, alice)
    run_for(0.1)
    assert alice.client.sent == []
    alice.service.waiting.send_again(row(alice, "one").number, contact())
    wait_for(lambda: len(alice.client.sent) == 3)
    read = [bob.read(message, ALICE)[0] for message in alice.client.sent]
    assert read == ["one", "two", "three"]
    assert shown(alice) == []


def test_a_reason_of_the_message_itself_is_in_its_row(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gajim_messages, "stanza_bytes_max", lambda _client: 300)
    alice = world.online(ALICE)
    world.online(BOB)
    alice.write(BOB, "hello")
    wait_for(lambda: shown(alice) == [("hello", FAILED)])
    assert "too long for your server" in row(alice, "hello").reason
    assert world.lines == []


def test_without_windows_the_text_is_in_the_input(world: FakeNetwork) -> None:
    alice = world.online(ALICE)
    alice.service.notices.show_offers_with(None)
    alice.write(BOB, "hello")
    wait_for(lambda: world.returned == ["hello"])
    assert shown(alice) == []
    assert "hello" not in world.lines[-1]


def test_a_refused_text_is_never_a_line(world: FakeNetwork) -> None:
    """The input was emptied, but another program has written there meanwhile."""
    world.room_for_text = False
    alice = world.online(ALICE)
    alice.service.encrypted_chats.add(BOB)
    message: Any = Outgoing(contact(), "hello")
    alice.client._send_message(message)
    wait_for(lambda: shown(alice) == [("hello", FAILED)])
    assert row(alice, "hello").reason
    assert world.lines == []


def test_cancelling(world: FakeNetwork) -> None:
    alice = world.online(ALICE)
    alice.client.state.is_available = False
    for text in ("one", "two"):
        alice.write(BOB, text)
    run_for(0.05)
    waiting = alice.service.waiting
    waiting.cancel(row(alice, "two").number)
    assert world.filled == [(BOB, "two")]
    world.room_for_text = False
    waiting.cancel(row(alice, "one").number)
    assert shown(alice) == [("one", CANCELLED)]
    # It does not hold up what follows
    world.online(BOB)
    alice.client.state.is_available = True
    alice.write(BOB, "three")
    wait_for(lambda: [one.message for one in alice.client.sent] == ["three"])
    waiting.send_again(row(alice, "one").number, contact())
    wait_for(lambda: len(alice.client.sent) == 2)


def test_a_message_on_its_way_cannot_be_cancelled(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    keystore: Any = alice.service._keystore
    then: list[Any] = []
    monkeypatch.setattr(keystore, "when_durable", then.append)
    alice.write(BOB, "hello")
    wait_for(lambda: then)
    assert shown(alice) == [("hello", WaitingState.SENDING)]
    alice.service.waiting.cancel(row(alice, "hello").number)
    assert world.filled == []
    then[0](None)
    assert len(alice.client.sent) == 1


def test_editing(world: FakeNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = failed(world, "one")
    inputs = ["", "typed meanwhile"]

    def replace(_account: str, _jid: str, text: str) -> str:
        inputs.append(text)
        return inputs[-2]

    monkeypatch.setattr(chat_window, "replace_input", replace)
    alice.service.waiting.edit(row(alice, "one").number)
    assert inputs[-1] == "one"
    assert shown(alice) == [("typed meanwhile", WaitingState.DRAFT)]
    inputs.append(" \n")
    alice.service.waiting.edit(row(alice, "typed meanwhile").number)
    assert inputs[-1] == "typed meanwhile"
    assert shown(alice) == []


def test_deleting_can_be_undone(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_module, "UNDO_SECONDS", 0.2)
    alice = failed(world, "one")
    waiting, number = alice.service.waiting, row(alice, "one").number
    path = drafts_path(world.folder / "alice", ALICE)
    wait_for(path.exists)
    waiting.delete(number)
    assert shown(alice) == [("one", WaitingState.DELETED)]
    # It may not be sent, and is not on the disk any more
    waiting.send_again(number, contact())
    wait_for(lambda: not path.exists())
    waiting.undo(number)
    run_for(0.3)
    assert shown(alice) == [("one", FAILED)]
    waiting.delete(number)
    wait_for(lambda: shown(alice) == [])
    waiting.undo(number)
    assert shown(alice) == []
    assert alice.client.sent == []


def test_sent_again_while_offline(world: FakeNetwork) -> None:
    alice = failed(world, "one")
    bob = appear(world, alice)
    alice.client.state.is_available = False
    waiting, number = alice.service.waiting, row(alice, "one").number
    waiting.send_again(number, contact())
    assert shown(alice) == [("one", OFFLINE)]
    waiting.cancel(number)
    assert shown(alice) == [("one", FAILED)]
    waiting.send_again(number, contact())
    alice.client.state.is_available = True
    alice.service.connection_changed()
    wait_for(lambda: alice.client.sent)
    assert bob.read(alice.client.sent[0], ALICE)[0] == "one"
    assert shown(alice) == []


def test_sent_again_in_clear_only_by_choice(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate decides, as it does about everything."""
    monkeypatch.setattr(
        "omemo_plugin.bridge.gajim.settings.set_encryption_of", lambda *args: None
    )
    world.room_for_text = False
    alice = failed(world, "one")
    in_clear = contact(encryption="")
    alice.service.waiting.send_again(row(alice, "one").number, in_clear)
    run_for(0.05)
    assert alice.client.sent == []
    assert shown(alice) == [("one", FAILED)]
    alice.service.default_encryption.send_without(BOB)
    alice.service.waiting.send_again(row(alice, "one").number, in_clear)
    assert [one.message for one in alice.client.sent] == ["one"]
    assert shown(alice) == []


def test_gajim_fails_when_it_is_sent_again(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = failed(world, "one")

    def fail(*_args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(gajim_messages, "send_text", fail)
    alice.service.waiting.send_again(row(alice, "one").number, contact())
    assert shown(alice) == [("one", FAILED)]


# The end, and the next start


def write_and_end(world: FakeNetwork, *texts: str) -> None:
    """Alice writes while she is offline, and Gajim ends."""
    alice = world.online(ALICE)
    alice.client.state.is_available = False
    for text in texts:
        alice.write(BOB, text)
    run_for(0.05)
    alice.service.sender.keep_drafts()
    alice.service.close()
    # Gajim has closed what it would be given back to
    assert world.returned == world.lines == []


def test_texts_that_waited_when_gajim_ended_are_shown(world: FakeNetwork) -> None:
    write_and_end(world, "one", "two")
    world.online(BOB)
    alice = world.online(ALICE)
    assert shown(alice) == [("one", ENDED), ("two", ENDED)]
    world.chat = CAROL
    alice.service.chat_opened(CAROL)
    run_for(0.05)
    said = "2 messages were not sent before Gajim was closed."
    assert world.lines[-1].startswith(said)
    alice.service.chat_opened(CAROL)
    run_for(0.05)
    assert len(world.lines) == 1
    # Neither sent by themselves, nor in the way of another one
    alice.write(BOB, "three")
    wait_for(lambda: [one.message for one in alice.client.sent] == ["three"])
    waiting = alice.service.waiting
    waiting.send_again(row(alice, "two").number, contact())
    wait_for(lambda: len(alice.client.sent) == 2)
    waiting.delete(row(alice, "one").number)
    alice.service.sender.keep_drafts()
    alice.service.close()
    assert shown(world.online(ALICE)) == []


def test_other_chats_are_not_announced_before_a_chat_is_on_screen(
    world: FakeNetwork,
) -> None:
    write_and_end(world, "one")
    alice = world.online(ALICE)
    world.on_screen = False
    # As Gajim does when it restores its chats: opened and left in one go
    alice.service.chat_opened(CAROL)
    run_for(0.05)
    world.on_screen = True
    world.chat = BOB
    alice.service.chat_opened(BOB)
    run_for(0.05)
    assert world.lines == []


def test_a_text_that_waits_survives_a_crash(world: FakeNetwork) -> None:
    alice = world.online(ALICE)
    alice.client.state.is_available = False
    alice.write(BOB, "one")
    path = drafts_path(world.folder / "alice", ALICE)
    wait_for(path.exists)
    assert path.stat().st_mode & 0o777 == 0o600
    world.online(BOB)
    alice.client.state.is_available = True
    alice.service.sender.work()
    wait_for(lambda: alice.client.sent)
    wait_for(lambda: not path.exists())


def test_case_145_no_text_is_written_where_the_history_is_on_another_disk(
    world: FakeNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Tails the archive is in memory, and the folder of the plugin on the stick."""
    folder = world.folder / "alice"
    path = drafts_path(folder, ALICE)
    write_and_end(world, "one")
    assert path.exists()
    other_disk = Path("/proc/self/logs.db")
    assert not gajim_archive.are_on_one_disk(other_disk, folder)
    monkeypatch.setattr(gajim_archive, "archive_file", lambda: other_disk)
    alice = world.side(ALICE)
    assert not path.exists()
    assert not recipients_path(folder, ALICE).exists()
    assert shown(alice) == []
    alice.client.state.is_available = False
    alice.write(BOB, "one")
    run_for(0.2)
    alice.service.history_setting_changed()
    alice.service.sender.keep_drafts()
    alice.service.close()
    assert not path.exists()
    # A link leads to the same disk
    link = tmp_path / "logs.db"
    link.symlink_to(folder / "history" / "logs.db")
    assert gajim_archive.are_on_one_disk(link, folder)
    link.unlink()
    link.symlink_to(other_disk)
    assert not gajim_archive.are_on_one_disk(link, folder)


def test_no_text_is_written_where_no_history_is(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drafts_path(world.folder / "alice", ALICE)
    write_and_end(world, "one")
    assert path.exists()
    monkeypatch.setattr(gajim_archive, "history_max_age", lambda account: 0.0)
    alice = world.side(ALICE)
    assert not path.exists()
    assert shown(alice) == []
    alice.client.state.is_available = False
    alice.write(BOB, "one")
    run_for(0.2)
    alice.service.sender.keep_drafts()
    alice.service.close()
    assert not path.exists()


def test_switching_the_plugin_off_gives_back_waiting_messages(
    world: FakeNetwork,
) -> None:
    alice = world.online(ALICE)
    alice.client.state.is_available = False
    message = alice.write(BOB, "one")
    alice.write(BOB, "two")
    run_for(0.05)
    alice.service.close()
    alice.service.close()
    assert world.returned == ["one\ntwo"]
    assert not world.joined
    assert "Not sent. You switched encryption off" in world.lines[-1]
    assert not drafts_path(world.folder / "alice", ALICE).exists()
    # The gate is gone as well; what Gajim does then is Gajim's own
    alice.client._send_message(message)
    assert alice.client.sent == [message]


def test_texts_without_a_place_in_an_input_are_kept(
    world: FakeNetwork,
) -> None:
    alice = world.online(ALICE)
    alice.client.state.is_available = False
    alice.write(BOB, "one")
    run_for(0.05)
    world.room_for_text = False
    alice.service.close()
    assert world.returned == world.lines == []
    assert shown(world.online(ALICE)) == [("one", ENDED)]
