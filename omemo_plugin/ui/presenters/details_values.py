# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values of the window "Encryption details"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .badges import Icon
from .badges import Tone
from .devices import DeviceCard


class SubjectKind(Enum):
    """The subject of the window."""

    CONTACT = "contact"
    ROOM = "room"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Subject:
    """
    Attributes:
        jid: bare, of the contact, the room or the account itself.
        name: what the user calls it.
    """

    kind: SubjectKind
    jid: str
    name: str


@dataclass(frozen=True)
class Group:
    """
    The devices of one account.

    Attributes:
        note: what there is to know about all of them; '' for nothing.
        icon, tone: None for no picture.
        folded: shown closed; the heading says enough.
        inactive: devices that are in no list any more, shown closed.
        hidden: the words over those.
        section: a heading over this group and those that follow; '' for none.
    """

    jid: str
    heading: str
    note: str = ""
    icon: Icon | None = None
    tone: Tone = Tone.PLAIN
    folded: bool = False
    cards: tuple[DeviceCard, ...] = ()
    inactive: tuple[DeviceCard, ...] = ()
    hidden: str = ""
    section: str = ""


@dataclass(frozen=True)
class Page:
    """
    The content of the window.

    Attributes:
        summary: what is true of a message that is written now.
        undo: what the last action was, if it can be undone.
        notice: what the last action was, if it cannot.
        verify: what is written on the button for that; '' for no button.
        history: what has happened, one sentence each, newest first.
        undoable: which line of it can be undone, counted from 0.
        can_search: there are so many people or devices that one may look for them.
    """

    heading: str
    summary: str
    icon: Icon
    tone: Tone
    groups: tuple[Group, ...]
    undo: str = ""
    notice: str = ""
    verify: str = ""
    can_search: bool = False
    history: tuple[str, ...] = ()
    undoable: int | None = None
