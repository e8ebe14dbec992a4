# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages to so many devices that they are encrypted in steps."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from omemo_plugin.bridge.outgoing import ephemeral
from omemo_plugin.bridge.outgoing.encryption_scheduler import EncryptionScheduler
from omemo_plugin.bridge.values import WaitingState
from omemo_plugin.bridge.xml.nodes import to_element
from omemo_plugin.bridge.xml.nodes import to_node
from omemo_plugin.engine.errors import StoreError
from omemo_plugin.engine.messages.encrypting import Encryption
from omemo_plugin.engine.messages.encrypting import MessageEncryptor
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.stanza.message import find_encrypted
from omemo_plugin.stanza.pep import build_bundle
from omemo_plugin.stanza.pep import build_device_list
from omemo_plugin.stanza.pep import bundle_item_id
from omemo_plugin.stanza.pep import bundle_node
from omemo_plugin.stanza.pep import device_list_item_id
from omemo_plugin.stanza.pep import device_list_node
from tests.support.engine.many_accounts import new_bundle
from tests.support.main_loop import MainLoop
from tests.unit.bridge.test_account import ALICE
from tests.unit.bridge.test_account import BOB
from tests.unit.bridge.test_account import MARKER
from tests.unit.bridge.test_account import Contact
from tests.unit.bridge.test_account import FakeNetwork
from tests.unit.bridge.test_account import Outgoing
from tests.unit.bridge.test_account import Side
from tests.unit.bridge.test_account import main_loop as main_loop  # noqa: PLC0414
from tests.unit.bridge.test_account import run_for
from tests.unit.bridge.test_account import wait_for
from tests.unit.bridge.test_account import wait_for_stanza
from tests.unit.bridge.test_account import world as world  # noqa: PLC0414

CAROL = "carol@example.org"
CROWD = "crowd@example.org"
ROOM = "den@rooms.example.org"

# At four new sessions a step
MANY = 40
STEPS = MANY // 4


def put_crowd(world: FakeNetwork, count: int = MANY, jid: str = CROWD) -> None:
    """Somebody's devices are on the server, and nobody is behind them."""
    legacy = Protocol.LEGACY
    listed = tuple(ListedDevice(number) for number in range(1, count + 1))
    items = {bundle_node(legacy, one.device_id): one for one in listed}
    for node, one in items.items():
        payload = to_node(build_bundle(new_bundle(legacy)))
        item_id = bundle_item_id(legacy, one.device_id)
        world.server.items[jid, node] = {item_id: payload}
    payload = to_node(build_device_list(DeviceList(legacy, listed)))
    list_node = device_list_node(legacy)
    world.server.items[jid, list_node] = {device_list_item_id(legacy): payload}


