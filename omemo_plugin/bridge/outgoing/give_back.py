# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that are not sent: each is in the message input, or waits above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..gajim import chat_window
from ..gajim import messages as gajim_messages
from ..log import guard
from ..notices import texts
from ..notices.chat_notices import ChatNotices
from ..timers import later
from ..values import WaitingState
from .errors import CannotSend
from .outbox import Outbox
from .outbox import Outgoing
from .outbox import Unsent

if TYPE_CHECKING:
    from ..gajim.protocols import Contact
    from ..gajim.protocols import OutgoingMessage


class GiveBack:
    """
    Gives back the texts of one account. Nothing raises. A line in the chat says
    why a text is in the input again, but never the text itself.
    """

    def __init__(self, notices: ChatNotices, outbox: Outbox) -> None:
        self._notices = notices
        self._outbox = outbox

    def refuse_later(self, message: OutgoingMessage, reason: str) -> None:
        """
        Refuse a message that Gajim is just handing over. Gajim empties the input
        after that; then the text goes back there. A chat state goes without a
        word.
        """
        if not gajim_messages.is_chat_state(message):
            later(self._refuse, message, reason)

    def _refuse(self, message: OutgoingMessage, reason: str) -> None:
        with guard("giving a text back"):
            text = gajim_messages.text_of(message)
            contact = message.contact
            jid = str(contact.jid)
            if text is None or chat_window.give_back(contact, text):
                self._notices.show(jid, texts.not_sent(reason))
                return
            self._outbox.keep(Unsent(text, jid, WaitingState.FAILED, reason, message))

    def failed(self, entry: Outgoing, failure: CannotSend) -> None:
        """A message that has waited cannot be sent: its text stays where it is."""
        with guard("keeping a text"):
            self._failed(entry, failure)

    def _failed(self, entry: Outgoing, failure: CannotSend) -> None:
        jid = entry.conversation
        contact = entry.message.contact
        if entry.text is None:
            self._outbox.remove(entry)
            line = texts.not_sent(failure.reason)
            self._notices.show(jid, line, failure.offer)
            return
        if not self._notices.has_windows and chat_window.give_back(contact, entry.text):
            # What waits cannot be seen
            self._outbox.remove(entry)
            line = texts.not_sent(failure.reason)
            self._notices.show(jid, line, failure.offer)
            return
        reason = "" if failure.concerns_chat else failure.reason
        unsent = Unsent(entry.text, jid, WaitingState.FAILED, reason, entry.message)
        self._outbox.keep(unsent, entry)

    def all(self) -> None:
        """Encryption ends: put the texts into the inputs. Where there is other text
        they stay for its return, if they are kept."""
        conversations: dict[str, list[Outgoing | Unsent]] = {}
        for entry in self._outbox.clear():
            if entry.state is not WaitingState.DELETED:
                conversations.setdefault(entry.conversation, []).append(entry)
        for jid, waited in conversations.items():
            with guard("giving texts back"):
                self._all_of(jid, waited)

    def _all_of(self, jid: str, waited: list[Outgoing | Unsent]) -> None:
        messages = [one.message for one in waited if one.message is not None]
        text = "\n".join(one.text for one in waited if one.text is not None)
        if not text:
            return
        if messages:
            contact: Contact = messages[0].contact
            join = not self._outbox.is_kept
            if chat_window.give_back(contact, text, join=join):
                self._notices.show(jid, texts.not_sent(texts.switched_off()))
                return
        for one in waited:
            if one.text is not None:
                self._outbox.keep(Unsent(one.text, jid, WaitingState.ENDED))
