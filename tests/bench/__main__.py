# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Measures times beside gajim-omemo in Debian 12 and beside omemo-dr, which Gajim has
built in, in Debian 13, in one run.

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

from omemo_plugin.engine.libraries import load

load()

from omemo_plugin.engine.engine import OmemoEngine  # noqa: E402
from omemo_plugin.engine.values import EncryptedMessage  # noqa: E402
from omemo_plugin.engine.values import Protocol  # noqa: E402
from tests.bench import bounds  # noqa: E402
from tests.bench import forgetting  # noqa: E402
from tests.bench import gajim_omemo  # noqa: E402
from tests.bench import omemo_dr  # noqa: E402
from tests.bench.against import compare  # noqa: E402
from tests.bench.rival import Client  # noqa: E402
from tests.bench.rival import Rival  # noqa: E402
from tests.bench.rival import Row  # noqa: E402
from tests.support.engine.fake_network import FakeNetwork  # noqa: E402
from tests.support.engine.fake_network import Peer  # noqa: E402
from tests.support.engine.many_accounts import add_crowd  # noqa: E402
from tests.support.gajim.scene import GAJIM_OMEMO  # noqa: E402
from tests.support.gajim.scene import NO_OMEMO  # noqa: E402
from tests.support.gajim.scene import OURS  # noqa: E402
from tests.support.servers.hosts import GAJIM_VERSIONS  # noqa: E402

LEGACY = (Protocol.LEGACY,)
CROWD = "crowd@test"
TEXT = b"The meeting is at noon by the old lighthouse."
BATCH = 100
MONTH = 35 * 24 * 3600
RIVALS = (gajim_omemo.RIVAL, omemo_dr.RIVAL)


@contextmanager
def fake_network() -> Iterator[FakeNetwork]:
    with tempfile.TemporaryDirectory() as folder:
        network = FakeNetwork(Path(folder))
        yield network
        network.close()


