# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The handlers of receipts, corrections, reactions and hints that come in clear: in an
encrypted conversation they do not count.

No error leaves a handler: Gajim would drop the whole stanza.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Protocol

from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import NodeProcessed
from nbxmpp.structs import StanzaHandler

from ..gajim import constants as gajim_constants
from ..gajim.stanza_handlers import handler
from ..log import guard
from ..notices.chat_notices import ChatNotices
from ..xml.payload_elements import REACTIONS
from ..xml.payload_elements import RETRACT
from .plaintext_guard import CHANGE_PRIORITY
from .plaintext_guard import CORRECTION_PRIORITY
from .plaintext_guard import HINT_PRIORITY
from .plaintext_guard import RECEIPT_PRIORITY
from .plaintext_guard import forbid_plain_answers
from .plaintext_guard import forbid_plain_changes
from .plaintext_guard import forbid_plain_correction
from .plaintext_guard import forbid_plain_receipt
from .plaintext_guard import forget_hint

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import MessageProperties
    from ..gajim.nbxmpp_protocols import MessageStanza


class ConversationState(Protocol):
    """The service of an account, as far as it knows which conversations are
    encrypted."""

    @property
    def notices(self) -> ChatNotices: ...

    def is_encrypted(self, jid: str) -> bool: ...

    def changes_encrypted(self, properties: MessageProperties) -> bool:
        """Whether a message changes one that was encrypted."""

    def answers_encrypted(
        self, stanza: MessageStanza, properties: MessageProperties
    ) -> bool:
        """Whether the sender would encrypt a receipt or a read marker."""


class ClearHandlers:
    """
    The handlers of one account.

    Attributes:
        handlers: as nbxmpp takes them.
    """

    def __init__(self, service: Callable[[], ConversationState | None]) -> None:
        """
        Args:
            service: returns the service of the account, as long as there is one.
        """
        self._service = service
        self.handlers: list[StanzaHandler] = [
            handler(Namespace.RECEIPTS, RECEIPT_PRIORITY, self._receipt_received),
            handler(Namespace.CHATMARKERS, RECEIPT_PRIORITY, self._receipt_received),
            handler(Namespace.CORRECT, CORRECTION_PRIORITY, self._correction_received),
            handler(REACTIONS, CHANGE_PRIORITY, self._change_received),
            handler(RETRACT, CHANGE_PRIORITY, self._change_received),
            handler(Namespace.EME, HINT_PRIORITY, self._hint_received),
        ]

    def _correction_received(
        self, _client: object, _stanza: MessageStanza, properties: MessageProperties
    ) -> None:
        with guard("looking at a correction") as guarded:
            forbid_plain_correction(properties, self._concerns_encrypted(properties))
        if guarded.error is not None:
            properties.correction = None

    def _is_encrypted(self, properties: MessageProperties) -> bool:
        """Whether a message belongs to an encrypted conversation."""
        service = self._service()
        if service is None:
            return False
        if properties.jid is None:
            # SECURITY: not to be told, so it is handled as if it did
            return True
        return service.is_encrypted(gajim_constants.bare(properties.jid))

    def _concerns_encrypted(self, properties: MessageProperties) -> bool:
        """Whether a message belongs to an encrypted conversation, or changes one
        that was encrypted before the user switched encryption off."""
        service = self._service()
        return self._is_encrypted(properties) or (
            service is not None and service.changes_encrypted(properties)
        )

    def _receipt_received(
        self, _client: object, stanza: MessageStanza, properties: MessageProperties
    ) -> None:
        with guard("looking at a receipt"):
            service = self._service()
            if service is not None and self._is_encrypted(properties):
                forbid_plain_receipt(stanza, properties)
                if service.answers_encrypted(stanza, properties):
                    forbid_plain_answers(stanza, properties)

    def _hint_received(
        self, _client: object, _stanza: MessageStanza, properties: MessageProperties
    ) -> None:
        # Without a service the message may really be encrypted
        if self._service() is not None:
            forget_hint(properties, self._is_encrypted(properties))

    def _change_received(
        self, _client: object, _stanza: MessageStanza, properties: MessageProperties
    ) -> None:
        with guard("looking at a reaction or retraction") as guarded:
            line = forbid_plain_changes(
                properties, self._concerns_encrypted(properties)
            )
            service = self._service()
            if line and service is not None and properties.mam is None:
                assert properties.jid is not None
                jid = gajim_constants.bare(properties.jid)
                service.notices.show(jid, line)
        if guarded.error is not None:
            raise NodeProcessed from guarded.error
