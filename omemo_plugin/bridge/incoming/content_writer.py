# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Writes the decrypted content into the stanza, so that Gajim's own handlers find
it there as if it had been sent in clear.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbxmpp.protocol import Message
from nbxmpp.protocol import NodeProcessed
from nbxmpp.simplexml import Node

from ...engine.values import Protocol
from ...engine.values import Trust
from ..gajim import constants as gajim_constants
from ..gajim import messages as gajim_messages
from ..notices import texts
from ..notices.unopened import UnopenedMessages
from ..xml.nodes import children
from ..xml.payload_elements import ANSWERS
from ..xml.payload_elements import CHAT_STATES
from ..xml.payload_elements import RECEIPT_REQUEST
from ..xml.payload_elements import part_of
from .outer_elements import keep_harmless

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import MessageProperties

_ALONE = ANSWERS | {part for part in CHAT_STATES if part[0] != "active"}


class ContentWriter:
    """Writes the contents of the messages of one account."""

    def __init__(
        self,
        own_jid: str,
        tell: Callable[[str, str], None],
        asked_for_receipt: Callable[[str, Message, MessageProperties], None],
        answers_in_clear: Callable[[], bool],
        dispatch_again: Callable[[Message, MessageProperties], None],
        unopened: UnopenedMessages,
    ) -> None:
        """
        Args:
            tell: shows a line in the chat with a bare JID.
            asked_for_receipt: is given the sender's bare JID and a message that
                asks for a receipt.
            answers_in_clear: whether Gajim may answer a request for a receipt
                that came with a message of the older protocol.
            dispatch_again: lets Gajim's handlers look at the new content of a
                stanza. It raises what ends the present round of handlers.
            unopened: knows what is said of messages that were not opened.
        """
        self._own_jid = own_jid
        self._tell = tell
        self._asked_for_receipt = asked_for_receipt
        self._answers_in_clear = answers_in_clear
        self.dispatch_again = dispatch_again
        self._unopened = unopened

    def answer(
        self,
        sender: str,
        protocol: Protocol,
        added: Sequence[Node],
        stanza: Message,
        properties: MessageProperties,
    ) -> list[Node]:
        """
        Answer a request for a receipt, and remove it: Gajim would answer in
        clear.

        Args:
            sender: the bare JID of the sender.
            added: elements of the envelope.

        Returns:
            `added` without the request.
        """
        if protocol is Protocol.LEGACY and self._answers_in_clear():
            return list(added)
        asked = [*added, *children(stanza)]
        if any(part_of(node) == RECEIPT_REQUEST for node in asked):
            for node in list(children(stanza)):
                # nbxmpp does not answer what is an answer itself
                if part_of(node) in ANSWERS | {RECEIPT_REQUEST}:
                    stanza.delChild(node)
            if not properties.type.is_groupchat:
                self._asked_for_receipt(sender, stanza, properties)
        return [node for node in added if part_of(node) != RECEIPT_REQUEST]

    def write(
        self,
        text: str,
        added: Sequence[Node],
        sender: str | None,
        stanza: Message,
        properties: MessageProperties,
    ) -> None:
        """
        Replace the content of the stanza.

        Args:
            text: the decrypted text; '' if there is none.
            added: elements of the envelope.
            sender: the bare JID of the sender, if it is known.

        Raises:
            NodeProcessed: nothing is left to be shown.
        """
        inside = frozenset(part_of(node) for node in added)
        if text:
            # An answer goes alone, and so does a chat state other than "active"
            # (XEP-0085, 5.5): Gajim would look at nothing else
            added = [node for node in added if part_of(node) not in _ALONE]
            inside |= _ALONE
        keep_harmless(stanza, properties, self._own_jid, without=inside)
        for node in added:
            stanza.addChild(node=node)
        if text:
            stanza.setBody(text)
        elif sender is not None:
            self._tell_of_unknown(added, sender, properties)
        if not text and not added:
            raise NodeProcessed

    def tell(self, line: str, properties: MessageProperties) -> None:
        """Show a line in the chat to which a message belongs."""
        if properties.jid is not None:
            self._tell(gajim_constants.bare(properties.jid), line)

    def write_reason(
        self,
        error: Exception,
        name: str,
        stanza: Message,
        properties: MessageProperties,
    ) -> None:
        """
        Replace the content of a stanza that was not decrypted. Neither a receipt
        nor a marker is sent for it, and it replaces no other message.

        Args:
            error: why it was not.
            name: what the user calls the sender; '' if it is not known, or the user.
        """
        jid = properties.jid
        chat = "" if jid is None else gajim_constants.bare(jid)
        reason = self._unopened.reason(error, name, chat, stanza.getID())
        keep_harmless(stanza, properties, self._own_jid, questions=False)
        stanza.setBody(reason)
        properties.encrypted = gajim_messages.encryption_data(Trust.DISTRUSTED, None)

    @property
    def tells_of_own(self) -> bool:
        """Whether the user is told of own messages from the archive that nobody can
        open."""
        return self._unopened.tells_of_own

    def _tell_of_unknown(
        self, added: Sequence[Node], sender: str, properties: MessageProperties
    ) -> None:
        """Say which change of a message this Gajim cannot show, unless the
        sender wrote a text for that case."""
        if properties.mam is not None:
            return
        for node in added:
            if gajim_messages.can_show(part_of(node)):
                continue
            emojis = [one.getData().strip() for one in node.getTags("reaction")]
            line = ""
            if node.getName() == "retract":
                line = texts.taken_back(sender)
            elif any(emojis):
                line = texts.reaction(sender, emojis)
            if line:
                self.tell(line, properties)
