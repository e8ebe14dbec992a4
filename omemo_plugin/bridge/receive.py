# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A message in: from the stanza to the row and its shield.

It runs in Gajim's chain of stanza handlers, before anything reads the body. A
stanza with an encrypted element leaves it either without one and with what the
sender wrote, or with the reason why that cannot be read, or not at all. The
body beside the encrypted element is never shown: anybody may have written it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element

from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import Message
from nbxmpp.protocol import NodeProcessed
from nbxmpp.simplexml import Node
from nbxmpp.structs import CorrectionData

from ..engine.effects import Effect
from ..engine.engine import OmemoEngine
from ..engine.errors import DuplicateMessage
from ..engine.errors import MalformedStanza
from ..engine.errors import NotForThisDevice
from ..engine.errors import ReceiveError
from ..engine.errors import SentByThisDevice
from ..engine.errors import StoreError
from ..engine.receiving import ReceivedMessage
from ..engine.values import Protocol
from ..engine.values import Trust
from ..media.uri import InvalidMediaUri
from ..media.uri import parse_media_body
from ..stanza.envelope import Envelope
from ..stanza.envelope import check_envelope
from ..stanza.envelope import parse_envelope
from ..stanza.message import find_encrypted
from ..stanza.trust_message import find_trust_message
from . import compat
from . import messages
from .contents import ANSWERS
from .contents import HINTS
from .contents import INSIDE
from .contents import RECEIPT_REQUEST
from .contents import RELATIONS
from .contents import REQUESTS
from .contents import Part
from .contents import part_of
from .failures import report
from .messages import SenderUnknown
from .nodes import CLIENT
from .nodes import children
from .nodes import to_element
from .nodes import to_node
from .rooms import Rooms

log = logging.getLogger("gajim.p.omemo_plugin")

NAMESPACES = frozenset(protocol.namespace for protocol in Protocol)

# Before nbxmpp reads the body (10) and the built-in module decrypts (9), after
# it has found out whom the stanza is from (5, 6)
PRIORITY = 8

# After a message has been decrypted, before nbxmpp reads what else there is (15)
RECEIPT_PRIORITY = 9

# After nbxmpp has found a hint at what a message is encrypted with (40)
HINT_PRIORITY = 41

# After nbxmpp has found a correction (15), before anything is made of it
CORRECTION_PRIORITY = 16

# After nbxmpp has found a reaction (15) or a retraction (20)
CHANGE_PRIORITY = 22

# Who and when, as servers tell it
_ORIGIN = frozenset(
    {
        ("delay", Namespace.DELAY2),
        ("stanza-id", Namespace.SID),
        ("origin-id", Namespace.SID),
        ("occupant-id", "urn:xmpp:occupant-id:0"),
        ("x", Namespace.MUC_USER),
    }
)

# What is left of a stanza that was decrypted. SECURITY: an allow-list. The
# server could have added anything else, such as an XHTML body, that would be
# shown in place of, or beside, what was encrypted.
_BESIDE = (
    _ORIGIN | HINTS | REQUESTS | {("addresses", "http://jabber.org/protocol/address")}
)

_OPT_OUT = f"{{{Protocol.OMEMO_2.namespace}}}opt-out"

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

