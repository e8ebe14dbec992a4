# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The handler that decrypts received messages in Gajim's chain of stanza handlers,
before any other handler reads the body.

A stanza with an encrypted element leaves it either with the decrypted content,
or with the reason why it cannot be read, or not at all. The body beside the
encrypted element is never shown: anybody may have written it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import Message
from nbxmpp.protocol import NodeProcessed
from nbxmpp.simplexml import Node

from ...engine.effects import Effect
from ...engine.engine import OmemoEngine
from ...engine.errors import DuplicateMessage
from ...engine.errors import MalformedStanza
from ...engine.errors import NotForThisDevice
from ...engine.errors import ReceiveError
from ...engine.errors import SentByThisDevice
from ...engine.errors import StoreError
from ...engine.messages.receiving import ReceivedMessage
from ...engine.values import Protocol
from ...stanza.envelope import Envelope
from ...stanza.message import find_encrypted
from ..gajim import constants as gajim_constants
from ..gajim import messages as gajim_messages
from ..log import report
from ..notices import texts
from ..notices.texts import SenderUnknown
from ..xml.nodes import children
from ..xml.nodes import to_element
from ..xml.nodes import to_node
from ..xml.payload_elements import CHANGES
from ..xml.payload_elements import CORRECTION
from ..xml.payload_elements import INSIDE
from ..xml.payload_elements import Part
from ..xml.payload_elements import part_of
from .content import body_of
from .content import clean_text
from .content import is_body
from .content import without_thumbnail
from .content_writer import ContentWriter
from .envelope_reader import EnvelopeReader
from .fallbacks import shown_elements
from .fallbacks import shown_text
from .message_origins import MessageOrigins
from .plaintext_guard import NAMESPACES
from .senders import Senders
from .senders import is_private_message
from .torn_messages import TornMessages
from .written_at import WrittenAt

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import MessageProperties

log = logging.getLogger("gajim.p.omemo_plugin")


