# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Messages on their way out.

Each waits here until it may be encrypted. The order within a conversation is
kept; one that waits for keys does not hold up the other conversations.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(eq=False)
class Outgoing:
    """
    A message that waits.

    Attributes:
        message: what Gajim gave us, in clear.
        jids: the bare JIDs it is for; in a room, as far as they are known.
        conversation: the JID of the contact or the room; of somebody in a room
            with the nickname.
        grace: until when to wait for a recipient's first device to appear.
        deadline: when to go on with the keys that are there. Both in the
            seconds of a monotonic clock.
        busy: it is being encrypted or made durable, and is about to go.
        is_room: the conversation is a room.
        is_private: it is with somebody in a room.
    """

    message: Any
    jids: tuple[str, ...]
    conversation: str
    grace: float
    deadline: float
    busy: bool = False
    is_room: bool = False
    is_private: bool = False

    @property
    def addressee(self) -> str:
        """The bare JID of the person or room."""
        return self.jids[0] if self.is_private else self.conversation


class Outbox:
    """
    The queue of one account.

    Attributes:
        changed: told that a message came or went.
    """

    def __init__(self) -> None:
        self._entries: list[Outgoing] = []
        self.changed: Callable[[], None] = lambda: None

    def __iter__(self) -> Iterator[Outgoing]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, entry: Outgoing) -> None:
        self._entries.append(entry)
        self.changed()

    def remove(self, entry: Outgoing) -> None:
        """Take out an entry; it need not be in the queue any more."""
        if entry in self._entries:
            self._entries.remove(entry)
            self.changed()

    def holds(self, message: Any) -> bool:
        return any(entry.message is message for entry in self._entries)

    def has(self, conversation: str) -> bool:
        return any(entry.conversation == conversation for entry in self._entries)

    def clear(self) -> list[Outgoing]:
        """Take out everything."""
        entries, self._entries = self._entries, []
        self.changed()
        return entries

    def heads(self) -> list[Outgoing]:
        """The first entry of each conversation, oldest first."""
        found: dict[str, Outgoing] = {}
        for entry in self._entries:
            found.setdefault(entry.conversation, entry)
        return list(found.values())

    def work(self, step: Callable[[Outgoing], bool]) -> None:
        """
        Try the first entry of each conversation, and the next one when it has
        been dealt with.

        Args:
            step: returns whether the entry has been removed.
        """
        for head in self.heads():
            entry: Outgoing | None = head
            while entry is not None and not entry.busy and step(entry):
                entry = next(
                    (
                        one
                        for one in self._entries
                        if one.conversation == head.conversation
                    ),
                    None,
                )
