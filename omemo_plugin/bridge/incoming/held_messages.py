# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Encrypted messages that come while no program of this Gajim has the key. They are kept
back until one has it: Gajim 1.7 would show them as unreadable, and never ask for them
again.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from nbxmpp.protocol import NodeProcessed

from ..gajim import messages as gajim_messages
from ..gajim.nbxmpp_protocols import MessageProperties
from ..gajim.nbxmpp_protocols import MessageStanza
from ..gajim.protocols import Client
from ..gajim.stanza_handlers import handler
from ..log import guard
from .plaintext_guard import NAMESPACES
from .plaintext_guard import PRIORITY

log = logging.getLogger("gajim.p.omemo_plugin")

# A catch-up of a month fits
_HELD_MAX = 2000

Held = tuple[MessageStanza, MessageProperties]


class HeldMessages:
    """Those of one account, in their order."""

    def __init__(self) -> None:
        self._held: list[Held] = []

    def hold(self, stanza: MessageStanza, properties: MessageProperties) -> bool:
        """Keep a message if it is encrypted; whether it is kept."""
        is_encrypted = any(
            child.getName() == "encrypted" and child.getNamespace() in NAMESPACES
            for child in stanza.getChildren()
            if not isinstance(child, str)
        )
        if not is_encrypted or properties.type.is_error:
            return False
        if len(self._held) >= _HELD_MAX:
            log.warning("Too many encrypted messages wait")
            return False
        self._held.append((stanza, properties))
        return True

    def take(self) -> list[Held]:
        """All messages that wait; they do not wait any more."""
        held, self._held = self._held, []
        return held


class Interception:
    """Holds the messages of a client in Gajim 1.7, in the place of the plugin that is
    off."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._messages = HeldMessages()
        self._handlers = [
            handler(namespace, PRIORITY, self._received)
            for namespace in sorted(NAMESPACES)
        ]
        connection = client.connection
        if connection is not None:
            for one in self._handlers:
                connection.register_handler(one)

    def _received(
        self, _client: object, stanza: MessageStanza, properties: MessageProperties
    ) -> None:
        if self._messages.hold(stanza, properties):
            raise NodeProcessed

    def end(self) -> None:
        """Let the messages go on their way, to whichever program is there now."""
        handlers, self._handlers = self._handlers, []
        connection = self._client.connection
        if connection is not None:
            for one in handlers:
                connection.unregister_handler(one)
        for stanza, properties in self._messages.take():
            with guard("going on with a message"), suppress(NodeProcessed):
                gajim_messages.dispatch_again(
                    self._client, stanza, properties, after=PRIORITY - 1
                )
