# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window "Verify": the camera, and all other ways to a code."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from urllib.parse import urlsplit

import cairo
from gi.repository import GLib

from ...bridge.i18n import _
from ...verify.fingerprint import spoken
from ...verify.judge import Source
from .. import portal
from .. import scan
from ..camera import Camera
from ..camera import Frame
from ..camera import Problem
from ..presenters.verify import Act
from ..presenters.verify import Result
from ..presenters.verify import Verify
from ..toolkit import kit
from .fingerprint import fingerprint

_IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp")
_PREVIEW = 320

# So that this window is off the screen before the screen is looked at
_HIDDEN_MS = 400


def camera_problem(problem: Problem) -> str:
    """What is said in place of the picture."""
    return {
        Problem.NO_LIBRARY: _(
            "To use the camera, install “gstreamer1.0-plugins-good” and "
            "“gir1.2-gstreamer-1.0” and start Gajim again."
        ),
        Problem.NO_CAMERA: _("No camera was found. There are other ways below."),
        Problem.REFUSED: _(
            "Gajim may not use the camera. Allow it in the settings of your "
            "desktop, or use another way below."
        ),
        Problem.FAILED: _(
            "The camera does not work; perhaps another program uses it. There are "
            "other ways below."
        ),
    }[problem]


def paint(context: Any, frame: Frame | None, width: int, height: int) -> None:
    """Paint a picture of the camera as a mirror shows it."""
    context.set_source_rgb(0.1, 0.1, 0.1)
    context.paint()
    if frame is None:
        return
    surface = cairo.ImageSurface.create_for_data(
        frame.data, cairo.FORMAT_RGB24, frame.width, frame.height, frame.stride
    )
    scale = min(width / frame.width, height / frame.height)
    context.translate(
        (width + frame.width * scale) / 2, (height - frame.height * scale) / 2
    )
    context.scale(-scale, scale)
    context.set_source_surface(surface, 0, 0)
    context.paint()


def _focus(button: Any) -> None:
    """Also where the window is on the screen already."""
    kit.focus(button)
    button.grab_focus()


