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
from typing import TYPE_CHECKING

from gi.repository import GLib

from . import portal
from . import qr_reader

if TYPE_CHECKING:
    # Only here: it may be missing
    from gi.repository import Gst
    from gi.repository import GstApp

log = logging.getLogger("gajim.p.omemo_plugin")

# A pipeline in place of the camera, as gst-launch-1.0 takes it
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
        self._pipeline: Gst.Pipeline | None = None
        self._running = False
        self._frame: Frame | None = None
        self._file_descriptor = -1

    def start(self) -> None:
        """Look for a camera and start it. Nothing is raised."""
        self._running = True
        if not _has_gstreamer():
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
            from gi.repository import Gst

            bus = pipeline.get_bus()
            if bus is not None:
                bus.remove_signal_watch()
            pipeline.set_state(Gst.State.NULL)
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
        from gi.repository import Gst

        rate = f"videorate ! video/x-raw,framerate={_PER_SECOND}/1 ! "
        try:
            made = Gst.parse_launch(f"{source} ! {rate}{_SINK}")
        except GLib.Error as error:
            log.warning("No camera: %s", error.message)
            self._fail(Problem.FAILED)
            return
        sink = made.get_by_name("sink") if isinstance(made, Gst.Pipeline) else None
        bus = made.get_bus()
        if not isinstance(made, Gst.Pipeline) or sink is None or bus is None:
            self._fail(Problem.FAILED)
            return
        self._pipeline = made
        sink.connect("new-sample", self._sample)
        bus.add_signal_watch()
        bus.connect("message::error", self._error)
        if made.set_state(Gst.State.PLAYING) == Gst.StateChangeReturn.FAILURE:
            self._fail(Problem.FAILED)

    def _error(self, _bus: Gst.Bus, message: Gst.Message) -> None:
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

    def _sample(self, sink: GstApp.AppSink) -> Gst.FlowReturn:
        from gi.repository import Gst

        try:
            self._read(sink.emit("pull-sample"))
        except Exception as error:
            # Or GStreamer's thread would end without a word
            log.warning("A picture was not read: %s", type(error).__name__)
        return Gst.FlowReturn.OK

    def _read(self, sample: Gst.Sample) -> None:
        from gi.repository import Gst

        caps, buffer = sample.get_caps(), sample.get_buffer()
        if caps is None or buffer is None:
            return
        size = caps.get_structure(0)
        has_width, width = size.get_int("width")
        has_height, height = size.get_int("height")
        if not (has_width and has_height):
            return
        ok, inside = buffer.map(Gst.MapFlags.READ)
        if not ok:
            return
        try:
            data = bytearray(inside.data)
        finally:
            buffer.unmap(inside)
        frame = Frame(data, width, height, len(data) // height)
        image = qr_reader.frame_to_image(bytes(data), width, height, frame.stride)
        GLib.idle_add(self._tell, frame, qr_reader.decode(image))

    # In the main loop again

    def _tell(self, frame: Frame, texts: tuple[str, ...]) -> bool:
        if self._running:
            self._shown(frame)
            if texts:
                self._found(texts)
        return bool(GLib.SOURCE_REMOVE)


def _has_gstreamer() -> bool:
    """Start the library. Returns whether all that is needed of it is there."""
    import gi

    try:
        gi.require_version("Gst", "1.0")
        from gi.repository import Gst
    except (ValueError, ImportError):
        return False
    if not Gst.is_initialized():
        Gst.init(None)
    needed = ("appsink", "videoconvert", "videorate")
    return all(_has_element(name) for name in needed)


def _has_element(name: str) -> bool:
    from gi.repository import Gst

    return Gst.ElementFactory.find(name) is not None
