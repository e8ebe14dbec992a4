# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Fingerprints in the form that people compare (XEP-0384 0.9.1, "Security
Considerations"): the identity key in its Curve25519 form, as lower-case hex digits in
eight coloured groups of eight.
"""

from __future__ import annotations

import hashlib

from ..engine.errors import OmemoError

try:
    import hsluv
except ImportError:
    # Fingerprints are compared with or without colours
    hsluv = None

_KEY_LENGTH = 32
_DIGITS = 2 * _KEY_LENGTH
_GROUP = 8

# The type of a Curve25519 key in libsignal; some programs show it as well
_TYPE = "05"

_SATURATION = 100.0
# On white and on the usual dark backgrounds every hue of these has more than
# the contrast of 4.5 that WCAG 2.1, 1.4.3 asks for
_LIGHTNESS_ON_LIGHT = 45.0
_LIGHTNESS_ON_DARK = 75.0


class InvalidFingerprint(OmemoError):
    """A text or key is not a fingerprint."""


def parse_fingerprint(text: str) -> str:
    """
    A fingerprint that was typed, pasted or read from a code: 64 hex digits in
    either case, or 66 with the key's type in front. Spaces, line breaks, colons
    and hyphens between the digits are allowed.

    Returns:
        The 64 lower-case digits.

    Raises:
        InvalidFingerprint: it is anything else.
    """
    if len(text) > 4 * _DIGITS:
        raise InvalidFingerprint("too long")
    digits = text.translate(_SEPARATORS)
    if len(digits) == _DIGITS + len(_TYPE) and digits.startswith(_TYPE):
        digits = digits[len(_TYPE) :]
    if len(digits) != _DIGITS or not _HEX.issuperset(digits):
        raise InvalidFingerprint("not 64 hex digits")
    return digits.lower()


_SEPARATORS = dict.fromkeys(map(ord, " \t\r\n:-"))
_HEX = frozenset("0123456789abcdefABCDEF")


def groups(fingerprint: str) -> tuple[str, ...]:
    """The eight groups of a fingerprint."""
    return tuple(
        fingerprint[start : start + _GROUP]
        for start in range(0, len(fingerprint), _GROUP)
    )


def spoken(fingerprint: str) -> str:
    """
    A fingerprint for a screen reader: each digit by itself, a pause after each
    group. Without the spaces it would be read as words and large numbers.
    """
    return ", ".join(" ".join(group) for group in groups(fingerprint))


def hue(text: str) -> float:
    """The angle of a text in degrees, 0 to 360: XEP-0392, "Angle generation"."""
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:2], "little") / 65536 * 360


def colour(group: str, *, dark: bool) -> str:
    """
    The colour of a group, as `#rrggbb`: XEP-0392, "RGB generation". Without the
    library for that, the colour of text.

    Args:
        dark: whether the background is dark.
    """
    if hsluv is None:
        return "#ffffff" if dark else "#000000"
    lightness = _LIGHTNESS_ON_DARK if dark else _LIGHTNESS_ON_LIGHT
    text: str = hsluv.hsluv_to_hex((hue(group), _SATURATION, lightness))
    return text
