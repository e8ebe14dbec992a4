# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes as people hold them into a camera, or have them on a screen."""

from __future__ import annotations

import functools
import hashlib
import random
import struct
import sys
import zlib
from io import BytesIO
from typing import Any

import pytest

from omemo_plugin.engine.keys.device_info import DeviceInfo
from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.capture import qr_reader
from omemo_plugin.verify.judge import Judgement
from omemo_plugin.verify.judge import Source
from omemo_plugin.verify.judge import Verdict
from omemo_plugin.verify.judge import judge
from omemo_plugin.verify.qr import draw_png
from omemo_plugin.verify.uri import build_fingerprint_uri
from tests.unit.ui.conftest import BOB
from tests.unit.ui.conftest import CAROL
from tests.unit.ui.conftest import OWN
from tests.unit.ui.conftest import THIS
from tests.unit.ui.conftest import fingerprint
from tests.unit.ui.conftest import make

if qr_reader.missing_package():
    pytest.skip(
        f"to read codes, install {qr_reader.missing_package()}", allow_module_level=True
    )

import numpy as np
import zxingcpp
from PIL import Image
from PIL import ImageDraw
from PIL import ImageFilter
from PIL import ImageOps

BOBS = build_fingerprint_uri(BOB, {n: fingerprint(n) for n in (7, 8)})
CAROLS = build_fingerprint_uri(CAROL, {9: fingerprint(9)})

SCREEN = (1920, 1080)
LIGHT = 236
DARK = 30


@functools.cache
def png(text: str, scale: int) -> bytes:
    """Drawing takes a while."""
    return draw_png(text, scale)


def code(text: str = BOBS, scale: int = 6) -> Image.Image:
    """A code as the window "My QR code" draws it, in grey."""
    return Image.open(BytesIO(png(text, scale))).convert("L")


