# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The picture of the camera, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Callable

import cairo

from ...i18n import _
from ..capture.camera import Camera
from ..capture.camera import Frame
from ..capture.camera import Problem
from ..presenters.verify_steps import no_camera
from ..widgets.painter import Painter
from ..widgets.toolkit import Widget
from ..widgets.toolkit import widgets

_SIZE = 240


def camera_problem(problem: Problem, *, own: bool) -> str:
    """
    The text in place of the picture.

    Args:
        own: another device of the user's own is to be verified.
    """
    return {
        Problem.NO_LIBRARY: _(
            "To use the camera, install “gstreamer1.0-plugins-good” and "
            "“gir1.2-gstreamer-1.0” and start Gajim again."
        ),
        Problem.NO_CAMERA: no_camera(own=own),
        Problem.REFUSED: _(
            "Gajim may not use the camera. Allow it in the settings of your "
            "desktop, or check in another way."
        ),
        Problem.FAILED: _(
            "The camera does not work; perhaps another program uses it. Check in "
            "another way."
        ),
    }[problem]


def paint(context: Painter, frame: Frame | None, width: int, height: int) -> None:
    """Paint a picture of the camera as a mirror shows it."""
    context.set_source_rgb(0.1, 0.1, 0.1)
    context.paint()
    if frame is None:
        return
    surface = cairo.ImageSurface.create_for_data(
        memoryview(frame.data),
        cairo.FORMAT_RGB24,
        frame.width,
        frame.height,
        frame.stride,
    )
    scale = min(width / frame.width, height / frame.height)
    context.translate(
        (width + frame.width * scale) / 2, (height - frame.height * scale) / 2
    )
    context.scale(-scale, scale)
    context.set_source_surface(surface, 0, 0)
    context.paint()


class CameraPicture:
    """
    Shows what the camera sees, from `start` to `stop`.

    Attributes:
        area: the picture; hidden until there is one.
    """

    def __init__(
        self,
        found: Callable[[tuple[str, ...]], None],
        began: Callable[[], None],
        failed: Callable[[Problem], None],
    ) -> None:
        """
        Args:
            found: gets the texts of the codes in a picture.
            began: called when there is a first picture.
            failed: is told why there is no picture.
        """
        self._found = found
        self._began = began
        self._failed = failed
        self._camera: Camera | None = None
        self._frame: Frame | None = None
        self.area: Widget = widgets.drawing(
            lambda context, width, height: paint(context, self._frame, width, height),
            _SIZE,
            name=_("Picture of the camera"),
        )
        widgets.set_visible(self.area, False)

    def start(self) -> None:
        self._camera = Camera(self._show, self._found, self._fail)
        self._camera.start()

    def stop(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.stop()
        self._frame = None

    def _show(self, frame: Frame) -> None:
        first = self._frame is None
        self._frame = frame
        if first:
            widgets.set_visible(self.area, True)
            self._began()
        widgets.redraw(self.area)

    def _fail(self, problem: Problem) -> None:
        self._camera = None
        widgets.set_visible(self.area, False)
        self._failed(problem)
