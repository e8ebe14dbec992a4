# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let two Gajims talk once, and print what each of them shows.

For work on the plugin: /usr/bin/python3 -m tests.e2e.talk bookworm/ours
bookworm/gajim-omemo. A side is SUITE/OMEMO, where OMEMO is ours,
ours-from-system, gajim-omemo (Debian 12) or built-in (Gajim 2).
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import Scene
from tests.support.gajim.scene import make_artefact_folder
from tests.support.processes import end_on_signals

MESSAGES = (
    ("alice", "The meeting is at noon by the old lighthouse"),
    ("bob", "I will bring the documents in a blue folder"),
    ("alice", "Nobody else knows about the lighthouse"),
)


def main() -> int:
    """Run the conversation; the exit code says whether all of it arrived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("alice", help="SUITE/OMEMO")
    parser.add_argument("bob", help="SUITE/OMEMO")
    parser.add_argument("--wait", action="store_true", help="then wait for Enter")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds")
    arguments = parser.parse_args()
    end_on_signals()
    artefacts = make_artefact_folder()
    with Scene(["alice", "bob"], artefacts) as scene:
        sides = {}
        for name in ("alice", "bob"):
            suite, _, omemo = getattr(arguments, name).partition("/")
            sides[name] = scene.gajim(suite, name, omemo)
        try:
            talk(scene, sides, arguments.timeout)
        except BaseException as error:
            print(f"FAILED: {error}", flush=True)
            if arguments.wait and not isinstance(error, KeyboardInterrupt):
                input(f"Everything still runs, see {scene.folder}. Enter ends it. ")
            print(f"Logs and pictures: {scene.keep_logs('failed')}")
            return 1
        if arguments.wait:
            input(f"Everything still runs, see {scene.folder}. Enter ends it. ")
        print(f"Logs and pictures: {scene.keep_logs('done')}")
    return 0


def talk(scene: Scene, sides: dict[str, Gajim], timeout: float) -> None:
    """Start, send each message, and check that nothing leaked."""
    start = time.monotonic()
    for side in sides.values():
        side.launch()
    for side in sides.values():
        side.wait_until_online()
        say(start, f"{side.name} is online")
    sides["alice"].open_chat(sides["bob"].account.jid, "OMEMO")
    sides["bob"].open_chat(sides["alice"].account.jid, "OMEMO")
    for sender, text in MESSAGES:
        receiver = sides["bob" if sender == "alice" else "alice"]
        sides[sender].send(text, timeout)
        row = receiver.wait_for_message(text, timeout)
        say(start, f"{receiver.name} shows {row}")
        assert row.encryption is not None, "not shown as encrypted"
    for side in sides.values():
        for row in side.rows():
            say(start, f"{side.name}: {row.type}: {row.text!r} {row.shield!r}")
    for _sender, text in MESSAGES:
        leaks = scene.server.leaks(text)
        assert not leaks, leaks


def say(start: float, text: str) -> None:
    """Print with the seconds since the start."""
    print(f"{time.monotonic() - start:6.2f} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