def on_a_table(image: Image.Image, ground: int = 200) -> Image.Image:
    """Leave room around it, so that it can be turned."""
    width, height = image.size
    table = Image.new("L", (2 * width, 2 * height), ground)
    table.paste(image, (width // 2, height // 2))
    return table


def screenshot(ground: int) -> Image.Image:
    """A desktop with some windows full of text."""
    ink = 255 - ground
    screen = Image.new("L", SCREEN, ground)
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 1920, 28), fill=ink)
    for left in (60, 700):
        draw.rectangle((left, 80, left + 580, 980), outline=ink, width=2)
        draw.rectangle((left, 80, left + 580, 112), fill=(ground + ink) // 2)
        for line in range(48):
            text = hashlib.sha256(bytes([line])).hexdigest()
            draw.text((left + 12, 124 + 17 * line), text, fill=ink)
    return screen


def squeeze(image: Image.Image, by: float) -> Image.Image:
    """Tilt the picture away; `by` is a share of its size."""
    width, height = image.size
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    moved = [
        (by * width, 0.6 * by * height),
        (width, 0),
        (width, height),
        (0.7 * by * width, (1 - 0.8 * by) * height),
    ]
    rows: list[list[float]] = []
    values: list[float] = []
    for (u, v), (x, y) in zip(corners, moved, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y]]
        rows += [[0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved = np.linalg.solve(np.array(rows), np.array(values))
    return image.transform(
        image.size,
        Image.Transform.PERSPECTIVE,
        tuple(solved),
        Image.Resampling.BICUBIC,
        fillcolor=255,
    )


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


# Images that must be read


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_each_kind_of_file(kind: str) -> None:
    data = encoded(code().convert("RGB"), kind)
    assert qr_reader.decode(qr_reader.open_image(data)) == (BOBS,)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA"])
def test_each_kind_of_colour(mode: str) -> None:
    data = encoded(code().convert(mode), "PNG")
    assert qr_reader.decode(qr_reader.open_image(data)) == (BOBS,)


def test_transparent_pixels_are_white() -> None:
    black = Image.new("L", code().size, 0)
    transparent = Image.merge("LA", (black, ImageOps.invert(code())))
    data = encoded(transparent, "PNG")
    assert qr_reader.decode(qr_reader.open_image(data)) == (BOBS,)


def test_sixteen_bits_of_grey() -> None:
    deep = (np.array(code()).astype("uint16") // 4 + 16) * 257
    data = encoded(Image.fromarray(deep), "PNG")
    assert qr_reader.decode(qr_reader.open_image(data)) == (BOBS,)


@pytest.mark.parametrize("scale", [1, 2, 3])
@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_small_in_a_screenshot(ground: int, scale: int) -> None:
    """One to three pixels a module; in dark mode the quiet zone is still white."""
    screen = screenshot(ground)
    screen.paste(code(scale=scale), (1400, 700))
    data = encoded(screen, "PNG")
    assert qr_reader.decode(qr_reader.open_image(data)) == (BOBS,)


def test_in_a_screenshot_that_was_made_smaller() -> None:
    """As messengers do, and with their JPEG."""
    screen = screenshot(LIGHT)
    screen.paste(code(scale=5), (1350, 500))
    data = encoded(screen.resize((1280, 720)), "JPEG", quality=50)
    assert qr_reader.decode(qr_reader.open_image(data)) == (BOBS,)


@pytest.mark.parametrize("ground", [0, DARK, 255])
def test_light_modules_on_dark(ground: int) -> None:
    """Programs that draw the code in the colours of a dark theme."""
    image = on_a_table(ImageOps.invert(code()), ground)
    assert qr_reader.decode(image) == (BOBS,)


@pytest.mark.parametrize("degrees", [3, 15, 45, 90, 137, 180, 300])
def test_turned(degrees: int) -> None:
    image = on_a_table(code(), 255)
    image = image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)
    assert qr_reader.decode(image) == (BOBS,)


@pytest.mark.parametrize("by", [0.05, 0.15, 0.25])
def test_at_an_angle(by: float) -> None:
    assert qr_reader.decode(squeeze(on_a_table(code(), 255), by)) == (BOBS,)


def test_in_a_mirror() -> None:
    """Many cameras show people to themselves as a mirror does."""
    assert qr_reader.decode(ImageOps.mirror(on_a_table(code()))) == (BOBS,)


@pytest.mark.parametrize(
    ("darkest", "lightest"),
    [(0, 60), (200, 255), (100, 160), (120, 140), (120, 130)],
)
def test_low_contrast(darkest: int, lightest: int) -> None:
    """In the dark, in the sun, behind glass."""
    span = lightest - darkest
    faint = code().point(lambda value: darkest + value * span // 255)
    assert qr_reader.decode(on_a_table(faint, lightest)) == (BOBS,)


@pytest.mark.parametrize(("darkest", "lightest"), [(0, 60), (200, 255), (100, 160)])
def test_low_contrast_in_a_screenshot(darkest: int, lightest: int) -> None:
    """The rest of the screen goes from black to white."""
    screen = screenshot(LIGHT)
    span = lightest - darkest
    faint = code().point(lambda value: darkest + value * span // 255)
    screen.paste(faint, (1350, 400))
    assert qr_reader.decode(screen) == (BOBS,)


def test_blurred_and_noisy() -> None:
    """A bad camera in the evening."""
    image = on_a_table(code()).filter(ImageFilter.GaussianBlur(1.5))
    grain = np.random.default_rng(1).normal(0, 20, (image.height, image.width))
    noisy = np.clip(np.array(image) + grain, 0, 255).astype("uint8")
    assert qr_reader.decode(Image.fromarray(noisy)) == (BOBS,)


def test_lit_from_one_side() -> None:
    image = on_a_table(code())
    light = np.linspace(0.25, 1, image.width)
    uneven = (np.array(image) * light).astype("uint8")
    assert qr_reader.decode(Image.fromarray(uneven)) == (BOBS,)


def test_many_devices() -> None:
    """Six devices make a code that is 97 modules wide."""
    text = build_fingerprint_uri(BOB, {n: fingerprint(n) for n in range(1, 7)})
    screen = screenshot(LIGHT)
    screen.paste(code(text, 3), (1400, 400))
    assert qr_reader.decode(screen) == (text,)


def test_letters_of_other_scripts() -> None:
    text = build_fingerprint_uri("jürgen@bücher.example", {1: fingerprint(1)})
    assert qr_reader.decode(code(text)) == (text,)
    # Others do not encode them
    assert qr_reader.decode(code("xmpp:jürgen@bücher.example")) == (
        "xmpp:jürgen@bücher.example",
    )


def test_a_picture_of_the_camera() -> None:
    """Blue, green, red and nothing; the lines are longer than what is shown."""
    grey = np.array(on_a_table(code(scale=4)))
    height, width = grey.shape
    stride = 4 * width + 64
    lines = np.full((height, stride), 127, "uint8")
    for channel in range(3):
        lines[:, channel : 4 * width : 4] = grey
    image = qr_reader.frame_to_image(lines.tobytes(), width, height, stride)
    assert image.size == (width, height)
    assert qr_reader.decode(image) == (BOBS,)


def test_the_colours_of_the_camera() -> None:
    """Red stays red: a code on red paper is darker than its paper."""
    blue, red = b"\xff\0\0\0", b"\0\0\xff\0"
    image = qr_reader.frame_to_image(blue + red, 2, 1, 8)
    assert [image.getpixel((x, 0)) for x in (0, 1)] == [29, 76]


# Images that must not be taken for something else


def test_no_code_is_found_in_an_image_without_one() -> None:
    assert qr_reader.decode(screenshot(LIGHT)) == ()
    assert qr_reader.decode(Image.new("L", (640, 480), 0)) == ()
    assert qr_reader.decode(Image.new("L", (1, 1), 255)) == ()
    grain = np.random.default_rng(2).integers(0, 256, (480, 640)).astype("uint8")
    assert qr_reader.decode(Image.fromarray(grain)) == ()


@pytest.mark.parametrize("name", ["Aztec", "DataMatrix", "PDF417", "Code128"])
def test_other_kinds_of_codes(name: str) -> None:
    """A parcel beside the telephone is not asked."""
    kind = getattr(zxingcpp.BarcodeFormat, name)
    if hasattr(zxingcpp, "create_barcode"):
        drawn = zxingcpp.create_barcode("PARCEL", kind).to_image(scale=4)
    else:
        drawn = zxingcpp.write_barcode(kind, "PARCEL", 400, 200)
    image = on_a_table(Image.fromarray(np.array(drawn, "uint8")), 255)
    assert [one.text for one in zxingcpp.read_barcodes(image)] == ["PARCEL"]
    assert qr_reader.decode(image) == ()


def test_a_torn_corner_is_made_good() -> None:
    """Fifteen of a hundred parts may be missing, but no more."""
    for share, texts in ((0.3, (BOBS,)), (0.9, ())):
        torn = code()
        width = torn.width
        start = int((1 - share) * width)
        draw = ImageDraw.Draw(torn)
        draw.polygon([(width, width), (start, width), (width, start)], fill=255)
        assert qr_reader.decode(torn) == texts


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_torn_in_two(side: str) -> None:
    """Or half outside the picture."""
    image = on_a_table(code())
    width, height = image.size
    box = {
        "left": (0, 0, width // 2, height),
        "top": (0, 0, width, height // 2),
        "right": (width // 2, 0, width, height),
        "bottom": (0, height // 2, width, height),
    }[side]
    assert qr_reader.decode(image.crop(box)) == ()


def test_a_damaged_code_never_says_something_else() -> None:
    """It is read as it was, or not at all."""
    dice = random.Random(3)
    seen = set()
    for _round in range(60):
        damaged = code(scale=3)
        draw = ImageDraw.Draw(damaged)
        for _spot in range(dice.randrange(1, 40)):
            x, y = dice.randrange(damaged.width), dice.randrange(damaged.height)
            edge = dice.randrange(3, 24)
            draw.rectangle((x, y, x + edge, y + edge), fill=dice.choice((0, 255)))
        seen.add(qr_reader.decode(damaged))
    assert seen == {(BOBS,), ()}


def test_two_codes_in_one_picture() -> None:
    screen = screenshot(LIGHT)
    for place, text in (((60, 300), BOBS), ((900, 300), CAROLS), ((1400, 300), BOBS)):
        screen.paste(code(text, 3), place)
    texts = qr_reader.decode(screen)
    assert len(texts) == 2
    assert set(texts) == {BOBS, CAROLS}


# The judgement of the codes


def judged(image: Image.Image, expected: str | None = BOB) -> list[Judgement]:
    known: dict[str, tuple[DeviceInfo, ...]] = {
        BOB: (make(BOB, 7), make(BOB, 8)),
        OWN: (make(OWN, THIS, Trust.VERIFIED),),
    }
    return [
        judge(
            text,
            source=Source.CAMERA,
            expected=expected,
            own_jid=OWN,
            own_device_id=THIS,
            devices=lambda jid: known.get(jid, ()),
        )
        for text in qr_reader.decode(image)
    ]


def test_the_right_code() -> None:
    (judgement,) = judged(squeeze(on_a_table(code(), 255), 0.1))
    assert judgement.verdict is Verdict.MATCH
    assert {one.device.device_id for one in judgement.findings if one.device} == {7, 8}


def test_the_code_of_another_person() -> None:
    (judgement,) = judged(on_a_table(code(CAROLS)))
    assert judgement.verdict is Verdict.OTHER_CONTACT
    assert judgement.jid == CAROL
    assert not judgement.can_apply


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/",
        "WIFI:S:name;T:WPA;P:password;;",
        "otpauth://totp/x?secret=ABC",
        BOBS[:-7],
        BOBS.replace("xmpp:", "xmpp://"),
        BOBS + ";omemo-sid-7=" + fingerprint(9),
    ],
)
def test_a_wrong_code(text: str) -> None:
    (judgement,) = judged(code(text))
    assert judgement.verdict is Verdict.UNREADABLE
    assert not judgement.can_apply


def test_a_code_with_another_key() -> None:
    changed = build_fingerprint_uri(BOB, {7: fingerprint(9)})
    (judgement,) = judged(code(changed))
    assert judgement.verdict is Verdict.MISMATCH


# Files that are no images


def png_that_claims(width: int, height: int) -> bytes:
    """A tiny file whose header asks for a lot of memory."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"")))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(BOBS.encode(), id="text"),
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"/>', id="svg"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", id="eps"),
        pytest.param(draw_png(BOBS)[:200], id="a torn file"),
        pytest.param(png_that_claims(20000, 20000), id="400 million pixels"),
        pytest.param(png_that_claims(2**31 - 1, 2**31 - 1), id="no such size"),
        pytest.param(encoded(code(), "TIFF"), id="tiff"),
        pytest.param(encoded(code(), "PPM"), id="ppm"),
    ],
)
def test_images_that_are_not_opened(data: bytes) -> None:
    with pytest.raises(qr_reader.NotReadable):
        qr_reader.open_image(data)


def test_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    data = draw_png(BOBS)
    monkeypatch.setattr(qr_reader, "FILE_BYTES_MAX", len(data) - 1)
    with pytest.raises(qr_reader.NotReadable):
        qr_reader.open_image(data)
    monkeypatch.setattr(qr_reader, "FILE_BYTES_MAX", len(data))
    qr_reader.open_image(data)


@pytest.mark.parametrize(
    ("module", "package"),
    [("zxingcpp", "python3-zxing-cpp"), ("PIL", "python3-pil")],
)
def test_the_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, package: str
) -> None:
    modules: dict[str, object] = dict(sys.modules)
    modules[module] = None
    monkeypatch.setattr(sys, "modules", modules)
    assert qr_reader.missing_package() == package
