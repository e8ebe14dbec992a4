# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tails 7's desktop is Wayland: the first start of Gajim, the assistants, and a contact
verified with the camera."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.gajim.program import Gajim
from tests.support.tails.camera import Camera
from tests.support.tails.gajim import PIDGIN
from tests.support.tails.gajim import WARNING
from tests.support.tails.gajim import TailsGajim
from tests.support.tails.root import USER_IDS
from tests.support.tails.station import Station
from tests.support.tails.tails import Tails
from tests.support.tails.trace import STRACE
from tests.support.waiting import wait_for
from tests.tails.confinement import check_confined
from tests.tails.confinement import check_messages
from tests.tails.steps import check_nothing_leaked
from tests.tails.steps import talk
from tests.tails.test_session import NO_TOR
from tests.tails.test_session import REFUSED
from tests.tails.test_session import TRACE
from tests.tails.verifying import picture_of_code
from tests.tails.verifying import verify_by_camera

SUITES = ("trixie",)

ACCOUNTS = """\
<?xml version='1.0' encoding='UTF-8' ?>
<account version='1.0'>
	<account>
		<protocol>prpl-jabber</protocol>
		<name>somebody@example.org/Home</name>
	</account>
</account>
"""


def use_pidgin(tails: Tails) -> None:
    """Leave an account in Pidgin's folder."""
    path = tails.home / ".purple" / "accounts.xml"
    path.parent.mkdir(mode=0o700)
    path.write_text(ACCOUNTS)
    for each in (path.parent, path):
        os.chown(each, *USER_IDS)


def test_first_session_there(station: Station, bob: Gajim, artefacts: Path) -> None:
    net = station.internet
    account = net.server.accounts[f"wanda-{station.suite}"]
    tails = station.boot(wayland=True)
    use_pidgin(tails)
    gajim = TailsGajim(tails)
    gajim.launch()
    tails.screen.wait_for(NO_TOR)
    tails.screen.choose(NO_TOR, 1)
    assert gajim.wait_for_exit() == REFUSED

    tails.connect_tor([net.server.domain])
    gajim = TailsGajim(tails, [*STRACE, "--output", TRACE, "gajim"])
    assert gajim.start() == [WARNING, PIDGIN]
    # Nothing of it is on the X server beside it
    assert gajim.call("environment", name="WAYLAND_DISPLAY")
    assert gajim.call("environment", name="DISPLAY") == ""
    gajim.show_wizard()
    gajim.picture(artefacts / "wizard.png")
    gajim.log_in(account)
    talk(gajim, bob)
    gajim.picture(artefacts / "chat.png")

    picture = picture_of_code(bob)
    camera = Camera(tails.machine, picture, tails.environment(), tails.folder)
    verify_by_camera(gajim, bob, artefacts)
    wait_for("the camera is switched off", lambda: camera.viewers() == 0)
    said = check_messages(tails, artefacts)
    for word in ("Camera.AccessCamera", "Camera.OpenPipeWireRemote"):
        assert f"org.freedesktop.portal.{word}" in said, f"{word} was not called"
    gajim.quit()
    check_nothing_leaked(tails)
    used = check_confined(tails, tails.machine.files / TRACE.lstrip("/"), artefacts)
    assert any("/pipewire" in path for path in used)
