# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Two account services with real engines and a dict for a server between them.
Only Gajim's window, settings and connection are stood in for.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
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

from omemo_plugin.bridge.account import AccountService
from omemo_plugin.bridge.gajim import archive as gajim_archive
from omemo_plugin.bridge.gajim import chat_window
from omemo_plugin.bridge.gajim import constants as gajim_constants
from omemo_plugin.bridge.gajim import contacts as gajim_contacts
from omemo_plugin.bridge.gajim import messages as gajim_messages
from omemo_plugin.bridge.gajim import settings as gajim_settings
from omemo_plugin.bridge.outgoing import sender as sender_module
from omemo_plugin.bridge.state import keystore as keystore_module
from omemo_plugin.bridge.state.encrypted_chats import EncryptedChats
from omemo_plugin.bridge.state.encrypted_chats import EncryptedChatsUnreadable
from omemo_plugin.bridge.state.paths import Folders
from omemo_plugin.bridge.state.paths import encrypted_chats_path
from omemo_plugin.bridge.state.paths import store_path
from omemo_plugin.bridge.xml import outgoing_stanza
from omemo_plugin.engine.errors import StoreError
from omemo_plugin.engine.keys.known_devices import KnownDevices
from omemo_plugin.engine.values import AlarmKind
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.stanza.pep import build_device_list
from omemo_plugin.stanza.pep import device_list_node
from omemo_plugin.ui.presenters.ports import FirstPageSettings
from tests.support.main_loop import Disk
from tests.support.main_loop import MainLoop

ALICE = "alice@example.org"
BOB = "bob@example.org"
CAROL = "carol@example.org"


loop = MainLoop()
"""In the place of GLib's main loop while there is a `world`."""


