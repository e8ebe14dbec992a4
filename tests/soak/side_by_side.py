# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversations with several programs, each in a process of its own, because they wait
half of the time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context

from tests.soak.peer_soak import PeerSoak
from tests.soak.peer_soak import Proved
from tests.soak.programs import PEERS
from tests.support.gajim.scene import Scene
from tests.support.gajim.scene import make_artefact_folder
from tests.support.processes import end_on_signals


def say_when(start: float, text: str) -> None:
    """Print a line with the seconds since the start."""
    print(f"{time.monotonic() - start:7.1f} {text}", flush=True)


def talk_to_all(names: Sequence[str], count: int, jobs: int) -> list[Proved]:
    """Talk to programs, and return what was proved with those where nothing failed.

    :param count: texts of each side in the chat, and in the room
    """
    talk = partial(_talk_to, count, time.monotonic())
    with get_context("spawn").Pool(min(jobs, len(names))) as pool:
        rows = [row for row in pool.imap(talk, names) if row is not None]
        # Otherwise they are ended, and complain
        pool.close()
        pool.join()
    return rows


def _talk_to(count: int, start: float, name: str) -> Proved | None:
    end_on_signals()
    say = partial(say_when, start)
    with Scene(["ann", "ben"], make_artefact_folder()) as scene:
        peer = None
        try:
            peer = PEERS[name](scene)
            return PeerSoak(scene, peer, count, say).run()
        except KeyboardInterrupt:
            say(f"{name}: ended.")
        except Exception as error:
            # What the others can do is worth knowing all the same
            say(f"FAILED with {name}: {error}")
            say(f"Logs and pictures: {scene.keep_logs('failed')}")
        finally:
            if peer is not None:
                peer.close()
    return None
