# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that are not texts, and are sent in the envelope of OMEMO 2."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.conversation import check_scene
from tests.e2e.conversation import correct
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.prosody import Prosody
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


class Codec:
    """The traffic that the server saw from now on."""

    def __init__(self, server: Prosody) -> None:
        self._log: Path = server.wire_log
        self._start = self._log.stat().st_size

    def parts(self) -> list[str]:
        """The elements of messages that went past in clear."""
        with self._log.open(errors="replace") as log:
            log.seek(self._start)
            seen = [line for line in log if "<message" in line]
        assert any("<encrypted" in line for line in seen)
        return [part for part in PARTS if any(part in line for line in seen)]

    def has(self, text: str) -> bool:
        """Whether a text went past."""
        with self._log.open(errors="replace") as log:
            log.seek(self._start)
            return text in log.read()


def use_omemo_2_alone(server: Prosody, *gajims: Gajim) -> None:
    """Let each write to the others until it needs OMEMO 0.3 no more. On a slow
    machine the first messages may leave before both lists of devices are known."""

    def wrote_in_omemo_2_alone() -> bool:
        texts = Codec(server)
        for sender in gajims:
            others = [gajim for gajim in gajims if gajim is not sender]
            tell(sender, others, f"from {sender.name}")
        return not texts.has("<encrypted xmlns='eu.siacs.conversations.axolotl'")

    wait_for("nobody needs OMEMO 0.3", wrote_in_omemo_2_alone)


def shows_reaction(gajim: Gajim, text: str, suite: str) -> bool:
    """As a reaction, or where Gajim has no place for one, as a line."""
    if suite == "bookworm":
        return any(f"earlier message: “{THUMB}”" in row.text for row in gajim.rows())
    return THUMB in gajim.call("reactions", text=text)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_chat(new_scene: Callable[..., Scene], one: str, other: str) -> None:
    scene = new_scene("ann", "ben")
    ann, ben = scene.gajim(one, "ann", OURS), scene.gajim(other, "ben", OURS)
    start_all([ann, ben])
    open_chats(ann, ben)
    use_omemo_2_alone(scene.server, ann, ben)
    wire = Codec(scene.server)
    ann.call("watch_markers")

    def sees_typing() -> bool:
        # A typing notice does not wait for keys, and so may be left out
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
    use_omemo_2_alone(scene.server, ann, ben)
    wire = Codec(scene.server)
    text = correct(ann, ben)
    ben.call("react", text=text, emoji=THUMB)
    for gajim, suite in ((ann, one), (ben, other)):
        wait_for(
            f"{gajim.name} sees the reaction",
            partial(shows_reaction, gajim, text, suite),
        )
    assert wire.parts() == []
    assert not scene.server.leaks(THUMB)
    check_scene(scene)


def test_case_10_nothing_goes_in_clear_to_older_programs(
    new_scene: Callable[..., Scene],
) -> None:
    """A program that reads only OMEMO 0.3 gets no reaction, and the user is told; it
    gets a receipt only if the user wants it."""
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
        lambda: any(
            "cannot show this in encrypted chats" in row.text for row in ann.rows()
        ),
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
    """The messages that a user sent."""
    lines = server.wire_log.read_text(errors="replace").splitlines()
    return "\n".join(
        line for line in lines if line.startswith(f"< {name}@") and "<message" in line
    )
