# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Messages whose two elements a server never shows together.

A device that has not been heard in OMEMO 2 gets a text in both protocols, in one
stanza. The engine uses both elements up when it sees them together. SECURITY: a
server can put each of them into a stanza of its own. Nothing in OMEMO 0.3 says which
message it belongs to, so such elements are recognized by their text.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable

from ...engine.messages.receiving import ReceivedMessage
from ...engine.values import Device
from ...engine.values import Protocol

# Texts, for one account. They are forgotten with the program: a digest on the disk
# would confirm a guess of a text that was read
KEPT = 2000

# In seconds: how far the sender's clock may be ahead
_SLACK = 60.0

_Text = tuple[Device, bytes]


class TornMessages:
    """The latest texts of one account that came in one protocol alone."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """
        Args:
            now: tells the time, in seconds since 1970.
        """
        self._now = now
        self._texts: OrderedDict[_Text, tuple[Protocol, float]] = OrderedDict()

    def is_other_half(
        self, result: ReceivedMessage, text: str, written: float | None
    ) -> bool:
        """
        Whether a text was shown before, from the element of the other protocol.

        An OMEMO 2 message that was written after the same text had come in OMEMO 0.3
        is another message. In the other order there is no time that a server could
        not change. But a device that writes in OMEMO 2 alone does not go back to
        OMEMO 0.3, and if it did, the same text again would be lost once.

        Args:
            written: the time in the envelope; None if there is none.
        """
        if not text or not result.alone:
            return False
        key = (result.device, hashlib.sha256(text.encode()).digest())
        known = self._texts.get(key)
        if known is None or known[0] is result.protocol:
            self._note(key, result.protocol)
            return False
        if written is not None and written > known[1] + _SLACK:
            self._note(key, result.protocol)
            return False
        # There is no third half
        del self._texts[key]
        return True

    def _note(self, key: _Text, protocol: Protocol) -> None:
        self._texts[key] = (protocol, self._now())
        self._texts.move_to_end(key)
        while len(self._texts) > KEPT:
            self._texts.popitem(last=False)
