# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
The traffic that the server has seen: the encrypted texts it took from each user, the
requests, and the new streams.
"""

from __future__ import annotations

import re
from collections import Counter
from collections import defaultdict
from pathlib import Path

_FROM_CLIENT = re.compile(rb"< ([^@\s]+)@\S+ (<message [^>]*>)")
_TO_CLIENT = re.compile(rb"> ([^@\s]+)@\S+ (<message [^>]*>)")
_ID = re.compile(rb" id='([^']*)'")
_NEW_STREAM = re.compile(rb"< ([^@\s]+)@\S+ <enable ")
_STANZA_ID = re.compile(rb"<stanza-id [^>]*>")
_ASKED_AFTER = re.compile(rb"< ([^@\s]+)@.*<after>([^<]+)</after>")


class Accepted:
    """Follows the server's log of stanzas, however long it gets."""

    def __init__(self, wire_log: Path) -> None:
        """Nothing is read yet."""
        self._path = wire_log
        self._offset = 0
        self._ids: dict[str, set[str]] = defaultdict(set)
        # Of texts that came at once: what the archive calls them
        self._archived: dict[tuple[str, str], str] = {}
        self._streams: Counter[str] = Counter()
        self._asked_after: dict[str, set[str]] = defaultdict(set)

    def ids(self, sender: str) -> set[str]:
        """Ids of the texts from an account, by its name, as of now."""
        self._read_on()
        return self._ids[sender]

    def streams(self, name: str) -> int:
        """
        Count the streams of an account that did not resume another.

        What Gajim gave to a connection that it did not know to be broken is gone,
        encrypted or not, when it resumes nothing.
        """
        self._read_on()
        return self._streams[name]

    def passed_over(self, reader: str) -> set[str]:
        """Ids of texts that came at once, and after which the archive was asked.

        Gajim 2 writes down first which was the newest text, and then the text,
        each by itself. Killed between the two it never asks for that text again,
        encrypted or not.
        """
        self._read_on()
        asked = self._asked_after[reader]
        return {
            number
            for (name, number), archived in self._archived.items()
            if name == reader and archived in asked
        }

    def _read_on(self) -> None:
        with self._path.open("rb") as lines:
            lines.seek(self._offset)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._offset += len(line)
                self._note(line)

    def _note(self, line: bytes) -> None:
        asked = _ASKED_AFTER.match(line)
        if asked is not None:
            self._asked_after[asked[1].decode()].add(asked[2].decode())
        begun = _NEW_STREAM.match(line)
        if begun is not None:
            self._streams[begun[1].decode()] += 1
        # A receipt has no words for those who cannot read it
        if b"<payload>" not in line or b"<body>" not in line:
            return
        found = _FROM_CLIENT.match(line)
        if found is not None:
            (number,) = _ID.findall(found[2])
            self._ids[found[1].decode()].add(number.decode())
        found = _TO_CLIENT.match(line)
        archived = _STANZA_ID.search(line)
        if found is not None and archived is not None and b"<result " not in line:
            (number,) = _ID.findall(found[2])
            (name,) = _ID.findall(archived[0])
            self._archived[found[1].decode(), number.decode()] = name.decode()
