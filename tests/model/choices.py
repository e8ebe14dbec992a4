# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The possible events in a state."""

from __future__ import annotations

from collections.abc import Iterator

from .bounds import ALICE
from .bounds import DECISIONS
from .bounds import DEVICES
from .bounds import LISTS
from .bounds import OLD
from .bounds import Bounds
from .bounds import Event
from .bounds import Kind
from .expected import Message
from .world import World


def events(world: World, bounds: Bounds) -> list[Event]:
    """All events that may happen now, in an order that is always the same."""
    found: list[Event] = []
    waiting = 0
    for device in DEVICES:
        deliveries = list(_deliveries(world, device))
        found += deliveries
        waiting += sum(
            one.kind in (Kind.DELIVER, Kind.OVERTAKE)
            and (device, one.number) not in world.held
            for one in deliveries
        )
    prompt = waiting <= bounds.pending
    for device in DEVICES:
        if world.peers[device].engine._core.catching_up:
            found.append(Event(Kind.CAUGHT_UP, device))
        if world.written < bounds.messages and device < bounds.senders and prompt:
            found.append(Event(Kind.SEND, device))
        found.append(Event(Kind.KILL, device))
        if device not in world.rotated:
            found.append(Event(Kind.ROTATE, device))
    found += _copies(world, bounds)
    found += _of_alice(world, bounds)
    left = bounds.faults - world.faults
    return [one for one in found if one.kind.cost <= left and one.kind in bounds.kinds]


def _deliveries(world: World, device: int) -> Iterator[Event]:
    given = world.expected.now[device].given
    waiting: set[int] = set()
    for number, message in sorted(world.messages.items()):
        if device not in message.keys:
            continue
        if number in given:
            yield Event(Kind.REPEAT, device, number)
            yield from _parts(Kind.REPEAT, device, message)
        elif (device, number) in world.held:
            yield Event(Kind.DELIVER, device, number)
        elif number[0] in waiting:
            yield Event(Kind.OVERTAKE, device, number)
        else:
            waiting.add(number[0])
            yield Event(Kind.DELIVER, device, number)
            yield Event(Kind.UNSAVED, device, number)
            yield Event(Kind.HOLD, device, number)
            yield from _parts(Kind.TEAR, device, message)


def _parts(kind: Kind, device: int, message: Message) -> Iterator[Event]:
    """One of two elements alone."""
    protocols = message.keys[device]
    if len(protocols) > 1:
        for protocol in sorted(protocols, key=lambda one: one.name):
            yield Event(kind, device, message.number, protocol.name)


def _copies(world: World, bounds: Bounds) -> Iterator[Event]:
    if world.copied is not None:
        if not any(world.expected.restores):
            yield Event(Kind.RESTORE, world.copied[0])
    elif world.faults < bounds.faults and Kind.RESTORE in bounds.kinds:
        for device in DEVICES:
            yield Event(Kind.COPY, device)


def _of_alice(world: World, bounds: Bounds) -> Iterator[Event]:
    for name in LISTS:
        if name != world.list_shown:
            yield Event(Kind.LIST, ALICE, what=name)
    if world.knows(OLD):
        yield Event(Kind.FORGE, ALICE)
    if world.decisions == bounds.decisions:
        return
    decided = world.expected.now[ALICE].decided
    for index, (device, trust) in enumerate(DECISIONS):
        if world.knows(device) and decided.get(device) is not trust:
            what = f"{index} {trust.value}"
            yield Event(Kind.DECIDE, ALICE, what=what)
