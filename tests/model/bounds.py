# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events of the model, and their bounds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust

# The devices: their names, accounts and protocols
ALICE, BOB, OLD = DEVICES = range(3)
NAMES = ("alice", "bob", "old")
JIDS = ("alice@test", "bob@test", "bob@test")
PROTOCOLS = (tuple(Protocol), tuple(Protocol), (Protocol.LEGACY,))


class Kind(Enum):
    """The kind of an event; the value is its cost in faults."""

    SEND = ("send", 0)
    DELIVER = ("deliver", 0)
    CAUGHT_UP = ("caught up", 0)
    COPY = ("copy the store", 0)
    HOLD = ("hold back", 1)
    OVERTAKE = ("deliver out of order", 1)
    REPEAT = ("deliver again", 1)
    TEAR = ("deliver one element", 1)
    UNSAVED = ("deliver, not committed", 1)
    KILL = ("kill", 1)
    RESTORE = ("put the copy back", 1)
    LIST = ("another device list", 1)
    ROTATE = ("a new bundle", 1)
    FORGE = ("another key in a bundle", 1)
    DECIDE = ("decide", 0)

    @property
    def cost(self) -> int:
        return self.value[1]

    def __str__(self) -> str:
        return self.value[0]


# The device lists that a server shows Alice of Bob's account, beside the true ones
LISTS: dict[str, tuple[Protocol, tuple[int, ...]] | None] = {
    "true": None,
    "OMEMO 2 hidden": (Protocol.OMEMO_2, ()),
    "old device hidden": (Protocol.LEGACY, (BOB,)),
    "OMEMO 0.3 hidden": (Protocol.LEGACY, ()),
}

# What Alice can decide, about which device
DECISIONS = (
    (OLD, Trust.DISTRUSTED),
    (OLD, Trust.BLIND),
    (BOB, Trust.VERIFIED),
    (BOB, Trust.DISTRUSTED),
)

# The number of a message: its sender, and how many that device had made before
Number = tuple[int, int]


@dataclass(frozen=True)
class Event:
    """
    Something that happens.

    Attributes:
        device: to which device.
        number: of a message.
        what: which elements of it, a device list, or a decision.
    """

    kind: Kind
    device: int
    number: Number | None = None
    what: str = ""

    def __str__(self) -> str:
        parts = [str(self.kind), NAMES[self.device]]
        if self.number is not None:
            parts.append(f"{NAMES[self.number[0]]}'s {self.number[1]}")
        if self.what:
            parts.append(self.what)
        return ": ".join((parts[0], ", ".join(parts[1:])))


@dataclass(frozen=True)
class Bounds:
    """
    The largest number of each kind of event in one run.

    Attributes:
        messages: that are written.
        faults: see `Kind`.
        decisions: of Alice.
        kinds: the faults that may happen.
        pending: deliveries that may wait while somebody writes. What a fault holds
            back does not count.
        senders: how many devices write: Alice alone, Bob's first too, or all.
        answers_wait: an empty message is delivered as any other one. Otherwise it
            is delivered at once, before anything else happens.
    """

    messages: int
    faults: int
    decisions: int = 0
    kinds: frozenset[Kind] = frozenset(Kind)
    pending: int = 100
    senders: int = 3
    answers_wait: bool = False

    def __str__(self) -> str:
        wait = "" if self.pending >= 100 else f", {self.pending} deliveries pending"
        left = [kind.name for kind in Kind if kind.cost and kind in self.kinds]
        everything = len(left) == sum(kind.cost > 0 for kind in Kind)
        only = "" if everything or not self.faults else f" ({', '.join(left)})"
        return (
            f"{self.messages} messages of {self.senders} devices{wait},"
            f" {self.faults} faults{only}, {self.decisions} decisions"
            + (", answers wait" if self.answers_wait else "")
        )
