# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The engine of an account and its store on the disk: when it is opened, when
what it did is committed, and when that has to be waited for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gi.repository import GLib

from ..engine.effects import Effect
from ..engine.engine import OmemoEngine
from ..engine.errors import OmemoError
from ..engine.errors import StoreError
from . import compat
from . import messages
from .failures import report

log = logging.getLogger("gajim.p.omemo_plugin")

# Gajim 1.7.3 writes its history half a second after the first change
_COMMIT_AFTER_MS = 1000


class Keystore:
    """
    Holds the engine. All of it is used in the main loop only; the disk alone is
    waited for in a thread.

    Attributes:
        engine: None if the store could not be opened, or has been closed.
        problem: why there is no engine, in the user's words.
    """

    def __init__(self, path: Path, own_jid: str, witness: Path | None) -> None:
        self.engine: OmemoEngine | None = None
        self.problem = ""
        self._error: Exception = StoreError("closed")
        self._commit_timer = 0
        self._closed = False
        # Told of each call that may have changed devices or trust
        self.changed: Callable[[], None] = lambda: None
        self._disk = ThreadPoolExecutor(1, "omemo-disk")
        try:
            self.engine = OmemoEngine.open(path, own_jid, witness=witness)
        except OmemoError as error:
            log.error("No key store: %s", type(error).__name__)
            self._fail(error)
        except Exception as error:
            report("opening the key store", error)
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._error = error
        self.problem = messages.unusable(error)

    def get(self) -> OmemoEngine:
        """
        The engine.

        Raises:
            Exception: why there is none.
        """
        if self.engine is None:
            raise self._error
        return self.engine

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
        except Exception as error:
            report(doing, error)
        if engine.uncommitted:
            self.schedule_commit()
        self.changed()
        return effects or ()

    # Committing

    def write_archive_first(self) -> None:
        """
        Before anything of ours is committed, Gajim's rows are: what we know to
        have been received, and Gajim has lost in a crash, would not be shown
        when the server's archive sends it again.
        """
        if self.engine is not None and self.engine.uncommitted:
            compat.flush_archive()

    def schedule_commit(self) -> None:
        """Commit in a moment, together with what is received until then."""
        if not self._commit_timer and not self._closed:
            self._commit_timer = GLib.timeout_add(_COMMIT_AFTER_MS, self._commit)

    def _commit(self) -> bool:
        self._commit_timer = 0
        self.commit()
        return GLib.SOURCE_REMOVE

    def commit(self) -> None:
        if self.engine is None or not self.engine.uncommitted:
            return
        try:
            self.write_archive_first()
            self.engine.commit()
        except Exception as error:
            report("writing the key store", error)

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

        def finished(future: Future[None]) -> None:
            GLib.idle_add(go_on, future.exception())

        def go_on(error: BaseException | None) -> bool:
            if self._closed:
                return GLib.SOURCE_REMOVE
            if error is not None:
                log.error("The key store did not reach the disk")
            try:
                then(None if error is None else StoreError("not on the disk"))
            except Exception as failure:
                report("going on after writing", failure)
            return GLib.SOURCE_REMOVE

        self._disk.submit(engine.flush).add_done_callback(finished)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._commit_timer:
            GLib.source_remove(self._commit_timer)
            self._commit_timer = 0
        self._disk.shutdown()
        if self.engine is not None:
            try:
                self.write_archive_first()
                self.engine.close()
            except Exception as error:
                report("closing the key store", error)
            self.engine = None
