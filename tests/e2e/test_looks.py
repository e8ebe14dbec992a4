# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The windows for those who write from right to left, and for those who need more
contrast: nothing is cut, and there is a picture of each for somebody to look at."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.hostile_stage import Stage
from tests.support.gajim.program import OURS as SHORT_NAME
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

FIRST_PAGE = "Encryption is on"
LEAVING = "Encryption by this plugin is off"

# How each opens, by the beginning of its title
WINDOWS: dict[str, tuple[str, str | list[str] | None]] = {
    "Encryption details": ("omemo-details", ["alice", "bob@localhost"]),
    "Verify Bob": ("omemo-verify", ["alice", "bob@localhost"]),
    "My QR code": ("omemo-code", "alice"),
    "Help on encryption": ("omemo-help", None),
}
PREFERENCES = "OMEMO encryption"

# Each toolkit has its own way, and so has libadwaita
CONTRAST = {
    "bookworm": {"GTK_THEME": "HighContrast"},
    "trixie": {"GTK_THEME": "Default:hc"},
    "forky": {"ADW_DEBUG_HIGH_CONTRAST": "1"},
}

# A window that has not been drawn is black, and so is half of a QR code
BLACK_MAX = 0.1

LOOKS = ["right to left", "high contrast"]


def start(scene: Scene, suite: str, look: str) -> Stage:
    environment = CONTRAST[suite] if look == "high contrast" else {}
    return Stage(scene, suite, first_page=True, environment=environment)


def is_drawn(stage: Stage, name: str) -> bool:
    """Take a picture. Returns whether everything on it has been drawn."""
    from PIL import Image

    picture = Image.open(stage.alice.screenshot(name)).convert("L")
    return picture.histogram()[0] < BLACK_MAX * picture.width * picture.height


def check(stage: Stage, window: str, look: str) -> None:
    """Look at a window, whose title begins so."""
    alice = stage.alice

    def title() -> str:
        titles = alice.call("window_titles")
        return next((one for one in titles if one.startswith(window)), "")

    whole = wait_for(f"the window {window}", title)
    labels = wait_for("its texts", lambda: alice.call("labels_in", window=whole))
    name = f"{look} {window} {stage.suite}".replace(" ", "-")
    wait_for(f"{window} is drawn", lambda: is_drawn(stage, f"look-{name.lower()}"))
    cut = [one["text"] for one in labels if one["cut"]]
    assert not cut, f"{window}: {cut}"
    directions = {one["direction"] for one in labels}
    assert directions == {"rtl" if look == "right to left" else "ltr"}, window


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_windows(new_scene: Callable[..., Scene], suite: str, look: str) -> None:
    stage = start(new_scene("alice", "bob"), suite, look)
    alice = stage.alice
    try:
        stage.begin_alone()
        if look == "right to left":
            alice.call("write_from_right_to_left")
        check(stage, FIRST_PAGE, look)
        alice.call("close_window", title=FIRST_PAGE)
        stage.open_chat(stage.bob)
        stage.talk(stage.bob, "to be looked at")
        alice.screenshot(f"look-{look}-chat-{suite}".replace(" ", "-"))
        for window, (action, value) in WINDOWS.items():
            alice.call("activate", name=action, value=value)
            check(stage, window, look)
            alice.call("close_window", title=window)
        alice.call("configure_plugin", short_name=SHORT_NAME)
        check(stage, PREFERENCES, look)
        alice.call("close_window", title=PREFERENCES)
        alice.set_plugin_active(SHORT_NAME, False)
        check(stage, LEAVING, look)
    finally:
        stage.close()
