# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from omemo_plugin.bridge.outbox import Outbox
from omemo_plugin.bridge.outbox import Outgoing


def entry(text: str, to: str) -> Outgoing:
    return Outgoing(text, (to,), to, 0.0, 0.0)


def send_all(outbox: Outbox, held: set[str] = frozenset()) -> list[str]:
    sent: list[str] = []

    def step(one: Outgoing) -> bool:
        if one.conversation in held:
            return False
        outbox.remove(one)
        sent.append(one.message)
        return True

    outbox.work(step)
    return sent


def test_the_order_of_a_conversation_is_kept() -> None:
    outbox = Outbox()
    for number in range(5):
        outbox.add(entry(f"bob {number}", "bob"))
    assert send_all(outbox) == [f"bob {number}" for number in range(5)]
    assert not outbox


def test_one_that_waits_holds_up_its_own_conversation_only() -> None:
    outbox = Outbox()
    outbox.add(entry("bob 1", "bob"))
    outbox.add(entry("carol 1", "carol"))
    outbox.add(entry("bob 2", "bob"))
    outbox.add(entry("carol 2", "carol"))
    assert send_all(outbox, {"bob"}) == ["carol 1", "carol 2"]
    assert send_all(outbox) == ["bob 1", "bob 2"]


def test_nothing_overtakes_one_that_is_on_its_way() -> None:
    outbox = Outbox()
    first = entry("bob 1", "bob")
    first.busy = True
    outbox.add(first)
    outbox.add(entry("bob 2", "bob"))
    assert send_all(outbox) == []
    first.busy = False
    assert send_all(outbox) == ["bob 1", "bob 2"]


def test_holds_knows_the_message_itself_and_not_its_equal() -> None:
    outbox = Outbox()
    message, other = ["text"], ["text"]
    outbox.add(Outgoing(message, ("bob",), "bob", 0.0, 0.0))
    assert outbox.holds(message)
    assert not outbox.holds(other)


def test_clear_gives_everything_back() -> None:
    outbox = Outbox()
    entries = [entry("1", "bob"), entry("2", "carol")]
    for one in entries:
        outbox.add(one)
    assert outbox.clear() == entries
    assert len(outbox) == 0
    outbox.remove(entries[0])
