# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the bridge hands to the windows, beside the engine's own values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..engine.values import Device
from ..engine.values import Trust


class OfferKind(Enum):
    """What a line in a chat offers to do."""

    VERIFY = "verify"
    DETAILS = "details"
    OWN_DEVICES = "own devices"
    LEAVE_OUT = "leave out"
    REPLACE_SESSION = "replace session"


@dataclass(frozen=True)
class Offer:
    """
    A button under a line in a chat.

    Attributes:
        jid: whom it is about.
        members: of the room, whom it is about.
        device: which it is about.
    """

    kind: OfferKind
    jid: str
    members: tuple[str, ...] = ()
    device: Device | None = None


@dataclass(frozen=True)
class Reader:
    """
    A device that could read a message, and how far it was trusted then.

    Attributes:
        label: its name then, if it had one.
    """

    device: Device
    trust: Trust
    label: str | None = None
