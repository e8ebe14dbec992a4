# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Messages on their way out, those that could not be sent, and their copy on the
disk.

Each waits here until it may be encrypted. The order within a conversation is
kept: behind a message that could not be sent the others wait, until the user has
said what becomes of it. The other conversations are not held up.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

from ...engine.values import Device
from ..signals import Signal
from ..state.drafts import UnsentDrafts
from ..timers import Timer
from ..timers import after
from ..values import WaitingState

if TYPE_CHECKING:
    from ..gajim.protocols import Contact
    from ..gajim.protocols import OutgoingMessage


# In seconds. A message that waits for longer is shown to the user, and kept for the
# next start; most are gone before that, and their text never reaches the disk
SHOWN_AFTER = 0.4

_numbers = itertools.count(1)


def _next_number() -> int:
    return next(_numbers)


def _now() -> float:
    return time.monotonic()


# For how many seconds a message waits for keys; then the keys that are there have
# to do
KEYS_SECONDS = 30.0


@dataclass(eq=False)
class Outgoing:
    """
    A message that waits.

    Attributes:
        message: Gajim's message, in clear.
        text: the text in it; None if it changes another message.
        jids: the bare JIDs it is for; in a room, as far as they are known.
        conversation: the JID of the contact or the room; of an occupant of a
            room with the nickname.
        grace: until when to wait for a recipient's first device to appear.
        deadline: when to go on with the keys that are there. Both in the
            seconds of a monotonic clock.
        busy: it is being encrypted or made durable, and is about to go.
        held: it waits until the user has seen who was added to the room.
        is_room: the conversation is a room.
        is_private: it is with an occupant of a room.
        state: what it waits for.
        began: since when, in the seconds of a monotonic clock.
        number: by which the windows know it.
        tells: devices of the recipient of which it says that they are left out.
    """

    message: OutgoingMessage
    text: str | None
    jids: tuple[str, ...]
    conversation: str
    grace: float
    deadline: float
    busy: bool = False
    held: bool = False
    is_room: bool = False
    is_private: bool = False
    state: WaitingState = WaitingState.KEYS
    began: float = field(default_factory=_now)
    number: int = field(default_factory=_next_number)
    tells: tuple[Device, ...] = ()

    @property
    def addressee(self) -> str:
        """The bare JID of the contact or the room."""
        return self.jids[0] if self.is_private else self.conversation

    @property
    def has_text(self) -> bool:
        """Whether there is a text to be shown."""
        return self.text is not None

    @property
    def is_shown(self) -> bool:
        """Whether it has waited for so long that the user is told."""
        return self.has_text and time.monotonic() >= self.began + SHOWN_AFTER


@dataclass(eq=False)
class Unsent:
    """
    A text that is not sent unless the user wants it.

    Attributes:
        text, conversation, number: see `Outgoing`.
        state: why it is not sent.
        reason: the same, as a whole sentence; '' where the chat says it.
        message: Gajim's message, if there was one in this run of Gajim.
        before: the state that it has again when it is not deleted after all.
        wanted_by: the contact to whom the user wants it to be sent when there is a
            connection.
    """

    text: str
    conversation: str
    state: WaitingState
    reason: str = ""
    message: OutgoingMessage | None = None
    before: WaitingState | None = None
    wanted_by: Contact | None = None
    number: int = field(default_factory=_next_number)

    @property
    def holds_up(self) -> bool:
        """Whether later messages of the conversation wait for it."""
        return self.state is WaitingState.FAILED or self.wanted_by is not None


