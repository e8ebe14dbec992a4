# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera of PipeWire's in a machine, before which somebody holds a picture."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from ..waiting import wait_for
from .machine import Machine
from .root import USER_IDS

# Gajim does not see it
PICTURE = Path("/srv/before-the-camera.png")
NAME = "test-camera"

# As a webcam is: a source of video with the role of a camera. Not by the clock, which
# is PipeWire's and stands still while nobody looks
SOURCE = f"""
import gi
gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst
Gst.init(None)
pipeline = Gst.parse_launch(
    "filesrc location={PICTURE} ! pngdec ! imagefreeze ! videoconvert"
    " ! videoscale ! video/x-raw,format=RGB,width=640,height=480,framerate=15/1"
    " ! pipewiresink mode=provide sync=false name=sink"
    " stream-properties=\\"p,media.class=Video/Source,media.role=Camera,"
    "node.name={NAME},node.description=Test\\""
)
pipeline.set_state(Gst.State.PLAYING)
GLib.MainLoop().run()
"""


class Camera:
    """PipeWire with its session manager, and a source of video. It ends with the
    machine."""

    def __init__(
        self,
        machine: Machine,
        picture: Path,
        environment: Mapping[str, str],
        folder: Path,
    ) -> None:
        """Start them.

        :param picture: what it sees (PNG)
        :param environment: names the session bus
        :param folder: for logs
        """
        self._machine = machine
        self._environment = environment
        place = machine.files / PICTURE.relative_to("/")
        shutil.copy(picture, place)
        os.chown(place, *USER_IDS)
        runtime = machine.files / "run" / "user" / str(USER_IDS[0])

        def start(name: str, *argv: str) -> None:
            log = folder / f"camera-{name}.log"
            machine.start(argv, log, USER_IDS, environment)

        start("pipewire", "pipewire")
        wait_for("PipeWire is there", (runtime / "pipewire-0").exists)
        start("wireplumber", "wireplumber")
        start("source", "/usr/bin/python3", "-c", SOURCE)
        wait_for("PipeWire has a camera", self._is_there, 30, 0.5)

    def _is_there(self) -> bool:
        return bool(self._nodes("node.name", NAME))

    def viewers(self) -> int:
        """How many programs look at it."""
        return len(self._nodes("media.class", "Stream/Input/Video"))

    def _nodes(self, name: str, value: str) -> list[object]:
        done = self._machine.run(
            ["pw-dump"], USER_IDS, environment=self._environment, check=False
        )
        objects = json.loads(done.stdout) if done.returncode == 0 else []
        return [one for one in objects if _properties(one).get(name) == value]


def _properties(one: Mapping[str, object]) -> Mapping[str, object]:
    info = one.get("info")
    found = info.get("props") if isinstance(info, dict) else None
    return found if isinstance(found, dict) else {}
