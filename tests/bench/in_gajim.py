# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Measures the cost of a received message in a real Gajim 1.7.3: the time for which the
plugin's code keeps the main thread, its later work for the same messages included.

The same messages wait in the archive for two devices of one account, one Gajim
with our plugin and one with gajim-omemo, which come online one after the other.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TypedDict

from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

SUITE = "bookworm"
BURST = 50
RIVALS = GAJIM_OMEMO, OURS
TIMEOUT = 1800.0
# What the paths of their files have in them
FILES = {GAJIM_OMEMO: "/omemo/", OURS: "/omemo_plugin/", BUILT_IN: "/modules/omemo.py"}


class Stopwatch(TypedDict):
    """The measurements of the driver in a Gajim; see `tests/support/gajim/driver`."""

    handlers_ms: float
    handler_calls: int
    later_ms: float
    later_calls: int
    longest_ms: float
    longest: str
    above_a_frame: int


class Measured(Stopwatch):
    """The measurements, with the milliseconds of each message."""

    ms: float


def per_message(
    count: int, sender: str = GAJIM_OMEMO, *, away: float = 0
) -> dict[str, Measured]:
    """
    Send messages to both and time how they are received.

    Args:
        away: how many seconds pass meanwhile for our plugin.
        sender: what does OMEMO there. gajim-omemo speaks 0.3 alone, so that both
            readers have the same to do.

    Returns:
        By the name of what does OMEMO: milliseconds of the main thread for each
        message (`ms`), and of the longest call (`longest_ms`).
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        # Or some messages would come twice, once from the archive
        Scene(["ann", "ben", "cat"], Path(folder), without=["offline"]) as scene,
    ):
        readers = {
            omemo: scene.gajim(SUITE, "ben", omemo, f"ben-{omemo}") for omemo in RIVALS
        }
        ann = scene.gajim(SUITE, "ann", sender)
        jid = readers[OURS].account.jid
        for gajim in (*readers.values(), ann):
            gajim.start()
        server = scene.server
        for one, other in ((ann.account.jid, jid), (jid, ann.account.jid)):
            wait_for(
                f"{other} knows the devices of {one}",
                partial(server.delivered_device_list, one, other),
            )
        wait_for(
            "ann knows both devices",
            lambda: any(
                line.startswith(f"> {ann.account.jid}/")
                and f"from='{jid}'" in line
                and line.count("<device ") == len(RIVALS)
                for line in server.stanzas_with("axolotl.devicelist")
            ),
        )
        ann.open_chat(jid, "OMEMO")
        ann.send("first")
        for omemo, reader in readers.items():
            reader.open_chat(ann.account.jid, "OMEMO")
            reader.wait_for_message("first")
            # Both sides of each session have been heard
            reader.send(f"answer of {omemo}")
            ann.wait_for_message(f"answer of {omemo}")
        # A chat on screen takes Gajim longer with each message in it
        for gajim in (ann, *readers.values()):
            gajim.open_chat("cat@localhost")
        for omemo, reader in readers.items():
            reader.set_online(False)
            reader.call(
                "start_stopwatch", part=FILES[omemo], account=reader.account.name
            )
        readers[OURS].call(
            "let_time_pass", account=readers[OURS].account.name, seconds=away
        )
        texts = [f"message {number}" for number in range(count)]
        send_all(ann, texts, jid)
        return {
            omemo: _catch_up(readers[omemo], ann.account.jid, texts) for omemo in RIVALS
        }


def has_kept(gajim: Gajim, jid: str, text: str) -> bool:
    return any(row["text"] == text for row in gajim.history(jid))


def send_all(ann: Gajim, texts: list[str], jid: str) -> None:
    for start in range(0, len(texts), BURST):
        burst = texts[start : start + BURST]
        ann.call(
            "send_all_past_the_window",
            account=ann.account_name,
            jid=jid,
            texts=burst,
        )
        wait_for(
            "the last of them has been sent",
            partial(has_kept, ann, jid, burst[-1]),
            TIMEOUT,
            0.5,
        )


def _catch_up(reader: Gajim, ann_jid: str, texts: list[str]) -> Measured:
    reader.set_online(True)
    wait_for(
        "the last message has been read",
        lambda: any(row["text"] == texts[-1] for row in reader.history(ann_jid)),
        TIMEOUT,
        1,
    )
    # The bench is of messages that could be read. A long view does not show all
    history = reader.history(ann_jid)
    encrypted = {row["text"] for row in history if row["encrypted"]}
    missing = sorted(set(texts) - encrypted)
    assert not missing, f"{reader.name} did not decrypt {missing[:5]}"
    found: list[Stopwatch | None] = [None]

    def unchanged() -> bool:
        found.append(reader.call("stopwatch"))
        return found[-1] == found[-2]

    wait_for("the later work is done", unchanged, TIMEOUT, 3)
    measured = found[-1]
    assert measured is not None
    total = measured["handlers_ms"] + measured["later_ms"]
    # A plugin looks at a message more than once: at each protocol in it, and at what
    # stands beside
    calls = measured["handler_calls"]
    assert len(texts) <= calls < 4.2 * len(texts), measured
    return {**measured, "ms": total / len(texts)}
