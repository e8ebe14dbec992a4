# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Encrypting messages to many devices a few devices at a time: one step in a turn
of the main loop, with a priority that lets the window be drawn first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ...engine.messages.encrypting import Encryption
from ..log import guard
from ..state.keystore import Keystore
from ..timers import RepeatingTimer

Over = Callable[[Exception | None], None]


class EncryptionScheduler:
    """
    The messages of one account that are being encrypted. They take turns, so that
    a long one does not hold up the others.
    """

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore
        self._under_way: deque[tuple[Encryption, Over]] = deque()
        self._timer = RepeatingTimer(self._step)

    def run(self, encryption: Encryption, over: Over) -> None:
        """
        Encrypt the rest of a message.

        Args:
            over: called when all steps are done, or with the error that ended
                them; not at all after `close`.
        """
        self._under_way.append((encryption, over))
        self._timer.start_idle()

    def _step(self) -> None:
        encryption, over = self._under_way.popleft()
        error: Exception | None = None
        try:
            self._keystore.write_archive_first()
            if not encryption.step():
                self._under_way.append((encryption, over))
                return
        except Exception as failure:  # noqa: BLE001 - `over` is told of it
            error = failure
        with guard("going on after encrypting"):
            over(error)
        if not self._under_way:
            self._timer.stop()

    def close(self) -> None:
        """Give up what is under way."""
        self._under_way.clear()
        self._timer.stop()