def wait_for(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Run the main loop until something holds."""
    loop.run_until(condition, seconds)


def run_for(seconds: float) -> None:
    loop.run_for(seconds)


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

        def get_node_configuration(_node: str) -> Task:
            # A server that knows no options
            return Task(SimpleNamespace(form={}))

        return SimpleNamespace(
            request_items=request_items,
            request_item=request_item,
            publish=publish,
            get_node_configuration=get_node_configuration,
        )


class Upload:
    """Gajim's module for uploads."""

    def __init__(self) -> None:
        self.uploaded: list[Any] = []

    def send_file(self, _contact: Any, path: Any) -> None:
        self.uploaded.append(path)


# Of nbxmpp 4.2: by namespace, by stanza, and by what is in it
NO_HANDLERS: dict[str, Any] = {
    "jabber:client": {"default": {"default": []}, "message": {}}
}


class Client:
    """Gajim's client, as far as it is used."""

    def __init__(self, jid: str, server: Server) -> None:
        self.account = jid.partition("@")[0]
        self._jid = JID.from_string(jid)
        self.state = SimpleNamespace(is_available=True)
        self.connection = SimpleNamespace(
            get_module=lambda name: server.pubsub(jid),
            features=None,
            _dispatcher=SimpleNamespace(_handlers=NO_HANDLERS),
        )
        self.sent: list[Any] = []
        self.stanzas: list[Any] = []
        self.upload = Upload()

    def get_own_jid(self) -> JID:
        return self._jid

    def get_module(self, name: str) -> Any:
        if name == "HTTPUpload":
            return self.upload
        if name in ("MUC", "Jingle", "Bytestream"):
            return SimpleNamespace()
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
        self.reaction_data: tuple[str, set[str]] | None = None
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
        gajims: Any = self.client
        config = folder / "config"
        config.mkdir(parents=True, exist_ok=True)
        self.service = AccountService(gajims, Folders(folder, config))

    def write(self, to: str, text: str) -> Outgoing:
        message = Outgoing(Contact(self.client.account, to), text)
        self.encrypt(message)
        return message

    def encrypt(self, message: Outgoing) -> None:
        """Do as Gajim does with what the user sends."""
        gajims: Any = message
        self.service.sender.encrypt_message(gajims)

    def read(self, message: Outgoing, sender: str) -> tuple[str | None, Any]:
        """Decrypt a message that came in, and return the text that Gajim would show."""
        stanza = Message(node=str(message.stanza))
        properties = SimpleNamespace(
            type=MessageType.CHAT,
            is_muc_pm=False,
            carbon=None,
            mam=None,
            from_=JID.from_string(sender),
            jid=JID.from_string(sender),
            to=JID.from_string(self.jid),
            omemo=None,
            encrypted=None,
        )
        try:
            self.service.receiver.handle(stanza, properties)
        except NodeProcessed:
            # Nothing to be shown, or all handlers have been called
            pass
        except Exception as error:
            if type(error).__name__ != "StanzaDecrypted":
                raise
        text = stanza.getBody()
        if properties.encrypted is None or text is None:
            return None, None
        return text, properties.encrypted


class FakeNetwork:
    """The accounts under test, and the calls of Gajim that they make."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = Server()
        self.lines: list[str] = []
        self.returned: list[str] = []
        self.joined = False
        self.filled: list[tuple[str, str]] = []
        self.room_for_text = True
        self.on_screen = True
        self.chat = BOB
        # Contacts for whom the user has chosen an encryption, or none
        self.chosen = {BOB, CAROL}
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
def main_loop(monkeypatch: pytest.MonkeyPatch) -> MainLoop:
    loop.clear()
    loop.install(monkeypatch)
    monkeypatch.setattr(keystore_module, "ThreadPoolExecutor", Disk)
    return loop


@pytest.fixture
def world(
    monkeypatch: pytest.MonkeyPatch, main_loop: MainLoop, tmp_path: Path
) -> Iterator[FakeNetwork]:
    world = FakeNetwork(tmp_path)

    def show_info(_account: str, _jid: str, text: str) -> bool:
        if world.on_screen:
            world.lines.append(text)
        return world.on_screen

    def give_back(_contact: Any, text: str, *, join: bool = False) -> bool:
        world.joined = join
        if world.room_for_text:
            world.returned.append(text)
        return world.room_for_text

    def fill_input(_account: str, jid: str, text: str) -> bool:
        if world.room_for_text:
            world.filled.append((jid, text))
        return world.room_for_text

    def chat_on_screen(_account: str) -> str:
        return world.chat if world.on_screen else ""

    monkeypatch.setattr(chat_window, "chat_on_screen", chat_on_screen)
    monkeypatch.setattr(chat_window, "show_info", show_info)
    monkeypatch.setattr(chat_window, "fill_input", fill_input)
    monkeypatch.setattr(chat_window, "give_back", give_back)
    monkeypatch.setattr(gajim_archive, "flush_archive", lambda: None)
    monkeypatch.setattr(gajim_archive, "history_max_age", lambda account: -1.0)
    monkeypatch.setattr(gajim_archive, "has_history", lambda account, jid: True)
    monkeypatch.setattr(gajim_settings, "blind_trust", lambda account: None)
    # As in Gajim 1.7.3; there is no running Gajim that has settings
    monkeypatch.setattr(gajim_settings, "_has_setting", lambda name: False)
    monkeypatch.setattr(
        gajim_settings,
        "has_chosen_encryption",
        lambda contact: contact.jid in world.chosen,
    )
    monkeypatch.setattr(gajim_contacts, "sees_our_presence", lambda client, jid: True)
    monkeypatch.setattr(gajim_contacts, "is_in_roster", lambda client, jid: True)
    monkeypatch.setattr(
        gajim_messages, "mark_encrypted", lambda message, trust, key: None
    )
    monkeypatch.setattr(sender_module, "_GRACE", 0.0)
    yield world
    # Pending work is done in this world and not in the next one
    run_for(0.02)
    for side in world.sides:
        side.service.close()


def test_a_message_waits_for_the_keys_and_is_sent_by_itself(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    assert alice.client.sent == []
    wait_for(lambda: alice.client.sent)
    assert alice.client.sent == [message]
    assert "hello" not in str(message.stanza)
    text, shield = bob.read(message, ALICE)
    assert text == "hello"
    assert shield is not None
    assert world.returned == world.lines == []


def test_a_message_leaves_before_the_window_is_drawn_again(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    sent_when_drawn: list[int] = []

    def draw() -> bool:
        sent_when_drawn.append(len(alice.client.sent))
        return not sent_when_drawn

    GLib.idle_add(draw)
    alice.write(BOB, "how are you?")
    wait_for(lambda: sent_when_drawn)
    assert sent_when_drawn == [2]


def test_the_readers_of_a_message_are_looked_up_once(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    looked_up: list[Collection[Device]] = []
    look_up = KnownDevices.look_up

    def counted(self: KnownDevices, devices: Collection[Device]) -> Any:
        looked_up.append(devices)
        return look_up(self, devices)

    monkeypatch.setattr(KnownDevices, "look_up", counted)
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    assert len(looked_up) == 1
    noted = alice.service.recipients.of(message.stanza.getID())
    assert noted is not None
    assert [one.device for one in noted] == list(looked_up[0])


def test_a_sent_message_is_in_the_archive_at_once(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    written: list[int] = []
    monkeypatch.setattr(
        gajim_archive, "flush_archive", lambda: written.append(len(alice.client.sent))
    )
    alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    assert written[-1] == 1


def test_the_order_is_kept(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    messages = [alice.write(BOB, f"number {i}") for i in range(10)]
    wait_for(lambda: len(alice.client.sent) == len(messages))
    assert alice.client.sent == messages
    assert [bob.read(m, ALICE)[0] for m in messages] == [
        f"number {i}" for i in range(10)
    ]


def test_case_47_a_backup_is_put_back_and_the_user_told(world: FakeNetwork) -> None:
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
    assert alice.service.alarms.open(()) == ()
    path.write_bytes(saved)
    alice = world.online(ALICE)
    anew = alice.write(BOB, "anew")
    wait_for(lambda: alice.client.sent)
    assert bob.read(anew, ALICE)[0] == "anew"
    (alarm,) = alice.service.alarms.open(())
    assert alarm.kind is AlarmKind.OLD_KEYS


def test_case_51_locking_the_screen_leaves_no_journal(
    world: FakeNetwork, tmp_path: Path
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    assert bob.read(message, ALICE)[0] == "hello"
    bob.service.session_locked()
    (journal,) = [one for one in tmp_path.rglob("*-wal") if BOB in str(one)]
    assert journal.stat().st_size == 0
    bob.service.close()
    # An account that is closed has none
    bob.service.session_locked()


def test_both_ways_and_after_a_restart(world: FakeNetwork) -> None:
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


def test_somebody_without_omemo_gets_nothing(world: FakeNetwork) -> None:
    alice = world.online(ALICE)
    alice.write(BOB, "hello")
    wait_for(lambda: world.returned)
    assert world.returned == ["hello"]
    assert alice.client.sent == []
    assert "offers no encryption" in world.lines[-1]


def test_a_device_that_appears_in_time_gets_it(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
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
    from omemo_plugin.bridge.pep.client import device_list_event

    found = device_list_event(
        Message(
            node='<message xmlns="jabber:client"><event '
            f'xmlns="http://jabber.org/protocol/pubsub#event"><items node="{node}">'
            f"<item>{payload}</item></items></event></message>"
        )
    )
    assert found is not None
    side.service.device_lists.came(BOB, *found)


def test_case_36_an_endless_list_is_said_once_and_changes_nothing(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    monkeypatch.setattr(gajim_contacts, "is_in_roster", lambda client, jid: jid == BOB)
    alice.service.device_lists.too_long("stranger@example.org")
    assert world.lines == []
    alice.service.device_lists.too_long(BOB)
    alice.service.device_lists.too_long(BOB)
    (line,) = world.lines
    assert "more devices than can be read" in line
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    assert bob.read(message, ALICE)[0] == "hello"


# Fail closed


def test_a_message_that_is_not_flushed_is_not_sent(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
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


@pytest.mark.parametrize("kind", ["distrusted", "another key"])
def test_case_66_distrusted_while_the_disk_is_waited_for(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The keys are made already; the message does not leave for that device."""
    alice, bob = world.online(ALICE), world.online(BOB)
    alice.write(BOB, "first")
    wait_for(lambda: alice.client.sent)
    (info,) = alice.service.devices(BOB)
    assert info.device.device_id == bob.service.device_id
    engine = alice.service.engine
    assert engine is not None
    keystore = alice.service._keystore
    when_durable = keystore.when_durable

    def slow(then: Callable[[Exception | None], None]) -> None:
        def distrusted_first(error: Exception | None) -> None:
            if kind == "distrusted":
                alice.service.device_management.set_trust(info.device, Trust.DISTRUSTED)
            else:
                record = engine._core.devices.get(info.device)
                assert record is not None
                record.refused_key = True
            then(error)

        when_durable(distrusted_first)

    monkeypatch.setattr(keystore, "when_durable", slow)
    alice.write(BOB, "second")
    wait_for(lambda: world.returned)
    assert world.returned == ["second"]
    assert len(alice.client.sent) == 1


@pytest.mark.parametrize("where", ["plaintexts", "seal"])
def test_an_error_of_ours_sends_nothing(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id

    def mistake(*_arguments: Any, **_more: Any) -> None:
        raise ValueError("hello")

    monkeypatch.setattr(outgoing_stanza, where, mistake)
    alice.write(BOB, "hello")
    wait_for(lambda: world.returned)
    assert alice.client.sent == []
    assert "went wrong in the plugin" in world.lines[-1]


def test_gajim_going_on_by_itself_sends_nothing(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    # Gajim 2 calls this right after the message was handed over
    alice.client._send_message(message)
    assert alice.client.sent == []
    wait_for(lambda: alice.client.sent)
    assert bob.read(message, ALICE)[0] == "hello"
    assert world.returned == []


def test_clear_text_does_not_pass_an_encrypted_chat(world: FakeNetwork) -> None:
    alice = world.online(ALICE)
    message = Outgoing(Contact("alice", BOB), "in clear")
    alice.client._send_message(message)
    assert alice.client.sent == []
    wait_for(lambda: world.returned)
    assert world.returned == ["in clear"]


def test_case_8_gajim_does_not_switch_off_encryption_in_a_room(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gajim 2.6 switches encryption off when a room is opened to all."""
    alice = world.online(ALICE)
    alice.service.encryption_chosen(BOB, gajim_constants.ENCRYPTION_NAME)
    monkeypatch.setattr(alice.service.rooms, "is_exposed", lambda _jid: True)
    alice.service.encryption_chosen(BOB, "")
    assert BOB in alice.service.encrypted_chats
    monkeypatch.setattr(alice.service.rooms, "is_exposed", lambda _jid: False)
    alice.service.encryption_chosen(BOB, "")
    assert BOB not in alice.service.encrypted_chats


def test_a_chat_stays_encrypted_when_its_setting_is_lost(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[tuple[str, str, str]] = []
    monkeypatch.setattr(
        gajim_settings, "set_encryption_of", lambda *args: chosen.append(args)
    )
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    lost = Contact("alice", BOB, encryption="")
    alice.client._send_message(Outgoing(lost, "in clear"))
    assert len(alice.client.sent) == 1
    # So that the next one is encrypted
    assert chosen == [("alice", BOB, gajim_constants.ENCRYPTION_NAME)]
    wait_for(lambda: world.returned == ["in clear"])
    assert "It is on again" in world.lines[-1]
    # Nor is that said when it is not so
    monkeypatch.setattr(gajim_settings, "set_encryption_of", None)
    alice.client._send_message(Outgoing(lost, "in clear"))
    assert len(alice.client.sent) == 1
    wait_for(lambda: len(world.returned) == 2)
    assert "went wrong in the plugin" in world.lines[-1]
    # The user's own choice opens it
    alice.service.encryption_chosen(BOB, "")
    alice.client._send_message(Outgoing(lost, "in clear"))
    assert len(alice.client.sent) == 2


def for_first_page(service: AccountService) -> FirstPageSettings:
    """Checked by mypy: the settings have what the page asks."""
    return service.settings


def test_choices_about_default_encryption_are_kept(world: FakeNetwork) -> None:
    settings = for_first_page(world.side(ALICE).service)
    assert settings.encrypt_by_default
    assert not settings.introduced
    settings.introduced = True
    settings.encrypt_by_default = False
    for side in world.sides:
        side.service.close()
    settings = for_first_page(world.side(ALICE).service)
    assert settings.introduced
    assert not settings.encrypt_by_default


def test_the_name_that_others_see_is_kept(world: FakeNetwork) -> None:
    """A temporary device is called one meanwhile."""
    service = world.side(ALICE).service
    service.settings.public_name = "Desk"
    assert service.engine is not None
    assert service.engine.publication.label == "Desk"
    service.settings.temporary = True
    assert service.engine.publication.label == "Temporary device"
    assert service.settings.public_name == "Desk"
    service.settings.temporary = False
    assert service.engine.publication.label == "Desk"
    for side in world.sides:
        side.service.close()
    service = world.side(ALICE).service
    assert service.settings.public_name == "Desk"
    assert service.engine is not None
    assert service.engine.publication.label == "Desk"


def test_a_message_is_encrypted_if_nothing_was_chosen(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    chosen: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        gajim_settings, "set_encryption_of", lambda *args: chosen.append(args)
    )
    world.chosen.clear()
    message = Outgoing(Contact("alice", BOB, encryption=""), "not in clear")
    alice.client._send_message(message)
    assert alice.client.sent == []
    wait_for(lambda: alice.client.sent)
    assert "not in clear" not in str(message.stanza)
    assert chosen == [("alice", BOB, "OMEMO")]
    assert bob.read(message, ALICE)[0] == "not in clear"


def test_an_unanswered_question_holds_back_clear_text(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.side(ALICE)
    monkeypatch.setattr(gajim_settings, "set_encryption_of", lambda *args: None)
    contact: Any = Contact("alice", BOB, encryption="")
    default = alice.service.default_encryption
    monkeypatch.setattr(gajim_contacts, "name_of", lambda client, jid: "Bob")
    alice.service.encryption_chosen(BOB, "")
    default.encrypted_message_came(contact, is_live=True)
    alice.client._send_message(Outgoing(contact, "an answer"))
    wait_for(lambda: world.returned)
    assert alice.client.sent == []
    assert world.returned == ["an answer"]
    assert "Bob writes encrypted" in world.lines[-1]
    default.stay_without(BOB)
    alice.client._send_message(Outgoing(contact, "an answer"))
    assert len(alice.client.sent) == 1


def test_an_unencrypted_chat_is_not_touched(world: FakeNetwork) -> None:
    alice = world.side(ALICE)
    message = Outgoing(Contact("alice", BOB, encryption=""), "in clear")
    alice.client._send_message(message)
    assert alice.client.sent == [message]


def test_an_unreadable_list_of_encrypted_chats_stops_everything(
    world: FakeNetwork,
) -> None:
    folder = world.folder / "alice"
    folder.mkdir()
    encrypted_chats_path(folder, ALICE).write_text("nonsense")
    with pytest.raises(EncryptedChatsUnreadable):
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
def test_case_10_a_stanza_without_a_body_is_withheld(
    world: FakeNetwork, extra: str
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    message = Outgoing(Contact("alice", BOB), None, extra=extra)
    alice.encrypt(message)
    alice.client._send_message(message)
    run_for(0.1)
    assert alice.client.sent == []
    assert world.lines == ["Not sent. This cannot be sent encrypted."]


def wait_for_stanza(sender: Side) -> None:
    wait_for(lambda: sender.client.sent)


def heard(world: FakeNetwork) -> tuple[Side, Side]:
    """Two who know that the other reads OMEMO 2."""
    alice, bob = world.online(ALICE), world.online(BOB)
    for sender, reader in ((alice, bob), (bob, alice), (alice, bob)):
        message = sender.write(reader.jid, "hello")
        wait_for_stanza(sender)
        assert reader.read(message, sender.jid)[0] == "hello"
        sender.client.sent.clear()
    return alice, bob


def test_case_60_a_device_heard_in_omemo_2_would_encrypt_an_answer(
    world: FakeNetwork,
) -> None:
    """A device that was heard in OMEMO 2 answers in it, so an answer in clear is
    from somebody else."""
    alice, bob = world.online(ALICE), world.online(BOB)
    one = Message()

    def of(jid: str, **changes: Any) -> Any:
        address = JID.from_string(f"{jid}/x")
        found = {"type": MessageType.CHAT, "carbon": None, "mam": None}
        return SimpleNamespace(**{**found, "from_": address, "jid": address, **changes})

    assert not bob.service.answers_encrypted(one, of(ALICE))
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    assert bob.read(message, ALICE)[0] == "hello"
    assert bob.service.answers_encrypted(one, of(ALICE))
    # No other device of ours was heard
    assert not bob.service.answers_encrypted(one, of(BOB))
    # Nobody knows who this is
    room = of("den@rooms.example.org", type=MessageType.GROUPCHAT)
    assert bob.service.answers_encrypted(one, room)


MARKER = '<displayed xmlns="urn:xmpp:chat-markers:0" id="0"/>'


def test_case_10_a_read_marker_goes_in_the_envelope(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = heard(world)
    message = Outgoing(Contact("alice", BOB), None, extra=MARKER)
    message.marker = ("displayed", "0")
    alice.encrypt(message)
    wait_for(lambda: alice.client.sent)
    assert "displayed" not in str(message.stanza)
    assert message.stanza.getBody() is None
    dispatched: list[str] = []

    def dispatch_again(_client: Any, stanza: Message, _properties: Any) -> None:
        dispatched.extend(node.getName() for node in stanza.getChildren())

    monkeypatch.setattr(gajim_messages, "dispatch_again", dispatch_again)
    assert bob.read(message, ALICE)[0] is None
    assert "displayed" in dispatched


def test_case_10_a_typing_notice_does_not_overtake_a_message(
    world: FakeNetwork,
) -> None:
    alice, _bob = heard(world)
    alice.client.state.is_available = False
    alice.write(BOB, "waits")
    alice.client.state.is_available = True
    message = Outgoing(Contact("alice", BOB), None, extra=MARKER)
    message.marker = ("displayed", "0")
    alice.encrypt(message)
    wait_for(lambda: alice.client.sent)
    run_for(0.3)
    assert [one.message for one in alice.client.sent] == ["waits"]


def test_case_10_a_reaction_goes_in_the_envelope(world: FakeNetwork) -> None:
    alice, _bob = heard(world)
    message = Outgoing(Contact("alice", BOB), None, extra=REACTION)
    message.reaction_data = ("1", {"x"})
    alice.encrypt(message)
    wait_for(lambda: alice.client.sent)
    assert "reaction" not in str(message.stanza)
    assert message.stanza.getTag("encrypted") is not None


def test_case_10_a_reaction_is_withheld_where_only_the_older_omemo_is_read(
    world: FakeNetwork,
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    for account, node in list(world.server.items):
        if account == BOB and node.startswith(Protocol.OMEMO_2.namespace):
            del world.server.items[account, node]
    message = Outgoing(Contact("alice", BOB), None, extra=REACTION)
    message.reaction_data = ("1", {"x"})
    alice.encrypt(message)
    wait_for(
        lambda: any("cannot show this in encrypted chats" in one for one in world.lines)
    )
    assert alice.client.sent == []


def test_case_10_a_chat_state_is_withheld_without_a_word(world: FakeNetwork) -> None:
    alice = world.online(ALICE)
    message = Outgoing(Contact("alice", BOB), None)
    message.chatstate = "composing"
    alice.encrypt(message)
    alice.client._send_message(message)
    run_for(0.1)
    assert alice.client.sent == []
    assert world.lines == []


def test_a_file_is_refused(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    message = Outgoing(Contact("alice", BOB), "https://files.example/x")
    message.oob_url = "https://files.example/x"
    alice.encrypt(message)
    wait_for(lambda: world.returned)
    assert alice.client.sent == []


def test_the_address_of_an_encrypted_file_is_a_text(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    address = "aesgcm://files.example/x#" + "0" * 88
    message = Outgoing(
        Contact("alice", BOB),
        address,
        extra=f'<x xmlns="jabber:x:oob"><url>{address}</url></x>',
    )
    message.oob_url = address
    alice.encrypt(message)
    wait_for(lambda: alice.client.sent)
    assert "#000" not in str(message.stanza)
    assert bob.read(message, ALICE)[0] == address


def test_a_store_in_use_refuses_and_says_so(world: FakeNetwork) -> None:
    world.online(ALICE)
    second = world.side(ALICE)
    assert second.service.engine is None
    assert "Another Gajim" in second.service.problem
    second.write(BOB, "hello")
    wait_for(lambda: world.returned)
    assert second.client.sent == []
    contact: Any = Contact("alice", BOB)
    assert not second.service.preconditions.check(contact)


def test_nothing_is_sent_to_undecided_devices(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    alice.write(BOB, "first")
    wait_for(lambda: alice.client.sent)
    (info,) = alice.service.devices(BOB)
    assert info.device.device_id == bob.service.device_id
    alice.service.device_management.set_trust(info.device, Trust.DISTRUSTED)
    alice.write(BOB, "second")
    wait_for(lambda: world.returned)
    assert world.returned == ["second"]
    assert "You refused all devices" in world.lines[-1]
    alice.service.device_management.set_trust(info.device, Trust.VERIFIED)
    assert alice.service.verification.is_verified(BOB)
    third = alice.write(BOB, "third")
    wait_for(lambda: len(alice.client.sent) == 2)
    assert bob.read(third, ALICE)[0] == "third"


def test_case_15_the_list_of_a_stranger_is_not_kept(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.online(ALICE)
    monkeypatch.setattr(gajim_contacts, "is_in_roster", lambda client, jid: False)
    payload = Node(node='<devices xmlns="urn:xmpp:omemo:2"><device id="5"/></devices>')
    _event(alice, "urn:xmpp:omemo:2:devices", payload)
    assert alice.service.devices(BOB) == ()
    monkeypatch.setattr(gajim_contacts, "is_in_roster", lambda client, jid: True)
    _event(alice, "urn:xmpp:omemo:2:devices", payload)
    assert [info.device.device_id for info in alice.service.devices(BOB)] == [5]


def test_strangers_get_no_answer(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    monkeypatch.setattr(gajim_contacts, "sees_our_presence", lambda client, jid: False)
    assert bob.read(message, ALICE)[0] == "hello"
    run_for(0.2)
    assert bob.client.stanzas == []


@pytest.mark.parametrize("known", [False, True], ids=["stranger", "contact"])
def test_case_57_a_message_of_a_stranger_asks_for_nothing(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """Valid or not: a question to the sender's server would show that we are
    online. A contact knows that."""
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    monkeypatch.setattr(gajim_contacts, "sees_our_presence", lambda client, jid: known)
    monkeypatch.setattr(gajim_settings, "set_encryption_of", lambda *args: None)
    monkeypatch.setattr(gajim_contacts, "name_of", lambda client, jid: jid)
    asked: list[str] = []
    pep = bob.service._effects._pep
    monkeypatch.setattr(pep, "fetch", lambda jid, *rest: asked.append(jid))
    for jid in (ALICE, "junk@stranger.test"):
        # As their messages do: an answer must not go in clear
        contact: Any = Contact("bob", jid, encryption="")
        bob.service.default_encryption.encrypted_message_came(contact, is_live=True)
        assert jid in bob.service.encrypted_chats
        bob.service.encryption_chosen(jid, "OMEMO")
    assert bob.read(message, ALICE)[0] == "hello"
    bob.read(message, "junk@stranger.test")
    run_for(0.2)
    assert (ALICE in asked) == known
    assert "junk@stranger.test" not in asked or known


def test_acquaintances_get_one(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    assert bob.read(message, ALICE)[0] == "hello"
    wait_for(lambda: bob.client.stanzas)
    (stanza,) = bob.client.stanzas
    assert stanza.getBody() is None
    assert stanza.getTag("encrypted") is not None


def test_a_message_too_large_for_the_server_is_given_back(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    assert bob.service.device_id
    long = "word " * 50_000
    alice.write(BOB, long)
    wait_for(lambda: world.returned)
    assert world.returned == [long]
    assert alice.client.sent == []
    assert "256 KiB" in world.lines[-1]
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
    world: FakeNetwork, length: int
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)

    def ready() -> bool:
        plan = alice.service.plan([BOB])
        return plan is not None and plan.ready

    wait_for(ready)
    assert alice.service.engine is not None
    text = b"x" * length
    sent = alice.service.engine.outgoing.encrypt([BOB], dict.fromkeys(Protocol, text))
    assert bob.service.device_id in {one.device_id for one in sent.recipients}
    stanza = Message(to=BOB, typ="chat")
    outgoing_stanza.seal(stanza, sent)
    real = len(str(stanza).encode())
    assert real < outgoing_stanza.size_of(sent) < 1.1 * real + 2000


@pytest.mark.parametrize("value", ["", "-5", "many", "\u0663", "9" * 5000])
def test_a_limit_that_is_none_is_the_usual_one(value: str) -> None:
    features = Node(
        node='<features><limits xmlns="urn:xmpp:stream-limits:0">'
        f"<max-bytes>{value}</max-bytes></limits></features>"
    )
    client = SimpleNamespace(connection=SimpleNamespace(features=features))
    assert gajim_messages.stanza_bytes_max(client) == 256 * 1024


# Lines, and the end


def test_lines_wait_for_the_chat_to_be_opened(world: FakeNetwork) -> None:
    world.on_screen = False
    alice = world.online(ALICE)
    alice.write(BOB, "hello")
    wait_for(lambda: world.returned)
    assert world.lines == []
    world.on_screen = True
    alice.service.chat_opened(BOB)
    run_for(0.1)
    assert any("offers no encryption" in line for line in world.lines)
    count = len(world.lines)
    alice.service.chat_opened(BOB)
    run_for(0.1)
    assert len(world.lines) == count


def test_a_conversation_that_becomes_encrypted_is_announced(
    world: FakeNetwork,
) -> None:
    alice = world.online(ALICE)
    followed: list[str] = []
    alice.service.encrypted_chats.added.connect(followed.append)
    for _twice in range(2):
        alice.service.encryption_chosen(BOB, gajim_constants.ENCRYPTION_NAME)
    assert followed == [BOB]
    # On the disk at once: Gajim's settings may be lost in a crash
    assert BOB in EncryptedChats(encrypted_chats_path(world.folder / "alice", ALICE))


def test_the_archive_is_written_before_anything_of_ours(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
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
    monkeypatch.setattr(gajim_archive, "flush_archive", lambda: order.append("archive"))
    assert bob.read(message, ALICE)[0] == "hello"
    # Gajim adds the row after the handler has returned
    order.append("row")
    wait_for(lambda: bob.client.stanzas)
    assert order[:3] == ["row", "archive", "ours"]


def test_received_messages_are_committed_a_moment_later(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    run_for(1.2)
    engine = bob.service.engine
    assert engine is not None
    monkeypatch.setattr(bob.service._effects, "carry_out", lambda effects: None)
    assert bob.read(message, ALICE)[0] == "hello"
    assert engine.uncommitted
    wait_for(lambda: not engine.uncommitted, 2)


def test_the_devices_are_told(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    alice.service.device_management.show_in_chat(BOB)
    assert "no device with encryption" in world.lines[0]
    alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    world.lines.clear()
    alice.service.device_management.show_in_chat(BOB)
    theirs, ours = world.lines
    assert "not verified" in theirs
    assert bob.service.fingerprint.upper() in theirs.replace(" ", "")
    assert "verified" in ours
    assert alice.service.fingerprint.upper() in ours.replace(" ", "")


def test_the_address_for_verifying(world: FakeNetwork) -> None:
    alice = world.online(ALICE)
    assert alice.service.verification.trust_uri(BOB) == f"xmpp:{BOB}"
    uri = alice.service.verification.trust_uri(ALICE)
    own = f"omemo-sid-{alice.service.device_id}={alice.service.fingerprint}"
    assert uri == f"xmpp:{ALICE}?{own}"


def test_the_recipients_of_a_message_are_noted(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    message = alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    readers = alice.service.recipients.of(message.stanza.getID())
    assert readers is not None
    assert [(one.device.jid, one.device.device_id, one.trust) for one in readers] == [
        (BOB, bob.service.device_id, Trust.BLIND)
    ]
    assert alice.service.recipients.of("another") is None


def test_an_observer_is_called_until_it_disconnects(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    told: list[bool] = []
    unfollow = alice.service.follow(lambda: told.append(True))
    device = Device(BOB, bob.service.device_id)
    alice.service.device_management.set_trust(device, Trust.VERIFIED)
    alice.service.device_management.set_trust(device, Trust.BLIND)
    assert told == []
    wait_for(lambda: told)
    # Both at once
    assert told == [True]
    unfollow()
    alice.service.device_management.set_trust(device, Trust.VERIFIED)
    run_for(0.05)
    assert told == [True]


def test_a_plan_fetches_what_it_needs(world: FakeNetwork) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)

    def readers() -> list[int]:
        plan = alice.service.plan([BOB])
        assert plan is not None
        return [device.device_id for device in plan.recipients]

    assert readers() == []
    wait_for(lambda: readers() == [bob.service.device_id])


def test_a_removed_own_device_is_off_the_list(world: FakeNetwork) -> None:
    alice = world.online(ALICE)
    other = Device(ALICE, 4711)
    listed = DeviceList(
        Protocol.LEGACY,
        (ListedDevice(alice.service.device_id), ListedDevice(other.device_id)),
    )
    alice.service.device_lists.came(ALICE, Protocol.LEGACY, build_device_list(listed))
    assert other in [info.device for info in alice.service.devices(ALICE)]
    alice.service.device_management.remove_own(other)
    run_for(0.05)
    assert other not in [info.device for info in alice.service.devices(ALICE)]
    node = device_list_node(Protocol.LEGACY)
    published = world.server.items[ALICE, node]["current"]
    assert "4711" not in str(published)
    assert str(alice.service.device_id) in str(published)
