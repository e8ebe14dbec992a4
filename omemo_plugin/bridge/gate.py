# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The gate at the one place where Gajim hands a message to the connection.

All Gajims end in `Client._send_message(message)`, whatever the message is and
whoever sends it: the window, `gajim-remote`, an upload, a reaction, another
plugin. The gate stands in front of it, on the client object, so that what
belongs to an encrypted conversation passes only when it has been encrypted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_NAME = "_send_message"


class GateMissing(Exception):
    """This Gajim sends messages in another way than is known."""


class Gate:
    """The gate of one Gajim client."""

    def __init__(self, client: Any, admit: Callable[[Any], bool]) -> None:
        """
        Args:
            admit: whether Gajim may send this message as it is. If it raises,
                it may not.

        Raises:
            GateMissing: there is no place for the gate.
        """
        if not callable(getattr(type(client), _NAME, None)):
            raise GateMissing
        self._client = client
        self._admit = admit
        setattr(client, _NAME, self._check)

    def _check(self, message: Any) -> None:
        if self._admit(message):
            self.send(message)

    def send(self, message: Any) -> None:
        """Send a message that may be sent."""
        getattr(type(self._client), _NAME)(self._client, message)

    def remove(self) -> None:
        if self._client.__dict__.get(_NAME) == self._check:
            delattr(self._client, _NAME)
