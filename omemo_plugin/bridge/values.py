# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values that the bridge hands to the windows, beside those of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..engine.values import Device
from ..engine.values import Trust


class OfferKind(Enum):
    """The kinds of buttons under a line in a chat."""

    VERIFY = "verify"
    DETAILS = "details"
    OWN_DEVICES = "own devices"
    LEAVE_OUT = "leave out"
    REPLACE_SESSION = "replace session"
    SHOW_CHAT = "show chat"


@dataclass(frozen=True)
class Offer:
    """
    A button under a line in a chat.

    Attributes:
        jid: the account that it is about.
        members: the members of the room that it is about.
        device: the device that it is about.
    """

    kind: OfferKind
    jid: str
    members: tuple[str, ...] = ()
    device: Device | None = None


class RemedyKind(Enum):
    """
    What the user can do about a message that was not opened.

    REPAIR: begin a new session with the device.
    REPAIRED: nothing any more; it has been done.
    DETAILS: look at the devices.
    """

    REPAIR = "repair"
    REPAIRED = "repaired"
    DETAILS = "details"


@dataclass(frozen=True)
class Remedy:
    """
    Attributes:
        text: what stands beside the button; '' where the message says it itself.
        device: the one that is repaired.
    """

    kind: RemedyKind
    text: str = ""
    device: Device | None = None


@dataclass(frozen=True)
class Recipient:
    """
    A device that could read a message, and how far it was trusted then.

    Attributes:
        label: its name then, if it had one.
        left_out: it could not, because it had not been heard for long.
    """

    device: Device
    trust: Trust
    label: str | None = None
    left_out: bool = False


class ClearReason(Enum):
    """
    Why the user writes to somebody without encryption.

    NO_DEVICE: the contact had no device; it ends when one appears.
    SWITCHED_OFF: the user switched encryption off.
    UNANSWERED: the same, but the contact has written encrypted since. Nothing
        is sent until the user has answered what is to be done.
    STAYED: the user has answered that it stays off.
    """

    NO_DEVICE = "no device"
    SWITCHED_OFF = "switched off"
    UNANSWERED = "unanswered"
    STAYED = "stayed"


class WaitingState(Enum):
    """
    Why a message has not been sent.

    KEYS: keys are being fetched.
    OFFLINE: there is no connection.
    MEMBERS: it is not known yet who is in the room.
    SENDING: it is on its way, and cannot be held any more.
    BEHIND: one before it in the conversation could not be sent.
    FAILED: it could not be sent.
    ENDED: Gajim was closed before.
    CANCELLED: the user did not want it to be sent.
    DRAFT: it was in the message input, and made room for another text.
    DELETED: the user deleted it, and may take that back for a moment.
    """

    KEYS = "keys"
    OFFLINE = "offline"
    MEMBERS = "members"
    SENDING = "sending"
    BEHIND = "behind"
    FAILED = "failed"
    ENDED = "ended"
    CANCELLED = "cancelled"
    DRAFT = "draft"
    DELETED = "deleted"


@dataclass(frozen=True)
class WaitingMessage:
    """
    A message that has not been sent.

    Attributes:
        number: by which it is known, in this run of Gajim.
        reason: why it could not be sent, a whole sentence; '' where the reason
            concerns the whole chat, which says so.
    """

    number: int
    text: str
    state: WaitingState
    reason: str = ""


class KeyReceiver(Enum):
    """
    What goes on with a key when this plugin gives it away.

    BUILT_IN: the OMEMO that is built into Gajim 2.
    PLUGIN: gajim-omemo, which is installed beside this plugin in Gajim 1.7.
    LATER_PLUGIN: gajim-omemo, when the user has installed it. Debian's package of this
        plugin is never installed beside it.
    """

    BUILT_IN = "built in"
    PLUGIN = "plugin"
    LATER_PLUGIN = "later plugin"
