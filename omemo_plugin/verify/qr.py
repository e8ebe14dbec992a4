# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Drawing QR codes in memory. A code reveals that two people are in contact, so this
module writes nothing to a disk.
"""

from __future__ import annotations

from io import BytesIO

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError

from ..engine.errors import OmemoError

# ISO/IEC 18004: the quiet zone has four modules. It is part of the code, and
# always white, also where the window is dark
_QUIET_ZONE = 4


class TooMuchForACode(OmemoError):
    """A text does not fit into a QR code."""


def draw_matrix(text: str) -> tuple[tuple[bool, ...], ...]:
    """
    The modules of a code, row by row with the quiet zone; True is dark.

    Raises:
        TooMuchForACode: the text is too long.
    """
    return tuple(tuple(row) for row in _code(text, 1).get_matrix())


def draw_png(text: str, scale: int = 8) -> bytes:
    """
    A code as a PNG image, black on white, with the quiet zone.

    Args:
        scale: pixels per module.

    Raises:
        TooMuchForACode: the text is too long.
    """
    image = _code(text, scale).make_image(fill_color="black", back_color="white")
    buffer = BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def _code(text: str, scale: int) -> qrcode.QRCode:
    code = qrcode.QRCode(
        error_correction=ERROR_CORRECT_M, box_size=scale, border=_QUIET_ZONE
    )
    code.add_data(text.encode())
    try:
        code.make()
    except (DataOverflowError, ValueError) as error:
        raise TooMuchForACode("too much for a code") from error
    return code
