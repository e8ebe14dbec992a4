# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Elements of one message that a server shows apart from each other (case 52)."""

from __future__ import annotations

import dataclasses
from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pytest
from nbxmpp.protocol import NodeProcessed

from omemo_plugin.bridge.incoming import torn_messages
from omemo_plugin.engine.messages.receiving import ReceivedMessage
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Protocol
from tests.unit.bridge.test_receiver import BOB
from tests.unit.bridge.test_receiver import Case
from tests.unit.bridge.test_receiver import body
from tests.unit.bridge.test_receiver import encrypted
from tests.unit.bridge.test_receiver import legacy
from tests.unit.bridge.test_receiver import omemo_2
from tests.unit.bridge.test_receiver import properties
from tests.unit.bridge.test_receiver import stanza


def is_shown(case: Case, result: ReceivedMessage) -> bool:
    """A message comes, in one protocol alone."""
    case.engine.outcome = result
    one = stanza(encrypted(result.protocol))
    try:
        case.receiver.handle(one, properties())
    except NodeProcessed:
        return False
    assert one.getBody() != "fallback"
    return True


def halves(text: str = "hello") -> tuple[ReceivedMessage, ReceivedMessage]:
    stamp = datetime.now(UTC) - timedelta(seconds=5)
    return omemo_2(body(text), stamp=stamp), legacy(text.encode())


@pytest.mark.parametrize("first", [0, 1], ids=["omemo2-first", "legacy-first"])
def test_case_52_halves_that_come_apart_are_shown_once(first: int) -> None:
    case = Case(None)
    pair = halves()
    assert is_shown(case, pair[first])
    assert not is_shown(case, pair[1 - first])
    # Its consequences are kept all the same
    assert case.received == 2
    # Said once more
    pair = halves()
    assert is_shown(case, pair[first])
    assert not is_shown(case, pair[1 - first])


def test_the_same_text_again_is_shown() -> None:
    case = Case(None)
    for _ in range(3):
        assert is_shown(case, legacy(b"yes"))
    later = datetime.now(UTC) + timedelta(minutes=2)
    # The contact's app has learned OMEMO 2
    for _ in range(3):
        assert is_shown(case, omemo_2(body("yes"), stamp=later))


def test_other_texts_and_other_devices_are_shown() -> None:
    case = Case(None)
    new, old = halves()
    assert is_shown(case, new)
    assert is_shown(case, legacy(b"another"))
    assert is_shown(case, dataclasses.replace(old, device=Device(BOB, 6)))
    assert is_shown(
        case, dataclasses.replace(old, device=Device("carol@example.org", 5))
    )


def test_a_message_in_both_protocols_takes_no_other_away() -> None:
    case = Case(None)
    new, old = halves()
    assert is_shown(case, dataclasses.replace(new, alone=False))
    assert is_shown(case, old)


def test_not_every_text_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torn_messages, "KEPT", 10)
    torn = torn_messages.TornMessages()
    for number in range(30):
        assert not torn.is_other_half(legacy(), f"{number}", None)
    assert len(torn._texts) == 10
    assert torn.is_other_half(omemo_2(), "29", 0.0)
    assert not torn.is_other_half(omemo_2(), "0", 0.0)


def test_a_message_without_a_text_is_no_half() -> None:
    torn = torn_messages.TornMessages()
    for protocol in (Protocol.LEGACY, Protocol.OMEMO_2):
        result = dataclasses.replace(legacy(), protocol=protocol)
        assert not torn.is_other_half(result, "", None)
