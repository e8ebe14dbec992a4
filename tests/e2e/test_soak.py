# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs die and connections break at random, and no message is lost or doubled.

`tools/soak` goes on for 10,000 messages, with another seed each time.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.soak.peer_soak import SHORT
from tests.soak.peer_soak import PeerSoak
from tests.soak.peer_soak import write_table
from tests.soak.peers import STEPS
from tests.soak.programs import PEERS
from tests.soak.soak import MODULES
from tests.soak.soak import Soak
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene

# One round of everything that may happen
MESSAGES = 200


@pytest.mark.parametrize(
    ("suite", "bobs_suite"),
    [
        pytest.param("bookworm", "bookworm", id="1.7-to-1.7"),
        pytest.param("trixie", "forky", id="2.1-to-2.6"),
    ],
)
def test_soak(new_scene: Callable[..., Scene], suite: str, bobs_suite: str) -> None:
    scene = new_scene("ann", "ben", more_modules=MODULES)
    ann = scene.gajim(suite, "ann", OURS)
    ben = scene.gajim(bobs_suite, "ben", OURS)
    Soak(scene, ann, ben, 2026, print).run(MESSAGES)


@pytest.mark.parametrize("name", PEERS)
def test_another_program(
    new_scene: Callable[..., Scene], tmp_path: Path, name: str
) -> None:
    """The same that `tools/soak --peer --short` does."""
    scene = new_scene("ann", "ben")
    peer = PEERS[name](scene)
    try:
        proved = PeerSoak(scene, peer, SHORT, print).run()
    finally:
        peer.close()
    assert {*proved.steps, *peer.without} == set(STEPS)
    table = tmp_path / "table.md"
    write_table(table, [proved])
    assert f"| {proved.program} | {proved.version} |" in table.read_text()
