# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures what sending costs the main thread, whatever encrypts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gajim.common import app
from gi.repository import GLib

# Milliseconds: between two messages, so that what one of them leads to is done;
# after the last one, for timers of half a second and a second
PAUSE = 150
SETTLE = 2500
# Some refuse a message while they look for keys. The user presses again
AGAIN = 100


class SendMeter:
    """Sends messages one after the other, each when the one before is on its way.

    Nothing outside of Gajim is asked meanwhile, because answering takes time, too.
    """

    def __init__(
        self,
        account: str,
        count: int,
        press: Callable[[str], None],
        press_again: Callable[[], None],
    ) -> None:
        """Begin.

        :param press: types a text and presses send
        :param press_again: presses send
        """
        self._press = press
        self._press_again = press_again
        self._left = count
        self._pressed = 0.0
        self._waits: list[float] = []
        self._result: dict[str, Any] | None = None
        self._connection = app.get_client(account).connection
        self._send = self._connection.send_stanza
        self._connection.send_stanza = self._on_stanza
        self._began = time.thread_time()
        GLib.timeout_add(PAUSE, self._next)

    def result(self) -> dict[str, Any] | None:
        """CPU seconds of the main thread, and the milliseconds from the key press
        to the connection, of each message; None while it goes on."""
        return self._result

    def _next(self) -> bool:
        if not self._left:
            GLib.timeout_add(SETTLE, self._end)
            return False
        self._left -= 1
        self._pressed = time.perf_counter()
        self._press(f"measured {self._left}")
        GLib.timeout_add(AGAIN, self._again, self._left)
        return False

    def _again(self, which: int) -> bool:
        if self._pressed and which == self._left:
            self._press_again()
            return True
        return False

    def _on_stanza(self, stanza: Any, *arguments: Any, **more: Any) -> Any:
        sent = self._send(stanza, *arguments, **more)
        is_text = stanza.getName() == "message" and (
            stanza.getTag("body") is not None or stanza.getTag("encrypted") is not None
        )
        if self._pressed and is_text:
            self._waits.append((time.perf_counter() - self._pressed) * 1000)
            self._pressed = 0.0
            GLib.timeout_add(PAUSE, self._next)
        return sent

    def _end(self) -> bool:
        del self._connection.send_stanza
        self._result = {
            "seconds": time.thread_time() - self._began,
            "press_to_wire": self._waits,
        }
        return False