class Watch:
    """Counts the steps of all messages."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps = 0
        self.before: Callable[[int], None] = lambda number: None
        step = Encryption.step

        def watched(encryption: Encryption) -> bool:
            self.steps += 1
            self.before(self.steps)
            return step(encryption)

        monkeypatch.setattr(Encryption, "step", watched)

    def at(self, number: int, do: Callable[[], Any]) -> None:
        """Have something happen between two steps."""

        def before(steps: int) -> None:
            if steps == number:
                do()

        self.before = before


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


def make_room(
    side: Side, monkeypatch: pytest.MonkeyPatch, *jids: str
) -> Callable[[str], Outgoing]:
    """A private room of these; returns what writes to it."""
    rooms = side.service.rooms
    monkeypatch.setattr(rooms, "is_private", lambda _jid: True)
    monkeypatch.setattr(rooms, "recipients", lambda _jid: jids)
    rooms.note_seen(ROOM, jids, ())

    def write(text: str) -> Outgoing:
        contact = Contact(side.client.account, ROOM)
        contact.is_groupchat = True
        message = Outgoing(contact, text)
        side.encrypt(message)
        return message

    return write


def test_case_36_a_long_message_does_not_hold_up_the_others(
    world: FakeNetwork, watch: Watch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    put_crowd(world)
    alice.write(BOB, "hello")
    wait_for(lambda: alice.client.sent)
    alice.client.sent.clear()
    watch.steps = 0
    long = [alice.write(CROWD, f"long {number}") for number in range(3)]
    wait_for(lambda: watch.steps == 2)
    short = alice.write(BOB, "short")
    wait_for(lambda: alice.client.sent)
    assert alice.client.sent == [short]
    assert watch.steps < STEPS
    wait_for(lambda: len(alice.client.sent) == 4)
    assert alice.client.sent == [short, *long]
    assert bob.read(short, ALICE)[0] == "short"
    # Ten of four new sessions; then two of 32 and of eight, twice; and one
    assert watch.steps == STEPS + 2 * 2 + 1
    assert all(str(one.stanza).count("<key ") == MANY for one in long)


def test_case_36_somebody_among_many_reads_it(
    world: FakeNetwork, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    put_crowd(world)
    write = make_room(alice, monkeypatch, BOB, CROWD)
    message = write("hello all")
    wait_for(lambda: alice.client.sent)
    engine = bob.service.engine
    assert engine is not None
    found = find_encrypted(to_element(message.stanza))
    plaintext = engine.incoming.decrypt(ALICE, found).plaintext
    assert plaintext is not None
    assert b"hello all" in plaintext
    assert f'rid="{bob.service.device_id}"' in str(message.stanza)
    readers = alice.service.recipients.of(message.stanza.getID())
    assert readers is not None
    assert len(readers) == MANY + 1
    assert watch.steps > STEPS


def test_case_36_too_many_are_refused_with_a_word(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "omemo_plugin.engine.messages.encrypting.RECIPIENTS_MAX", MANY - 1
    )
    alice = world.online(ALICE)
    put_crowd(world)
    alice.write(CROWD, "hello")
    wait_for(lambda: world.returned)
    assert world.returned == ["hello"]
    assert "More than" in world.lines[-1]
    engine = alice.service.engine
    assert engine is not None
    engine.trust.set_trust(Device(CROWD, 1), Trust.DISTRUSTED)
    alice.write(CROWD, "hello")
    wait_for(lambda: alice.client.sent)


def test_case_36_many_keys_are_not_looked_at_one_by_one(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.online(ALICE)
    put_crowd(world)
    plans: list[int] = []
    plan = MessageEncryptor.plan

    def counted(engine: MessageEncryptor, jids: Any) -> Any:
        plans.append(1)
        return plan(engine, jids)

    monkeypatch.setattr(MessageEncryptor, "plan", counted)
    fetched: list[int] = []
    effects = alice.service._effects
    carry_out = effects.carry_out

    def watched(effects: Any) -> None:
        fetched.append(len(effects))
        carry_out(effects)

    monkeypatch.setattr(effects, "carry_out", watched)
    alice.write(CROWD, "hello")
    wait_for(lambda: alice.client.sent)
    assert len(plans) < MANY / 2
    assert sum(fetched) >= MANY
    assert max(fetched) == 1


def test_case_47_a_full_disk_between_steps_gives_the_text_back(
    world: FakeNetwork, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.online(ALICE)
    put_crowd(world)
    engine = alice.service.engine
    assert engine is not None

    def full() -> None:
        raise StoreError("full")

    with monkeypatch.context() as disk:
        store = engine._core.store
        watch.at(3, lambda: disk.setattr(store, "commit", full))
        alice.write(CROWD, "hello")
        wait_for(lambda: world.returned)
    assert world.returned == ["hello"]
    assert "disk full" in world.lines[-1]
    assert alice.client.sent == []
    again = alice.write(CROWD, "again")
    wait_for(lambda: alice.client.sent)
    assert alice.client.sent == [again]


def test_a_mistake_between_steps_gives_the_text_back(
    world: FakeNetwork, watch: Watch
) -> None:
    alice = world.online(ALICE)
    put_crowd(world)

    def mistake() -> None:
        raise ValueError("a mistake of ours")

    watch.at(3, mistake)
    first, second = (alice.write(CROWD, text) for text in ("first", "second"))
    wait_for(lambda: alice.client.sent)
    assert world.returned == ["first"]
    assert alice.client.sent == [second]
    assert first not in alice.client.sent


def test_closing_between_steps_loses_no_text(world: FakeNetwork, watch: Watch) -> None:
    alice = world.online(ALICE)
    put_crowd(world)
    for text in ("first", "second"):
        alice.write(CROWD, text)
    wait_for(lambda: watch.steps == 3)
    alice.service.close()
    assert world.returned == ["first\nsecond"]
    run_for(0.1)
    assert watch.steps == 3
    assert alice.client.sent == []


def test_a_message_is_encrypted_again_if_the_connection_is_lost(
    world: FakeNetwork, watch: Watch
) -> None:
    alice = world.online(ALICE)
    put_crowd(world)
    state = alice.client.state
    watch.at(3, lambda: setattr(state, "is_available", False))
    message = alice.write(CROWD, "hello")
    waiting = alice.service.waiting
    wait_for(lambda: [one.state for one in waiting.of(CROWD)] == [WaitingState.OFFLINE])
    assert alice.client.sent == []
    state.is_available = True
    before = watch.steps
    alice.service.sender.work()
    wait_for(lambda: alice.client.sent)
    assert alice.client.sent == [message]
    assert watch.steps > before


def test_case_37_a_device_that_loses_trust_between_steps_gets_no_key(
    world: FakeNetwork, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody is left out of a room without a word."""
    alice, bob = world.online(ALICE), world.online(BOB)
    put_crowd(world)
    engine = alice.service.engine
    assert engine is not None
    device = Device(BOB, bob.service.device_id)
    write = make_room(alice, monkeypatch, BOB, CROWD)
    watch.at(3, lambda: engine.trust.set_trust(device, Trust.DISTRUSTED))
    write("hello")
    wait_for(lambda: world.returned)
    assert alice.client.sent == []
    assert BOB in world.lines[-1]
    monkeypatch.setattr(alice.service.rooms, "recipients", lambda _jid: (CROWD,))
    message = write("hello")
    wait_for(lambda: alice.client.sent)
    assert f'rid="{device.device_id}"' not in str(message.stanza)