def timed(call: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def row(name: str, peer_name: str, ours: list[float], theirs: list[float]) -> Row:
    ours_ms, peer_ms = statistics.median(ours), statistics.median(theirs)
    return {
        "name": name,
        "ours_ms": round(ours_ms, 2),
        "peer": peer_name,
        "peer_ms": round(peer_ms, 2),
        "ratio": round(peer_ms / ours_ms, 2),
    }


def confirm(sender: Peer, theirs: Client) -> None:
    """A session both sides have used."""
    first = sender.encrypt(b"first", theirs.jid).messages[0]
    theirs.decrypt(theirs.to_theirs(first), sender.jid)
    answer = theirs.empty_message(sender.device)
    sender.engine.incoming.decrypt(theirs.jid, [answer])


def decrypt(peer: Rival, count: int, devices: int, rounds: int) -> Row:
    ours_ms: list[float] = []
    theirs_ms: list[float] = []
    with fake_network() as network:
        ben = network.peer("ben@test", protocols=LEGACY)
        cat = peer.client("cat@test", network.folder / "cat.db")
        cat.publish(network)
        senders = [network.peer("ann@test", protocols=LEGACY) for _ in range(devices)]
        for sender in senders:
            # Or two would take the same prekey
            ben.clock.now += 60
            ben.carry_out(ben.engine.tick())
            cat.publish(network)
            sender.send(b"first", ben)
            confirm(sender, cat)
            ben.send(b"answer", sender)
        ben.engine.commit()

        def ours_run(messages: list[EncryptedMessage]) -> None:
            for number, message in enumerate(messages, 1):
                ben.engine.incoming.decrypt("ann@test", [message])
                if number % BATCH == 0:
                    ben.engine.commit()
            ben.engine.commit()

        def theirs_run(messages: list[object]) -> None:
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
    return row(f"decrypt-{count}x{devices}", peer.name, ours_ms, theirs_ms)


def encrypt(peer: Rival, devices: int, rounds: int) -> Row:
    ours_ms: list[float] = []
    theirs_ms: list[float] = []
    with fake_network() as network:
        ann = network.peer("ann@test", protocols=LEGACY)
        cat = peer.client("cat@test", network.folder / "cat.db")
        cat.publish(network)
        for _ in range(devices):
            ben = network.peer("ben@test", protocols=LEGACY)
            ann.clock.now += 60
            ann.carry_out(ann.engine.tick())
            cat.publish(network)
            cat.meet(network, ben.device)
            # Each answers, or all messages would be key exchanges
            ben.send(b"hello", ann)
            answer = ben.encrypt(b"hello", "cat@test").messages[0]
            cat.decrypt(cat.to_theirs(answer), "ben@test")
        ann.encrypt(TEXT, "ben@test")
        text = TEXT.decode()

        def ours_run() -> None:
            sent = ann.engine.outgoing.encrypt(["ben@test"], {Protocol.LEGACY: TEXT})
            ann.engine.flush()
            assert len(sent.recipients) == devices

        def theirs_run() -> None:
            assert cat.encrypt("ben@test", text) == devices

        for _ in range(rounds):
            ours_ms.append(timed(ours_run))
            theirs_ms.append(timed(theirs_run))
        cat.close()
    return row(f"encrypt-{devices}", peer.name, ours_ms, theirs_ms)


def build_session(peer: Rival, rounds: int) -> Row:
    """From a bundle to the first message that may leave."""
    ours_ms: list[float] = []
    theirs_ms: list[float] = []
    with fake_network() as network:
        ann = network.peer("ann@test", protocols=LEGACY)
        cat = peer.client("cat@test", network.folder / "cat.db")
        others = [
            network.peer(f"ben{number}@test", protocols=LEGACY)
            for number in range(rounds)
        ]

        def ours_run(other: Peer) -> None:
            bundle = network.bundles[other.device, Protocol.LEGACY]
            ann.engine.keys.bundle_received(other.device, bundle)
            ann.engine.outgoing.encrypt([other.jid], {Protocol.LEGACY: TEXT})
            ann.engine.flush()

        def theirs_run(other: Peer) -> None:
            cat.meet(network, other.device)
            cat.encrypt(other.jid, TEXT.decode())

        for other in others:
            device_list = network.lists[other.jid, Protocol.LEGACY]
            ann.engine.keys.device_list_received(other.jid, device_list)
            ours_ms.append(timed(partial(ours_run, other)))
            theirs_ms.append(timed(partial(theirs_run, other)))
        cat.close()
    return row("build-session", peer.name, ours_ms, theirs_ms)


def first_start(peer: Rival, rounds: int) -> Row:
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
            cat = peer.client("ann@test", folder / f"theirs{number}.db")
            cat.make_bundle()
            cat.close()

        for number in range(rounds):
            ours_ms.append(timed(partial(ours_run, number)))
            theirs_ms.append(timed(partial(theirs_run, number)))
    return row("first-start", peer.name, ours_ms, theirs_ms)


# Our own engine, when all devices are encrypted for in one call
AT_ONCE = "at once"


def first_message(devices: int, rounds: int) -> Row:
    """For how long the window stands still for the first message to a room: the
    longest step of it, beside all of it."""
    longest: list[float] = []
    at_once: list[float] = []
    plain = {Protocol.LEGACY: TEXT}

    def stepped(engine: OmemoEngine) -> float:
        encryption = engine.outgoing.begin_encrypt([CROWD], plain)
        steps: list[float] = []
        done: list[bool] = []
        while not any(done):
            steps.append(timed(lambda: done.append(encryption.step())))
        steps.append(timed(encryption.finish))
        return max(steps)

    for _ in range(rounds):
        with fake_network() as network:
            for times, run in (
                (longest, stepped),
                (
                    at_once,
                    lambda one: timed(lambda: one.outgoing.encrypt([CROWD], plain)),
                ),
            ):
                ann = network.peer("ann@test", protocols=LEGACY)
                add_crowd(ann.engine, CROWD, devices)
                ann.engine.commit()
                times.append(run(ann.engine))
    return row(f"longest-call-{devices}", AT_ONCE, longest, at_once)


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
        row(f"catch-up-{count}", gajim_omemo.NAME, [ours["ms"]], [theirs["ms"]]),
        row(
            "longest-call",
            gajim_omemo.NAME,
            [ours["longest_ms"]],
            [theirs["longest_ms"]],
        ),
    ]


def dock(count: int) -> Row:
    """The work for the dock in one frame, beside the longest frame of a Gajim
    without the plugin, while so many archived messages arrive in the chat on
    screen."""
    from tests.bench.dock import frames

    found = frames(count)
    ours, bare = found[OURS], found[NO_OMEMO]
    print(
        f"longest frame: with the plugin {ours['longest_ms']:.0f} ms, without "
        f"{bare['longest_ms']:.0f} ms; the dock worked in {ours['dock_calls']} of "
        f"{ours['frames']} frames"
    )
    return row(
        f"dock-{count}",
        "a frame without",
        [ours["dock_longest_ms"]],
        [bare["longest_ms"]],
    )


def gajims(suites: list[str], rounds: int, picture_path: Path | None) -> int:
    """Everything in real Gajims. Returns the exit code."""
    from tests.bench.gajims import report
    from tests.bench.gajims.measure import Sizes
    from tests.bench.gajims.measure import measure

    def tell(what: str) -> None:
        print(what, file=sys.stderr, flush=True)

    tables = []
    for suite in suites:
        tables.append(measure(suite, rounds, Sizes(), tell))
        print(report.text(tables[-1]), end="\n\n", flush=True)
    if picture_path is not None:
        picture_path.write_text(report.picture(tables))
    return 0


