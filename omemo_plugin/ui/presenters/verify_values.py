# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values of the window "Verify"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .badges import Icon
from .badges import Tone


class VerifyAction(Enum):
    """The action of a button in the window."""

    CONFIRM = "confirm"
    CALL = "call"
    UNDO = "undo"
    GO_THERE = "go there"
    AGAIN = "again"
    DETAILS = "details"


class Way(Enum):
    """The way on which a code reached the user."""

    IN_PERSON = "in person"
    VIDEO_CALL = "video call"
    MESSAGE = "message"
    WEBSITE = "website"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answer:
    """
    The judgement of an answer to the question how the code came.

    Attributes:
        enough: what the code says may be carried out.
        text: why it is not enough; '' for nothing.
        check: what the user has to tick as well; '' for nothing.
    """

    enough: bool
    text: str = ""
    check: str = ""


@dataclass(frozen=True)
class ResultButton:
    act: VerifyAction
    label: str


@dataclass(frozen=True)
class Line:
    """
    A device in a code.

    Attributes:
        fingerprint: eight groups.
    """

    text: str
    fingerprint: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """
    The result of reading a code.

    Attributes:
        ends: the code has been dealt with; otherwise looking goes on.
        asks_way: the user is to say how the code came, before it counts.
        ask_back: the question whether the other one has done the same; '' for none.
    """

    title: str
    text: str
    icon: Icon
    tone: Tone
    ends: bool
    lines: tuple[Line, ...] = ()
    buttons: tuple[ResultButton, ...] = ()
    asks_way: bool = False
    ask_back: str = ""

    @property
    def spoken(self) -> str:
        return f"{self.title}. {self.text}"
