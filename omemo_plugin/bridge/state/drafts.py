# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Keeping the texts that wait to be sent, for the case that Gajim ends before that.

The user was told that they are sent automatically, and the input has been emptied:
so they are shown again at the next start. They are not sent then, because the user
may not want to say them any more.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from .private_file import UNFINISHED
from .private_file import write_private

log = logging.getLogger("gajim.p.omemo_plugin")

Texts = Mapping[str, tuple[str, ...]]


class UnsentDrafts:
    """
    The waiting texts of one account, by the JID of their conversation. Nothing
    raises.

    Attributes:
        earlier: the texts that an earlier run left, oldest first.
    """

    def __init__(self, path: Path, keeps_history: Callable[[], bool]) -> None:
        """
        Args:
            keeps_history: whether Gajim writes texts of this account to the disk.
                Where it does not, nothing is written here.
        """
        self._path = path
        self._keeps_history = keeps_history
        self._frozen = False
        self.earlier: Texts = {}
        if keeps_history():
            self.earlier = self._read()
            self._delete_unfinished()
        else:
            self._delete()
        self._texts = dict(self.earlier)
        self._written = dict(self.earlier)

    @property
    def are_kept(self) -> bool:
        """Whether what is written here is there at the next start."""
        return self._keeps_history()

    def write(self, texts: Texts) -> None:
        """Say which texts are not sent now."""
        self._texts = dict(texts)
        self._save()

    def freeze(self) -> None:
        """Gajim ends: the file stays as it is, whatever becomes of the queue."""
        self._frozen = True

    def history_changed(self) -> None:
        """The user chose whether Gajim keeps a history: from the moment in which
        there is none, no text is on the disk."""
        self._save()

    def _delete_unfinished(self) -> None:
        """What was being written when the program was killed."""
        with suppress(OSError):
            self._path.with_name(self._path.name + UNFINISHED).unlink(missing_ok=True)

    def _delete(self) -> None:
        self._delete_unfinished()
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("Unsent texts stay: %s", type(error).__name__)

    def _save(self) -> None:
        if self._frozen:
            return
        texts = self._texts if self._keeps_history() else {}
        if texts == self._written:
            return
        if not texts:
            self._delete()
            self._written = {}
            return
        try:
            data = json.dumps({"unsent": texts}, ensure_ascii=False)
            # A slow disk must not hold up the window for this
            write_private(self._path, data, durable=False)
        except (OSError, ValueError) as error:
            log.warning("Unsent texts are not kept: %s", type(error).__name__)
        else:
            self._written = texts

    def _read(self) -> dict[str, tuple[str, ...]]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))["unsent"]
            return {
                str(jid): tuple(str(text) for text in texts)
                for jid, texts in found.items()
            }
        except FileNotFoundError:
            return {}
        except (
            OSError,
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            RecursionError,
        ) as error:
            log.warning("Unsent texts cannot be read: %s", type(error).__name__)
            return {}
