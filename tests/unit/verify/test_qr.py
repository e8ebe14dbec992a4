# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M

from omemo_plugin.verify.qr import TooMuchForACode
from omemo_plugin.verify.qr import _code
from omemo_plugin.verify.qr import draw_matrix
from omemo_plugin.verify.qr import draw_png

TEXT = f"xmpp:jürgen@montague.lit?omemo-sid-2147483647={'a1b2c3d4' * 8}"


def open_png(data: bytes) -> Image.Image:
    assert data.startswith(b"\x89PNG\r\n")
    image = Image.open(BytesIO(data))
    assert image.format == "PNG"
    return image.convert("L")


def test_the_image_shows_the_matrix() -> None:
    matrix = draw_matrix(TEXT)
    image = open_png(draw_png(TEXT, scale=3))
    assert image.size == (3 * len(matrix), 3 * len(matrix))
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            assert image.getpixel((3 * x + 1, 3 * y + 1)) == (0 if dark else 255)


def test_the_quiet_zone_is_white() -> None:
    matrix = draw_matrix(TEXT)
    size = len(matrix)
    for n in range(size):
        for edge in (0, 1, 2, 3, size - 4, size - 3, size - 2, size - 1):
            assert not matrix[edge][n]
            assert not matrix[n][edge]
    assert matrix[4][4]


def test_a_reader_finds_the_text() -> None:
    zxingcpp = pytest.importorskip(
        "zxingcpp", reason="to read codes, install python3-zxing-cpp"
    )
    numpy = pytest.importorskip("numpy")
    (found,) = zxingcpp.read_barcodes(numpy.array(open_png(draw_png(TEXT))))
    assert found.text == TEXT


def test_a_text_that_is_too_long() -> None:
    draw_png("x" * 2300, scale=1)
    with pytest.raises(TooMuchForACode):
        draw_png("x" * 3000)
    with pytest.raises(TooMuchForACode):
        draw_matrix("x" * 3000)


def test_a_code_survives_damage() -> None:
    """ISO/IEC 18004, 6.5.1: level M recovers 15 % of a code, level L only 7 %."""
    code = _code(TEXT, 1)
    assert code.error_correction == ERROR_CORRECT_M


def test_an_image_has_eight_pixels_a_module() -> None:
    assert open_png(draw_png(TEXT)).width == 8 * len(draw_matrix(TEXT))
