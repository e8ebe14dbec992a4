# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""In a Tails, a contact is verified by the contact's code."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conversation import open_chats
from tests.e2e.conversation import tell
from tests.e2e.test_verify import drawn
from tests.support.gajim.program import DriverError
from tests.support.gajim.program import Gajim
from tests.support.tails.gajim import TailsGajim
from tests.support.tails.wayland import WaylandScreen
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for

# The window of xdg-desktop-portal-gtk
PORTAL = "Question"


def picture_of_code(bob: Gajim) -> Path:
    """A picture of the code that Bob's Gajim shows."""
    bob.call("activate", name="omemo-code", value=bob.account_name)
    wait_for("the code is shown", lambda: len(bob.call("window_titles")) == 2)
    picture = wait_for("the code is drawn", lambda: drawn(bob))
    assert picture is not None
    bob.call("close_other_windows")
    return picture


def verify_by_camera(gajim: TailsGajim, bob: Gajim, artefacts: Path) -> None:
    """Hold Bob's code before the camera, which the desktop's portal asks for first."""
    screen = gajim.tails.screen
    assert isinstance(screen, WaylandScreen)
    title = _open(gajim, bob)
    _press(gajim, title, "We are in the same place")
    screen.wait_for(PORTAL)
    gajim.picture(artefacts / "verify-by-camera.png")
    screen.windows.press(PORTAL, "Grant Access")
    _expect_verified(gajim, bob, title, artefacts)


def _open(gajim: TailsGajim, bob: Gajim) -> str:
    """Open the window; return its title."""
    open_chats(gajim, bob)
    assert tell(bob, [gajim], "before")[1].trust == "BLIND"
    value = [gajim.account_name, bob.account.jid]
    gajim.call("activate", name="omemo-verify", value=value)
    return wait_for("the window is open", lambda: _title(gajim))


def _expect_verified(
    gajim: TailsGajim, bob: Gajim, title: str, artefacts: Path
) -> None:
    try:
        wait_for("it says so", lambda: "Bob is verified" in _words(gajim))
    except TooLate as error:
        raise TooLate(f"{error}: {_words(gajim)}") from None
    gajim.picture(artefacts / "verified.png")
    gajim.call("close_window", title=title)
    assert tell(bob, [gajim], "verified")[1].trust == "VERIFIED"


def _title(gajim: TailsGajim) -> str:
    titles: list[str] = gajim.call("window_titles")
    return next((title for title in titles if title.startswith("Verify ")), "")


def _words(gajim: TailsGajim) -> str:
    return " ".join(gajim.call("window_texts"))


def _press(gajim: TailsGajim, title: str, words: str) -> None:
    """Press what says this, as soon as it is there."""

    def pressed() -> bool:
        found = [one for one in _buttons(gajim, title) if one.startswith(words)]
        try:
            gajim.call("press", window=title, words=(found or [words])[0])
        except DriverError:
            return False
        return True

    wait_for(f"{words!r} can be pressed", pressed, 30, 0.2)


def _buttons(gajim: TailsGajim, title: str) -> list[str]:
    buttons: list[str] = gajim.call("buttons", window=title)
    return buttons
