# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""In a Tails, a contact is verified by the contact's code."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tails_integration.policy import FOLDER
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import tell
from tests.e2e.test_verify import drawn
from tests.support.gajim.program import DriverError
from tests.support.gajim.program import Gajim
from tests.support.tails.gajim import TailsGajim
from tests.support.tails.root import USER_IDS
from tests.support.tails.wayland import WaylandScreen
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for

CODE = Path(FOLDER, "code.png")
# The window of xdg-desktop-portal-gtk
PORTAL = "Question"


def picture_of_code(bob: Gajim) -> Path:
    """A picture of the code that Bob's Gajim shows."""
    bob.call("activate", name="omemo-code", value=bob.account_name)
    # Gajim 1.7 has windows without a title besides
    wait_for("the code is shown", lambda: _shows_code(bob))
    picture = wait_for("the code is drawn", lambda: drawn(bob))
    assert picture is not None
    bob.call("close_other_windows")
    return picture


def _shows_code(bob: Gajim) -> bool:
    return any("My QR code" in title for title in bob.call("window_titles"))


def verify_by_file(gajim: TailsGajim, bob: Gajim, artefacts: Path) -> None:
    """Open the picture in the window for verifying, and agree."""
    place = gajim.tails.machine.files / CODE.relative_to("/")
    shutil.copy(picture_of_code(bob), place)
    os.chown(place, *USER_IDS)
    title = _open(gajim, bob)
    _press(gajim, title, "Neither")
    _press(gajim, title, "I have Bob’s code already")
    _press(gajim, title, "Open image…")
    wait_for(
        "it asks for a file",
        lambda: "FileChooserDialog" in gajim.call("window_class_names"),
    )
    wait_for("it is chosen", lambda: gajim.call("choose_file", path=str(CODE)))
    _press(gajim, title, "Bob gave or showed it to me in person")
    gajim.picture(artefacts / "verify-how-it-came.png")
    _press(gajim, title, "Verify")
    _expect_verified(gajim, bob, title, artefacts)


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
