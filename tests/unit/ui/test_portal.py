# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desktop's portal, on a bus of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gi", reason="to test the portal, install python3-gi")

from gi.repository import Gio
from gi.repository import GLib

from omemo_plugin.ui.capture import portal
from tests.support.gajim.program import DBUS_CONFIG
from tests.support.waiting import PATIENCE

PORTAL = Path(__file__).parents[2] / "support" / "gajim" / "portal.py"


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a bus without a portal, that is asked for one."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("to test the portal, install dbus-daemon")
    configuration = tmp_path / "bus.conf"
    configuration.write_text(DBUS_CONFIG.format(folder=tmp_path))
    daemon = subprocess.Popen(
        ["dbus-daemon", f"--config-file={configuration}", "--print-address"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().strip()
        flags = (
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        )
        connection = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        connection.set_exit_on_close(False)
        monkeypatch.setattr(portal, "_bus", lambda: connection)
        yield address
        connection.close_sync(None)
    finally:
        daemon.kill()
        daemon.wait()
        if daemon.stdout is not None:
            daemon.stdout.close()


@pytest.fixture
def copy(bus: str, tmp_path: Path) -> Iterator[Path]:
    """The picture that the portal makes. The first time it refuses."""
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"a picture")
    copy = tmp_path / "with a space.png"
    service = subprocess.Popen(
        [sys.executable, "-I", PORTAL, picture, copy],
        stdout=subprocess.PIPE,
        env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": bus},
        text=True,
    )
    try:
        assert service.stdout is not None
        assert service.stdout.readline() == "ready\n"
        yield copy
    finally:
        service.kill()
        service.wait()
        if service.stdout is not None:
            service.stdout.close()


def ask(call: Callable[[Callable[..., None]], None]) -> Any:
    """Ask, and wait for the answer in the main loop."""
    answers: list[Any] = []
    call(lambda *answer: answers.append(answer))
    end = time.monotonic() + PATIENCE
    context = GLib.MainContext.default()
    while not answers and time.monotonic() < end:
        if not context.iteration(may_block=False):
            time.sleep(0.005)
    (answer,) = answers
    return answer


@pytest.mark.usefixtures("bus")
def test_no_portal() -> None:
    assert not portal.has_camera()
    assert not portal.has_screenshot()
    assert ask(portal.open_camera) == (-1, False)
    assert ask(portal.take_screenshot) == (None,)


def test_the_screen(copy: Path) -> None:
    assert portal.has_screenshot()
    assert ask(portal.take_screenshot) == (None,)
    assert not copy.exists()
    assert ask(portal.take_screenshot) == (b"a picture",)
    # Nothing of the screen stays on the disk
    assert not copy.exists()


@pytest.mark.usefixtures("copy")
def test_the_camera() -> None:
    assert portal.has_camera()
    assert ask(portal.open_camera) == (-1, True)
    descriptor, refused = ask(portal.open_camera)
    assert not refused
    with os.fdopen(descriptor, "rb") as remote:
        assert remote.read() == b"picture.png"


@pytest.mark.parametrize(
    "uri", [None, "", "http://example.org/x.png", "file:///no/such/file"]
)
def test_a_portal_answer_without_a_picture(uri: str | None) -> None:
    assert portal._take(uri) is None
