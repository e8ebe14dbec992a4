# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Two account services with real engines and a dict for a server between them.
Only Gajim's window, settings and connection are stood in for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gi.repository import GLib
from nbxmpp.const import MessageType
from nbxmpp.errors import StanzaError
from nbxmpp.protocol import JID
from nbxmpp.protocol import Iq
from nbxmpp.protocol import Message
from nbxmpp.protocol import NodeProcessed
from nbxmpp.simplexml import Node

from omemo_plugin.bridge import compat
from omemo_plugin.bridge import send
from omemo_plugin.bridge import sender as sender_module
from omemo_plugin.bridge.account import AccountService
from omemo_plugin.bridge.latch import Latch
from omemo_plugin.bridge.latch import LatchUnreadable
from omemo_plugin.bridge.store_path import latch_path
from omemo_plugin.bridge.store_path import store_path
from omemo_plugin.bridge.store_path import unsent_path
from omemo_plugin.engine.errors import StoreError
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.stanza.pep import build_device_list
from omemo_plugin.stanza.pep import device_list_node

ALICE = "alice@example.org"
BOB = "bob@example.org"
CAROL = "carol@example.org"


def wait_for(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Run the main loop until something holds."""
    context = GLib.MainContext.default()
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        if not context.iteration(False):
            time.sleep(0.001)


def run_for(seconds: float) -> None:
    end = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() > end, seconds + 1)


class Task:
    """A task of nbxmpp that is answered in a later turn of the main loop."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def add_done_callback(self, callback: Any, weak: bool = True) -> None:
        assert not weak
        GLib.idle_add(lambda: callback(self) and False)

    def finish(self) -> Any:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


def not_found() -> StanzaError:
    return StanzaError(
        Iq(
            node='<iq xmlns="jabber:client" type="error" id="1"><error type="cancel">'
            '<item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>'
            "</error></iq>"
        )
    )


class Server:
    """The nodes of all accounts."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Node]] = {}
        self.answers = True

    def pubsub(self, own_jid: str) -> Any:
        def items(node: str, jid: Any) -> dict[str, Node]:
            return self.items.get((str(jid), node), {})

        def one(payload: Node) -> Node:
            return Node(node=f"<item>{payload}</item>")

        def request_items(node: str, max_items: int, jid: Any) -> Task:
            found = list(items(node, jid).values())
            return Task([one(found[-1])] if found else not_found())

        def request_item(node: str, item_id: str, jid: Any) -> Task:
            found = items(node, jid).get(item_id)
            return Task(not_found() if found is None else one(found))

        def publish(node: str, payload: Node, id_: str, **_options: Any) -> Task:
            self.items.setdefault((own_jid, node), {})[id_] = payload
            return Task(None)

        return SimpleNamespace(
            request_items=request_items, request_item=request_item, publish=publish
        )


class Upload:
    """Gajim's module for uploads."""

    def __init__(self) -> None:
        self.uploaded: list[Any] = []

    def send_file(self, _contact: Any, path: Any) -> None:
        self.uploaded.append(path)


class Client:
    """Gajim's client, as far as it is used."""

    def __init__(self, jid: str, server: Server) -> None:
        self.account = jid.partition("@")[0]
        self._jid = JID.from_string(jid)
        self.state = SimpleNamespace(is_available=True)
        self.connection = SimpleNamespace(
            get_module=lambda name: server.pubsub(jid), features=None
        )
        self.sent: list[Any] = []
        self.stanzas: list[Any] = []
        self.upload = Upload()

    def get_own_jid(self) -> JID:
        return self._jid

    def get_module(self, name: str) -> Any:
        if name == "HTTPUpload":
            return self.upload
        # No contact is a room
        assert name == "Contacts"
        return SimpleNamespace(get_contact_if_exists=lambda _jid: None)

    def send_stanza(self, stanza: Any) -> None:
        self.stanzas.append(stanza)

    def _send_message(self, message: Any) -> None:
        self.sent.append(message)


class Contact:
    """Gajim's contact, as far as it is used."""

    def __init__(self, account: str, jid: str, encryption: str = "OMEMO") -> None:
        self.account = account
        self.jid = jid
        self.is_groupchat = False
        self.is_pm_contact = False
        self.settings = {"encryption": encryption}


class Outgoing:
    """Gajim's message, as far as it is used."""

    def __init__(self, contact: Contact, text: str | None, *, extra: str = "") -> None:
        self.contact = contact
        self.message = text
        self.is_groupchat = contact.is_groupchat
        self.chatstate: str | None = None
        self.marker: tuple[str, str] | None = None
        self.oob_url: str | None = None
        self.xhtml: str | None = None
        self.additional_data: dict[str, Any] = {}
        body = "" if text is None else f"<body>{text}</body>"
        self.stanza = Message(
            node=f'<message xmlns="jabber:client" to="{contact.jid}" type="chat" '
            f'id="1">{body}{extra}</message>'
        )


class Side:
    """One account with its service."""

    def __init__(self, jid: str, server: Server, folder: Path) -> None:
        self.jid = jid
        self.client = Client(jid, server)
        config = folder / "config"
        config.mkdir(parents=True, exist_ok=True)
        self.service = AccountService(self.client, folder, config)

    def write(self, to: str, text: str) -> Outgoing:
        message = Outgoing(Contact(self.client.account, to), text)
        self.service.encrypt_message(message)
        return message

    def read(self, message: Outgoing, sender: str) -> tuple[str | None, Any]:
        """What Gajim would show of a message that came in."""
        stanza = Message(node=str(message.stanza))
        properties = SimpleNamespace(
            type=MessageType.CHAT,
            is_muc_pm=False,
            carbon=None,
            mam=None,
            from_=JID.from_string(sender),
            to=JID.from_string(self.jid),
            omemo=None,
            encrypted=None,
        )
        try:
            self.service.receiver.handle(stanza, properties)
        except NodeProcessed:
            return None, None
        except Exception as error:
            if type(error).__name__ != "StanzaDecrypted":
                raise
        return stanza.getBody(), properties.encrypted


class World:
    """What the tests look at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = Server()
        self.lines: list[str] = []
        self.returned: list[str] = []
        self.filled: list[tuple[str, str]] = []
        self.room_for_text = True
        self.on_screen = True
        self.chat = BOB
        self.sides: list[Side] = []

    def side(self, jid: str) -> Side:
        side = Side(jid, self.server, self.folder / jid.partition("@")[0])
        self.sides.append(side)
        return side

    def online(self, jid: str) -> Side:
        side = self.side(jid)
        side.service.connected()
        wait_for(lambda: sum(owner == jid for owner, _ in self.server.items) == 4)
        side.service.catch_up_ended()
        return side


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)

    def show_info(_account: str, _jid: str, text: str) -> bool:
        if world.on_screen:
            world.lines.append(text)
        return world.on_screen

    def give_back(_contact: Any, text: str) -> bool:
        if world.room_for_text:
            world.returned.append(text)
        return world.room_for_text

    def fill_input(_account: str, jid: str, text: str) -> bool:
        if world.room_for_text:
            world.filled.append((jid, text))
        return world.room_for_text

    def chat_on_screen(_account: str) -> str:
        return world.chat if world.on_screen else ""

    monkeypatch.setattr(compat, "chat_on_screen", chat_on_screen)
    monkeypatch.setattr(compat, "show_info", show_info)
    monkeypatch.setattr(compat, "fill_input", fill_input)
    monkeypatch.setattr(compat, "give_back", give_back)
    monkeypatch.setattr(compat, "flush_archive", lambda: None)
    monkeypatch.setattr(compat, "history_max_age", lambda account: -1.0)
    monkeypatch.setattr(compat, "has_history", lambda account, jid: True)
    monkeypatch.setattr(compat, "blind_trust", lambda account: None)
    monkeypatch.setattr(compat, "sees_our_presence", lambda client, jid: True)
    monkeypatch.setattr(compat, "is_in_roster", lambda client, jid: True)
    monkeypatch.setattr(compat, "mark_encrypted", lambda message, trust, key: None)
    monkeypatch.setattr(sender_module, "_GRACE", 0.0)
    yield world
    # What is left to do is done in this world and not in the next one
    run_for(0.02)
    for side in world.sides:
        side.service.close()


def test_a_message_waits_for_the_keys_and_is_sent_by_itself(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    assert alice.client.sent == []
    wait_for(lambda: alice.client.sent)
    assert alice.client.sent == [message]
    assert "hello" not in str(message.stanza)
    text, shield = bob.read(message, ALICE)
    assert text == "hello"
    assert shield is not None
    assert any("Fetching keys of 1 device" in line for line in world.lines)
    assert world.returned == []


def test_what_was_sent_is_in_the_archive_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    written: list[int] = []
    monkeypatch.setattr(
        compat, "flush_archive", lambda: written.append(len(alice.client.sent))
    )
    alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    assert written[-1] == 1


def test_the_order_is_kept(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    messages = [alice.write(BOB, f"number {i}") for i in range(10)]
    wait_for(lambda: len(alice.client.sent) == len(messages))
    assert alice.client.sent == messages
    assert [bob.read(m, ALICE)[0] for m in messages] == [
        f"number {i}" for i in range(10)
    ]


def test_case_47_a_backup_is_put_back_and_the_user_told(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    first = alice.write(BOB, "first")
    wait_for(lambda: alice.client.sent)
    assert bob.read(first, ALICE)[0] == "first"
    alice.service.close()
    path = store_path(world.folder / "alice", ALICE)
    saved = path.read_bytes()
    alice = world.online(ALICE)
    lost = alice.write(BOB, "lost")
    wait_for(lambda: alice.client.sent)
    assert bob.read(lost, ALICE)[0] == "lost"
    alice.service.close()
    assert not any("a backup was put back" in line for line in world.lines)
    path.write_bytes(saved)
    alice = world.online(ALICE)
    anew = alice.write(BOB, "anew")
    wait_for(lambda: alice.client.sent)
    assert bob.read(anew, ALICE)[0] == "anew"
    wait_for(lambda: any("a backup was put back" in line for line in world.lines))


def test_both_ways_and_after_a_restart(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    first = alice.write(BOB, "first")
    wait_for(lambda: alice.client.sent)
    assert bob.read(first, ALICE)[0] == "first"
    second = bob.write(ALICE, "second")
    wait_for(lambda: bob.client.sent)
    assert alice.read(second, BOB)[0] == "second"
    alice.service.close()
    again = world.side(ALICE)
    third = bob.write(ALICE, "third")
    wait_for(lambda: len(bob.client.sent) == 2)
    assert again.read(third, BOB)[0] == "third"
    assert again.read(third, BOB)[0] is None, "a duplicate is silent"


def test_the_user_is_told_once_why_messages_wait(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    # Devices of an earlier installation, without keys
    for (owner, node), items in world.server.items.items():
        if owner == BOB and "device" in node:
            for payload in items.values():
                for number in range(1000, 1005):
                    payload.addChild("device", {"id": str(number)})
    messages = [alice.write(BOB, f"number {i}") for i in range(3)]
    wait_for(lambda: alice.client.sent == messages)
    assert bob.read(messages[0], ALICE)[0] == "number 0"
    assert sum("Looking for" in line for line in world.lines) == 1
    assert sum("Fetching keys of 6 devices" in line for line in world.lines) == 1
    assert len(world.lines) == 2


def test_somebody_without_omemo_gets_nothing(world: World) -> None:
    alice = world.online(ALICE)
    alice.write(BOB, "hello")
    wait_for(lambda: world.returned)
    assert world.returned == ["hello"]
    assert alice.client.sent == []
    assert "no device that uses OMEMO" in world.lines[-1]


def test_text_that_cannot_be_put_back_is_in_the_line(world: World) -> None:
    world.room_for_text = False
    alice = world.online(ALICE)
    alice.write(BOB, "hello")
    wait_for(lambda: any("hello" in line for line in world.lines))


def test_a_device_that_appears_in_time_gets_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "_GRACE", 20.0)
    alice = world.online(ALICE)
    message = alice.write(BOB, "hello")
    run_for(0.1)
    assert alice.client.sent == []
    bob = world.online(BOB)
    for (owner, node), items in list(world.server.items.items()):
        if owner == BOB and "device" in node:
            for protocol in ("eu.siacs.conversations.axolotl", "urn:xmpp:omemo:2"):
                if node.startswith(protocol):
                    _event(alice, node, *items.values())
    wait_for(lambda: alice.client.sent)
    assert bob.read(message, ALICE)[0] == "hello"


def _event(side: Side, node: str, payload: Node) -> None:
    from omemo_plugin.bridge.pep import device_list_event

    found = device_list_event(
        Message(
            node='<message xmlns="jabber:client"><event '
            f'xmlns="http://jabber.org/protocol/pubsub#event"><items node="{node}">'
            f"<item>{payload}</item></items></event></message>"
        )
    )
    assert found is not None
    side.service.device_list_event(BOB, *found)


def test_case_36_an_endless_list_is_said_once_and_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    monkeypatch.setattr(compat, "is_in_roster", lambda client, jid: jid == BOB)
    alice.service.device_list_too_long("stranger@example.org")
    assert world.lines == []
    alice.service.device_list_too_long(BOB)
    alice.service.device_list_too_long(BOB)
    (line,) = world.lines
    assert "more devices than can be read" in line
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    assert bob.read(message, ALICE)[0] == "hello"


def test_without_a_connection_it_waits(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    alice.client.state.is_available = False
    message = alice.write(BOB, "hello")
    run_for(0.1)
    assert alice.client.sent == []
    assert "Not connected" in world.lines[-1]
    alice.client.state.is_available = True
    alice.service.available()
    wait_for(lambda: alice.client.sent)
    assert bob.read(message, ALICE)[0] == "hello"


# Fail closed


def test_what_is_not_flushed_is_not_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id

    def full_disk() -> None:
        raise StoreError("full")

    assert alice.service.engine is not None
    monkeypatch.setattr(alice.service.engine, "flush", full_disk)
    alice.write(BOB, "hello")
    wait_for(lambda: world.returned)
    assert alice.client.sent == []
    assert "disk" in world.lines[-1]


@pytest.mark.parametrize("where", ["plaintexts", "seal"])
def test_an_error_of_ours_sends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id

    def mistake(*_arguments: Any, **_more: Any) -> None:
        raise ValueError("hello")

    monkeypatch.setattr(send, where, mistake)
    alice.write(BOB, "hello")
    wait_for(lambda: world.returned)
    assert alice.client.sent == []
    assert "internal error" in world.lines[-1]


def test_gajim_going_on_by_itself_sends_nothing(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    # Gajim 2 calls this right after the message was handed over
    alice.client._send_message(message)
    assert alice.client.sent == []
    wait_for(lambda: alice.client.sent)
    assert bob.read(message, ALICE)[0] == "hello"
    assert world.returned == []


def test_clear_text_does_not_pass_an_encrypted_chat(world: World) -> None:
    alice = world.online(ALICE)
    message = Outgoing(Contact("alice", BOB), "in clear")
    alice.client._send_message(message)
    assert alice.client.sent == []
    wait_for(lambda: world.returned)
    assert world.returned == ["in clear"]


def test_case_8_gajim_does_not_open_the_latch_of_a_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gajim 2.6 switches encryption off when a room is opened to all."""
    alice = world.online(ALICE)
    alice.service.encryption_chosen(BOB, compat.ENCRYPTION_NAME)
    monkeypatch.setattr(alice.service.rooms, "is_exposed", lambda _jid: True)
    alice.service.encryption_chosen(BOB, "")
    assert BOB in alice.service.encrypted_conversations
    monkeypatch.setattr(alice.service.rooms, "is_exposed", lambda _jid: False)
    alice.service.encryption_chosen(BOB, "")
    assert BOB not in alice.service.encrypted_conversations


def test_the_latch_holds_when_the_setting_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[tuple[str, str, str]] = []
    monkeypatch.setattr(compat, "set_encryption_of", lambda *args: chosen.append(args))
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    lost = Contact("alice", BOB, encryption="")
    alice.client._send_message(Outgoing(lost, "in clear"))
    assert len(alice.client.sent) == 1
    # So that the next one is encrypted
    assert chosen == [("alice", BOB, compat.ENCRYPTION_NAME)]
    wait_for(lambda: world.returned == ["in clear"])
    assert "Encryption is on again" in world.lines[-1]
    # Nor is that said when it is not so
    monkeypatch.setattr(compat, "set_encryption_of", None)
    alice.client._send_message(Outgoing(lost, "in clear"))
    assert len(alice.client.sent) == 1
    wait_for(lambda: len(world.returned) == 2)
    assert "internal error" in world.lines[-1]
    # The user's own choice opens it
    alice.service.encryption_chosen(BOB, "")
    alice.client._send_message(Outgoing(lost, "in clear"))
    assert len(alice.client.sent) == 2


def test_an_unencrypted_chat_is_not_touched(world: World) -> None:
    alice = world.side(ALICE)
    message = Outgoing(Contact("alice", BOB, encryption=""), "in clear")
    alice.client._send_message(message)
    assert alice.client.sent == [message]


def test_a_latch_that_cannot_be_read_stops_everything(world: World) -> None:
    folder = world.folder / "alice"
    folder.mkdir()
    latch_path(folder, ALICE).write_text("nonsense")
    with pytest.raises(LatchUnreadable):
        world.side(ALICE)


REACTION = (
    '<reactions xmlns="urn:xmpp:reactions:0" id="1"><reaction>x</reaction></reactions>'
)


@pytest.mark.parametrize(
    "extra",
    [
        REACTION,
        '<retract xmlns="urn:xmpp:message-retract:1" id="1"/>',
        '<displayed xmlns="urn:xmpp:chat-markers:0" id="1"/>',
    ],
)
def test_case_10_a_stanza_without_a_body_is_withheld(world: World, extra: str) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    message = Outgoing(Contact("alice", BOB), None, extra=extra)
    alice.service.encrypt_message(message)
    alice.client._send_message(message)
    run_for(0.1)
    assert alice.client.sent == []
    assert world.lines == ["Not sent: this cannot be sent encrypted."]


def heard(world: World) -> tuple[Side, Side]:
    """Two who know that the other reads OMEMO 2."""
    alice, bob = world.online(ALICE), world.online(BOB)
    for sender, reader in ((alice, bob), (bob, alice), (alice, bob)):
        message = sender.write(reader.jid, "hello")
        wait_for(lambda sender=sender: sender.client.sent)
        assert reader.read(message, sender.jid)[0] == "hello"
        sender.client.sent.clear()
    return alice, bob


MARKER = '<displayed xmlns="urn:xmpp:chat-markers:0" id="0"/>'


def test_case_10_a_read_marker_goes_in_the_envelope(world: World) -> None:
    alice, bob = heard(world)
    message = Outgoing(Contact("alice", BOB), None, extra=MARKER)
    message.marker = ("displayed", "0")
    alice.service.encrypt_message(message)
    wait_for(lambda: alice.client.sent)
    assert "displayed" not in str(message.stanza)
    assert message.stanza.getBody() is None
    dispatched: list[str] = []
    bob.service.receiver._dispatch = lambda _stanza, _props, nodes: dispatched.extend(
        node.getName() for node in nodes
    )
    assert bob.read(message, ALICE)[0] is None
    if compat.StanzaDecrypted is None:
        assert dispatched == ["displayed"]


def test_case_10_what_is_quiet_does_not_overtake(world: World) -> None:
    alice, _bob = heard(world)
    alice.client.state.is_available = False
    alice.write(BOB, "waits")
    alice.client.state.is_available = True
    message = Outgoing(Contact("alice", BOB), None, extra=MARKER)
    message.marker = ("displayed", "0")
    alice.service.encrypt_message(message)
    wait_for(lambda: alice.client.sent)
    run_for(0.3)
    assert [one.message for one in alice.client.sent] == ["waits"]


def test_case_10_a_reaction_goes_in_the_envelope(world: World) -> None:
    alice, _bob = heard(world)
    message = Outgoing(Contact("alice", BOB), None, extra=REACTION)
    message.reaction_data = ("1", {"x"})
    alice.service.encrypt_message(message)
    wait_for(lambda: alice.client.sent)
    assert "reaction" not in str(message.stanza)
    assert message.stanza.getTag("encrypted") is not None


def test_case_10_a_reaction_is_withheld_where_only_the_older_omemo_is_read(
    world: World,
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    for account, node in list(world.server.items):
        if account == BOB and node.startswith(Protocol.OMEMO_2.namespace):
            del world.server.items[account, node]
    message = Outgoing(Contact("alice", BOB), None, extra=REACTION)
    message.reaction_data = ("1", {"x"})
    alice.service.encrypt_message(message)
    wait_for(lambda: any("cannot read this encrypted" in one for one in world.lines))
    assert alice.client.sent == []


def test_case_10_a_chat_state_is_withheld_without_a_word(world: World) -> None:
    alice = world.online(ALICE)
    message = Outgoing(Contact("alice", BOB), None)
    message.chatstate = "composing"
    alice.service.encrypt_message(message)
    alice.client._send_message(message)
    run_for(0.1)
    assert alice.client.sent == []
    assert world.lines == []


def test_a_file_is_refused(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    message = Outgoing(Contact("alice", BOB), "https://files.example/x")
    message.oob_url = "https://files.example/x"
    alice.service.encrypt_message(message)
    wait_for(lambda: world.returned)
    assert alice.client.sent == []


def test_the_address_of_an_encrypted_file_is_a_text(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    address = "aesgcm://files.example/x#" + "0" * 88
    message = Outgoing(
        Contact("alice", BOB),
        address,
        extra=f'<x xmlns="jabber:x:oob"><url>{address}</url></x>',
    )
    message.oob_url = address
    alice.service.encrypt_message(message)
    wait_for(lambda: alice.client.sent)
    assert "#000" not in str(message.stanza)
    assert bob.read(message, ALICE)[0] == address


def test_a_store_in_use_refuses_and_says_so(world: World) -> None:
    world.online(ALICE)
    second = world.side(ALICE)
    assert second.service.engine is None
    assert "another Gajim" in second.service.problem
    second.write(BOB, "hello")
    wait_for(lambda: world.returned)
    assert second.client.sent == []
    assert not second.service.check_send_preconditions(Contact("alice", BOB))


def test_nothing_is_sent_to_undecided_devices(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    alice.write(BOB, "first")
    wait_for(lambda: alice.client.sent)
    (info,) = alice.service.devices(BOB)
    assert info.device.device_id == bob.service.device_id
    alice.service.set_trust(info.device, Trust.DISTRUSTED)
    alice.write(BOB, "second")
    wait_for(lambda: world.returned)
    assert world.returned == ["second"]
    assert "do not trust any device" in world.lines[-1]
    alice.service.set_trust(info.device, Trust.VERIFIED)
    assert alice.service.is_verified(BOB)
    third = alice.write(BOB, "third")
    wait_for(lambda: len(alice.client.sent) == 2)
    assert bob.read(third, ALICE)[0] == "third"


def test_case_15_the_list_of_a_stranger_is_not_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.online(ALICE)
    monkeypatch.setattr(compat, "is_in_roster", lambda client, jid: False)
    payload = Node(node='<devices xmlns="urn:xmpp:omemo:2"><device id="5"/></devices>')
    _event(alice, "urn:xmpp:omemo:2:devices", payload)
    assert alice.service.devices(BOB) == ()
    monkeypatch.setattr(compat, "is_in_roster", lambda client, jid: True)
    _event(alice, "urn:xmpp:omemo:2:devices", payload)
    assert [info.device.device_id for info in alice.service.devices(BOB)] == [5]


def test_strangers_get_no_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    monkeypatch.setattr(compat, "sees_our_presence", lambda client, jid: False)
    assert bob.read(message, ALICE)[0] == "hello"
    run_for(0.2)
    assert bob.client.stanzas == []


def test_acquaintances_get_one(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    assert bob.read(message, ALICE)[0] == "hello"
    wait_for(lambda: bob.client.stanzas)
    (stanza,) = bob.client.stanzas
    assert stanza.getBody() is None
    assert stanza.getTag("encrypted") is not None


def test_what_the_server_would_not_take_is_given_back(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    long = "word " * 50_000
    alice.write(BOB, long)
    wait_for(lambda: world.returned)
    assert world.returned == [long]
    assert alice.client.sent == []
    assert "(256 KiB)" in world.lines[-1]
    alice.client.connection.features = Node(
        node='<features xmlns="http://etherx.jabber.org/streams">'
        '<limits xmlns="urn:xmpp:stream-limits:0"><max-bytes>1000000</max-bytes>'
        "</limits></features>"
    )
    message = alice.write(BOB, long)
    wait_for(lambda: alice.client.sent)
    assert bob.read(message, ALICE)[0] == long


@pytest.mark.parametrize("length", [1, 100, 10_000])
def test_the_size_of_a_message_is_known_before_it_is_built(
    world: World, length: int
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    wait_for(lambda: alice.service.plan([BOB]).ready)
    assert alice.service.engine is not None
    text = b"x" * length
    sent = alice.service.engine.encrypt([BOB], dict.fromkeys(Protocol, text))
    assert bob.service.device_id in {one.device_id for one in sent.readers}
    stanza = Message(to=BOB, typ="chat")
    send.seal(stanza, sent)
    real = len(str(stanza).encode())
    assert real < send.size_of(sent) < 1.1 * real + 2000


@pytest.mark.parametrize("value", ["", "-5", "many", "\u0663", "9" * 5000])
def test_a_limit_that_is_none_is_the_usual_one(value: str) -> None:
    features = Node(
        node='<features><limits xmlns="urn:xmpp:stream-limits:0">'
        f"<max-bytes>{value}</max-bytes></limits></features>"
    )
    client = SimpleNamespace(connection=SimpleNamespace(features=features))
    assert compat.stanza_bytes_max(client) == 256 * 1024


# Lines, and the end


def test_lines_wait_for_the_chat_to_be_opened(world: World) -> None:
    world.on_screen = False
    alice = world.online(ALICE)
    alice.write(BOB, "hello")
    wait_for(lambda: world.returned)
    assert world.lines == []
    world.on_screen = True
    alice.service.chat_opened(BOB)
    run_for(0.1)
    assert any("no device that uses OMEMO" in line for line in world.lines)
    count = len(world.lines)
    alice.service.chat_opened(BOB)
    run_for(0.1)
    assert len(world.lines) == count


def test_the_choice_of_an_opened_chat_is_followed(world: World) -> None:
    alice = world.online(ALICE)
    followed: list[str] = []
    alice.service.follow_conversations(followed.append)
    alice.service.chat_opened(BOB)
    assert followed == [BOB]
    alice.service.encryption_chosen(BOB, compat.ENCRYPTION_NAME)
    # On the disk at once: Gajim's settings may be lost in a crash
    assert BOB in Latch(latch_path(world.folder / "alice", ALICE))


def test_the_archive_is_written_before_anything_of_ours(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    run_for(1.2)
    engine = bob.service.engine
    assert engine is not None
    order: list[str] = []
    commit = engine._core.store.commit

    def noted_commit() -> None:
        order.append("ours")
        commit()

    monkeypatch.setattr(engine._core.store, "commit", noted_commit)
    monkeypatch.setattr(compat, "flush_archive", lambda: order.append("archive"))
    assert bob.read(message, ALICE)[0] == "hello"
    # Gajim adds the row after the handler has returned
    order.append("row")
    wait_for(lambda: bob.client.stanzas)
    assert order[:3] == ["row", "archive", "ours"]


def test_what_was_received_is_written_a_moment_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    run_for(1.2)
    engine = bob.service.engine
    assert engine is not None
    monkeypatch.setattr(bob.service._errands, "carry_out", lambda effects: None)
    assert bob.read(message, ALICE)[0] == "hello"
    assert engine.uncommitted
    wait_for(lambda: not engine.uncommitted, 2)


def test_closing_gives_back_what_waits(world: World) -> None:
    alice = world.online(ALICE)
    alice.client.state.is_available = False
    message = alice.write(BOB, "hello")
    run_for(0.05)
    alice.service.close()
    alice.service.close()
    assert world.returned == ["hello"]
    assert "Not sent: encryption was switched off" in world.lines[-1]
    # The gate is gone as well; what Gajim does then is Gajim's own
    alice.client._send_message(message)
    assert alice.client.sent == [message]


def test_closing_gives_back_all_of_several(world: World) -> None:
    alice = world.online(ALICE)
    alice.client.state.is_available = False
    for text in ("one", "two", "three"):
        alice.write(BOB, text)
    run_for(0.05)
    world.room_for_text = False
    alice.service.close()
    assert world.lines[-1].endswith("one\ntwo\nthree")


def write_and_end(world: World, *texts: str) -> None:
    """Alice writes while she is offline, and Gajim ends."""
    alice = world.online(ALICE)
    alice.client.state.is_available = False
    for text in texts:
        alice.write(BOB, text)
    run_for(0.05)
    alice.service.keep_unsent()
    world.lines.clear()
    alice.service.close()
    # Gajim has closed what it would be given back to
    assert world.returned == world.lines == []


def test_what_waited_when_gajim_ended_is_given_back(world: World) -> None:
    write_and_end(world, "one", "two")
    alice = world.online(ALICE)
    world.chat = CAROL
    alice.service.chat_opened(CAROL)
    run_for(0.05)
    assert world.filled == []
    assert any(line.endswith(f"to see it: {BOB}") for line in world.lines)
    world.chat = BOB
    alice.service.chat_opened(BOB)
    run_for(0.05)
    assert world.filled == [(BOB, "one\ntwo")]
    assert "Not sent: Gajim ended before" in world.lines[-1]
    # Once
    alice.service.close()
    again = world.online(ALICE)
    again.service.chat_opened(BOB)
    run_for(0.05)
    assert world.filled == [(BOB, "one\ntwo")]
    assert again.client.sent == []


def test_what_waited_is_kept_for_when_its_chat_is_on_screen(world: World) -> None:
    write_and_end(world, "one")
    alice = world.online(ALICE)
    world.on_screen = False
    # As Gajim does when it restores its chats: opened and left in one go
    alice.service.chat_opened(BOB)
    run_for(0.05)
    world.on_screen = True
    assert world.filled == world.lines == []
    alice.service.chat_opened(BOB)
    run_for(0.05)
    assert world.filled == [(BOB, "one")]


def test_what_waited_is_shown_where_there_is_other_text(world: World) -> None:
    write_and_end(world, "one")
    world.room_for_text = False
    world.online(ALICE).service.chat_opened(BOB)
    run_for(0.05)
    assert world.lines[-1].endswith("one")


def test_what_waits_long_survives_a_crash(world: World) -> None:
    alice = world.online(ALICE)
    alice.client.state.is_available = False
    alice.write(BOB, "one")
    path = unsent_path(world.folder / "alice", ALICE)
    wait_for(path.exists)
    assert path.stat().st_mode & 0o777 == 0o600
    alice.client.state.is_available = True
    world.online(BOB)
    alice.service.available()
    wait_for(lambda: alice.client.sent)
    wait_for(lambda: not path.exists())


def test_no_text_is_written_where_no_history_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = unsent_path(world.folder / "alice", ALICE)
    write_and_end(world, "one")
    assert path.exists()
    monkeypatch.setattr(compat, "history_max_age", lambda account: 0.0)
    alice = world.side(ALICE)
    assert not path.exists()
    alice.client.state.is_available = False
    alice.write(BOB, "one")
    run_for(1.2)
    alice.service.keep_unsent()
    alice.service.close()
    assert not path.exists()


def test_the_devices_are_told(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    alice.service.tell_devices(BOB)
    assert "no device that uses OMEMO" in world.lines[0]
    alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    world.lines.clear()
    alice.service.tell_devices(BOB)
    theirs, ours = world.lines
    assert "trusted without verification" in theirs
    assert bob.service.fingerprint.upper() in theirs.replace(" ", "")
    assert "verified" in ours
    assert alice.service.fingerprint.upper() in ours.replace(" ", "")


def test_the_address_for_verifying(world: World) -> None:
    alice = world.online(ALICE)
    assert alice.service.trust_uri(BOB) == f"xmpp:{BOB}"
    uri = alice.service.trust_uri(ALICE)
    own = f"omemo-sid-{alice.service.device_id}={alice.service.fingerprint}"
    assert uri == f"xmpp:{ALICE}?{own}"


def test_who_could_read_a_message_is_noted(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    readers = alice.service.readers_of(message.stanza.getID())
    assert readers is not None
    assert [(one.device.jid, one.device.device_id, one.trust) for one in readers] == [
        (BOB, bob.service.device_id, Trust.BLIND)
    ]
    assert alice.service.readers_of("another") is None


def test_a_watcher_is_told_until_it_ends_that(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    told: list[bool] = []
    unfollow = alice.service.follow(lambda: told.append(True))
    device = Device(BOB, bob.service.device_id)
    alice.service.set_trust(device, Trust.VERIFIED)
    alice.service.set_trust(device, Trust.BLIND)
    assert told == []
    wait_for(lambda: told)
    # Both at once
    assert told == [True]
    unfollow()
    alice.service.set_trust(device, Trust.VERIFIED)
    run_for(0.05)
    assert told == [True]


def test_a_plan_fetches_what_it_needs(world: World) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)

    def readers() -> list[int]:
        plan = alice.service.plan([BOB])
        assert plan is not None
        return [device.device_id for device in plan.readers]

    assert readers() == []
    wait_for(lambda: readers() == [bob.service.device_id])


def test_a_removed_own_device_is_off_the_list(world: World) -> None:
    alice = world.online(ALICE)
    other = Device(ALICE, 4711)
    listed = DeviceList(
        Protocol.LEGACY,
        (ListedDevice(alice.service.device_id), ListedDevice(other.device_id)),
    )
    alice.service.device_list_event(ALICE, Protocol.LEGACY, build_device_list(listed))
    assert [info.device for info in alice.service.own_devices()] == [other]
    alice.service.remove_own_device(other)
    run_for(0.05)
    assert alice.service.own_devices() == ()
    node = device_list_node(Protocol.LEGACY)
    published = world.server.items[ALICE, node]["current"]
    assert "4711" not in str(published)
    assert str(alice.service.device_id) in str(published)
