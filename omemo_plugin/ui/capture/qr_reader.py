# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Reading QR codes from images, which stay in memory. Without Gajim and GTK.

The images come from strangers: only a few formats are opened, and only up to a
size.
"""

from __future__ import annotations

import importlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Only here: it may be missing
    from PIL import Image

# The formats of screenshots, of photographs, and of images pasted from a browser
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")

FILE_BYTES_MAX = 50_000_000
PIXELS_MAX = 60_000_000


class NotReadable(Exception):
    """This is not an image, or not one that is opened."""


class NoScreen(Exception):
    """The screen cannot be looked at in this way."""


def missing_package() -> str:
    """The Debian package without which no code can be read; '' if it is there."""
    for module, package in (
        ("zxingcpp", "python3-zxing-cpp"),
        ("PIL", "python3-pil"),
    ):
        try:
            importlib.import_module(module)
        except ImportError:
            # Not there, or not for this Python
            return package
    return ""


def read_file(path: Path) -> bytes:
    """
    The content of a file that may be an image.

    Raises:
        NotReadable: it cannot be read, or is not an ordinary file.
    """
    try:
        # Of a pipe there might never be anything to read
        if not path.is_file():
            raise NotReadable("not a file")
        with path.open("rb") as file:
            return file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise NotReadable(type(error).__name__) from error


def open_image(data: bytes) -> Image.Image:
    """
    Open the content of an image file, in grey.

    Returns:
        A `PIL.Image.Image` of mode L.

    Raises:
        NotReadable: it is not an image, of another format, or too large.
    """
    from PIL import Image

    if len(data) > FILE_BYTES_MAX:
        raise NotReadable("too large")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > PIXELS_MAX:
                raise NotReadable("too large")
            return _grey(image)
    except NotReadable:
        raise
    except Exception as error:
        # Pillow raises all kinds of things for broken files
        raise NotReadable(type(error).__name__) from error


def _grey(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA", "P"):
        # Transparent pixels are white, as in a viewer
        from PIL import Image

        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    if image.mode.startswith("I"):
        # Sixteen bits, which would be cut off and not made smaller
        image = image.convert("I").point(lambda value: value * (1 / 256))
    return image.convert("L")


def frame_to_image(data: bytes, width: int, height: int, stride: int) -> Image.Image:
    """
    A picture of the camera, in grey.

    Args:
        data: four bytes for each pixel: blue, green, red, nothing.
        stride: bytes from one line to the next.
    """
    from PIL import Image

    frame = Image.frombuffer("RGB", (width, height), data, "raw", "BGRX", stride, 1)
    return frame.convert("L")


def decode(image: Image.Image) -> tuple[str, ...]:
    """
    The texts of the QR codes in an image; none if there is none that can be
    read. A code with light modules on a dark ground is read as well.

    Args:
        image: of mode L.
    """
    from PIL import ImageOps

    # The reader takes light grey for white and dark grey for black. What is faint
    # has to be made stronger, as a whole or by how much there is of each grey.
    for change in (None, ImageOps.invert, ImageOps.autocontrast, ImageOps.equalize):
        texts = _decode(image if change is None else change(image))
        if texts:
            return texts
    return ()


def _decode(image: Image.Image) -> tuple[str, ...]:
    import zxingcpp

    found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
    # Later versions can also return what they could not read
    texts = [one.text for one in found if getattr(one, "valid", True)]
    # Once each, in the order in which they were found
    return tuple(dict.fromkeys(text for text in texts if text))


def grab_screen() -> Image.Image:
    """
    A picture of the whole screen, in grey, where there is an X server.

    Raises:
        NoScreen: there is none, or it is Xwayland, which shows nothing.
    """
    from PIL import ImageGrab

    display = os.environ.get("DISPLAY")
    if not display or os.environ.get("WAYLAND_DISPLAY"):
        raise NoScreen
    try:
        return ImageGrab.grab(xdisplay=display).convert("L")
    except Exception as error:
        raise NoScreen from error
