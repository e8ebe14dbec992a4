# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from omemo_plugin.verify import fingerprint as fingerprint_module
from omemo_plugin.verify.fingerprint import InvalidFingerprint
from omemo_plugin.verify.fingerprint import colour
from omemo_plugin.verify.fingerprint import groups
from omemo_plugin.verify.fingerprint import hue
from omemo_plugin.verify.fingerprint import parse_fingerprint
from omemo_plugin.verify.fingerprint import spoken

HEX = "a1b2c3d4" * 8


@pytest.mark.parametrize(
    "text",
    [
        HEX,
        HEX.upper(),
        "05" + HEX,
        " ".join(groups(HEX)),
        ":".join(groups(HEX)),
        "-".join(groups(HEX)),
        "\n".join((HEX[:32], HEX[32:])) + "\r\n",
        HEX + " " * (4 * 64 - len(HEX)),
    ],
)
def test_ways_to_write_a_fingerprint(text: str) -> None:
    assert parse_fingerprint(text) == HEX


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEX[:-1],
        HEX + "0",
        HEX + "00",
        "06" + HEX,
        "0" + HEX,
        HEX[:-1] + "g",
        HEX[:-1] + "１",
        "0x" + HEX[2:],
        HEX + " " * (4 * 64 - len(HEX) + 1),
        HEX + " " * 5000,
        "+" + HEX[1:],
    ],
)
def test_invalid_fingerprints(text: str) -> None:
    with pytest.raises(InvalidFingerprint):
        parse_fingerprint(text)


def test_a_fingerprint_may_begin_like_a_type() -> None:
    text = "05" + HEX[:-2]
    assert parse_fingerprint(text) == text
    assert parse_fingerprint("05" + text) == text


def test_groups_and_how_they_are_spoken() -> None:
    fingerprint = "0123456789abcdef" * 4
    assert groups(fingerprint) == ("01234567", "89abcdef") * 4
    assert spoken(fingerprint).startswith("0 1 2 3 4 5 6 7, 8 9 a b c d e f, 0 1")
    assert spoken(fingerprint).count(",") == 7


# XEP-0392 1.0, "Test Vectors"
@pytest.mark.parametrize(
    ("text", "angle"),
    [
        ("Romeo", 327.255249),
        ("juliet@capulet.lit", 209.410400),
        ("😺", 331.199341),
        ("council", 359.994507),
        ("Board", 171.430664),
    ],
)
def test_angles(text: str, angle: float) -> None:
    assert hue(text) == pytest.approx(angle, abs=1e-6)


def luminance(code: str) -> float:
    def linear(value: int) -> float:
        part = value / 255
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(value) for value in bytes.fromhex(code.lstrip("#")))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_can_be_read() -> None:
    for number in range(500):
        group = f"{number * 8191:08x}"
        assert contrast(colour(group, dark=False), "#ffffff") > 4.5
        assert contrast(colour(group, dark=True), "#000000") > 4.5
        # Adwaita's dark view, and Gajim's message area
        assert contrast(colour(group, dark=True), "#303030") > 4.5


def test_the_same_group_has_the_same_colour_and_others_differ() -> None:
    assert colour("a1b2c3d4", dark=True) == colour("a1b2c3d4", dark=True)
    colours = {colour(f"{number:08x}", dark=False) for number in range(50)}
    assert len(colours) > 40


def test_without_the_library_a_group_has_the_colour_of_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fingerprint_module, "hsluv", None)
    assert colour("a1b2c3d4", dark=True) == "#ffffff"
    assert colour("a1b2c3d4", dark=False) == "#000000"