class MessageReceiver:
    """Decrypts the messages of one account."""

    def __init__(
        self,
        engine: Callable[[], OmemoEngine],
        carry_out: Callable[[Sequence[Effect]], None],
        received: Callable[[], None],
        archived: Callable[[], None],
        senders: Senders,
        envelopes: EnvelopeReader,
        writer: ContentWriter,
    ) -> None:
        """
        Args:
            engine: gives the engine, or raises why there is none.
            carry_out: is given the effects of the engine.
            received: is called when there is something to commit.
            archived: is called for each encrypted message from an archive.
        """
        self._engine = engine
        self._carry_out = carry_out
        self._received = received
        self._archived = archived
        self._senders = senders
        self._envelopes = envelopes
        self._writer = writer
        self._origins = MessageOrigins()
        self._torn = TornMessages()
        self._written_at = WrittenAt(senders.own_jid)

    def handle(self, stanza: Message, properties: MessageProperties) -> None:
        """
        Decrypt a stanza, as a handler of Gajim's chain.

        Raises:
            NodeProcessed: nothing of the stanza is to be shown.
            StanzaDecrypted: nbxmpp has to dispatch the new content.
        """
        nodes = [
            child
            for child in children(stanza)
            if child.getName() == "encrypted" and child.getNamespace() in NAMESPACES
        ]
        if not nodes or properties.type.is_error:
            return
        if not self._senders.is_vouched_for(properties):
            log.warning("Dropped a message from an archive that is not ours")
            raise NodeProcessed
        if properties.type.is_groupchat and not self._senders.knows_room(properties):
            log.warning("Dropped a message of a room that Gajim is not in")
            raise NodeProcessed
        if properties.mam is not None:
            self._archived()
        self._senders.forget_false_mark(stanza, properties)
        # No other handler that decrypts finds it any more
        for node in nodes:
            stanza.delChild(node)
        properties.omemo = None
        try:
            self._receive(nodes, stanza, properties)
        except NodeProcessed:
            raise
        except Exception as error:  # noqa: BLE001 - the user sees the reason
            report("receiving a message", error)
            self._show_reason(stanza, properties, error)
        self._writer.dispatch_again(stanza, properties)

    def _receive(
        self, nodes: list[Node], stanza: Message, properties: MessageProperties
    ) -> None:
        has_payload = any(node.getTag("payload") is not None for node in nodes)
        try:
            result = self._decrypt(nodes, stanza, properties)
        except (DuplicateMessage, SentByThisDevice) as error:
            log.debug("Not shown: %s", type(error).__name__)
            self._carry_out(error.effects)
            own = isinstance(error, SentByThisDevice)
            if own and has_payload and properties.type.is_groupchat:
                self._show_reflection(nodes, stanza, properties, error)
            elif own and has_payload and self._is_gone(nodes, stanza, properties):
                self._show_reason(stanza, properties, error)
            else:
                raise NodeProcessed from error
            return
        except (ReceiveError, MalformedStanza, StoreError) as error:
            log.info("Not decrypted: %s", type(error).__name__)
            if isinstance(error, ReceiveError):
                if error.effects:
                    # Such as a key that is blocked from now on: kept, and shown
                    self._received()
                self._carry_out(error.effects)
            silent = _is_silent(nodes, stanza)
            not_for_us = isinstance(error, NotForThisDevice)
            if not has_payload or (silent and (not_for_us or _is_fleeting(stanza))):
                # It carried no text, so none is missing
                raise NodeProcessed from error
            self._show_reason(stanza, properties, error)
            return

        self._received()
        self._carry_out(result.effects)
        if result.plaintext is None:
            raise NodeProcessed
        try:
            self._show(result, stanza, properties)
        except MalformedStanza as error:
            log.info("Not understood: %s", error)
            self._show_reason(stanza, properties, error)

    def _decrypt(
        self, nodes: list[Node], stanza: Message, properties: MessageProperties
    ) -> ReceivedMessage:
        engine = self._engine()
        found = find_encrypted(to_element(node) for node in nodes)
        if not found:
            raise MalformedStanza("no message")
        sender = self._senders.of(stanza, properties)
        if sender is None:
            raise SenderUnknown
        return engine.incoming.decrypt(sender, found)

    def _show(
        self, result: ReceivedMessage, stanza: Message, properties: MessageProperties
    ) -> None:
        assert result.plaintext is not None
        content: Sequence[Element] = ()
        notice = ""
        if result.protocol is Protocol.LEGACY:
            text = clean_text(result.plaintext)
            self._refuse_other_half(result, text, None)
            if text and _is_marked_as_correction(stanza):
                notice = texts.sent_as_correction(text)
        else:
            envelope = self._envelopes.read(result, properties)
            content = envelope.content
            text = body_of(content)
            self._refuse_other_half(result, text, envelope.stamp)
            notice = self._compare_times(envelope, text, stanza, properties)
        sender = self._senders.of(stanza, properties)
        added = [
            node
            for node in (to_node(element) for element in content)
            if part_of(node) in INSIDE
        ]
        refused = self._keep_changes(result, added, stanza, properties)
        if CORRECTION in refused and text:
            notice = notice or texts.sent_as_correction(text)
        elif refused & CHANGES and properties.mam is None:
            notice = notice or texts.change_refused()
        properties.encrypted = gajim_messages.encryption_data(
            result.trust, result.fingerprint
        )
        added = self._writer.answer(
            result.device.jid, result.protocol, added, stanza, properties
        )
        if notice:
            self._writer.tell(notice, properties)
        text = without_thumbnail(shown_text(text, content))
        added = shown_elements(added, text, content)
        self._writer.write(text, added, sender, stanza, properties)

    def _refuse_other_half(
        self, result: ReceivedMessage, text: str, stamp: datetime | None
    ) -> None:
        written = None if stamp is None else stamp.timestamp()
        if self._torn.is_other_half(result, text, written):
            log.info("Not shown: the other half of a message")
            raise NodeProcessed

    def _keep_changes(
        self,
        result: ReceivedMessage,
        added: list[Node],
        stanza: Message,
        properties: MessageProperties,
    ) -> set[Part]:
        """
        Remove what would change a message of another origin, or one that was sent
        to others than the device.

        Returns:
            What was removed.
        """
        if properties.jid is None:
            return set()
        chat = gajim_constants.bare(properties.jid)
        refused = [
            node for node in added if not self._origins.may_change(chat, node, result)
        ]
        for node in refused:
            added.remove(node)
        self._origins.note(chat, stanza.getID(), result.device, result.protocol)
        return {part_of(node) for node in refused}

    def has_decrypted(self, properties: MessageProperties, message_id: str) -> bool:
        """Whether one of the latest messages of a conversation had this id, and was
        encrypted."""
        return properties.jid is not None and self._origins.is_known(
            gajim_constants.bare(properties.jid), message_id
        )

    def _compare_times(
        self,
        envelope: Envelope,
        text: str,
        stanza: Message,
        properties: MessageProperties,
    ) -> str:
        """Returns what to tell the user, or ''."""
        if envelope.stamp is None:
            return ""
        differs = self._written_at.apply(envelope.stamp, stanza, properties)
        return texts.written_at(text, envelope.stamp) if differs and text else ""

    def _show_reflection(
        self,
        nodes: list[Node],
        stanza: Message,
        properties: MessageProperties,
        error: Exception,
    ) -> None:
        """A room sends every message to its sender too."""
        reflection = self._senders.reflected(stanza, properties)
        if reflection is None:
            if _is_silent(nodes, stanza):
                raise NodeProcessed from error
            self._show_reason(stanza, properties, error)
            return
        fingerprint = self._engine().fingerprint
        properties.encrypted = gajim_messages.encryption_data(
            reflection.trust, fingerprint
        )
        content = reflection.content
        added = [to_node(element) for element in content if not is_body(element)]
        sender = self._senders.of(stanza, properties)
        self._writer.write(body_of(content), added, sender, stanza, properties)

    def _is_gone(
        self, nodes: list[Node], stanza: Message, properties: MessageProperties
    ) -> bool:
        """Whether Gajim has lost the text of an own message that is in the archive. If
        it has the message after all, it drops the row."""
        return (
            properties.mam is not None
            and self._writer.tells_of_own
            and not is_private_message(stanza, properties)
            and not _is_silent(nodes, stanza)
        )

    def _show_reason(
        self, stanza: Message, properties: MessageProperties, error: Exception
    ) -> None:
        name = self._senders.name_of(stanza, properties)
        self._writer.write_reason(error, name, stanza, properties)


def _is_silent(nodes: Sequence[Node], stanza: Message) -> bool:
    """Whether a stanza has nothing to show to anybody, such as a trust message:
    programs that cannot read a text find a fallback beside it."""
    only_omemo_2 = all(
        node.getNamespace() == Protocol.OMEMO_2.namespace for node in nodes
    )
    return only_omemo_2 and stanza.getBody() is None


def _is_fleeting(stanza: Message) -> bool:
    """Whether its sender wanted no server to keep it, as with a typing notice."""
    return stanza.getTag("no-store", namespace=Namespace.HINTS) is not None


def _is_marked_as_correction(stanza: Message) -> bool:
    name, namespace = CORRECTION
    replace = stanza.getTag(name, namespace=namespace)
    return replace is not None and bool(replace.getAttr("id"))
