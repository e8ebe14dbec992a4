# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Trust in a picture, a word and a sentence. The colour only repeats what the
other three say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...bridge.i18n import _
from ...engine.device_info import DeviceInfo
from ...engine.values import Trust


class Tone(Enum):
    """How a badge is coloured; the value is the name of a CSS class."""

    GOOD = "omemo-good"
    PLAIN = "omemo-plain"
    CAUTION = "omemo-caution"
    ALARM = "omemo-alarm"


class Icon(Enum):
    """The pictures of this plugin; the value is the name of an icon."""

    VERIFIED = "omemo-verified-symbolic"
    TRUSTED = "omemo-trusted-symbolic"
    UNDECIDED = "omemo-undecided-symbolic"
    DISTRUSTED = "omemo-distrusted-symbolic"


@dataclass(frozen=True)
class Badge:
    """
    Attributes:
        text: a word or two.
        meaning: a sentence: what follows from it.
    """

    icon: Icon
    tone: Tone
    text: str
    meaning: str


def of_this_device() -> Badge:
    return Badge(
        Icon.VERIFIED,
        Tone.GOOD,
        _("This device"),
        _("Others verify you by comparing this fingerprint."),
    )


def of_device(info: DeviceInfo) -> Badge:
    """The badge of a device, our own one excepted."""
    if info.key_changed:
        return Badge(
            Icon.DISTRUSTED,
            Tone.ALARM,
            _("Its key has changed"),
            _(
                "It presented another key than before. It gets nothing. Ask the "
                "owner, by another way, whether they reinstalled it."
            ),
        )
    if info.fingerprint is None:
        return Badge(
            Icon.UNDECIDED,
            Tone.CAUTION,
            _("Key not known yet"),
            _("It gets messages as soon as its key has been fetched."),
        )
    return of_trust(info.trust)


def of_trust(trust: Trust) -> Badge:
    """The badge of a level of trust."""
    if trust is Trust.VERIFIED:
        return Badge(
            Icon.VERIFIED,
            Tone.GOOD,
            _("Verified"),
            _("You have checked that this is the real device."),
        )
    if trust is Trust.BLIND:
        return Badge(
            Icon.TRUSTED,
            Tone.PLAIN,
            _("Trusted, not verified"),
            _("It gets messages, but nobody has checked whose it is."),
        )
    if trust is Trust.UNDECIDED:
        return Badge(
            Icon.UNDECIDED,
            Tone.CAUTION,
            _("Not decided"),
            _("It gets nothing until you decide whether to trust it."),
        )
    return Badge(
        Icon.DISTRUSTED,
        Tone.ALARM,
        _("Not trusted"),
        _("It gets nothing. What it sends is marked."),
    )
