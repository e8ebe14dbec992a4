# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first days of a newcomer on a Wayland desktop, as GNOME and Tails 7 have it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e import test_walk as tasks
from tests.e2e.hostile_stage import CONTACTS
from tests.e2e.hostile_stage import Stage
from tests.e2e.walk import Walk
from tests.support.gajim.scene import Scene
from tests.support.servers.hostile import MODULE


@pytest.mark.parametrize("suite", ["trixie", "forky"])
def test_walk(new_scene: Callable[..., Scene], suite: str) -> None:
    names = [f"{name}{number}" for name in CONTACTS for number in range(1, 8)]
    scene = new_scene("alice", "bob", *names, more_modules=[MODULE])
    stage = Stage(scene, suite, accessible=True, first_page=True, wayland=True)
    try:
        stage.begin_alone()
        # It is not shown on an X display beside it
        assert stage.alice.call("environment", name="DISPLAY") == ""
        walk = Walk(stage, tasks.TASKS)
        tasks.test_the_first_messages(walk)
        tasks.test_verifying(walk)
        tasks.test_new_devices_and_another_key(walk)
        tasks.test_a_changed_key(walk)
        tasks.test_somebody_without_encryption(walk)
        tasks.test_group_chats(walk)
        tasks.test_texts_that_wait(walk)
        tasks.test_offline(walk)
        tasks.test_own_devices(walk)
        tasks.test_all_tasks_are_done(walk)
    finally:
        stage.close()
