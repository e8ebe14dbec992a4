# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The gate at the one place where Gajim hands a message to the connection.

All Gajims end in `Client._send_message(message)`, whatever the message is and
whatever sends it: the window, `gajim-remote`, an upload, a reaction, another
plugin. The gate stands in front of it, on the client object, so that a message
in an encrypted conversation passes only when it has been encrypted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..gajim.patches import Patches

if TYPE_CHECKING:
    from ..gajim.protocols import Client
    from ..gajim.protocols import OutgoingMessage

_NAME = "_send_message"


class GateMissing(Exception):
    """This Gajim sends messages in an unknown way."""


def send_past_gate(client: Client, message: OutgoingMessage) -> None:
    """Send a message that may be sent, with Gajim's own method."""
    type(client)._send_message(client, message)


class Gate:
    """The gate of one Gajim client."""

    def __init__(
        self, client: Client, admits: Callable[[OutgoingMessage], bool]
    ) -> None:
        """
        Args:
            admits: whether Gajim may send this message as it is. If it raises,
                Gajim may not.

        Raises:
            GateMissing: there is no place for the gate.
        """
        if not callable(getattr(type(client), _NAME, None)):
            raise GateMissing
        self._patches = Patches()

        def check(message: OutgoingMessage) -> None:
            if admits(message):
                send_past_gate(client, message)

        def put_in_front(_send: Callable[..., object]) -> Callable[..., object]:
            return check

        self._patches.replace(client, _NAME, put_in_front)

    def remove(self) -> None:
        """Remove the gate."""
        self._patches.restore()