ROWS: dict[str, Callable[[Rival], Row]] = {
    "decrypt-1000x1": lambda peer: decrypt(peer, 1000, 1, 5),
    "decrypt-5000x1": lambda peer: decrypt(peer, 5000, 1, 3),
    "decrypt-1000x50": lambda peer: decrypt(peer, 1000, 50, 3),
    "encrypt-1": lambda peer: encrypt(peer, 1, 100),
    "encrypt-10": lambda peer: encrypt(peer, 10, 30),
    "encrypt-50": lambda peer: encrypt(peer, 50, 15),
    "encrypt-200": lambda peer: encrypt(peer, 200, 7),
    "build-session": lambda peer: build_session(peer, 30),
    "first-start": lambda peer: first_start(peer, 10),
}
LONGEST_CALL = "longest-call-200"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows")
    parser.add_argument("--only", metavar="NAME", help="only rows that start so")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="FOLDER",
        help="beside another checkout instead, without the rows in a real Gajim",
    )
    parser.add_argument(
        "--gajim",
        nargs="*",
        metavar="SUITE",
        help="nothing but what OMEMO costs the real Gajims of these suites of Debian, "
        "or of all three: this plugin, what else does OMEMO there, and none; ten "
        "minutes for each",
    )
    parser.add_argument(
        "--rounds", type=int, default=3, metavar="N", help="with --gajim: 3"
    )
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="with --gajim: an SVG of it"
    )
    parser.add_argument(
        "--catch-up",
        type=int,
        nargs="?",
        const=5000,
        metavar="N",
        help="nothing but so many archived messages in a real Gajim (5000)",
    )
    parser.add_argument(
        "--dock",
        action="store_true",
        help="nothing but the dock while 1,000 archived messages arrive in the chat on "
        "screen of a real Gajim 1.7.3",
    )
    parser.add_argument(
        "--bounds",
        action="store_true",
        help="nothing but the worst of each input, for docs/bounds.md",
    )
    arguments = parser.parse_args()
    if arguments.bounds:
        return bounds.main()
    only: str = arguments.only or ""
    rows: list[Row] = []
    if arguments.against is not None:
        names = [one for one in (*ROWS, LONGEST_CALL) if one.startswith(only)]
        return write(compare(names, arguments.against), arguments.json)
    if arguments.gajim is not None:
        suites = arguments.gajim or list(GAJIM_VERSIONS)
        unknown = set(suites) - set(GAJIM_VERSIONS)
        if unknown:
            parser.error(f"no Gajim is known for {', '.join(sorted(unknown))}")
        return gajims(suites, arguments.rounds, arguments.picture)
    if arguments.catch_up is not None:
        missing = gajim_omemo.why_missing()
        if missing:
            parser.error(missing)
        return show(catch_up(arguments.catch_up), arguments.json)
    if arguments.dock:
        return show([dock(1000)], arguments.json)
    for peer in RIVALS:
        missing = peer.why_missing()
        if missing:
            print(f"Not beside {peer.name}: {missing}")
        else:
            rows += run(peer, only)
    rows += run_alone(only)
    return write(rows, arguments.json)


def write(rows: list[Row], path: Path | None) -> int:
    """Returns the exit code."""
    if path is not None:
        path.write_text(json.dumps(rows, indent=2) + "\n")
    return 0 if rows else 1


def show(rows: list[Row], path: Path | None) -> int:
    """Print rows that were measured together. Returns the exit code."""
    print_head(rows[0]["peer"])
    for one in rows:
        print_name(one["name"])
        print_row(one)
    return write(rows, path)


def print_head(peer_name: str) -> None:
    print(f"{'':16} {'ours':>10} {peer_name:>18} {'ratio':>7}   milliseconds")


def print_name(name: str) -> None:
    """Say which row comes next: some take half a minute."""
    print(f"{name:16} ", end="", flush=True)


def print_row(one: Row) -> None:
    print(
        f"{one['ours_ms']:10.2f} {one['peer_ms']:18.2f} {one['ratio']:7.2f}",
        flush=True,
    )


def run_alone(only: str) -> list[Row]:
    """The rows that are measured for this plugin alone."""
    found: list[Row] = []
    if LONGEST_CALL.startswith(only):
        print_head(AT_ONCE)
        print_name(LONGEST_CALL)
        found.append(first_message(200, 5))
        print_row(found[-1])
    if forgetting.NAME.startswith(only):
        print_head(forgetting.NEVER)
        for one in forgetting.rows():
            print_name(one["name"])
            print_row(one)
            found.append(one)
    return found


def run(peer: Rival, only: str) -> list[Row]:
    """All rows beside one peer; they are printed as they come."""
    peer.load()
    rows: list[Row] = []
    print_head(peer.name)
    for name, bench in ROWS.items():
        if name.startswith(only):
            print_name(name)
            rows.append(bench(peer))
            print_row(rows[-1])
    return rows


if __name__ == "__main__":
    sys.exit(main())