class VerifyView:
    """The content of the window."""

    def __init__(
        self,
        verify: Verify,
        show_details: Callable[[str], None],
        by_voice: Callable[[str], None],
        *,
        camera: bool = True,
    ) -> None:
        """
        Args:
            show_details: opens "Encryption details" of a JID.
            by_voice: opens "Compare by voice" with a JID.
            camera: whether to begin with it.
        """
        self._verify = verify
        self._show_details = show_details
        self._by_voice = by_voice
        self._camera: Camera | None = None
        self._frame: Frame | None = None
        self._done = False
        self.window: Any = kit.window(verify.title, None, 480, 640)
        self._content = kit.column(spacing=12, classes=("omemo-page",))
        self._said: Any = None
        self._state: Any = None
        self._area: Any = None
        kit.set_content(self.window, kit.scrolled(self._content))
        kit.on_close(self.window, self._closed)
        kit.accept_drops(self.window, self._dropped, self._image_dropped)
        if verify.problem:
            kit.append(self._content, kit.label(verify.problem))
        else:
            self._show_ways(camera=camera)

    # The ways to a code

    def _show_ways(self, *, camera: bool = True) -> None:
        self._done = False
        kit.clear(self._content)
        kit.set_title(self.window, self._verify.title)
        kit.append(self._content, kit.label(self._verify.help))
        missing = scan.missing_package()
        if missing:
            text = _(
                "To read QR codes, install “{package}” and start Gajim again. Links "
                "can be used without it."
            )
            kit.append(self._content, kit.label(text.format(package=missing)))
        else:
            self._area = kit.drawing(
                lambda context, width, height: paint(
                    context, self._frame, width, height
                ),
                _PREVIEW,
                name=_("Picture of the camera"),
            )
            self._state = kit.label(_("Starting the camera…"), centred=True)
            kit.append(self._content, kit.centre(self._area), self._state)
        buttons = [kit.button(_("Paste"), self._paste)]
        if not missing:
            buttons = [
                kit.button(_("Open image…"), self._open),
                *buttons,
                kit.button(_("Look at the screen"), self._look_at_screen),
            ]
        link = kit.entry(
            _("Link with keys"),
            _("Or a link that begins with xmpp:"),
            partial(self._read_text, Source.TYPED),
        )
        check = kit.button(
            _("Check link"),
            lambda: self._read_text(Source.TYPED, kit.text_of(link)),
        )
        self._said = kit.label("", centred=True)
        kit.append(
            self._content,
            kit.centre(kit.row(*buttons)),
            kit.row(kit.expand(link), check),
            self._said,
        )
        if self._verify.for_voice is not None:
            voice = kit.button(_("Compare by voice…"), self._go_to_voice)
            kit.append(self._content, kit.centre(voice))
        _focus(buttons[0])
        if camera and not missing:
            self._start_camera()
        elif self._state is not None:
            kit.set_visible(self._area, False)
            kit.set_visible(self._state, False)

    def _go_to_voice(self) -> None:
        jid = self._verify.for_voice
        if jid is not None:
            self._by_voice(jid)
            kit.close(self.window)

    def _start_camera(self) -> None:
        self._camera = Camera(self._show_frame, self._seen, self._no_camera)
        self._camera.start()

    def _stop_camera(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.stop()
        self._frame = None

    def _show_frame(self, frame: Frame) -> None:
        if self._frame is None:
            kit.set_text(self._state, _("Hold the code into the picture."))
        self._frame = frame
        kit.redraw(self._area)

    def _seen(self, texts: tuple[str, ...]) -> None:
        self._read(Source.CAMERA, texts)

    def _no_camera(self, problem: Problem) -> None:
        self._camera = None
        kit.set_visible(self._area, False)
        kit.set_text(self._state, camera_problem(problem))

    # What comes in

    def _read(self, source: Source, texts: tuple[str, ...]) -> None:
        if not self._done:
            self.show(self._verify.read(texts, source))

    def _read_text(self, source: Source, text: str) -> None:
        if text.strip():
            self._read(source, (text.strip(),))

    def _read_image(self, source: Source, data: bytes) -> None:
        self._work(source, lambda: scan.open_image(data))

    def _work(self, source: Source, look: Callable[[], Any]) -> None:
        """Opening a large photograph takes a second: not in the main loop.

        Args:
            look: gets the image, in another thread.
        """

        def work() -> None:
            try:
                texts = scan.decode(look())
            except scan.NotReadable:
                GLib.idle_add(self._say, self._verify.unreadable_image())
            except scan.NoScreen:
                GLib.idle_add(self._say, self._verify.no_screen())
            else:
                GLib.idle_add(self._read, source, texts)

        threading.Thread(target=work, daemon=True).start()

    def _say(self, result: Result) -> None:
        if not self._done:
            self.show(result)

    def _open(self) -> None:
        kit.open_file(
            self.window,
            _("Open an image with a QR code"),
            _("Images"),
            _IMAGE_TYPES,
            partial(self._read_file, Source.FILE),
        )

    def _read_file(self, source: Source, path: Path) -> None:
        self._work(source, lambda: scan.open_image(scan.read_file(path)))

    def _paste(self) -> None:
        kit.paste(
            self.window,
            partial(self._read_text, Source.CLIPBOARD),
            partial(self._read_image, Source.CLIPBOARD),
            lambda: self._say(self._verify.empty_clipboard()),
        )

    def _dropped(self, text: str) -> None:
        parts = urlsplit(text.strip())
        if parts.scheme == "file":
            self._read_file(Source.DROPPED, Path(unquote(parts.path)))
        else:
            self._read_text(Source.DROPPED, text)

    def _image_dropped(self, data: bytes) -> None:
        self._read_image(Source.DROPPED, data)

    # The screen

    def _look_at_screen(self) -> None:
        if portal.has_screenshot():
            portal.take_screenshot(self._screen_taken)
            return
        kit.set_visible(self.window, False)
        GLib.timeout_add(_HIDDEN_MS, self._grab)

    def _screen_taken(self, data: bytes | None) -> None:
        if data is None:
            self._say(self._verify.no_screen())
        else:
            self._read_image(Source.SCREEN, data)

    def _grab(self) -> bool:
        def look() -> Any:
            try:
                return scan.grab_screen()
            finally:
                GLib.idle_add(self._come_back)

        self._work(Source.SCREEN, look)
        return bool(GLib.SOURCE_REMOVE)

    def _come_back(self) -> None:
        kit.set_visible(self.window, True)
        kit.present(self.window)

    # What is said of it

    def show(self, result: Result) -> None:
        """Say what a code came to."""
        if not result.ends:
            kit.set_text(self._said, result.spoken)
            return
        self._done = True
        self._stop_camera()
        kit.clear(self._content)
        kit.set_title(self.window, self._verify.title)
        icon = kit.icon(result.icon.value, 64, classes=(result.tone.value,))
        title = kit.heading(result.title, classes=("omemo-title",))
        text = kit.announce(kit.label(result.text), result.spoken)
        kit.append(self._content, kit.centre(icon), kit.centre(title), text)
        for line in result.lines:
            said = f"{line.text} {spoken(''.join(line.fingerprint))}"
            card = kit.column(
                kit.label(line.text),
                fingerprint(line.fingerprint, said),
                classes=("omemo-card",),
            )
            kit.append(self._content, kit.group(card, line.text))
        buttons = [
            kit.button(button.label, partial(self._press, button.act))
            for button in result.buttons
        ]
        buttons.append(kit.button(_("Close"), lambda: kit.close(self.window)))
        kit.append(self._content, kit.centre(kit.row(*buttons)))
        # Enter shall not verify by accident, and Close is always there
        _focus(buttons[-1])

    def _press(self, act: Act) -> None:
        if act is Act.DETAILS:
            self._show_details(self._verify.subject)
            kit.close(self.window)
            return
        result = self._verify.press(act)
        if result is None:
            self._show_ways()
        else:
            if not result.ends:
                self._show_ways()
            self.show(result)

    def _closed(self) -> None:
        self._done = True
        self._stop_camera()


def open_verify(
    verify: Verify,
    parent: Any,
    show_details: Callable[[str], None],
    by_voice: Callable[[str], None],
    text: str | None = None,
    source: Source = Source.LINK,
) -> Any:
    """
    Open the window.

    Args:
        show_details: opens "Encryption details" of a JID.
        by_voice: opens "Compare by voice" with a JID.
        text: a link to begin with.
    """
    view = VerifyView(verify, show_details, by_voice, camera=text is None)
    if parent is not None:
        view.window.set_transient_for(parent)
    kit.present(view.window)
    if text is not None and not verify.problem:
        view.show(verify.read((text,), source))
    return view.window
