# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tails with a Persistent Storage: what is there after a restart, and what is not.

A restart is a new home with nothing in it but the folders that are kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tails_integration.persistence.bindings import HOME
from tails_integration.persistence.bindings import KEPT
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.folders import files_below
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS_FROM_SYSTEM
from tests.support.gajim.scene import Scene
from tests.support.processes import give_away
from tests.support.servers.hosts import GAJIM_VERSIONS

MakeScene = Callable[..., Scene]


def kept(gajim: Gajim) -> list[Path]:
    """The folders of this Gajim's home that Tails keeps."""
    return [gajim.home / binding.target.relative_to(HOME) for binding in KEPT]


def reboot(scene: Scene, suite: str, before: Gajim, name: str, **options: Any) -> Gajim:
    """Start anew with what was kept."""
    after = scene.gajim(suite, "alice", OURS_FROM_SYSTEM, name=name, **options)
    for old, new in zip(kept(before), kept(after), strict=True):
        shutil.rmtree(new, ignore_errors=True)
        if old.exists():
            shutil.copytree(old, new)
    give_away(after.home)
    after.start()
    return after


def with_text(folders: list[Path], text: str) -> list[Path]:
    """Files below the folders in which a text stands in clear."""
    needles = (text.encode(), text.encode("utf-16-le"))
    return [
        path
        for folder in folders
        for path, content in files_below(folder)
        if any(needle in content for needle in needles)
    ]


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_the_same_device_after_restart_and_unplugging(
    new_scene: MakeScene, suite: str
) -> None:
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS_FROM_SYSTEM)
    bob = scene.gajim(suite, "bob", OURS_FROM_SYSTEM)
    start_all([alice, bob])
    open_chats(alice, bob)
    typed = secret("nothing of this may be kept")
    alice.send(typed)
    first = bob.wait_for_message(typed)
    tell(bob, alice, "before")
    assert with_text([alice.home], typed), "Gajim writes it somewhere"
    assert not with_text(kept(alice), typed)
    alice.quit()

    second = reboot(scene, suite, alice, "after-shutdown")
    open_chats(second, bob)
    _row, seen = tell(second, bob, "after shutting down")
    assert (seen.key, seen.trust) == (first.key, first.trust)
    tell(bob, second, "after shutting down")
    typed = secret("unplugged right after this")
    second.send(typed)
    bob.wait_for_message(typed)
    second.kill()
    assert not with_text(kept(second), typed)

    third = reboot(scene, suite, second, "after-unplugging")
    open_chats(third, bob)
    _row, seen = tell(third, bob, "after unplugging")
    assert (seen.key, seen.trust) == (first.key, first.trust)
    tell(bob, third, "after unplugging")
    check_scene(scene)