# XML 1.0, "Characters": what an encrypted text could contain and a stanza not
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean_text(data: bytes) -> str:
    """
    A decrypted text, fit to be shown.

    Raises:
        MalformedStanza: it is not UTF-8.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedStanza("the text is not UTF-8") from error
    return _NOT_XML.sub("\ufffd", text)


def forbid_plain_receipt(stanza: Message, properties: Any) -> None:
    """
    In an encrypted conversation a text in clear is not answered: Gajim would do
    so in clear too, and past everything that is encrypted.
    """
    if properties.encrypted is not None or properties.type.is_groupchat:
        return
    for node in list(children(stanza)):
        if part_of(node) == RECEIPT_REQUEST:
            stanza.delChild(node)


def sender_of(
    properties: Any,
    own_jid: str,
    in_room: Callable[[Any], str | None] = lambda _properties: None,
    is_private: bool = False,
) -> str | None:
    """
    The bare JID that sent a stanza, as far as the server vouches for it; None
    if it is not known.

    Args:
        in_room: tells who is behind a nickname in a room.
        is_private: whether it is from somebody in a room to us alone.
    """
    if properties.type.is_groupchat:
        return in_room(properties)
    if properties.carbon is not None and properties.carbon.is_sent:
        return own_jid
    if is_private:
        return in_room(properties)
    if properties.from_ is None:
        return own_jid
    return compat.bare(properties.from_)


def is_private_message(stanza: Message, properties: Any) -> bool:
    """
    Whether it is from somebody in a room to us alone (XEP-0045, 7.5).

    nbxmpp 4.2 finds that out only after we have decrypted.
    """
    return bool(properties.type.is_chat) and (
        stanza.getTag("x", namespace=Namespace.MUC_USER) is not None
    )


def is_vouched_for(properties: Any, own_jid: str) -> bool:
    """
    Whether what an archive says about the sender counts.

    SECURITY: anybody can send a stanza that looks like a result of an archive.
    Gajim drops it too, but only after it would have been decrypted, and after a
    device of the attacker had been taken for one of the alleged sender's.
    """
    if properties.mam is None or properties.type.is_groupchat:
        return True
    return compat.bare(properties.mam.archive) == own_jid


class Receiver:
    """
    Decrypts the messages of one account.

    Attributes:
        archived: told of each encrypted message that comes from an archive.
        answers_in_clear: whether Gajim may answer a request for a receipt that
            came with a message of the older protocol.
    """

    def __init__(
        self,
        own_jid: str,
        engine: Callable[[], OmemoEngine],
        carry_out: Callable[[Sequence[Effect]], None],
        received: Callable[[], None],
        rooms: Rooms,
        tell: Callable[[str, str], None],
        asked_for_receipt: Callable[[str, Message, Any], None],
        dispatch: Callable[[Message, Any, Sequence[Node]], None],
    ) -> None:
        """
        Args:
            engine: gives the engine, or raises why there is none.
            carry_out: is given what the engine wants done.
            received: is told that there is something to commit.
            tell: shows a line in the chat with somebody.
            asked_for_receipt: is given the sender's bare JID and a message that
                asks for a receipt.
            dispatch: lets Gajim look at parts that came out of an envelope,
                where nbxmpp does not do that.
        """
        self.archived: Callable[[], None] = lambda: None
        self.answers_in_clear: Callable[[], bool] = lambda: False
        self._own_jid = own_jid
        self._engine = engine
        self._carry_out = carry_out
        self._received = received
        self._rooms = rooms
        self._tell = tell
        self._asked_for_receipt = asked_for_receipt
        self._dispatch = dispatch

    def handle(self, stanza: Message, properties: Any) -> None:
        """
        A handler of Gajim's chain.

        Raises:
            NodeProcessed: nothing of the stanza is to be shown.
            StanzaDecrypted: the chain is to look at the new content.
        """
        nodes = [
            child
            for child in children(stanza)
            if child.getName() == "encrypted" and child.getNamespace() in NAMESPACES
        ]
        if not nodes or properties.type.is_error:
            return
        if not is_vouched_for(properties, self._own_jid):
            log.warning("Dropped a message from an archive that is not ours")
            raise NodeProcessed
        if properties.mam is not None:
            self.archived()
        # Whoever else would decrypt it does not find it any more
        for node in nodes:
            stanza.delChild(node)
        properties.omemo = None
        try:
            again = self._receive(nodes, stanza, properties)
        except NodeProcessed:
            raise
        except Exception as error:
            report("receiving a message", error)
            self._show_reason(stanza, properties, error)
            return
        if again and compat.StanzaDecrypted is not None:
            raise compat.StanzaDecrypted

    def _receive(self, nodes: list[Node], stanza: Message, properties: Any) -> bool:
        """Returns whether new content has to be dispatched."""
        has_payload = any(node.getTag("payload") is not None for node in nodes)
        try:
            result = self._decrypt(nodes, stanza, properties)
        except (DuplicateMessage, SentByThisDevice) as error:
            log.debug("Not shown: %s", type(error).__name__)
            self._carry_out(error.effects)
            own = isinstance(error, SentByThisDevice)
            if not (own and has_payload and properties.type.is_groupchat):
                raise NodeProcessed from error
            return self._show_reflection(nodes, stanza, properties, error)
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
            return False

        self._received()
        self._carry_out(result.effects)
        if result.plaintext is None:
            raise NodeProcessed
        try:
            return self._show(result, stanza, properties)
        except MalformedStanza as error:
            log.info("Not understood: %s", error)
            self._show_reason(stanza, properties, error)
            return False

    def _decrypt(
        self, nodes: list[Node], stanza: Message, properties: Any
    ) -> ReceivedMessage:
        engine = self._engine()
        found = find_encrypted(to_element(node) for node in nodes)
        if not found:
            raise MalformedStanza("no message")
        sender = self._sender(stanza, properties)
        if sender is None:
            raise SenderUnknown
        return engine.decrypt(sender, found)

    def _sender(self, stanza: Message, properties: Any) -> str | None:
        return sender_of(
            properties,
            self._own_jid,
            self._rooms.sender,
            is_private_message(stanza, properties),
        )

    # What is shown

    def _show(self, result: ReceivedMessage, stanza: Message, properties: Any) -> bool:
        assert result.plaintext is not None
        content: list[Element] = []
        if result.protocol is Protocol.LEGACY:
            text = clean_text(result.plaintext)
            kept = _BESIDE | RELATIONS
        else:
            content = self._open_envelope(result, properties)
            text = _body_of(content)
            kept = _BESIDE
        added = [
            node
            for node in (to_node(element) for element in content)
            if part_of(node) in INSIDE
        ]
        properties.encrypted = compat.encryption_data(result.trust, result.fingerprint)
        text = _without_thumbnail(text)
        if result.protocol is Protocol.OMEMO_2 or not self.answers_in_clear():
            added = self._answer(result.device.jid, added, stanza, properties)
        return self._put(text, added, kept, stanza, properties)

    def _answer(
        self, sender: str, added: list[Node], stanza: Message, properties: Any
    ) -> list[Node]:
        """
        Gajim would answer a request for a receipt in clear, so it does not get
        to see it.

        Returns:
            The parts without the request.
        """
        asked = [*added, *children(stanza)]
        if any(part_of(node) == RECEIPT_REQUEST for node in asked):
            for node in list(children(stanza)):
                if part_of(node) == RECEIPT_REQUEST:
                    stanza.delChild(node)
            if not properties.type.is_groupchat:
                self._asked_for_receipt(sender, stanza, properties)
        return [node for node in added if part_of(node) != RECEIPT_REQUEST]

    def _put(
        self,
        text: str,
        added: list[Node],
        kept: frozenset[Part],
        stanza: Message,
        properties: Any,
    ) -> bool:
        """
        Make the stanza what the sender wrote.

        Args:
            added: parts of the envelope.
            kept: what stays of what was beside it.

        Returns:
            Whether new content has to be dispatched.

        Raises:
            NodeProcessed: all has been done.
        """
        inside = {part_of(node) for node in added}
        if text:
            # An answer goes alone; Gajim would look at nothing else
            added = [node for node in added if part_of(node) not in ANSWERS]
        _strip(stanza, kept - inside)
        for node in added:
            stanza.addChild(node=node)
        if text:
            stanza.setBody(text)
        if compat.StanzaDecrypted is not None and added:
            self._tell_of_unknown(added, text, stanza, properties)
            return True
        _note_correction(added, stanza, properties)
        self._tell_of_unknown(added, text, stanza, properties)
        self._dispatch(stanza, properties, added)
        if not text:
            raise NodeProcessed
        return False

    def _tell_of_unknown(
        self, added: list[Node], text: str, stanza: Message, properties: Any
    ) -> None:
        """Say what this Gajim cannot show, unless the sender wrote a text for
        that case."""
        who = self._sender(stanza, properties)
        if text or properties.mam is not None or who is None:
            return
        for node in added:
            if compat.can_show(part_of(node)):
                continue
            emojis = [one.getData().strip() for one in node.getTags("reaction")]
            line = ""
            if node.getName() == "retract":
                line = messages.taken_back(who)
            elif any(emojis):
                line = messages.reaction(who, emojis)
            if line and properties.jid is not None:
                self._tell(compat.bare(properties.jid), line)

    def _open_envelope(self, result: ReceivedMessage, properties: Any) -> list[Element]:
        assert result.plaintext is not None
        envelope = parse_envelope(result.plaintext)
        in_room = properties.type.is_groupchat
        # What is said in a room is for the room (XEP-0384 0.9.1, "SCE Profile")
        recipient = properties.from_ if in_room else properties.to
        to_jid = None if recipient is None else compat.bare(recipient)
        check_envelope(
            envelope,
            sender_jid=result.device.jid,
            recipient_jid=to_jid,
            is_groupchat=in_room,
        )
        if not in_room:
            self._note_trust_message(result, envelope)
            self._note_opt_out(result, envelope, properties)
        return list(envelope.content)

    def _note_opt_out(
        self, result: ReceivedMessage, envelope: Envelope, properties: Any
    ) -> None:
        """Somebody asks to go on without encryption (XEP-0384, "Opt-out").
        SECURITY: it is said, and changes nothing; that is the user's to do."""
        for element in envelope.content:
            if element.tag != _OPT_OUT or properties.mam is not None:
                continue
            reason = element.findtext(f"{{{Protocol.OMEMO_2.namespace}}}reason") or ""
            jid = result.device.jid
            if jid != self._own_jid:
                line = messages.opt_out(jid, clean_text(reason.encode()).strip())
                self._tell(jid, line)

    def _note_trust_message(self, result: ReceivedMessage, envelope: Envelope) -> None:
        try:
            decisions = find_trust_message(envelope.content)
        except MalformedStanza as error:
            log.warning("Trust message refused: %s", error)
            return
        if not decisions:
            return
        if envelope.stamp is None:
            # XEP-0434, "SCE Profile": without it old ones could be sent again
            log.warning("Trust message refused: it does not say when")
            return
        stamp = int(envelope.stamp.timestamp())
        effects = self._engine().trust_message_received(result.device, decisions, stamp)
        self._carry_out(effects)

    def _show_reflection(
        self, nodes: list[Node], stanza: Message, properties: Any, error: Exception
    ) -> bool:
        """A room sends everybody's messages to everybody. Returns whether new
        content has to be dispatched."""
        content = self._rooms.reflected(properties, stanza.getID())
        if content is None:
            if _is_silent(nodes, stanza):
                raise NodeProcessed from error
            self._show_reason(stanza, properties, error)
            return False
        fingerprint = self._engine().fingerprint
        properties.encrypted = compat.encryption_data(Trust.VERIFIED, fingerprint)
        added = [to_node(element) for element in content if not _is_body(element)]
        return self._put(
            _body_of(content), added, _BESIDE | RELATIONS, stanza, properties
        )

    def _show_reason(self, stanza: Message, properties: Any, error: Exception) -> None:
        # Neither a receipt nor a marker shall be sent for it, and it must not
        # replace another one
        _strip(stanza, _ORIGIN)
        stanza.setBody(messages.not_decrypted(error))
        properties.encrypted = compat.encryption_data(Trust.DISTRUSTED, None)


