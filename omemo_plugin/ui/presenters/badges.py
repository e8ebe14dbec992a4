# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Trust in a picture, a word and a sentence. The colour only repeats what the
other three say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...engine.keys.device_info import DeviceInfo
from ...engine.values import Trust
from ...i18n import _


class Tone(Enum):
    """The colour of a badge; the value is the name of a CSS class."""

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
    OPEN = "omemo-open-symbolic"
    UNOPENED = "omemo-unopened-symbolic"
    WAITING = "omemo-waiting-symbolic"


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


def not_encrypted() -> Badge:
    """The badge of a message in clear."""
    return Badge(
        Icon.OPEN,
        Tone.CAUTION,
        _("Not encrypted"),
        _("The servers can read it."),
    )


def other_encryption() -> Badge:
    """The badge of a message that something else has decrypted, in a chat that is
    encrypted with OMEMO."""
    return Badge(
        Icon.OPEN,
        Tone.CAUTION,
        _("Not OMEMO"),
        _(
            "It was encrypted in another way. OMEMO has not checked who wrote it: "
            "ask your contact."
        ),
    )


def not_opened() -> Badge:
    """The badge of a message that this device could not decrypt."""
    return Badge(
        Icon.UNOPENED,
        Tone.PLAIN,
        _("Not opened"),
        _("It could not be opened here."),
    )


def of_device(info: DeviceInfo) -> Badge:
    """The badge of a device, our own one excepted."""
    if info.key_changed:
        return Badge(
            Icon.DISTRUSTED,
            Tone.ALARM,
            _("Different key"),
            _("It shows a different key than before. It gets nothing."),
        )
    if info.fingerprint is None:
        return Badge(
            Icon.UNDECIDED,
            Tone.CAUTION,
            _("Key not known yet"),
            _("It gets messages as soon as its key has been fetched."),
        )
    return of_trust(info.trust)


def silent(trust: Trust) -> Badge:
    """The badge of a device that is left out because it is not heard."""
    text = _("Gets nothing, not verified")
    if trust is Trust.VERIFIED:
        text = _("Gets nothing, verified")
    return Badge(
        Icon.WAITING,
        Tone.PLAIN,
        text,
        _("It has not been heard for long. It gets messages again when it is."),
    )


def of_trust(trust: Trust) -> Badge:
    """The badge of a level of trust."""
    if trust is Trust.VERIFIED:
        return Badge(
            Icon.VERIFIED,
            Tone.GOOD,
            _("Verified"),
            _("You have checked that this device is the right one."),
        )
    if trust is Trust.BLIND:
        return Badge(
            Icon.TRUSTED,
            Tone.PLAIN,
            _("Not verified"),
            _("It gets messages. Nobody has checked whose it is."),
        )
    if trust is Trust.UNDECIDED:
        return Badge(
            Icon.UNDECIDED,
            Tone.CAUTION,
            _("Not decided"),
            _("It gets nothing until you decide."),
        )
    return Badge(
        Icon.DISTRUSTED,
        Tone.ALARM,
        _("Refused"),
        _("You refused it. It gets nothing."),
    )
