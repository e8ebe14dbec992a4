# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Explores all states, depth first. An engine cannot be copied, but a process can: each
event happens in a child that was forked for it, and the parent goes on from where it
was. All of them share the table of the states that have been seen.
"""

from __future__ import annotations

import fcntl
import gc
import mmap
import os
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .bounds import Bounds
from .bounds import Event
from .choices import events
from .world import World

_SLOT = 16
_HEAD = 64
# Memory that is not used is not there
_SLOTS = 2**24
_STATES, _EVENTS, _DEEPEST, _STOP = range(4)
_FAILED = 3


class Seen:
    """The digests of the states that were seen, and figures, for all processes."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._memory = mmap.mmap(-1, _HEAD + slots * _SLOT)
        self._lock = tempfile.TemporaryFile()  # noqa: SIM115 - as long as this

    def add(self, digest: bytes) -> bool:
        """Note a state; say whether it is new."""
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            at = int.from_bytes(digest[:8], "big") % self._slots
            for _ in range(self._slots):
                place = _HEAD + at * _SLOT
                found = self._memory[place : place + _SLOT]
                if found == digest:
                    return False
                if not any(found):
                    self._memory[place : place + _SLOT] = digest
                    self._count(_STATES, 1)
                    return True
                at = (at + 1) % self._slots
            raise MemoryError("there are more states than slots")
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)

    def count_event(self, depth: int) -> None:
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        self._count(_EVENTS, 1)
        self._count(_DEEPEST, max(0, depth - self.figure(_DEEPEST)))
        fcntl.lockf(self._lock, fcntl.LOCK_UN)

    def stop(self) -> None:
        self._count(_STOP, 1)

    def figure(self, which: int) -> int:
        return int.from_bytes(self._memory[which * 8 : which * 8 + 8], "big")

    def _count(self, which: int, more: int) -> None:
        value = self.figure(which) + more
        self._memory[which * 8 : which * 8 + 8] = value.to_bytes(8, "big")


@dataclass(frozen=True)
class Outcome:
    """
    The results of an exploration.

    Attributes:
        wrong: the events that led to a violation, and the violation; empty if
            there was none.
        complete: whether all states within the bounds were seen.
    """

    states: int
    events: int
    deepest: int
    seconds: float
    complete: bool
    wrong: str = ""

    def __str__(self) -> str:
        return (
            f"{self.states} states, {self.events} events, at most {self.deepest} in a"
            f" row, {self.seconds:.0f} s{'' if self.complete else ', NOT ALL'}"
        )


class Explorer:
    """Explores from one state on."""

    def __init__(
        self, world: World, bounds: Bounds, *, seconds: float, jobs: int
    ) -> None:
        self._world = world
        self._bounds = bounds
        self._jobs = jobs
        self._seen = Seen(_SLOTS)
        self._begun = time.monotonic()
        self._until = self._begun + seconds
        self._report = Path(tempfile.mkstemp()[1])
        self._trace: list[Event] = []
        self._backwards = False

    def explore(self) -> Outcome:
        """Look at all states."""
        self._seen.add(self._world.digest())
        # What a child does not touch it need not copy
        gc.collect()
        gc.freeze()
        gc.disable()
        children = [
            self._fork(partial(self._work, number)) for number in range(self._jobs)
        ]
        for child in children:
            self._wait(child)
        gc.enable()
        wrong = self._report.read_text()
        self._report.unlink()
        figure = self._seen.figure
        return Outcome(
            figure(_STATES),
            figure(_EVENTS),
            figure(_DEEPEST),
            time.monotonic() - self._begun,
            not figure(_STOP),
            wrong,
        )

    def _work(self, number: int) -> None:
        # Two workers meet in the middle
        self._backwards = number % 2 == 1
        self._go_on()

    def _go_on(self) -> None:
        """Explore what follows from this state."""
        while following := events(self._world, self._bounds):
            if self._backwards:
                following.reverse()
            for event in following[:-1]:
                if self._must_stop():
                    return
                self._wait(self._fork(partial(self._happen, event)))
            # Nothing comes after the last one: it needs no process of its own
            if self._must_stop() or not self._is_new(following[-1]):
                return

    def _must_stop(self) -> bool:
        if time.monotonic() > self._until:
            self._seen.stop()
        return bool(self._seen.figure(_STOP))

    def _happen(self, event: Event) -> None:
        if self._is_new(event):
            self._go_on()

    def _is_new(self, event: Event) -> bool:
        """Have an event happen; say whether the state was not seen before."""
        self._trace.append(event)
        self._seen.count_event(len(self._trace))
        try:
            self._world.apply(event)
            digest = self._world.digest()
        except Exception as error:
            self._seen.stop()
            self._tell(error)
            os._exit(_FAILED)
        return self._seen.add(digest)

    def _tell(self, error: Exception) -> None:
        steps = [f"  {number}. {one}" for number, one in enumerate(self._trace, 1)]
        where = traceback.format_exception(error)[-4:]
        with self._report.open("a") as file:
            file.write("\n".join([*steps, *where]))

    @staticmethod
    def _fork(work: Callable[[], None]) -> int:
        child = os.fork()
        if child:
            return child
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    def _wait(self, child: int) -> None:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status not in (0, _FAILED):
            self._seen.stop()
            with suppress(OSError), self._report.open("a") as file:
                file.write(f"a process ended with {status}\n")