def _is_silent(nodes: Sequence[Node], stanza: Message) -> bool:
    """Whether a stanza has nothing to be shown to anybody, such as a trust
    message: programs that cannot read a text find a fallback beside it."""
    only_omemo_2 = all(
        node.getNamespace() == Protocol.OMEMO_2.namespace for node in nodes
    )
    return only_omemo_2 and stanza.getBody() is None


def _ignore_plain_part(properties: Any, name: str) -> Any:
    value = getattr(properties, name, None)
    if value is not None:
        setattr(properties, name, None)
    return value


def forbid_plain_changes(properties: Any, encrypted: bool) -> str:
    """
    SECURITY: anybody on the way could have written a reaction or a retraction
    that is not encrypted. In an encrypted conversation neither touches a message.

    Args:
        encrypted: whether the conversation is.

    Returns:
        What to tell the user, or ''.
    """
    if not encrypted or properties.encrypted is not None:
        return ""
    retraction = getattr(properties, "retraction", None)
    if retraction is not None and not retraction.is_tombstone:
        properties.retraction = None
        return messages.plain_retraction()
    reactions = _ignore_plain_part(properties, "reactions")
    if reactions is not None and reactions.emojis:
        return messages.plain_reaction(reactions.emojis)
    return ""


def _is_fleeting(stanza: Message) -> bool:
    """Whether its sender wanted nobody to keep it, as with a typing notice."""
    return stanza.getTag("no-store", namespace=Namespace.HINTS) is not None


