# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
Messages that came while the user was away: all are shown, once, and in order.

`tools/bench --catch-up` does it with 5,000 messages and times it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.e2e.conversation import check_scene
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

COUNT = 100


def shown(gajim: Gajim, other: Gajim) -> list[str]:
    """The secrets in the history of a chat, oldest first."""
    rows = gajim.history(other.account.jid)
    return [row["text"] for row in rows if row["text"].startswith("secret ")]


@pytest.mark.parametrize("suite", ["bookworm", "trixie", "forky"])
def test_after_a_long_time(new_scene: Callable[..., Scene], suite: str) -> None:
    """One who was there before goes on, and one is new: the prekeys still work."""
    scene = new_scene("ann", "ben", "cat")
    ann = scene.gajim("bookworm", "ann", OURS)
    ben = scene.gajim(suite, "ben", OURS)
    cat = scene.gajim("bookworm", "cat", OURS)
    start_all([ann, ben, cat])
    open_chats(ann, ben)
    tell(ann, ben, "first")
    tell(ben, ann, "second")
    ben.quit()
    for sender in (ann, cat):
        sender.open_chat(ben.account.jid, "OMEMO")
    expected: dict[str, list[str]] = {"ann": [], "cat": []}
    for number in range(COUNT):
        # The new one now and then, in between
        sender = cat if number % 20 == 10 else ann
        text = secret(f"{sender.name} {number}")
        sender.send(text)
        expected[sender.name].append(text)
    for sender in (ann, cat):
        sender.wait_for_message(expected[sender.name][-1])
    ben.start()
    for sender in (ann, cat):
        ben.open_chat(sender.account.jid, "OMEMO")
        wait_for(
            f"ben has all from {sender.name}",
            partial(ends_with, ben, sender, expected[sender.name][-1]),
            120,
        )
        # The archive's stamps are whole seconds, so not what was there before
        come = [text for text in shown(ben, sender) if sender.name in text]
        assert come == expected[sender.name]
        tell(sender, ben, "after")
        tell(ben, sender, "after")
    check_progress(cat, ben)
    check_scene(scene)


def ends_with(reader: Gajim, sender: Gajim, text: str) -> bool:
    return shown(reader, sender)[-1:] == [text]


def check_progress(sender: Gajim, reader: Gajim) -> None:
    """While a long archive is read a line says so, and goes away then."""
    reader.set_online(False)
    reader.call("watch_progress")
    texts = [secret(f"late {number}") for number in range(COUNT)]
    sender.call(
        "send_all_past_the_window",
        account=sender.account_name,
        jid=reader.account.jid,
        texts=texts,
    )
    sender.wait_for_message(texts[-1])
    reader.set_online(True)
    reader.wait_for_message(texts[-1], 120)

    def come_and_gone() -> list[str] | None:
        lines: list[str] = reader.call("progress")
        return lines if len(lines) > 1 and not lines[-1] else None

    said = wait_for("the line has come and gone", come_and_gone, 120)
    start = "Opening what came while you were away: "
    assert said[0].startswith(start), said
    # Now and then, and not for each message
    assert len(said) < COUNT / 5, said
