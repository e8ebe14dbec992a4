# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real Gajims talk for a long time, while everything around them breaks.

Connections are lost, programs are killed and restarted, all at random. At the end
every message has to be in both histories exactly once, encrypted, and none of them
in clear on the server.

With --peer a Gajim talks to another program instead, in turn and step by step.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from functools import partial
from pathlib import Path

from tests.soak.peer_soak import LONG
from tests.soak.peer_soak import SHORT
from tests.soak.peer_soak import write_table
from tests.soak.programs import PEERS
from tests.soak.side_by_side import say_when
from tests.soak.side_by_side import talk_to_all
from tests.soak.soak import MODULES
from tests.soak.soak import Soak
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.gajim.scene import make_artefact_folder
from tests.support.processes import end_on_signals
from tests.support.servers.hosts import GAJIM_VERSIONS

TABLE = Path(__file__).parents[2] / "docs" / "interoperability.md"


def main() -> int:
    """Run it; the exit code says whether all went well."""
    parser = argparse.ArgumentParser(prog="tools/soak", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000, metavar="N")
    parser.add_argument(
        "--gajim",
        default="bookworm,bookworm",
        metavar="SUITE,SUITE",
        help=f"of {', '.join(GAJIM_VERSIONS)}; bookworm twice if not given",
    )
    parser.add_argument(
        "--seed", type=int, help="what was printed, to have the same again"
    )
    parser.add_argument(
        "--peer",
        choices=[*PEERS, "all"],
        help="another program in the place of the second Gajim",
    )
    parser.add_argument(
        "--short", action="store_true", help="50 messages each way with --peer"
    )
    parser.add_argument(
        "--table",
        action="store_true",
        help="write what --peer all has proved to docs/interoperability.md",
    )
    parser.add_argument(
        "--jobs", type=int, default=2, metavar="N", help="other programs side by side"
    )
    arguments = parser.parse_args()
    if arguments.table and (arguments.peer != "all" or arguments.short):
        parser.error("--table writes the whole table: it goes with --peer all")
    if arguments.peer is not None:
        return _talk_to_peers(arguments)
    suites = arguments.gajim.split(",")
    if len(suites) != 2 or not set(suites) <= set(GAJIM_VERSIONS):
        parser.error(f"--gajim takes two of {', '.join(GAJIM_VERSIONS)}")
    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
    end_on_signals()
    say = partial(say_when, time.monotonic())
    say(f"seed {seed}")
    with Scene(["ann", "ben"], make_artefact_folder(), more_modules=MODULES) as scene:
        ann, ben = (
            scene.gajim(suite, name, OURS)
            for suite, name in zip(suites, ("ann", "ben"), strict=True)
        )
        try:
            Soak(scene, ann, ben, seed, say).run(arguments.messages)
        except KeyboardInterrupt:
            say("Ended.")
            return 130
        except Exception as error:
            say(f"FAILED with seed {seed}: {error}")
            say(f"Logs and pictures: {scene.keep_logs('failed')}")
            return 1
    return 0


def _talk_to_peers(arguments: argparse.Namespace) -> int:
    names = list(PEERS) if arguments.peer == "all" else [arguments.peer]
    count = SHORT if arguments.short else min(arguments.messages, LONG)
    end_on_signals()
    try:
        rows = talk_to_all(names, count, arguments.jobs)
    except KeyboardInterrupt:
        return 130
    if len(rows) < len(names):
        return 1
    if arguments.table:
        write_table(TABLE, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
