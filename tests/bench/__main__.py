# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
How long things take, beside gajim-omemo in Debian 12 and beside omemo-dr, which
Gajim has built in, in Debian 13, in one run.

Both sides do all their real work with their real stores on the same disk: ours
commits what it received in batches of a hundred, as behind Gajim, and waits
for the disk before each message it sends. Wall-clock time, median of several
rounds in which the two take turns. The figures are of one machine; what counts
is their ratio.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from omemo_plugin.engine.libraries import load

load()

from omemo_plugin.engine.engine import OmemoEngine  # noqa: E402
from omemo_plugin.engine.values import EncryptedMessage  # noqa: E402
from omemo_plugin.engine.values import Protocol  # noqa: E402
from tests.bench import gajim_omemo  # noqa: E402
from tests.bench import omemo_dr  # noqa: E402
from tests.support.crowd import add_crowd  # noqa: E402
from tests.support.scene import GAJIM_OMEMO  # noqa: E402
from tests.support.scene import OURS  # noqa: E402
from tests.support.world import Peer  # noqa: E402
from tests.support.world import World  # noqa: E402

LEGACY = (Protocol.LEGACY,)
CROWD = "crowd@test"
TEXT = b"The meeting is at noon by the old lighthouse."
BATCH = 100
MONTH = 35 * 24 * 3600
PEERS: tuple[Any, ...] = (gajim_omemo, omemo_dr)

Row = dict[str, Any]


@contextmanager
def a_world() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        yield world
        world.close()


