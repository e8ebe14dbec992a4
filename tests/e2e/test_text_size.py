# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of twice the size in a narrow window: nothing is cut, or wider than that."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.e2e.conversation import open_chats
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

# In pixels
NARROW = 400

DETAILS = "Encryption details"
# Windows of the plugin about people and devices: what it shows, its title, and what
# opens it
WINDOWS = (
    ("contact", DETAILS, "omemo-details", ["alice", "bob@localhost"]),
    ("room", DETAILS, "omemo-details", ["alice", "den@rooms.localhost"]),
    ("own", DETAILS, "omemo-own-devices", "alice"),
    ("code", "My QR code", "omemo-code", "alice"),
    ("verify", "Verify Bob", "omemo-verify", ["alice", "bob@localhost"]),
)


def least_width(alice: Gajim, title: str) -> int:
    """How wide a window is at least; 0 if it is not there."""
    found: dict[str, int] = alice.call("least_widths")
    return next((one for name, one in found.items() if title in name), 0)


def is_closed(alice: Gajim, title: str) -> bool:
    return not least_width(alice, title)


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_windows_fit_into_400_pixels(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim("bookworm", "bob", OURS)
    phone = scene.gajim("bookworm", "alice", OURS, name="phone")
    start_all([alice, bob, phone])
    open_chats(alice, bob)
    tell(alice, bob, "before the windows")
    tell(bob, alice, "before the windows")
    alice.create_room("den@rooms.localhost")
    alice.set_affiliation("den@rooms.localhost", "bob@localhost", "member")
    for percent in (100, 200):
        alice.call("set_text_size", percent=percent)
        alice.call("set_dark", dark=percent == 200)
        for name, title, action, value in WINDOWS:
            alice.call("activate", name=action, value=value)
            width = wait_for(f"the window {title}", partial(least_width, alice, title))
            assert width <= NARROW, f"{name} at {percent} %"
            alice.call("set_window_size", title=title, width=NARROW, height=700)
            alice.screenshot(f"size-{percent}-{name}-{suite}")
            alice.call("close_window", title=title)
            wait_for(f"the end of {title}", partial(is_closed, alice, title))
