# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What the dock above the message input costs while a long archive arrives in the
chat on screen: how long the work for it keeps a frame waiting, beside the longest
frame of a Gajim without the plugin, which gets the same messages in the same run.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TypedDict

from tests.bench.in_gajim import SUITE
from tests.bench.in_gajim import TIMEOUT
from tests.bench.in_gajim import has_kept
from tests.bench.in_gajim import send_all
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import NO_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for


class Frames(TypedDict):
    """What the driver in a Gajim measures; see `tests/support/gajim/driver`."""

    frames: int
    longest_ms: float
    dock_calls: int
    dock_longest_ms: float


def frames(count: int) -> dict[str, Frames]:
    """
    Let archived messages arrive in the chat on screen of both.

    Returns:
        By the name of what does OMEMO: the longest frame, and the longest work for
        the dock in one of them.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        Scene(["ann", "ben"], Path(folder), without=["offline"]) as scene,
    ):
        ours = scene.gajim(SUITE, "ben", OURS, "ben-ours")
        bare = scene.gajim(SUITE, "ben", NO_OMEMO, "ben-bare")
        ann = scene.gajim(SUITE, "ann", OURS)
        for gajim in (ours, bare, ann):
            gajim.start()
        ann.open_chat(ours.account.jid, "OMEMO")
        ann.send("first")
        ours.open_chat(ann.account.jid, "OMEMO")
        bare.open_chat(ann.account.jid)
        ours.wait_for_message("first")
        ours.send("answer")
        ann.wait_for_message("answer")
        for reader in (ours, bare):
            reader.set_online(False)
            reader.call("start_frames")
        texts = [f"message {number}" for number in range(count)]
        send_all(ann, texts, ours.account.jid)
        return {
            OURS: _catch_up(ours, partial(_has_read, ours, ann, texts[-1])),
            NO_OMEMO: _catch_up(bare, partial(_has_rows, bare, ann, count)),
        }


def _has_read(reader: Gajim, ann: Gajim, text: str) -> bool:
    return has_kept(reader, ann.account.jid, text)


def _has_rows(reader: Gajim, ann: Gajim, count: int) -> bool:
    """It cannot read them, and keeps what stands in their place."""
    return len(reader.history(ann.account.jid)) >= count


def _catch_up(reader: Gajim, is_over: partial[bool]) -> Frames:
    reader.set_online(True)
    wait_for("the last message has come", is_over, TIMEOUT, 1)
    found: list[Frames | None] = [None]

    def unchanged() -> bool:
        found.append(reader.call("frames"))
        return found[-1] == found[-2]

    wait_for("nothing is drawn any more", unchanged, TIMEOUT, 3)
    measured = found[-1]
    assert measured is not None
    assert measured["frames"], "nothing was drawn"
    return measured