def timed(call: Callable[[], None]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def row(name: str, peer: Any, ours: list[float], theirs: list[float]) -> Row:
    ours_ms, peer_ms = statistics.median(ours), statistics.median(theirs)
    return {
        "name": name,
        "ours_ms": round(ours_ms, 2),
        "peer": peer.NAME,
        "peer_ms": round(peer_ms, 2),
        "ratio": round(peer_ms / ours_ms, 2),
    }


def confirm(sender: Peer, theirs: Any) -> None:
    """A session both sides have used."""
    first = sender.encrypt(b"first", theirs.jid).messages[0]
    theirs.decrypt(theirs.to_theirs(first), sender.jid)
    answer = theirs.empty_message(sender.device)
    sender.engine.decrypt(theirs.jid, [answer])


def decrypt(peer: Any, count: int, devices: int, rounds: int) -> Row:
    ours_ms: list[float] = []
    theirs_ms: list[float] = []
    with a_world() as world:
        ben = world.peer("ben@test", protocols=LEGACY)
        cat = peer.Peer("cat@test", world.folder / "cat.db")
        cat.publish(world)
        senders = [world.peer("ann@test", protocols=LEGACY) for _ in range(devices)]
        for sender in senders:
            # Or two would take the same prekey
            ben.clock.now += 60
            ben.carry_out(ben.engine.tick())
            cat.publish(world)
            sender.send(b"first", ben)
            confirm(sender, cat)
            ben.send(b"answer", sender)
        ben.engine.commit()

        def ours_run(messages: list[EncryptedMessage]) -> None:
            for number, message in enumerate(messages, 1):
                ben.engine.decrypt("ann@test", [message])
                if number % BATCH == 0:
                    ben.engine.commit()
            ben.engine.commit()

        def theirs_run(messages: list[Any]) -> None:
            for message in messages:
                cat.decrypt(message, "ann@test")

        for _ in range(rounds):
            batches: dict[str, list[EncryptedMessage]] = {}
            for jid in ("ben@test", "cat@test"):
                batches[jid] = [
                    sender.encrypt(TEXT, jid).messages[0]
                    for _ in range(count // devices)
                    for sender in senders
                ]
            theirs = [cat.to_theirs(message) for message in batches["cat@test"]]

            messages = batches["ben@test"]
            ours_ms.append(timed(partial(ours_run, messages)))
            theirs_ms.append(timed(partial(theirs_run, theirs)))
        cat.close()
    return row(f"decrypt-{count}x{devices}", peer, ours_ms, theirs_ms)


def encrypt(peer: Any, devices: int, rounds: int) -> Row:
    ours_ms: list[float] = []
    theirs_ms: list[float] = []
    with a_world() as world:
        ann = world.peer("ann@test", protocols=LEGACY)
        cat = peer.Peer("cat@test", world.folder / "cat.db")
        cat.publish(world)
        for _ in range(devices):
            ben = world.peer("ben@test", protocols=LEGACY)
            ann.clock.now += 60
            ann.carry_out(ann.engine.tick())
            cat.publish(world)
            cat.meet(world, ben.device)
            # Each answers, or all messages would be key exchanges
            ben.send(b"hello", ann)
            answer = ben.encrypt(b"hello", "cat@test").messages[0]
            cat.decrypt(cat.to_theirs(answer), "ben@test")
        ann.encrypt(TEXT, "ben@test")
        text = TEXT.decode()

        def ours_run() -> None:
            sent = ann.engine.encrypt(["ben@test"], {Protocol.LEGACY: TEXT})
            ann.engine.flush()
            assert len(sent.readers) == devices

        def theirs_run() -> None:
            assert cat.encrypt("ben@test", text) == devices

        for _ in range(rounds):
            ours_ms.append(timed(ours_run))
            theirs_ms.append(timed(theirs_run))
        cat.close()
    return row(f"encrypt-{devices}", peer, ours_ms, theirs_ms)


def build_session(peer: Any, rounds: int) -> Row:
    """From a bundle to the first message that may leave."""
    ours_ms: list[float] = []
    theirs_ms: list[float] = []
    with a_world() as world:
        ann = world.peer("ann@test", protocols=LEGACY)
        cat = peer.Peer("cat@test", world.folder / "cat.db")
        others = [
            world.peer(f"ben{number}@test", protocols=LEGACY)
            for number in range(rounds)
        ]

        def ours_run(other: Peer) -> None:
            bundle = world.bundles[other.device, Protocol.LEGACY]
            ann.engine.bundle_received(other.device, bundle)
            ann.engine.encrypt([other.jid], {Protocol.LEGACY: TEXT})
            ann.engine.flush()

        def theirs_run(other: Peer) -> None:
            cat.meet(world, other.device)
            cat.encrypt(other.jid, TEXT.decode())

        for other in others:
            device_list = world.lists[other.jid, Protocol.LEGACY]
            ann.engine.device_list_received(other.jid, device_list)
            ours_ms.append(timed(partial(ours_run, other)))
            theirs_ms.append(timed(partial(theirs_run, other)))
        cat.close()
    return row("build-session", peer, ours_ms, theirs_ms)


def first_start(peer: Any, rounds: int) -> Row:
    """Identity, prekeys and store, up to the bundle."""
    ours_ms: list[float] = []
    theirs_ms: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def ours_run(number: int) -> None:
            engine = OmemoEngine.open(folder / f"ours{number}.db", "ann@test")
            engine._core.prekeys[Protocol.LEGACY].bundle()
            engine.flush()
            engine.close()

        def theirs_run(number: int) -> None:
            cat = peer.Peer("ann@test", folder / f"theirs{number}.db")
            cat.make_bundle()
            cat.close()

        for number in range(rounds):
            ours_ms.append(timed(partial(ours_run, number)))
            theirs_ms.append(timed(partial(theirs_run, number)))
    return row("first-start", peer, ours_ms, theirs_ms)


class AtOnce:
    """Our own engine, when all devices are encrypted for in one call."""

    NAME = "at once"


def first_message(devices: int, rounds: int) -> Row:
    """For how long the window stands still for the first message to a room: the
    longest step of it, beside all of it."""
    longest: list[float] = []
    at_once: list[float] = []
    plain = {Protocol.LEGACY: TEXT}

    def stepped(engine: OmemoEngine) -> float:
        encryption = engine.begin_encrypt([CROWD], plain)
        steps: list[float] = []
        done: list[bool] = []
        while not any(done):
            steps.append(timed(lambda: done.append(encryption.step())))
        steps.append(timed(encryption.finish))
        return max(steps)

    for _ in range(rounds):
        with a_world() as world:
            for times, run in (
                (longest, stepped),
                (at_once, lambda one: timed(lambda: one.encrypt([CROWD], plain))),
            ):
                ann = world.peer("ann@test", protocols=LEGACY)
                add_crowd(ann.engine, CROWD, devices)
                ann.engine.commit()
                times.append(run(ann.engine))
    return row(f"longest-call-{devices}", AtOnce, longest, at_once)


def receive_in_gajim(count: int) -> Row:
    from tests.bench.in_gajim import per_message

    found = per_message(count)
    ours, theirs = found["ours"]["ms"], found["gajim-omemo"]["ms"]
    return row("receive-in-gajim", gajim_omemo, [ours], [theirs])


def catch_up(count: int) -> list[Row]:
    """After a month, from the archive: for each message, and the longest for
    which the window stood still for a plugin."""
    from tests.bench.in_gajim import per_message

    # gajim-omemo sends no more than 2000 to who does not answer. From ours each
    # reader gets what it reads best, which is OMEMO 2 for our own
    sender = OURS if count > 1900 else GAJIM_OMEMO
    found = per_message(count, sender, away=MONTH)
    ours, theirs = found["ours"], found["gajim-omemo"]
    for name, one in found.items():
        print(
            f"{name}: longest call {one['longest']}, "
            f"{one['above_a_frame']} of {one['handler_calls'] + one['later_calls']} "
            "calls longer than a frame (16 ms)"
        )
    return [
        row(f"catch-up-{count}", gajim_omemo, [ours["ms"]], [theirs["ms"]]),
        row(
            "longest-call",
            gajim_omemo,
            [ours["longest_ms"]],
            [theirs["longest_ms"]],
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows")
    parser.add_argument("--only", metavar="NAME", help="only rows that start so")
    parser.add_argument(
        "--gajim", action="store_true", help="also in a real Gajim, for a minute"
    )
    parser.add_argument(
        "--catch-up",
        type=int,
        nargs="?",
        const=5000,
        metavar="N",
        help="nothing but so many archived messages in a real Gajim (5000)",
    )
    arguments = parser.parse_args()
    rows: list[Row] = []
    if arguments.catch_up is not None:
        missing = gajim_omemo.why_missing()
        if missing:
            parser.error(missing)
        rows = catch_up(arguments.catch_up)
        print_head(gajim_omemo)
        for one in rows:
            print_row(one)
        return write(rows, arguments.json)
    for peer in PEERS:
        missing = peer.why_missing()
        if missing:
            print(f"Not beside {peer.NAME}: {missing}")
        else:
            rows += run(peer, arguments.only or "", in_gajim=arguments.gajim)
    rows += run_alone(arguments.only or "")
    return write(rows, arguments.json)


def write(rows: list[Row], path: Path | None) -> int:
    """Returns the exit code."""
    if path is not None:
        path.write_text(json.dumps(rows, indent=2) + "\n")
    return 0 if rows else 1


def print_head(peer: Any) -> None:
    print(f"{'':16} {'ours':>10} {peer.NAME:>18} {'ratio':>7}   milliseconds")


def print_row(one: Row) -> None:
    print(
        f"{one['name']:16} {one['ours_ms']:10.2f} {one['peer_ms']:18.2f} "
        f"{one['ratio']:7.2f}",
        flush=True,
    )


def run_alone(only: str) -> list[Row]:
    """What is beside nothing but ourselves."""
    name = "longest-call-200"
    if not name.startswith(only):
        return []
    found = first_message(200, 5)
    print_head(AtOnce)
    print_row(found)
    return [found]


def run(peer: Any, only: str, *, in_gajim: bool) -> list[Row]:
    """All rows beside one peer; they are printed as they come."""
    peer.load()
    benches: dict[str, Callable[[], Row]] = {
        "decrypt-1000x1": lambda: decrypt(peer, 1000, 1, 5),
        "decrypt-5000x1": lambda: decrypt(peer, 5000, 1, 3),
        "decrypt-1000x50": lambda: decrypt(peer, 1000, 50, 3),
        "encrypt-1": lambda: encrypt(peer, 1, 100),
        "encrypt-10": lambda: encrypt(peer, 10, 30),
        "encrypt-50": lambda: encrypt(peer, 50, 15),
        "encrypt-200": lambda: encrypt(peer, 200, 7),
        "build-session": lambda: build_session(peer, 30),
        "first-start": lambda: first_start(peer, 10),
    }
    if in_gajim and peer is gajim_omemo:
        benches["receive-in-gajim"] = lambda: receive_in_gajim(200)
    rows = []
    print_head(peer)
    for name, bench in benches.items():
        if name.startswith(only):
            rows.append(bench())
            print_row(rows[-1])
    return rows


if __name__ == "__main__":
    sys.exit(main())