def test_case_37_a_member_removed_between_steps_gets_no_key(
    world: FakeNetwork, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    put_crowd(world)
    write = make_room(alice, monkeypatch, BOB, CROWD)
    rooms = alice.service.rooms

    def remove() -> None:
        monkeypatch.setattr(rooms, "recipients", lambda _jid: (CROWD,))

    watch.at(STEPS, remove)
    message = write("hello")
    wait_for(lambda: alice.client.sent)
    text = str(message.stanza)
    assert text.count("<key ") == MANY
    assert f'rid="{bob.service.device_id}"' not in text


@pytest.mark.parametrize("most", [0, 1])
def test_notices_are_not_for_many(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    alice, bob = world.online(ALICE), world.online(BOB)
    for sender, reader in ((alice, bob), (bob, alice), (alice, bob)):
        message = sender.write(reader.jid, "hello")
        wait_for_stanza(sender)
        assert reader.read(message, sender.jid)[0] == "hello"
        sender.client.sent.clear()
    monkeypatch.setattr(ephemeral, "_DEVICES_MAX", most)
    message = Outgoing(Contact("alice", BOB), None, extra=MARKER)
    message.marker = ("displayed", "0")
    alice.encrypt(message)
    run_for(0.2)
    assert alice.client.sent == ([message] if most else [])


# The stepper alone


class Steps:
    """An encryption of so many steps."""

    def __init__(self, name: str, count: int, log: list[str]) -> None:
        self._name = name
        self._left = count
        self._log = log

    def step(self) -> bool:
        self._log.append(self._name)
        self._left -= 1
        return not self._left


def make_stepper() -> EncryptionScheduler:
    keystore: Any = SimpleNamespace(write_archive_first=lambda: None)
    return EncryptionScheduler(keystore)


def test_they_take_turns(main_loop: MainLoop) -> None:
    log: list[str] = []
    stepper = make_stepper()

    def run(name: str, count: int) -> None:
        steps: Any = Steps(name, count, log)
        stepper.run(steps, lambda error: log.append(f"{name} is over: {error}"))

    run("long", 4)
    run("short", 2)
    wait_for(lambda: len(log) == 8)
    assert log == [
        *("long", "short"),
        *("long", "short", "short is over: None"),
        *("long", "long", "long is over: None"),
    ]
    assert main_loop.idle
    run("next", 1)
    wait_for(lambda: log[-1] == "next is over: None")
