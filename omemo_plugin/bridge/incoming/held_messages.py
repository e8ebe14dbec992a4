# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Encrypted messages that come before it is known which keys are used. They are kept
back until then: Gajim 1.7 would show them as unreadable, and never ask for them
again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .plaintext_guard import NAMESPACES

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import MessageProperties
    from ..gajim.nbxmpp_protocols import MessageStanza

log = logging.getLogger("gajim.p.omemo_plugin")

# A catch-up of a month fits
_HELD_MAX = 2000

# Characters. Strangers write, too, and while the user is away nobody answers
_SIZE_MAX = 64 * 1024 * 1024

Held = tuple["MessageStanza", "MessageProperties"]


class HeldMessages:
    """Those of one account, in their order."""

    def __init__(self) -> None:
        self._held: list[Held] = []
        self._size = 0

    def hold(self, stanza: MessageStanza, properties: MessageProperties) -> bool:
        """Keep a message if it is encrypted; whether it is kept."""
        is_encrypted = any(
            child.getName() == "encrypted" and child.getNamespace() in NAMESPACES
            for child in stanza.getChildren()
            if not isinstance(child, str)
        )
        if not is_encrypted or properties.type.is_error:
            return False
        size = len(str(stanza))
        if len(self._held) >= _HELD_MAX or self._size + size > _SIZE_MAX:
            log.warning("Too many encrypted messages wait")
            return False
        self._size += size
        self._held.append((stanza, properties))
        return True

    def take(self) -> list[Held]:
        """All messages that wait; they do not wait any more."""
        held, self._held = self._held, []
        self._size = 0
        return held
