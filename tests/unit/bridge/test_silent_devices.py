# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A device that is not heard for long, through the account's service."""

from __future__ import annotations

import pytest

from omemo_plugin.engine.state import silence
from omemo_plugin.engine.state.diary import DiaryKind
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust

from .test_account import ALICE
from .test_account import BOB
from .test_account import FakeNetwork
from .test_account import Side
from .test_account import main_loop
from .test_account import run_for
from .test_account import wait_for
from .test_account import world
from .test_trust import info
from .test_trust import meet
from .test_trust import second_device

__all__ = ["main_loop", "world"]


class Three:
    """Alice, and Bob with a phone that he uses and a tablet that he does not."""

    def __init__(self, world: FakeNetwork) -> None:
        self.alice, self.phone = world.online(ALICE), world.online(BOB)
        self.tablet = second_device(world, BOB)
        for side in (self.phone, self.tablet):
            meet(self.alice, side)
            meet(side, self.alice)
            self.answer(side)

    def write(self, count: int) -> None:
        for _ in range(count):
            before = len(self.alice.client.sent)
            self.alice.write(BOB, "x")
            self._wait_until_sent(self.alice, before)

    @staticmethod
    def _wait_until_sent(side: Side, before: int) -> None:
        wait_for(lambda: len(side.client.sent) > before)

    def answer(self, side: Side) -> None:
        before = len(side.client.sent)
        message = side.write(ALICE, "y")
        self._wait_until_sent(side, before)
        assert self.alice.read(message, BOB)[0] == "y"

    def let_pass(self, seconds: float) -> None:
        engine = self.alice.service.engine
        assert engine is not None
        core = engine._core
        now = core._clock
        core._clock = lambda: now() + seconds
        self.write(silence.MESSAGES_MIN + 1)
        self.answer(self.phone)
        # The minute after which the engine looks
        run_for(90)

    def left_out(self) -> bool:
        plan = self.alice.service.plan([BOB])
        assert plan is not None
        device = Device(BOB, self.tablet.service.device_id)
        return device not in plan.recipients


@pytest.fixture
def three(world: FakeNetwork, monkeypatch: pytest.MonkeyPatch) -> Three:
    monkeypatch.setattr(silence, "MESSAGES_MIN", 4)
    return Three(world)


def know_own_devices(side: Side, other: Side) -> None:
    """As with the event that the list of an account has changed."""
    side.service._effects.call("asking", lambda engine: engine.keys.publish_again())
    meet(side, other)


def lines(world: FakeNetwork) -> list[str]:
    found = [one for one in world.lines if " keys" in one and "evice of" in one]
    world.lines.clear()
    return found


@pytest.mark.parametrize("verified", [True, False])
def test_it_is_said_once_and_written_down(
    world: FakeNetwork, three: Three, verified: bool
) -> None:
    alice = three.alice.service
    device = info(three.alice, three.tablet).device
    if verified:
        alice.device_management.set_trust(device, Trust.VERIFIED)
    lines(world)
    three.let_pass(silence.ASKED_AFTER)
    assert not three.left_out()
    three.let_pass(silence.LEFT_OUT_AFTER)
    assert three.left_out()
    three.let_pass(0)
    (line,) = lines(world)
    kind = "A verified device" if verified else "A device"
    assert line.startswith(f"{kind} of {BOB} has not been heard for half a year.")
    newest = alice.device_history.of(BOB)[0]
    assert (newest.kind, newest.device_id) == (DiaryKind.SILENT, device.device_id)
    # What was sent says so
    noted = alice.recipients.of("1")
    assert noted is not None
    assert [one.device for one in noted if one.left_out] == [device]
    assert device not in {one.device for one in noted if not one.left_out}

    world.lines.clear()
    three.answer(three.tablet)
    assert not three.left_out()
    run_for(1)
    (line,) = lines(world)
    assert line == f"A device of {BOB} is used again. It gets keys again."
    assert alice.device_history.of(BOB)[0].kind is DiaryKind.WRITTEN_AGAIN


def test_an_own_device_is_no_news(world: FakeNetwork, three: Three) -> None:
    """The windows offer to remove it; no chat says anything."""
    other = second_device(world, ALICE)
    service = three.alice.service

    def unused() -> bool:
        return info(three.alice, other).unused

    know_own_devices(three.alice, other)
    three.let_pass(silence.ASKED_AFTER)
    world.lines.clear()
    three.let_pass(silence.LEFT_OUT_AFTER)
    assert unused()
    assert not [line for line in world.lines if "your account" in line]
    service.device_management.keep(info(three.alice, other).device)
    assert not unused()


def test_its_owner_is_told_once(world: FakeNetwork, three: Three) -> None:
    """In the next message, which the phone reads."""
    know_own_devices(three.phone, three.tablet)
    three.let_pass(silence.ASKED_AFTER)
    three.let_pass(silence.LEFT_OUT_AFTER)
    assert three.left_out()

    def told(text: str) -> list[str]:
        before = len(three.alice.client.sent)
        message = three.alice.write(BOB, text)
        wait_for(lambda: len(three.alice.client.sent) > before)
        world.lines.clear()
        assert three.phone.read(message, ALICE)[0] == text
        return [line for line in world.lines if "no longer writes for" in line]

    (line,) = told("first")
    assert line == (
        f"{ALICE} no longer writes for one of your devices, not heard for half a year. "
        "Write something there, and it gets messages again."
    )
    assert told("second") == []
    # Heard, and silent once more: that is news again
    three.answer(three.tablet)
    three.let_pass(silence.ASKED_AFTER)
    three.let_pass(silence.LEFT_OUT_AFTER)
    device = Device(BOB, three.tablet.service.device_id)
    engine = three.alice.service.engine
    assert engine is not None
    assert engine.devices.untold([device]) == [device]


def test_the_user_writes_for_it_again(world: FakeNetwork, three: Three) -> None:
    alice = three.alice.service
    device = info(three.alice, three.tablet).device
    three.let_pass(silence.ASKED_AFTER)
    three.let_pass(silence.LEFT_OUT_AFTER)
    assert three.left_out()
    changes: list[bool] = []
    alice.follow(lambda: changes.append(three.left_out()))
    alice.device_management.write_again(device)
    run_for(1)
    assert not three.left_out()
    assert alice.device_history.of(BOB)[0].kind is DiaryKind.WRITTEN_AGAIN
    assert changes
    assert not changes[-1]
