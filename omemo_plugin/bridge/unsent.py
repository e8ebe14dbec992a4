# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Texts that wait to be sent, kept for when Gajim ends before they are.

The user was told that they go by themselves, and the input has been emptied: so
they are given back at the next start. They are not sent then: nobody knows any
more whether they are still meant.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from .private_file import write_private

log = logging.getLogger("gajim.p.omemo_plugin")

Texts = Mapping[str, tuple[str, ...]]


class Unsent:
    """
    The waiting texts of one account, by the JID of their conversation. Nothing
    raises.
    """

    def __init__(self, path: Path, max_age: float) -> None:
        """
        Args:
            max_age: for how many seconds Gajim keeps its history; with 0 no text
                is written to the disk, and so none here.
        """
        self._path = path
        self._may_write = max_age != 0
        self._waiting: dict[str, tuple[str, ...]] = {}
        self._left: dict[str, tuple[str, ...]] = {}
        if self._may_write:
            self._left = self._read()
        else:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        self._written = dict(self._left)

    @property
    def conversations(self) -> frozenset[str]:
        """Those with texts of an earlier run."""
        return frozenset(self._left)

    def left(self, jid: str) -> tuple[str, ...]:
        """The texts that an earlier run left in a conversation, oldest first."""
        return self._left.get(jid, ())

    def take(self, jid: str) -> None:
        """They have been given back."""
        self._left.pop(jid, None)
        self._save()

    def write(self, texts: Texts) -> None:
        """Say what waits now."""
        self._waiting = dict(texts)
        self._save()

    def freeze(self) -> None:
        """Gajim ends: the file stays as it is, whatever becomes of the queue."""
        self._may_write = False

    def _save(self) -> None:
        texts = {
            jid: (*self._left.get(jid, ()), *self._waiting.get(jid, ()))
            for jid in (*self._left, *self._waiting)
        }
        if texts == self._written or not self._may_write:
            return
        try:
            if texts:
                data = json.dumps({"unsent": texts}, ensure_ascii=False)
                # A slow disk must not hold up the window for this
                write_private(self._path, data, durable=False)
            else:
                self._path.unlink(missing_ok=True)
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
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("Unsent texts cannot be read: %s", type(error).__name__)
            return {}
