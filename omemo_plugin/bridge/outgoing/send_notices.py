# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Telling the user what happens to a message on its way out."""

from __future__ import annotations

from ...engine.messages.encrypting import SentMessage
from ..notices import texts
from ..notices.chat_notices import ChatNotices
from ..values import WaitingState
from .outbox import Outbox
from .outbox import Outgoing


class SendNotices:
    """The notices about one account's outgoing messages: about waiting ones above the
    input, about others in the chat."""

    def __init__(self, notices: ChatNotices, outbox: Outbox) -> None:
        self._notices = notices
        self._outbox = outbox
        # Conversations in which the user knows which recipients do not see reactions
        self._told_of_older: set[str] = set()

    def offline(self, entry: Outgoing) -> None:
        """A message waits for the connection."""
        self._waits(entry, WaitingState.OFFLINE)

    def fetching_keys(self, entry: Outgoing) -> None:
        """A message waits for keys."""
        self._waits(entry, WaitingState.KEYS)

    def fetching_members(self, entry: Outgoing) -> None:
        """A message waits for the list of a room's members."""
        self._waits(entry, WaitingState.MEMBERS)

    def sending(self, entry: Outgoing) -> None:
        """A message is on its way."""
        entry.busy = True
        self._outbox.touched(entry)

    def _waits(self, entry: Outgoing, state: WaitingState) -> None:
        if entry.state is not state:
            entry.state = state
            self._outbox.touched(entry)

    def private_messages_are_for(self, address: str, jid: str) -> None:
        """The first message to a nickname: whom it is for."""
        self._notices.show(address, texts.private_messages_are_for(jid))

    def not_seen(self, entry: Outgoing, sent: SentMessage) -> None:
        """Once for a conversation: who reads the older protocol only, and so
        does not see a reaction or a retraction."""
        reached = {device.jid for device in sent.recipients}
        others = [jid for jid in entry.jids if jid not in reached]
        if others and entry.conversation not in self._told_of_older:
            self._told_of_older.add(entry.conversation)
            self._notices.show(entry.conversation, texts.not_seen_by(others))
