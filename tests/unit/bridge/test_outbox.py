# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from omemo_plugin.bridge.outgoing.outbox import Outbox
from omemo_plugin.bridge.outgoing.outbox import Outgoing
from omemo_plugin.bridge.state.drafts import UnsentDrafts


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(UnsentDrafts(tmp_path / "drafts", lambda: True))


def entry(text: str, to: str) -> Outgoing:
    message: Any = [text]
    return Outgoing(message, text, (to,), to, 0.0, 0.0)


def send_all(outbox: Outbox, held: Collection[str] = ()) -> list[str | None]:
    sent: list[str | None] = []

    def step(one: Outgoing) -> None:
        if one.conversation not in held:
            outbox.remove(one)
            sent.append(one.text)

    outbox.work(step)
    return sent


def test_the_order_of_a_conversation_is_kept(outbox: Outbox) -> None:
    for number in range(5):
        outbox.add(entry(f"bob {number}", "bob"))
    assert send_all(outbox) == [f"bob {number}" for number in range(5)]
    assert len(outbox) == 0


def test_one_that_waits_holds_up_its_own_conversation_only(outbox: Outbox) -> None:
    outbox.add(entry("bob 1", "bob"))
    outbox.add(entry("carol 1", "carol"))
    outbox.add(entry("bob 2", "bob"))
    outbox.add(entry("carol 2", "carol"))
    assert send_all(outbox, {"bob"}) == ["carol 1", "carol 2"]
    assert send_all(outbox) == ["bob 1", "bob 2"]


def test_no_message_overtakes_one_on_its_way(outbox: Outbox) -> None:
    first = entry("bob 1", "bob")
    first.busy = True
    outbox.add(first)
    outbox.add(entry("bob 2", "bob"))
    assert send_all(outbox) == []
    first.busy = False
    assert send_all(outbox) == ["bob 1", "bob 2"]


def test_holds_knows_the_message_itself_and_not_its_equal(outbox: Outbox) -> None:
    one, other = entry("text", "bob"), entry("text", "bob")
    outbox.add(one)
    assert outbox.holds(one.message)
    assert not outbox.holds(other.message)


def test_clear_gives_everything_back(outbox: Outbox) -> None:
    entries = [entry("1", "bob"), entry("2", "carol")]
    for one in entries:
        outbox.add(one)
    assert outbox.clear() == entries
    assert len(outbox) == 0
    outbox.remove(entries[0])


def test_texts_that_wait_when_gajim_ends_are_kept(
    outbox: Outbox, tmp_path: Path
) -> None:
    outbox.add(entry("bob 1", "bob"))
    outbox.add(entry("bob 2", "bob"))
    outbox.freeze()
    outbox.close()
    assert UnsentDrafts(tmp_path / "drafts", lambda: True).earlier == {
        "bob": ("bob 1", "bob 2")
    }


def test_texts_that_were_given_back_leave_the_disk(
    outbox: Outbox, tmp_path: Path
) -> None:
    UnsentDrafts(tmp_path / "drafts", lambda: True).write({})
    outbox.add(entry("bob 1", "bob"))
    outbox.clear()
    outbox.close()
    assert not (tmp_path / "drafts").exists()