def _note_correction(added: Sequence[Node], stanza: Message, properties: Any) -> None:
    """Where the chain cannot be told of new content, nbxmpp has looked for a
    correction already, or will not any more."""
    for node in added:
        target = node.getAttr("id")
        if node.getName() == "replace" and target and target != stanza.getID():
            properties.correction = CorrectionData(target)


def forget_hint(properties: Any) -> None:
    """
    SECURITY: a hint (XEP-0380) is no encryption. What has one and is not
    encrypted is shown as any other text in clear; Gajim would put a line of its
    own in its place, since 2.6 with a shield that says it was encrypted.
    """
    hint = properties.eme
    if hint is not None and hint.namespace in NAMESPACES:
        properties.eme = None


def forbid_plain_correction(properties: Any, encrypted: bool) -> None:
    """
    SECURITY: Gajim would change the text of the row and leave its shield. In
    an encrypted conversation a correction in clear becomes a row of its own,
    and that says that it was not encrypted.

    Args:
        encrypted: whether the conversation is.
    """
    if encrypted and properties.encrypted is None:
        properties.correction = None


def _without_thumbnail(text: str) -> str:
    """
    The link of an encrypted file alone. Some programs write a small picture into
    a second line (XEP-0454, "Embedded Thumbnails"), and Gajim would show that as
    letters; it makes its own of the file.
    """
    if "\n" not in text:
        return text
    try:
        parse_media_body(text)
    except InvalidMediaUri:
        return text
    return text.partition("\n")[0]


def _strip(stanza: Message, kept: frozenset[Part]) -> None:
    for child in list(children(stanza)):
        if part_of(child) not in kept:
            stanza.delChild(child)


def _is_body(element: Element) -> bool:
    return element.tag == f"{{{CLIENT}}}body"


def _body_of(content: Sequence[Element]) -> str:
    bodies = [element for element in content if _is_body(element)]
    if not bodies:
        return ""
    # Several are translations of one text (RFC 6121, 5.2.3)
    body = next(
        (one for one in bodies if not one.get(_LANG)),
        bodies[0],
    )
    return clean_text((body.text or "").encode())
