# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Explore all states of the model, and say how many there are."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from .bounds import Bounds
from .bounds import Kind
from .explorer import Explorer
from .explorer import Outcome
from .machine import Chance
from .machine import MemoryDisk
from .machine import installed
from .plans import FINDS
from .plans import FULL
from .plans import SMALL
from .plans import only
from .planted import PLANTED
from .planted import planted
from .world import World


def explore(bounds: Bounds, seconds: float, jobs: int, mistake: str) -> Outcome:
    """Look at all states within these bounds."""
    disk, chance = MemoryDisk(), Chance()
    with (
        tempfile.TemporaryDirectory() as folder,
        installed(disk, chance),
        planted(mistake),
    ):
        wait = bounds.answers_wait
        world = World(Path(folder), disk, chance, answers_wait=wait)
        return Explorer(world, bounds, seconds=seconds, jobs=jobs).explore()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tools/model",
        description=f"{__doc__} Without arguments, the small bounds.",
    )
    add = parser.add_argument
    add("--full", action="store_true", help="larger bounds too; some minutes")
    add("--plant", choices=sorted(PLANTED), help="a mistake that has to be found")
    add("--seconds", type=float, default=24 * 3600, help="for each of the bounds")
    add("--jobs", type=int, default=1, help="processes side by side")
    own = parser.add_argument_group("bounds of your own")
    own.add_argument("--messages", type=int)
    own.add_argument("--faults", type=int, default=0)
    own.add_argument("--decisions", type=int, default=0)
    own.add_argument("--pending", type=int, default=100)
    own.add_argument("--senders", type=int, default=3)
    own.add_argument("--answers-wait", action="store_true")
    faults = [kind.name for kind in Kind if kind.cost]
    own.add_argument("--only", nargs="*", choices=faults, metavar="FAULT")
    return parser.parse_args()


def chosen_bounds(chosen: argparse.Namespace) -> tuple[Bounds, ...]:
    if chosen.plant:
        return (FINDS[chosen.plant],)
    if chosen.messages is None:
        return FULL if chosen.full else SMALL
    kinds = frozenset(Kind)
    if chosen.only is not None:
        kinds = only(*(Kind[name] for name in chosen.only))
    own = Bounds(
        chosen.messages,
        chosen.faults,
        chosen.decisions,
        kinds,
        chosen.pending,
        chosen.senders,
        chosen.answers_wait,
    )
    return (own,)


def main() -> int:
    """Print a line for each of the bounds, and what is wrong.

    :returns: 1 if anything is
    """
    chosen = arguments()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of sets is part of what a store has
        again = [sys.executable, "-m", "tests.model", *sys.argv[1:]]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        os.execve(sys.executable, again, environment)  # noqa: S606 - this program
    states = events = 0
    for bounds in chosen_bounds(chosen):
        outcome = explore(bounds, chosen.seconds, chosen.jobs, chosen.plant or "")
        states += outcome.states
        events += outcome.events
        print(f"{bounds}: {outcome}", flush=True)
        if outcome.wrong:
            print(outcome.wrong)
            return 1
    print(f"in all: {states} states, {events} events")
    return 0


if __name__ == "__main__":
    sys.exit(main())
