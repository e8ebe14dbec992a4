# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a message can be besides a text goes the same way: in the envelope."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import correct
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim import Gajim
from tests.support.prosody import Prosody
from tests.support.scene import GAJIM_OMEMO
from tests.support.scene import OURS
from tests.support.scene import Scene
from tests.support.waiting import wait_for

ROOM = "den@rooms.localhost"
THUMB = "\N{THUMBS UP SIGN}"

PAIRS = [("bookworm", "bookworm"), ("trixie", "forky"), ("forky", "bookworm")]

# What belongs to a conversation, by namespace; of each Gajim offers the user some
PARTS = (
    "urn:xmpp:receipts",
    "urn:xmpp:chat-markers:0",
    "http://jabber.org/protocol/chatstates",
    "urn:xmpp:message-correct:0",
    "urn:xmpp:reactions:0",
    "urn:xmpp:message-retract:1",
)


class Wire:
    """What the server saw from now on."""

    def __init__(self, server: Prosody) -> None:
        self._log: Path = server.wire_log
        self._start = self._log.stat().st_size

    def parts(self) -> list[str]:
        """Which parts of messages went past, not encrypted."""
        with self._log.open(errors="replace") as log:
            log.seek(self._start)
            seen = [line for line in log if "<message" in line]
        assert any("<encrypted" in line for line in seen)
        return [part for part in PARTS if any(part in line for line in seen)]


def shows_reaction(gajim: Gajim, text: str, suite: str) -> bool:
    """As a reaction, or where Gajim has no place for one, as a line."""
    if suite == "bookworm":
        return any(f"earlier message: {THUMB}" in row.text for row in gajim.rows())
    return THUMB in gajim.call("reactions", text=text)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_chat(new_scene: Callable[..., Scene], one: str, other: str) -> None:
    scene = new_scene("ann", "ben")
    ann, ben = scene.gajim(one, "ann", OURS), scene.gajim(other, "ben", OURS)
    start_all([ann, ben])
    open_chats(ann, ben)
    # From here on each has heard the other in OMEMO 2
    tell(ann, ben, "first")
    tell(ben, ann, "second")
    tell(ann, ben, "third")
    wire = Wire(scene.server)
    ann.call("watch_markers")

    def sees_typing() -> bool:
        # Such a notice does not wait for anything, and so may be left out
        ann.call("start_typing")
        return bool(ben.call("typing") == "composing")

    wait_for("ben sees typing", sees_typing, interval=1)
    row = tell(ann, ben, "fourth")[0]
    wait_for(
        "ann has the receipt",
        lambda: (found := ann.find(row.text)) is not None and found.receipt,
    )
    ben.call("mark_as_read", text=row.text)
    wait_for("ann knows it was read", lambda: ann.call("markers"))
    text = correct(ann, ben)
    if one != "bookworm":
        answered = tell(ben, ann, "answer")[0].text
        ann.call("react", text=answered, emoji=THUMB)
        wait_for("ben sees the reaction", lambda: shows_reaction(ben, answered, other))
    if one == "forky":
        ann.call("retract", text=text)
        wait_for(
            "ben knows",
            lambda: (
                any("message to be taken back" in row.text for row in ben.rows())
                or any("retract" in row.text for row in ben.rows())
            ),
        )
    if other == "forky":
        taken = tell(ben, ann, "to be taken back")[0].text
        ben.call("retract", text=taken)
        wait_for("ann knows", lambda: ann.find(taken) is None or one != "forky")
        tell(ann, ben, "and on")

    assert wire.parts() == []
    assert not scene.server.leaks(THUMB)
    check_scene(scene)


@pytest.mark.parametrize(("one", "other"), [("trixie", "forky")])
def test_a_room(new_scene: Callable[..., Scene], one: str, other: str) -> None:
    scene = new_scene("ann", "ben")
    ann, ben = scene.gajim(one, "ann", OURS), scene.gajim(other, "ben", OURS)
    start_all([ann, ben])
    ann.create_room(ROOM)
    ann.set_affiliation(ROOM, ben.account.jid, "member")
    ben.join_room(ROOM)
    for gajim in (ann, ben):
        gajim.open_room(ROOM, "OMEMO")
    for sender in (ann, ben, ann):
        text = secret(f"from {sender.name}")
        sender.send(text)
        for gajim in (ann, ben):
            check_encrypted(gajim, gajim.wait_for_message(text))
    wire = Wire(scene.server)
    text = correct(ann, ben)
    ben.call("react", text=text, emoji=THUMB)
    for gajim, suite in ((ann, one), (ben, other)):
        wait_for(
            f"{gajim.name} sees the reaction",
            lambda gajim=gajim, suite=suite: shows_reaction(gajim, text, suite),
        )
    assert wire.parts() == []
    assert not scene.server.leaks(THUMB)
    check_scene(scene)


def test_case_10_nothing_goes_in_clear_to_older_programs(
    new_scene: Callable[..., Scene],
) -> None:
    """Who reads OMEMO 0.3 alone gets no reaction, and the user is told; a receipt
    only if the user wants it."""
    scene = new_scene("ann", "ben")
    ann = scene.gajim("trixie", "ann", OURS)
    ben = scene.gajim("bookworm", "ben", GAJIM_OMEMO)
    start_all([ann, ben])
    open_chats(ann, ben)
    tell(ann, ben, "first")
    answered = tell(ben, ann, "second")[0].text
    ann.call("react", text=answered, emoji=THUMB)
    wait_for(
        "it is said",
        lambda: any("cannot read this encrypted" in row.text for row in ann.rows()),
    )
    tell(ann, ben, "third")
    assert not scene.server.leaks(THUMB)
    assert "urn:xmpp:reactions:0" not in messages_of(scene.server, "ann")
    assert "<received " not in messages_of(scene.server, "ann")
    ann.call("prefer_plain_receipts")
    row = tell(ben, ann, "with a receipt")[0]
    wait_for(
        "ben has the receipt",
        lambda: (found := ben.find(row.text)) is not None and found.receipt,
    )
    check_scene(scene)


def messages_of(server: Prosody, name: str) -> str:
    """What somebody sent."""
    lines = server.wire_log.read_text(errors="replace").splitlines()
    return "\n".join(
        line for line in lines if line.startswith(f"< {name}@") and "<message" in line
    )
