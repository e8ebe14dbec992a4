# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was written for a device that is gone is said to whoever wrote it."""

from __future__ import annotations

from functools import partial

from omemo_plugin.engine.effects import Effect
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol

from .test_account import ALICE
from .test_account import BOB
from .test_account import Contact
from .test_account import FakeNetwork
from .test_account import Outgoing
from .test_account import Side
from .test_account import main_loop
from .test_account import wait_for
from .test_account import world
from .test_trust import meet
from .test_trust import second_device

__all__ = ["main_loop", "world"]

ONE = "may not have read your last message."


class Unplugged:
    """Alice talks to Bob, whose device goes without a word."""

    def __init__(self, world: FakeNetwork) -> None:
        self.world = world
        self.alice, self.bob = world.online(ALICE), world.online(BOB)
        self.alice.service.catch_up.stop()
        meet(self.alice, self.bob)
        meet(self.bob, self.alice)
        self.answer(self.bob, self.write("hello"))

    def write(self, text: str) -> Outgoing:
        before = len(self.alice.client.sent)
        message = Outgoing(Contact(self.alice.client.account, BOB), text)
        message.stanza.setID(f"{before}")
        self.alice.encrypt(message)
        wait_for(lambda: len(self.alice.client.sent) > before)
        return message

    def answer(self, side: Side, read: Outgoing) -> None:
        """Bob reads a message there, and writes one."""
        assert side.read(read, ALICE)[0] is not None
        before = len(side.client.sent)
        message = side.write(ALICE, "yes")
        wait_for(lambda: len(side.client.sent) > before)
        assert self.alice.read(message, BOB)[0] == "yes"

    @property
    def device(self) -> Device:
        return Device(BOB, self.bob.service.device_id)

    def list_devices(self, *sides: Side) -> None:
        """Bob's account lists these."""
        devices = tuple(ListedDevice(side.service.device_id) for side in sides)
        self.receive(BOB, devices)

    def receive(self, jid: str, devices: tuple[ListedDevice, ...]) -> None:
        """A device list comes, in both protocols."""

        def received(protocol: Protocol, engine: OmemoEngine) -> list[Effect]:
            device_list = DeviceList(protocol, devices)
            return engine.keys.device_list_received(jid, device_list)

        for protocol in Protocol:
            call = partial(received, protocol)
            self.alice.service._effects.call("reading a device list", call)

    @property
    def said(self) -> list[str]:
        return [line for line in self.world.lines if "may not have read" in line]


def test_messages_that_nobody_has_read(world: FakeNetwork) -> None:
    they = Unplugged(world)
    they.write("are you there?")
    they.write("hello?")
    again = second_device(world, BOB)
    they.list_devices(they.bob, again)
    assert they.said == []
    they.list_devices(again)
    assert they.said == [
        f"{BOB} may not have read your last 2 messages. The device they went to is"
        " gone. If they matter, send them again."
    ]
    # Nothing is said twice
    they.list_devices(they.bob, again)
    they.list_devices(again)
    assert len(they.said) == 1


def test_what_was_read_at_once_is_not_counted(world: FakeNetwork) -> None:
    """Other things than messages lengthen the chain, too."""
    they = Unplugged(world)
    read = they.write("are you there?")
    they.answer(they.bob, read)
    again = second_device(world, BOB)
    core = they.alice.service.engine
    assert core is not None
    for protocol in Protocol:
        core.outgoing.encrypt_empty(they.device, protocol)
    they.write("hello?")
    assert core.devices.unanswered(they.device).count > 1
    they.list_devices(again)
    (line,) = they.said
    assert ONE in line


def test_a_message_that_was_answered(world: FakeNetwork) -> None:
    they = Unplugged(world)
    they.answer(they.bob, they.write("are you there?"))
    they.list_devices(second_device(world, BOB))
    assert they.said == []


def test_a_message_that_another_device_can_read(world: FakeNetwork) -> None:
    they = Unplugged(world)
    phone = second_device(world, BOB)
    they.list_devices(they.bob, phone)
    meet(they.alice, phone)
    they.write("are you there?")
    they.list_devices(phone)
    assert they.said == []


def test_what_was_only_just_written(world: FakeNetwork) -> None:
    they = Unplugged(world)
    they.write("first")
    phone = second_device(world, BOB)
    they.list_devices(they.bob, phone)
    meet(they.alice, phone)
    they.write("second")
    they.list_devices(phone)
    (line,) = they.said
    assert ONE in line


def test_an_answer_may_be_in_the_archive(world: FakeNetwork) -> None:
    they = Unplugged(world)
    again = second_device(world, BOB)
    they.list_devices(they.bob, again)
    they.write("are you there?")
    they.alice.service.catch_up.begin()
    they.list_devices(again)
    assert they.said == []
    they.alice.service.catch_up.stop()
    they.alice.service.catch_up_ended()
    assert they.said == []


def test_it_waits_for_the_archive(world: FakeNetwork) -> None:
    they = Unplugged(world)
    they.write("are you there?")
    again = second_device(world, BOB)
    they.alice.service.catch_up.begin()
    they.list_devices(again)
    assert they.said == []
    they.alice.service.catch_up.stop()
    they.alice.service.catch_up_ended()
    (line,) = they.said
    assert ONE in line


def test_an_own_device_that_goes_is_no_reader(world: FakeNetwork) -> None:
    """The user knows what was read there."""
    they = Unplugged(world)
    second_device(world, ALICE)
    they.alice.service.plan([ALICE])
    wait_for(lambda: they.alice.service.devices(ALICE))
    they.write("are you there?")
    they.receive(ALICE, ())
    assert they.said == []
