# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The camera: pictures to look at, and the QR codes in them.

GStreamer's own thread reads the codes, so that the window never waits. What is
told is told in the main loop.
"""

from __future__ import annotations

import enum
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gi.repository import GLib

from . import portal
from . import scan

log = logging.getLogger("gajim.p.omemo_plugin")

# What takes the camera's place, as gst-launch-1.0 takes it
SOURCE_VARIABLE = "OMEMO_CAMERA_SOURCE"

_SINK = (
    "videoconvert ! video/x-raw,format=BGRx ! "
    "appsink name=sink max-buffers=1 drop=true sync=false emit-signals=true"
)
# Reading one picture takes some hundredths of a second
_PER_SECOND = 8


class Problem(enum.Enum):
    """Why there is no picture."""

    NO_LIBRARY = "no library"
    NO_CAMERA = "no camera"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Frame:
    """
    A picture.

    Attributes:
        data: four bytes for each pixel: blue, green, red, nothing.
        stride: bytes from one line to the next.
    """

    data: bytearray
    width: int
    height: int
    stride: int


class Camera:
    """Runs from `start` to `stop`."""

    def __init__(
        self,
        shown: Callable[[Frame], None],
        found: Callable[[tuple[str, ...]], None],
        failed: Callable[[Problem], None],
        source: str | None = None,
    ) -> None:
        """
        Args:
            shown: gets each picture.
            found: gets the texts of the codes in a picture, if there are any.
            failed: is told once why there will be no more pictures.
            source: in place of the camera; by default what `SOURCE_VARIABLE`
                says.
        """
        self._shown = shown
        self._found = found
        self._failed = failed
        self._source = source or os.environ.get(SOURCE_VARIABLE)
        self._pipeline: Any = None
        self._running = False
        self._frame: Frame | None = None
        self._file_descriptor = -1

    def start(self) -> None:
        """Look for a camera and start it. Nothing is raised."""
        self._running = True
        if _gstreamer() is None:
            self._fail(Problem.NO_LIBRARY)
        elif self._source:
            self._play(self._source)
        elif _has_element("pipewiresrc") and portal.has_camera():
            portal.open_camera(self._portal_answered)
        else:
            self._play_device()

    def stop(self) -> None:
        """Switch the camera off. Nothing is told any more."""
        self._running = False
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.get_bus().remove_signal_watch()
            pipeline.set_state(_gstreamer().State.NULL)
        if self._file_descriptor >= 0:
            os.close(self._file_descriptor)
            self._file_descriptor = -1

    def _portal_answered(self, file_descriptor: int, refused: bool) -> None:
        if not self._running:
            if file_descriptor >= 0:
                os.close(file_descriptor)
        elif file_descriptor >= 0:
            self._file_descriptor = file_descriptor
            self._play(f"pipewiresrc fd={file_descriptor}")
        elif refused:
            self._fail(Problem.REFUSED)
        else:
            self._play_device()

    def _play_device(self) -> None:
        devices = sorted(Path("/dev").glob("video*"))
        if not devices:
            self._fail(Problem.NO_CAMERA)
        elif not any(os.access(device, os.R_OK | os.W_OK) for device in devices):
            self._fail(Problem.REFUSED)
        elif not _has_element("v4l2src"):
            self._fail(Problem.NO_LIBRARY)
        else:
            self._play("v4l2src")

    def _play(self, source: str) -> None:
        gst = _gstreamer()
        rate = f"videorate ! video/x-raw,framerate={_PER_SECOND}/1 ! "
        try:
            self._pipeline = gst.parse_launch(f"{source} ! {rate}{_SINK}")
        except GLib.Error as error:
            log.warning("No camera: %s", error.message)
            self._fail(Problem.FAILED)
            return
        sink = self._pipeline.get_by_name("sink")
        sink.connect("new-sample", self._sample)
        bus = self._pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self._error)
        if self._pipeline.set_state(gst.State.PLAYING) == gst.StateChangeReturn.FAILURE:
            self._fail(Problem.FAILED)

    def _error(self, _bus: Any, message: Any) -> None:
        error, _details = message.parse_error()
        log.warning("The camera failed: %s", error.message)
        self._fail(Problem.FAILED)

    def _fail(self, problem: Problem) -> None:
        self.stop()
        # The window may not be there yet
        GLib.idle_add(self._tell_failed, problem)

    def _tell_failed(self, problem: Problem) -> bool:
        self._failed(problem)
        return bool(GLib.SOURCE_REMOVE)

    # In GStreamer's thread

    def _sample(self, sink: Any) -> Any:
        gst = _gstreamer()
        try:
            self._read(sink.emit("pull-sample"), gst)
        except Exception as error:
            # Or GStreamer's thread would end without a word
            log.warning("A picture was not read: %s", type(error).__name__)
        return gst.FlowReturn.OK

    def _read(self, sample: Any, gst: Any) -> None:
        size = sample.get_caps().get_structure(0)
        width, height = size.get_value("width"), size.get_value("height")
        ok, inside = sample.get_buffer().map(gst.MapFlags.READ)
        if not ok:
            return
        try:
            data = bytearray(inside.data)
        finally:
            sample.get_buffer().unmap(inside)
        frame = Frame(data, width, height, len(data) // height)
        image = scan.frame_to_image(bytes(data), width, height, frame.stride)
        GLib.idle_add(self._tell, frame, scan.decode(image))

    # In the main loop again

    def _tell(self, frame: Frame, texts: tuple[str, ...]) -> bool:
        if self._running:
            self._shown(frame)
            if texts:
                self._found(texts)
        return bool(GLib.SOURCE_REMOVE)


_gst: Any = None


def _gstreamer() -> Any:
    """The library, started; None if it is not there."""
    global _gst  # noqa: PLW0603
    if _gst is None:
        import gi

        try:
            gi.require_version("Gst", "1.0")
            from gi.repository import Gst
        except (ValueError, ImportError):
            return None
        if not Gst.is_initialized():
            Gst.init(None)
        _gst = Gst
    needed = ("appsink", "videoconvert", "videorate")
    return _gst if all(_has_element(name) for name in needed) else None


def _has_element(name: str) -> bool:
    return _gst.ElementFactory.find(name) is not None
