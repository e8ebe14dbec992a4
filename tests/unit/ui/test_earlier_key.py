# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The question about the key from before, and the device that is left of it."""

from __future__ import annotations

import pytest

from omemo_plugin.bridge.notices.engine_notices import EngineNotices
from omemo_plugin.bridge.notices.unopened import UnopenedMessages
from omemo_plugin.bridge.state.device_history import DeviceHistory
from omemo_plugin.bridge.takeover import TakeoverOffer
from omemo_plugin.engine.effects import NewDevices
from omemo_plugin.engine.keys.device_info import DeviceInfo
from omemo_plugin.engine.takeover.values import OwnKey
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.presenters.devices import DeviceAction
from omemo_plugin.ui.presenters.devices import card
from omemo_plugin.ui.presenters.earlier_key import EarlierKeyQuestion
from tests.support.engine.devices import MadeUpDevice

ME = "me@example.org"
DEVICE = Device(ME, 99)
KEY = "ab" * 32


@pytest.mark.parametrize("is_built_in", [True, False])
def test_three_sentences_and_an_answer(is_built_in: bool) -> None:
    answers = []

    def answer(keep: bool) -> str:
        answers.append(keep)
        return "why not"

    offer = TakeoverOffer("account", ME, is_built_in, answer)
    question = EarlierKeyQuestion(offer)
    assert len(question.sentences) == 3
    assert ("gajim-omemo" in question.sentences[0]) is not is_built_in
    assert question.address == ME
    assert question.answer(True) == "why not"
    assert answers == [True]


def info(fingerprint: str | None) -> DeviceInfo:
    key = None if fingerprint is None else bytes(32)
    return MadeUpDevice(
        DEVICE,
        (Protocol.LEGACY,),
        key,
        Trust.BLIND,
        True,
        None,
        False,
        0,
        0,
        fingerprint=fingerprint,
    )


def test_the_device_that_is_left_has_a_name_and_one_button() -> None:
    shown = card(info(KEY), now=0, own=True, earlier=True)
    assert shown.title == "Gajim’s earlier key on this computer"
    (action,) = shown.actions
    assert action.act is DeviceAction.REMOVE
    assert action.question is None
    assert "password" not in shown.summary
    other = card(info(KEY), now=0, own=True)
    assert "device" in other.title
    assert len(other.actions) > 1


class Notices:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def show(self, _jid: str, line: str, _offer: object = None) -> None:
        self.lines.append(line)


@pytest.mark.parametrize(
    ("shown", "password", "earlier"),
    [
        # It is told by its key, which has not come yet
        (None, False, False),
        (KEY, False, True),
        # A server has put another key under its number
        ("cd" * 32, True, False),
    ],
)
def test_case_110_the_device_that_is_left_is_told_by_its_key(
    shown: str | None, password: bool, earlier: bool
) -> None:
    notices = Notices()
    engine_notices = EngineNotices(
        ME,
        notices,  # type: ignore[arg-type]
        lambda _jid: (info(shown),),
        lambda _jid: True,
        DeviceHistory(lambda: None, lambda: False),
        UnopenedMessages(ME, lambda _jid: (), lambda _jid: True),
        OwnKey(99, KEY),
    )
    for _ in range(2):
        engine_notices.new_devices(NewDevices(ME, (DEVICE,), Trust.BLIND))
    said = " ".join(notices.lines)
    assert ("password" in said) is password
    assert ("earlier key" in said) is earlier
    assert len(notices.lines) == (password or earlier)


@pytest.mark.parametrize(
    ("shown", "removed"), [(None, True), (KEY, True), ("cd" * 32, False)]
)
def test_a_device_that_nobody_has_met_is_removed_in_silence(
    shown: str | None, removed: bool
) -> None:
    notices = Notices()
    gone: list[Device] = []
    engine_notices = EngineNotices(
        ME,
        notices,  # type: ignore[arg-type]
        lambda _jid: (info(shown),),
        lambda _jid: True,
        DeviceHistory(lambda: None, lambda: False),
        UnopenedMessages(ME, lambda _jid: (), lambda _jid: True),
        OwnKey(99, KEY, is_unused=True),
    )
    engine_notices.unused_device_listed.connect(gone.append)
    engine_notices.new_devices(NewDevices(ME, (DEVICE,), Trust.BLIND))
    assert gone == [DEVICE] * removed
    assert bool(notices.lines) is not removed
