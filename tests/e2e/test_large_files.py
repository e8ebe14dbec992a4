# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are larger than the memory they may take."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from omemo_plugin.media.cipher import encrypted_size
from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.test_downloads import opened
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.processes import give_away
from tests.support.waiting import wait_for

SIZE = 160 << 20
PIECE = 1 << 20

# What a process may take more while the file goes through it. Gajim 2.6 starts
# one for an upload, which counts with all it has
MEMORY = SIZE // 3


def write_noise(path: Path) -> str:
    """Write a file in which no two pieces are the same; return its hash."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(SIZE // PIECE):
            piece = os.urandom(PIECE)
            digest.update(piece)
            file.write(piece)
    give_away(path)
    return digest.hexdigest()


def hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Progress:
    """The percentages that a Gajim shows while something is waited for."""

    def __init__(self, gajim: Gajim) -> None:
        self.gajim = gajim
        self.seen: set[int] = set()

    def look(self) -> None:
        for text in self.gajim.call("texts_of", window="MainWindow"):
            if found := re.match(r"(\d+) %", text):
                self.seen.add(int(found[1]))

    def is_shown(self) -> bool:
        """Whether the download was on its way, and shown."""
        return len(self.seen - {0, 100}) > 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("bookworm", "trixie"), ("trixie", "forky"), ("forky", "bookworm")],
)
def test_a_large_file(new_scene: Callable[..., Scene], one: str, other: str) -> None:
    """It arrives as it was, neither Gajim holds it in memory, and both say how far
    it is."""
    scene = new_scene("ann", "ben", largest_file=encrypted_size(SIZE))
    ann = scene.gajim(one, "ann", OURS, trusts_server=True)
    ben = scene.gajim(other, "ben", OURS, trusts_server=True)
    start_all([ben, ann])
    open_chats(ann, ben)
    tell(ann, ben, "before")
    path = ann.folder / "the-whole-archive.bin"
    digest = write_noise(path)
    for gajim in (ann, ben):
        gajim.call("start_memory_meter")
    sending, receiving = Progress(ann), Progress(ben)
    ann.send_file(ben.account.jid, str(path))

    def sent() -> bool:
        sending.look()
        return any(row.text.startswith("aesgcm://") for row in ben.messages())

    # Gajim 2.6 takes its time
    wait_for("it has been sent", sent, timeout=300, interval=0.25)
    # It is more than is fetched by itself
    wait_for("it can be asked for", lambda: ben.call("press_download"))

    def arrived() -> list[Path]:
        receiving.look()
        return opened(ben)

    (copy,) = wait_for("it has arrived", arrived, timeout=120, interval=0.25)
    assert hash_of(copy) == digest
    for gajim, progress in ((ann, sending), (ben, receiving)):
        growth = gajim.call("memory_growth")
        assert growth < MEMORY, f"{gajim.name}: {growth >> 20} MiB"
        assert progress.is_shown(), f"{gajim.name}: {progress.seen}"
        log = gajim.log.read_text(errors="replace")
        assert not errors_of_our_plugin(log)
    assert not list(ann.data.rglob(".omemo-*")), "left behind"
