# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine of an account, and when its store is opened, committed and flushed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...engine.effects import Effect
from ...engine.engine import OmemoEngine
from ...engine.errors import OmemoError
from ...engine.errors import StoreDamaged
from ...engine.errors import StoreError
from ...engine.keys.device_info import DeviceInfo
from ..gajim import archive as gajim_archive
from ..log import guard
from ..log import report
from ..notices import texts
from ..timers import Timer
from ..timers import soon
from .journal_emptier import JournalEmptier

log = logging.getLogger("gajim.p.omemo_plugin")

# Gajim 1.7.3 writes its history half a second after the first change
_COMMIT_AFTER_SECONDS = 1.0

# How often it is put off because the journal is being emptied. On a slow disk that
# may take seconds
_DEFERRED_MAX = 5


class Keystore:
    """
    Holds the engine. All of it is used in the main loop only; a thread waits for
    the disk.

    Attributes:
        engine: None if the store could not be opened, or has been closed.
        problem: why there is no engine, in the user's words.
    """

    def __init__(
        self,
        path: Path,
        own_jid: str,
        rollback_marker: Path | None,
        changed: Callable[[], None],
    ) -> None:
        """
        Args:
            changed: called after each call that may have changed devices or
                trust.
        """
        self.engine: OmemoEngine | None = None
        self.problem = ""
        self._error: Exception = StoreError("closed")
        self._commit_timer = Timer(self._commit_received)
        self._deferred = 0
        self._closed = False
        self._changed = changed
        self._disk = ThreadPoolExecutor(1, "omemo-disk")
        self._emptier: JournalEmptier | None = None
        try:
            self.engine = OmemoEngine.open(
                path, own_jid, rollback_marker=rollback_marker
            )
            self._emptier = JournalEmptier(self.engine.journal)
        except OmemoError as error:
            log.error("No key store: %s", type(error).__name__)
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - the user is told, see `problem`
            report("opening the key store", error)
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._error = error
        self.problem = texts.unusable(error)

    def get(self) -> OmemoEngine:
        """
        The engine.

        Raises:
            Exception: why there is none.
        """
        if self.engine is None:
            raise self._error
        return self.engine

    @property
    def is_damaged(self) -> bool:
        """Whether there is no engine because the file makes no sense."""
        return self.engine is None and isinstance(self._error, StoreDamaged)

    def devices(self, jid: str) -> tuple[DeviceInfo, ...]:
        """All known devices of an account; none without an engine."""
        return () if self.engine is None else self.engine.devices.of(jid)

    def call(
        self, doing: str, call: Callable[[OmemoEngine], Sequence[Effect] | None]
    ) -> Sequence[Effect]:
        """
        Call the engine, if there is one, and let no error out.

        Args:
            doing: what it is for, for the log.

        Returns:
            What the engine wants done.
        """
        engine = self.engine
        if engine is None:
            return ()
        effects: Sequence[Effect] | None = ()
        try:
            self.write_archive_first()
            effects = call(engine)
        except OmemoError as error:
            log.warning("%s while %s", type(error).__name__, doing)
        except Exception as error:  # noqa: BLE001 - what was changed before counts
            report(doing, error)
        if engine.uncommitted:
            self.schedule_commit()
        self._note_commit()
        self._changed()
        return effects or ()

    # Committing

    def write_archive_first(self) -> None:
        """
        Let Gajim commit its rows before this plugin commits anything. A message
        that the store knows, and that Gajim has lost in a crash, would not be
        shown when the server's archive sends it again.
        """
        if self.engine is not None and self.engine.uncommitted:
            gajim_archive.flush_archive()

    def schedule_commit(self) -> None:
        """Commit in a moment, together with what is received until then."""
        if not self._closed:
            self._commit_timer.start(_COMMIT_AFTER_SECONDS)

    def _commit_received(self) -> None:
        if self._emptier is not None and self._emptier.is_busy:
            # A commit would have the journal copied once more
            self._deferred += 1
            if self._deferred <= _DEFERRED_MAX:
                self.schedule_commit()
                return
        self._deferred = 0
        self.commit()

    def commit(self) -> None:
        """Commit what has not been committed. Nothing is raised."""
        if self.engine is None or not self.engine.uncommitted:
            return
        with guard("writing the key store"):
            self.write_archive_first()
            self.engine.commit()
        self._note_commit()

    def _note_commit(self) -> None:
        if self._emptier is not None:
            self._emptier.note()

    def empty_journal(self) -> None:
        """
        Commit, and leave no key of a message that has been read on the disk. It
        waits for the disk: for when the user locks, and will not wait.

        Raises:
            StoreError: the disk refused.
        """
        engine = self.get()
        engine.publication.forget_used()
        self.write_archive_first()
        engine.commit()
        if self._emptier is not None:
            self._emptier.wait()
        engine.journal.empty()

    def when_durable(self, then: Callable[[Exception | None], None]) -> None:
        """
        Go on when everything committed is on the disk.

        Args:
            then: called in the main loop, with an error if the disk refused;
                not called at all once the store has been closed.

        Raises:
            Exception: why there is no engine.
        """
        engine = self.get()
        self._note_commit()

        def finished(future: Future[None]) -> None:
            soon(go_on, future.exception())

        def go_on(error: BaseException | None) -> None:
            if self._closed:
                return
            if error is not None:
                log.error("The key store did not reach the disk")
            with guard("going on after writing"):
                then(None if error is None else StoreError("not on the disk"))

        self._disk.submit(engine.flush).add_done_callback(finished)

    def close(self) -> None:
        """Commit and close the store; `when_durable` calls nothing any more."""
        if self._closed:
            return
        self._closed = True
        self._commit_timer.stop()
        self._disk.shutdown()
        if self._emptier is not None:
            self._emptier.close()
        if self.engine is not None:
            with guard("forgetting used prekeys"):
                self.engine.publication.forget_used()
            with guard("closing the key store"):
                self.write_archive_first()
                self.engine.close()
            self.engine = None
