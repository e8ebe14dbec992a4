# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rows of messages that were not opened say, and what they offer."""

from __future__ import annotations

import pytest

from omemo_plugin.bridge.notices import unopened as module
from omemo_plugin.bridge.notices.unopened import UnopenedMessages
from omemo_plugin.bridge.values import Remedy
from omemo_plugin.bridge.values import RemedyKind
from omemo_plugin.engine import errors
from omemo_plugin.engine.keys.device_info import DeviceInfo
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust

ALICE = "alice@example.org"
BOB = "bob@example.org"
PHONE = Device(BOB, 5)


def lost(device: Device = PHONE) -> errors.ReceiveError:
    error = errors.NoSession()
    error.device = device
    return error


class Case:
    def __init__(self, *, known: bool = True, label: str | None = None) -> None:
        self.looks = 0
        self.history_is_lost = True
        info = DeviceInfo(PHONE, (), None, Trust.BLIND, True, label, False, 1, 1)
        self.unopened = UnopenedMessages(
            ALICE,
            lambda jid: (info,) if jid == BOB else (),
            lambda _jid: known,
            lambda: self.history_is_lost,
        )
        self.unopened.follow(self._look)

    def _look(self) -> None:
        self.looks += 1

    def came(self, message_id: str | None, error: Exception | None = None) -> str:
        return self.unopened.reason(error or lost(), "Bob", BOB, message_id)

    def offered(self, message_id: str) -> RemedyKind | None:
        found = self.unopened.remedy(BOB, message_id, "")
        return None if found is None else found.kind


@pytest.mark.parametrize(
    ("label", "name"),
    [(None, "Bob’s first device"), ("wild” and verified", "“wild' and verified”")],
)
def test_the_row_names_the_device(label: str | None, name: str) -> None:
    assert Case(label=label).came("1") == (
        f"[Message from Bob not opened] {name} and this computer lost their common "
        "keys. Ask Bob to send it again."
    )


def test_devices_that_nobody_has_met() -> None:
    case = Case()
    row = case.came("1", lost(Device(BOB, 6)))
    assert "A device of Bob and this computer lost" in row
    error = lost(Device(ALICE, 7))
    row = case.unopened.reason(error, "", BOB, "2")
    assert row == (
        "[Message not opened] Another device of yours and this computer lost their "
        "common keys."
    )
    assert "The device it came from and" in case.came("3", errors.NoSession())


def test_it_is_offered_in_the_newest_row_alone() -> None:
    case = Case()
    case.came("1")
    case.came("2")
    assert case.offered("2") is None
    assert case.unopened.offer(PHONE)
    assert (case.offered("1"), case.offered("2")) == (None, RemedyKind.REPAIR)
    before = case.looks
    case.came("3")
    assert case.looks == before + 1
    assert (case.offered("2"), case.offered("3")) == (None, RemedyKind.REPAIR)
    assert case.unopened.remedy(BOB, "3", "") == Remedy(
        RemedyKind.REPAIR, "Press Repair, then ask Bob to send it again.", PHONE
    )
    assert case.unopened.remedy(ALICE, "3", "") is None, "another chat"


def test_once_it_was_done_it_stays_where_it_was() -> None:
    case = Case()
    case.came("1")
    case.unopened.offer(PHONE)
    before = case.looks
    assert case.unopened.repaired(PHONE)
    assert case.looks == before + 1
    case.came("2")
    assert (case.offered("1"), case.offered("2")) == (RemedyKind.REPAIRED, None)
    found = case.unopened.remedy(BOB, "1", "")
    assert found is not None
    assert found.text == "Repaired. Ask Bob to send the message again."


def test_it_is_not_offered_to_strangers() -> None:
    case = Case(known=False)
    case.came("1")
    assert case.unopened.offer(PHONE), "the row says what has happened"
    assert case.offered("1") is None
    assert not case.unopened.repaired(PHONE)


@pytest.mark.parametrize(
    "error",
    [
        errors.PayloadDamaged(),
        errors.TooManyKeyExchanges(),
        errors.IdentityKeyChanged(PHONE),
    ],
)
def test_where_a_new_session_changes_nothing(error: errors.ReceiveError) -> None:
    case = Case()
    error.device = PHONE
    case.came("1", error)
    assert not case.unopened.offer(PHONE)
    case.came(None)
    assert not case.unopened.offer(PHONE), "Gajim does not know the row by an id"


def test_a_device_that_started_anew_leads_to_the_details() -> None:
    case = Case()
    error = errors.TooManyKeyExchanges()
    error.device = PHONE
    text = case.came("1", error)
    assert text.endswith(
        "Bob’s first device started anew too often. Ask Bob what happened."
    )
    assert case.unopened.remedy(BOB, "1", text) == Remedy(RemedyKind.DETAILS)


def test_devices_that_are_made_up_do_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_DEVICES_MAX", 3)
    case = Case()
    for number in range(1, 6):
        device = Device(BOB, number)
        case.came(str(number), lost(device))
        case.unopened.offer(device)
    assert [case.offered(str(number)) for number in range(1, 6)] == [
        None,
        None,
        *3 * [RemedyKind.REPAIR],
    ]


def test_own_texts_are_told_of_while_the_history_is_lost() -> None:
    case = Case()
    told = []
    for lost in (True, False):
        case.history_is_lost = lost
        told.append(case.unopened.tells_of_own)
        case.unopened.connected()
        told.append(case.unopened.tells_of_own)
    assert told == [False, True, True, False]
