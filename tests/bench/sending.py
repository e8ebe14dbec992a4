# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What sending to a contact costs a real Gajim 1.7.3: the CPU time of its main thread for
each message, and the time from the key press until the connection has it.

Gajims with our plugin, with gajim-omemo, and without any OMEMO (the control) send to
the same contact in turn. What counts is what is above the control
of the same round: all of Gajim's own work is in it.
"""

from __future__ import annotations

import statistics
import tempfile
from functools import partial
from pathlib import Path
from typing import TypedDict

from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import NO_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

SUITE = "bookworm"
ROUNDS = 3
TIMEOUT = 300.0
# If the control of one round takes so much longer than that of another, the machine
# has changed its speed, or had other things to do
STEADY = 1.25


class Sending(TypedDict):
    """Medians of all rounds, in milliseconds for each message."""

    cpu: float
    above_control: float
    press_to_wire: float


class Measured(TypedDict):
    """What one Gajim measured; see `tests/support/gajim/driver/send_meter`."""

    seconds: float
    press_to_wire: list[float]


class Result(TypedDict):
    """
    Attributes:
        steady: whether the control took about as long in each round.
    """

    of: dict[str, Sending]
    steady: bool


def measure(count: int, rounds: int = ROUNDS) -> Result:
    """
    Send messages one after the other, and time that.

    Args:
        count: messages in each round, of each Gajim.
    """
    kinds = {"ann": OURS, "amy": GAJIM_OMEMO, "abe": NO_OMEMO}
    with (
        tempfile.TemporaryDirectory() as folder,
        Scene([*kinds, "ben", "cat"], Path(folder)) as scene,
    ):
        ben = scene.gajim(SUITE, "ben", OURS)
        ben.start()
        senders = {}
        for name, omemo in kinds.items():
            senders[omemo] = scene.gajim(SUITE, name, omemo)
            _meet(scene, senders[omemo], ben, encrypted=omemo != NO_OMEMO)
        # A chat on screen takes Gajim longer with each message in it
        ben.open_chat("cat@localhost")
        found: dict[str, list[Measured]] = {omemo: [] for omemo in senders}
        for _ in range(rounds):
            for omemo, sender in senders.items():
                sender.set_online(True)
                sender.open_chat(ben.account.jid)
                found[omemo].append(_send(sender, count))
                sender.set_online(False)
    return _summary(found, count)


def _meet(scene: Scene, sender: Gajim, reader: Gajim, *, encrypted: bool) -> None:
    """Start a sender, and let both sides of the session be heard."""
    sender.start()
    jids = sender.account.jid, reader.account.jid
    if encrypted:
        for one, other in (jids, jids[::-1]):
            wait_for(
                f"{other} knows the devices of {one}",
                partial(scene.server.delivered_device_list, one, other),
            )
    sender.open_chat(reader.account.jid, "OMEMO" if encrypted else "")
    sender.send("first")
    if encrypted:
        reader.open_chat(sender.account.jid, "OMEMO")
        reader.wait_for_message("first")
        reader.send("answer")
        sender.wait_for_message("answer")
    sender.set_online(False)


def _send(sender: Gajim, count: int) -> Measured:
    sender.call("measure_sending", account=sender.account.name, count=count)
    found: list[Measured | None] = []

    def done() -> bool:
        found.append(sender.call("sending_measured"))
        return found[-1] is not None

    wait_for("all messages are sent", done, TIMEOUT, 2)
    measured = found[-1]
    assert measured is not None
    assert len(measured["press_to_wire"]) == count
    return measured


def _summary(found: dict[str, list[Measured]], count: int) -> Result:
    cpu = {
        omemo: [one["seconds"] * 1000 / count for one in rounds]
        for omemo, rounds in found.items()
    }
    control = cpu[NO_OMEMO]
    of: dict[str, Sending] = {
        omemo: {
            "cpu": statistics.median(times),
            "above_control": statistics.median(
                time - plain for time, plain in zip(times, control, strict=True)
            ),
            "press_to_wire": statistics.median(
                wait for one in found[omemo] for wait in one["press_to_wire"]
            ),
        }
        for omemo, times in cpu.items()
    }
    return {"of": of, "steady": max(control) < STEADY * min(control)}
