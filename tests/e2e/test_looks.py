# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The windows for those who write from right to left, and for those who need more
contrast: nothing is cut, and there is a picture of each for somebody to look at."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.e2e.hostile_stage import Stage
from tests.support.gajim.program import OURS as SHORT_NAME
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from PIL import Image

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

# The smallest window covers more of the picture; a text that appears covers less
CHANGED_MIN = 0.02

LOOKS = ["right to left", "high contrast"]

# Where windows that open after the first one are laid out, and are not on the picture
# of a screen that has no window manager
NOT_ON_PICTURE = ("forky", "right to left")


def start(scene: Scene, suite: str, look: str) -> Stage:
    environment = CONTRAST[suite] if look == "high contrast" else {}
    return Stage(scene, suite, first_page=True, environment=environment)


def picture(stage: Stage, name: str) -> Image.Image:
    """What is on the screen."""
    from PIL import Image

    return Image.open(stage.alice.screenshot(name)).convert("L")


def is_drawn(shown: Image.Image, before: Image.Image | None) -> bool:
    """Whether everything on a picture has been drawn, and a window is on it."""
    from PIL import ImageChops

    size = shown.width * shown.height
    if shown.histogram()[0] >= BLACK_MAX * size:
        return False
    if before is None:
        return True
    changed = ImageChops.difference(shown, before)
    return bool(size - changed.histogram()[0] > CHANGED_MIN * size)


def check(
    stage: Stage, window: str, look: str, show: Callable[[], object] | None = None
) -> None:
    """
    Look at a window, whose title begins so.

    :param show: opens it; None where it is open
    """
    alice = stage.alice
    before = None
    if show is not None:
        if (stage.suite, look) != NOT_ON_PICTURE:
            before = picture(stage, f"look-before-{stage.suite}")
        show()

    def title() -> str:
        titles = alice.call("window_titles")
        return next((one for one in titles if one.startswith(window)), "")

    whole = wait_for(f"the window {window}", title)
    labels = wait_for("its texts", lambda: alice.call("labels_in", window=whole))
    name = f"{look} {window} {stage.suite}".replace(" ", "-")
    name = f"look-{name.lower()}"
    wait_for(f"{window} is drawn", lambda: is_drawn(picture(stage, name), before))
    cut = [one["text"] for one in labels if one["cut"]]
    assert not cut, f"{window}: {cut}"
    directions = {one["direction"] for one in labels}
    assert directions == {"rtl" if look == "right to left" else "ltr"}, window


def close(stage: Stage, window: str, look: str) -> None:
    """Close a window, and wait until it is gone from the screen."""
    alice = stage.alice
    before = picture(stage, f"look-before-{stage.suite}")
    alice.call("close_window", title=window)
    if (stage.suite, look) == NOT_ON_PICTURE:
        return
    wait_for(
        f"the end of {window}",
        lambda: is_drawn(picture(stage, f"look-before-{stage.suite}"), before),
    )


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
        # This answers it
        alice.call("close_window", title=FIRST_PAGE)
        alice.wait_until_published()
        stage.open_chat(stage.bob)
        stage.talk(stage.bob, "to be looked at")
        alice.screenshot(f"look-{look}-chat-{suite}".replace(" ", "-"))
        for window, (action, value) in WINDOWS.items():
            show = partial(alice.call, "activate", name=action, value=value)
            check(stage, window, look, show)
            close(stage, window, look)
        show = partial(alice.call, "configure_plugin", short_name=SHORT_NAME)
        check(stage, PREFERENCES, look, show)
        close(stage, PREFERENCES, look)
        leave = partial(alice.set_plugin_active, SHORT_NAME, False)
        check(stage, LEAVING, look, leave)
    finally:
        stage.close()
