# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways from an image, the clipboard, the screen or a link to the code in it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote
from urllib.parse import urlsplit

from gi.repository import GLib

from ...i18n import _
from ...verify.judge import Source
from ..capture import portal
from ..capture import qr_reader
from ..presenters.verify_texts import VerifyTexts
from ..presenters.verify_values import Result
from ..widgets.toolkit import Window
from ..widgets.toolkit import desktop
from ..widgets.toolkit import widgets

if TYPE_CHECKING:
    # Only here: it may be missing
    from PIL import Image

_IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp")

# So that this window is off the screen before the screen is looked at
_HIDDEN_MS = 400


class CodeFinder:
    """Finds codes on behalf of one window."""

    def __init__(
        self,
        window: Window,
        texts: VerifyTexts,
        found: Callable[[Source, tuple[str, ...]], None],
        say: Callable[[Result], None],
    ) -> None:
        """
        Args:
            window: things can be dropped into it.
            texts: the words for what is not found.
            found: gets the source and the texts of all codes in a picture.
            say: gets what else there is to say.
        """
        self._window = window
        self._texts = texts
        self._found = found
        self._say = say
        desktop.accept_drops(window, self._dropped, self._image_dropped)

    def read_text(self, source: Source, text: str) -> None:
        """Take a text for what a code says."""
        if text.strip():
            self._found(source, (text.strip(),))

    def _read_image(self, source: Source, data: bytes) -> None:
        self._work(source, lambda: qr_reader.open_image(data))

    def _work(self, source: Source, look: Callable[[], Image.Image]) -> None:
        """Opening a large photograph takes a second: not in the main loop.

        Args:
            look: gets the image, in another thread.
        """

        def work() -> None:
            try:
                texts = qr_reader.decode(look())
            except qr_reader.NotReadable:
                GLib.idle_add(self._say, self._texts.unreadable_image())
            except qr_reader.NoScreen:
                GLib.idle_add(self._say, self._texts.no_screen())
            else:
                GLib.idle_add(self._found, source, texts)

        threading.Thread(target=work, daemon=True).start()

    def open_image(self) -> None:
        """Ask for a file."""
        desktop.open_file(
            self._window,
            _("Open an image with a QR code"),
            _("Images"),
            _IMAGE_TYPES,
            partial(self._read_file, Source.FILE),
        )

    def _read_file(self, source: Source, path: Path) -> None:
        self._work(source, lambda: qr_reader.open_image(qr_reader.read_file(path)))

    def paste(self) -> None:
        """Look into the clipboard."""
        desktop.paste(
            self._window,
            partial(self.read_text, Source.CLIPBOARD),
            partial(self._read_image, Source.CLIPBOARD),
            lambda: self._say(self._texts.empty_clipboard()),
        )

    def _dropped(self, text: str) -> None:
        parts = urlsplit(text.strip())
        if parts.scheme == "file":
            self._read_file(Source.DROPPED, Path(unquote(parts.path)))
        else:
            self.read_text(Source.DROPPED, text)

    def _image_dropped(self, data: bytes) -> None:
        self._read_image(Source.DROPPED, data)

    # The screen

    def look_at_screen(self) -> None:
        """Look at the screen; where the desktop can, the user chooses a part."""
        if portal.has_screenshot():
            portal.take_screenshot(self._screen_taken)
            return
        widgets.set_visible(self._window, False)
        GLib.timeout_add(_HIDDEN_MS, self._grab)

    def _screen_taken(self, data: bytes | None) -> None:
        if data is None:
            self._say(self._texts.no_screen())
        else:
            self._read_image(Source.SCREEN, data)

    def _grab(self) -> bool:
        def look() -> Image.Image:
            try:
                return qr_reader.grab_screen()
            finally:
                GLib.idle_add(self._come_back)

        self._work(Source.SCREEN, look)
        return bool(GLib.SOURCE_REMOVE)

    def _come_back(self) -> None:
        widgets.set_visible(self._window, True)
        widgets.present(self._window)