class Outbox:
    """
    The queue of one account.

    Attributes:
        changed: emitted when there is something else to be shown.
    """

    def __init__(self, drafts: UnsentDrafts) -> None:
        """
        Args:
            drafts: keeps the texts of what waits for long.
        """
        self.changed: Signal[[]] = Signal("showing what waits")
        self._drafts = drafts
        self._timer = Timer(self._write_drafts)
        # Where the next message belongs; None for the end
        self._place: int | None = None
        self._entries: list[Outgoing | Unsent] = [
            Unsent(text, conversation, WaitingState.ENDED)
            for conversation, texts in drafts.earlier.items()
            for text in texts
        ]

    def __contains__(self, entry: Outgoing | Unsent) -> bool:
        return entry in self._entries

    def __iter__(self) -> Iterator[Outgoing]:
        return (entry for entry in self._entries if isinstance(entry, Outgoing))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def of(self, conversation: str) -> list[Outgoing | Unsent]:
        """All of a conversation, oldest first."""
        return [one for one in self._entries if one.conversation == conversation]

    def find(self, number: int) -> Outgoing | Unsent | None:
        """The one with this number."""
        return next((one for one in self._entries if one.number == number), None)

    @property
    def unsent(self) -> list[Unsent]:
        """The messages that are not sent unless the user wants it."""
        return [entry for entry in self._entries if isinstance(entry, Unsent)]

    @property
    def is_kept(self) -> bool:
        """Whether the texts are there at the next start."""
        return self._drafts.are_kept

    # Messages come and go

    def add(self, entry: Outgoing) -> None:
        """Append a message to its conversation."""
        place, self._place = self._place, None
        if place is None:
            self._entries.append(entry)
        else:
            self._entries.insert(place, entry)
        self._timer.start(SHOWN_AFTER)
        after(SHOWN_AFTER + 0.02, lambda: self.touched(entry))

    def remove(self, entry: Outgoing | Unsent) -> None:
        """Take one out; it need not be in the queue any more."""
        if entry in self._entries:
            self._entries.remove(entry)
            self._timer.start(SHOWN_AFTER)
            if isinstance(entry, Unsent) or entry.is_shown:
                self.changed.emit()

    def keep(self, unsent: Unsent, instead_of: Outgoing | Unsent | None = None) -> None:
        """Keep a text that is not sent, at the end or in the place of another one."""
        if instead_of is not None and instead_of in self._entries:
            self._entries[self._entries.index(instead_of)] = unsent
        else:
            self._entries.append(unsent)
        self.edited()

    @contextmanager
    def in_place_of(self, unsent: Unsent) -> Iterator[None]:
        """Take one out. A message that is added meanwhile has its place."""
        self._place = self._entries.index(unsent)
        self.remove(unsent)
        try:
            yield
        finally:
            self._place = None

    def touched(self, entry: Outgoing) -> None:
        """The state of a message is another one."""
        if entry in self._entries and entry.is_shown:
            self.changed.emit()

    def edited(self) -> None:
        """Something about a text that is not sent is different."""
        self._timer.start(SHOWN_AFTER)
        self.changed.emit()

    # The queue

    def holds(self, message: OutgoingMessage) -> bool:
        """Whether Gajim's message is in the queue."""
        return any(entry.message is message for entry in self)

    def has(self, conversation: str) -> bool:
        """Whether any message of a conversation waits."""
        return any(entry.conversation == conversation for entry in self)

    def heads(self) -> list[Outgoing]:
        """The first message of each conversation, oldest first."""
        found = (self._first(one) for one in dict.fromkeys(self._conversations()))
        return [entry for entry in found if entry is not None]

    def _conversations(self) -> Iterator[str]:
        return (entry.conversation for entry in self)

    def work(self, step: Callable[[Outgoing], None]) -> None:
        """
        Try the first message of each conversation, and the next one when that
        has left the queue.

        Args:
            step: takes the message out of the queue if it can be dealt with.
        """
        for head in self.heads():
            entry: Outgoing | None = head
            while entry is not None and not entry.busy:
                step(entry)
                following = self._first(head.conversation)
                entry = None if following is entry else following

    def _first(self, conversation: str) -> Outgoing | None:
        for entry in self.of(conversation):
            if isinstance(entry, Outgoing):
                return entry
            if entry.holds_up:
                return None
        return None

    # The end

    def freeze(self) -> None:
        """Gajim ends: keep the texts that wait for its next start, and forget
        the messages. Gajim has closed its own drafts by now."""
        self._write_drafts()
        self._drafts.freeze()
        self._entries.clear()

    def clear(self) -> list[Outgoing | Unsent]:
        """Take out everything."""
        entries, self._entries = self._entries, []
        return entries

    def close(self) -> None:
        """Let the disk know what still waits, for the last time."""
        self.changed.disconnect_all()
        self._timer.stop()
        self._write_drafts()

    def _write_drafts(self) -> None:
        texts: dict[str, tuple[str, ...]] = {}
        for entry in self._entries:
            if entry.text is not None and entry.state is not WaitingState.DELETED:
                before = texts.get(entry.conversation, ())
                texts[entry.conversation] = (*before, entry.text)
        self._drafts.write(texts)
