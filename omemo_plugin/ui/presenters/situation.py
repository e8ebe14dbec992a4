# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a conversation, as far as the dock above its input shows it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from enum import Enum

from ...bridge.values import ClearReason
from ...engine.messages.planning import LeftOut
from ...engine.messages.planning import LeftOutReason
from ...engine.messages.planning import SendPlan
from ...engine.values import Alarm
from ...engine.values import Device
from ...engine.values import Trust
from .badges import Icon
from .badges import Tone
from .waiting import WaitingRow


class Chat(Enum):
    """The kind of a conversation."""

    CONTACT = "contact"
    ROOM = "room"
    NICKNAME = "nickname"


class SituationAction(Enum):
    """The action of a button."""

    DETAILS = "details"
    VERIFY = "verify"
    CHOOSE = "choose"
    FOLD = "fold"
    SWITCH_ON = "switch on"
    SWITCH_OFF = "switch off"
    KEEP_ON = "keep on"
    SEND_WITHOUT = "send without encryption"
    STAY_WITHOUT = "stay without encryption"
    LEAVE_OUT = "leave out"
    ACCEPT = "accept"
    REFUSE = "refuse"
    NEXT = "next"
    CANCEL = "cancel"
    CHECK = "check"
    ASK_SWITCH_OFF = "ask to switch off"
    OWN_DEVICES = "own devices"
    KEEP_DEVICE = "keep device"
    ASK_ONCE_MORE = "ask once more"
    HELP = "help"


class Question(Enum):
    """The question of a banner. The most urgent comes first."""

    ALARM = "alarm"
    SWITCH_OFF = "switch off"
    THEY_ENCRYPT = "they encrypt"
    NO_DEVICE = "no device"
    NOT_ALL_MEMBERS = "not all members"
    UNUSED_DEVICE = "unused device"


@dataclass(frozen=True)
class Button:
    act: SituationAction
    label: str
    suggested: bool = False


@dataclass(frozen=True)
class Truth:
    """
    The line above the input.

    Attributes:
        blocked: nothing is sent in this state.
        button: what there is to do beside opening the details.
    """

    icon: Icon
    tone: Tone
    text: str
    blocked: bool = False
    button: Button | None = None


@dataclass(frozen=True)
class Banner:
    """
    A question or a warning above the line.

    Attributes:
        devices: which it is about.
        members: of a room, whom it is about.
        alarm: the alarm that is shown.
        position: which of several alarms it is, as in "1 of 3".
    """

    question: Question
    icon: Icon
    tone: Tone
    title: str
    text: str
    buttons: tuple[Button, ...]
    devices: tuple[Device, ...] = ()
    members: tuple[str, ...] = ()
    alarm: Alarm | None = None
    position: str = ""

    @property
    def spoken(self) -> str:
        return f"{self.title}. {self.text}"


@dataclass(frozen=True)
class Content:
    """The content of the dock above the input; None for nothing."""

    truth: Truth | None = None
    banner: Banner | None = None
    waiting: tuple[WaitingRow, ...] = ()


@dataclass(frozen=True)
class Situation:
    """
    The state of a conversation.

    Attributes:
        name: what the user calls the contact or the room.
        address: of the person behind a nickname in a room.
        encryption: the name of what is switched on; '' for nothing.
        has_to_be_encrypted: whatever is switched on.
        clear_reason: why the user writes without encryption, if that was chosen.
        problem: why nothing can be encrypted; '' if it can.
        is_online: there is a connection.
        is_public: it is a room that is not private.
        recipients: the bare JIDs of those who are to read it; None while they
            are not known.
        left_out: members that the user agreed to leave out.
        plan: who would get a message now; None if that is not known.
        trust: of the plan's readers.
        name_of: what the user calls somebody.
        device_name: what a device is called.
        asked_to_switch_off: the user has chosen that at the padlock.
        folded: questions and alarms that the user has put aside.
        alarms: the open ones about it, and about the user's own devices.
        turn: which of them is to be shown.
        time: the time now, in seconds since 1970.
        asked: alarms with an answer that is asked about once more.
        unnamed: members of a room whose addresses were not shown yet.
        unanswered: members that the user was warned of.
        unused: the user's own devices that have not been used for long.
    """

    chat: Chat
    name: str
    encryption: str
    address: str = ""
    has_to_be_encrypted: bool = False
    clear_reason: ClearReason | None = None
    problem: str = ""
    is_online: bool = True
    is_public: bool = False
    recipients: tuple[str, ...] | None = None
    left_out: tuple[str, ...] = ()
    plan: SendPlan | None = None
    trust: Mapping[Device, Trust] = field(default_factory=dict)
    name_of: Callable[[str], str] = lambda jid: jid
    device_name: Callable[[Device], str] = lambda device: str(device.device_id)
    asked_to_switch_off: bool = False
    folded: frozenset[Question | Alarm] = frozenset()
    alarms: tuple[Alarm, ...] = ()
    turn: int = 0
    time: float = 0.0
    asked: frozenset[Alarm] = frozenset()
    unnamed: tuple[str, ...] = ()
    unanswered: frozenset[str] = frozenset()
    unused: tuple[Device, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The recipients who cannot read it."""
        if self.plan is None or self.recipients is None:
            return ()
        return self.plan.unreachable

    def reasons_of(self, jid: str) -> frozenset[LeftOutReason]:
        """Why the devices of somebody get nothing."""
        return frozenset(one.reason for one in self._left_out if one.device.jid == jid)

    def left_out_for(self, reason: LeftOutReason) -> tuple[Device, ...]:
        """The recipients' devices that get nothing for a reason."""
        recipients = self.recipients or ()
        return tuple(
            one.device
            for one in self._left_out
            if one.reason is reason and one.device.jid in recipients
        )

    @property
    def waits_for_answer(self) -> bool:
        """
        Whether a member was added to a room in which all devices are verified:
        nothing is sent before the user has answered.
        """
        if not self.unanswered or self.plan is None:
            return False
        others = [
            device
            for device in self.plan.recipients
            if device.jid in (self.recipients or ())
            and device.jid not in self.unanswered
        ]
        return bool(others) and all(
            self.trust.get(device) is Trust.VERIFIED for device in others
        )

    @property
    def _left_out(self) -> tuple[LeftOut, ...]:
        return () if self.plan is None else self.plan.left_out


OMEMO = "OMEMO"
