# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Empties the journal of the key store in time, so that no key of a message that has been
read stays on the disk.

The disk is waited for in a thread. A journal is emptied when nothing was written
for a while, and at the latest after some time or a number of messages.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor

from ...engine.state.journal import Journal
from ..timers import Timer
from ..timers import later

log = logging.getLogger("gajim.p.omemo_plugin")

# In seconds: this long after the last transaction, and this long after the first
IDLE_AFTER = 3.0
LATEST_AFTER = 15.0

# And at this number of messages that have been read since
MESSAGES_MAX = 500

# A disk that refused is asked again after this long
_RETRY_AFTER = 60.0

# Transactions that come while the journal is copied make it necessary to copy once
# more. So often in a row, and then after `IDLE_AFTER` again
_ROUNDS = 5


class JournalEmptier:
    """Empties the journal of one account's store. Used in the main loop only."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._disk = ThreadPoolExecutor(1, "omemo-journal")
        self._timer = Timer(self._begin)
        self._dirty_since: float | None = None
        self._round = 0
        self._closed = False
        self.note()

    @property
    def is_busy(self) -> bool:
        """Whether the disk is waited for. What can be committed later had better
        be."""
        return self._round > 0

    def note(self) -> None:
        """Something may have been committed."""
        if self._closed or self.is_busy or self._journal.is_empty:
            return
        now = time.monotonic()
        if self._dirty_since is None:
            self._dirty_since = now
        left = self._dirty_since + LATEST_AFTER - now
        self._timer.stop()
        if self._journal.read >= MESSAGES_MAX:
            self._timer.start_idle()
        else:
            self._timer.start(max(0.0, min(IDLE_AFTER, left)))

    def _begin(self) -> None:
        self._journal.begin()
        self._copy()

    def _copy(self) -> None:
        self._round += 1
        self._run(self._journal.copy, self._copied)

    def _copied(self) -> None:
        if self._journal.cut():
            self._dirty_since = None
            self._run(self._journal.settle, self._settled)
        elif self._round < _ROUNDS:
            self._copy()
        else:
            self._round = 0
            self.note()

    def _settled(self) -> None:
        self._journal.settled()
        self._round = 0
        # What has been committed since
        self.note()

    def _run(self, work: Callable[[], None], then: Callable[[], None]) -> None:
        """Do something in the thread, and go on in the main loop."""

        def finished(future: Future[None]) -> None:
            later(go_on, future.exception())

        def go_on(error: BaseException | None) -> None:
            if self._closed:
                return
            if error is None:
                then()
                return
            log.warning("The journal is not emptied: %s", type(error).__name__)
            self._round = 0
            self._timer.start(_RETRY_AFTER)

        self._disk.submit(work).add_done_callback(finished)

    def wait(self) -> None:
        """Wait until the thread does nothing. What it was to do next is not called
        before the main loop runs again, and does no harm then."""
        self._disk.submit(lambda: None).result()

    def close(self) -> None:
        """Stop. Closing the store empties the journal for good."""
        self._closed = True
        self._timer.stop()
        self._disk.shutdown()
