# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The time of an OMEMO 2 message.

The envelope holds the time at which the sender wrote it. A server can hold a
message back for months, or claim another time for it. Where both differ, the
sender's time counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING

from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import Message

from .outer_elements import servers_delay

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import MessageProperties


# In seconds. Clocks differ, and programs may write the time at which the user
# pressed the button before the connection was there
TOLERANCE = 60 * 60.0

# OMEMO 2 is younger than this: the clock of the sender is not set
_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC).timestamp()


class WrittenAt:
    """Compares the times of messages."""

    def __init__(self, own_jid: str, now: Callable[[], float] = time.time) -> None:
        """
        Args:
            own_jid: the bare JID of the account.
            now: tells the time, in seconds since 1970.
        """
        self._own_jid = own_jid
        self._now = now

    def apply(
        self, stamp: datetime, stanza: Message, properties: MessageProperties
    ) -> bool:
        """
        Compare the sender's time with the one that servers claim, and set the
        sender's if they differ. An impossible time becomes the present: the
        message would stay below all that follow, or above all that was read.

        Args:
            stamp: the time in the envelope.

        Returns:
            Whether they differ, so that it has to be said.
        """
        now = self._now()
        written = stamp.timestamp()
        if abs(self._claimed(stanza, properties, now) - written) <= TOLERANCE:
            return False
        for delay in stanza.getTags("delay", namespace=Namespace.DELAY2):
            stanza.delChild(delay)
        shown = written if _EARLIEST <= written <= now else now
        properties.timestamp = shown
        if properties.mam is not None:
            properties.mam = properties.mam._replace(timestamp=shown)
        return True

    def _claimed(
        self, stanza: Message, properties: MessageProperties, now: float
    ) -> float:
        if properties.mam is not None:
            return float(properties.mam.timestamp or now)
        delay = servers_delay(stanza, properties, self._own_jid)
        return now if delay is None else delay.timestamp()
