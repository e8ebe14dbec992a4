# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The messages that have not been sent, and what the user does with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..gajim import chat_window
from ..gajim import constants as gajim_constants
from ..gajim import messages as gajim_messages
from ..log import guard
from ..notices import texts
from ..notices.chat_notices import ChatNotices
from ..timers import after
from ..values import Offer
from ..values import OfferKind
from ..values import WaitingMessage
from ..values import WaitingState
from .outbox import Outbox
from .outbox import Unsent

if TYPE_CHECKING:
    from ..gajim.protocols import Client
    from ..gajim.protocols import Contact


# For how many seconds a deleted text can be had back
UNDO_SECONDS = 10


class WaitingMessages:
    """Those of one account. Nothing raises."""

    def __init__(
        self,
        client: Client,
        outbox: Outbox,
        notices: ChatNotices,
        work: Callable[[], None],
    ) -> None:
        """
        Args:
            work: goes on with the messages that wait.
        """
        self._client = client
        self._account = client.account
        self._outbox = outbox
        self._notices = notices
        self._work = work
        # Chats with texts of an earlier run in which the user has not been
        self._unvisited = {one.conversation for one in outbox.unsent}
        self._told_of_others = False

    def __len__(self) -> int:
        """The number of messages that are still to be sent."""
        return len(self._outbox)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is still to be sent, and nothing was given back."""
        return not len(self._outbox) and not self._outbox.unsent

    def of(self, jid: str) -> tuple[WaitingMessage, ...]:
        """Those of a conversation that are to be shown, oldest first."""
        found: list[WaitingMessage] = []
        held_up = False
        state: WaitingState | None = None
        for entry in self._outbox.of(jid):
            if isinstance(entry, Unsent):
                held_up = held_up or entry.holds_up
                found.append(_unsent(entry))
                continue
            if held_up:
                state = WaitingState.BEHIND
            elif entry.busy:
                state = WaitingState.SENDING
            elif state is None or state is WaitingState.SENDING:
                # The others wait for the same as the first
                state = entry.state
            if entry.is_shown and entry.text is not None:
                found.append(WaitingMessage(entry.number, entry.text, state))
        return tuple(found)

    # What the user wants

    def cancel(self, number: int) -> None:
        """Do not send a message. Its text goes into the input if that is empty."""
        with guard("cancelling a message"):
            entry = self._outbox.find(number)
            if isinstance(entry, Unsent):
                entry.wanted_by = None
                self._outbox.edited()
                return
            if entry is None or entry.text is None:
                return
            if entry.busy:
                # It is too late
                return
            jid, text = entry.conversation, entry.text
            if chat_window.fill_input(self._account, jid, text):
                self._outbox.remove(entry)
            else:
                kept = Unsent(text, jid, WaitingState.CANCELLED, message=entry.message)
                self._outbox.keep(kept, entry)
            self._work()

    def send_again(self, number: int, contact: Contact) -> None:
        """
        Send a text after all, in its place among the others.

        Args:
            contact: whose conversation it is.
        """
        with guard("sending a message again"):
            unsent = self._unsent(number)
            if unsent is None:
                return
            if not gajim_constants.is_available(self._client):
                unsent.wanted_by = contact
                self._outbox.edited()
            else:
                self._send(unsent, contact)

    def _send(self, unsent: Unsent, contact: Contact) -> None:
        gone = False
        try:
            with self._outbox.in_place_of(unsent):
                # Not by us: the user may have switched encryption off meanwhile
                gajim_messages.send_text(
                    self._client, contact, unsent.text, unsent.message
                )
            gone = True
        finally:
            if not gone:
                unsent.wanted_by = None
                self._outbox.keep(unsent)

    def connected(self) -> None:
        """Send what the user wanted to be sent when there is a connection."""
        for unsent in self._outbox.unsent:
            contact = unsent.wanted_by
            if contact is not None:
                with guard("sending a message again"):
                    self._send(unsent, contact)

    def edit(self, number: int) -> None:
        """Put a text into the input; another text that is there becomes one that is
        not sent."""
        with guard("editing a message"):
            unsent = self._unsent(number)
            if unsent is None:
                return
            jid = unsent.conversation
            before = chat_window.replace_input(self._account, jid, unsent.text)
            if before is None:
                return
            if before.strip():
                draft = Unsent(before, jid, WaitingState.DRAFT)
                self._outbox.keep(draft, unsent)
            else:
                self._outbox.remove(unsent)
            self._work()

    def delete(self, number: int) -> None:
        """Delete a text. That can be undone for a moment."""
        with guard("deleting a message"):
            unsent = self._unsent(number)
            if unsent is None:
                return
            unsent.before, unsent.state = unsent.state, WaitingState.DELETED
            self._outbox.edited()
            after(UNDO_SECONDS, lambda: self._deleted(unsent))
            self._work()

    def _deleted(self, unsent: Unsent) -> None:
        if unsent.state is WaitingState.DELETED:
            self._outbox.remove(unsent)

    def undo(self, number: int) -> None:
        """Have a deleted text back."""
        with guard("undoing"):
            unsent = self._outbox.find(number)
            if isinstance(unsent, Unsent) and unsent.before is not None:
                unsent.state, unsent.before = unsent.before, None
                self._outbox.edited()

    def _unsent(self, number: int) -> Unsent | None:
        found = self._outbox.find(number)
        if isinstance(found, Unsent) and found.state is not WaitingState.DELETED:
            return found
        return None

    # After a restart

    def chat_opened(self, jid: str) -> None:
        """The chat is on screen now: say that there are texts in others."""
        with guard("telling of what was not sent"):
            if chat_window.chat_on_screen(self._account) != jid:
                # The user has left the chat again already; another time will come
                return
            if jid in self._unvisited:
                self._unvisited.discard(jid)
                self._told_of_others = False
            others = [
                one.conversation
                for one in self._outbox.unsent
                if one.state is WaitingState.ENDED
                and one.conversation in self._unvisited
            ]
            if others and not self._told_of_others:
                offer = Offer(OfferKind.SHOW_CHAT, others[0])
                self._notices.show(jid, texts.unsent_elsewhere(len(others)), offer)
                self._told_of_others = True


def _unsent(entry: Unsent) -> WaitingMessage:
    state = entry.state
    if entry.wanted_by is not None and state is not WaitingState.DELETED:
        state = WaitingState.OFFLINE
    return WaitingMessage(entry.number, entry.text, state, entry.reason)
