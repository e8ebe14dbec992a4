# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which encrypted texts the server has taken from whom."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

_FROM_CLIENT = re.compile(rb'< ([^@\s]+)@\S+ (<message [^>]*>)')
_ID = re.compile(rb" id='([^']*)'")


class Accepted:
    """Follows the server's log of stanzas, however long it gets."""

    def __init__(self, wire_log: Path) -> None:
        """Nothing is read yet."""
        self._path = wire_log
        self._offset = 0
        self._ids: dict[str, set[str]] = defaultdict(set)

    def ids(self, sender: str) -> set[str]:
        """Ids of the texts from an account, by its name, as of now."""
        with self._path.open('rb') as lines:
            lines.seek(self._offset)
            for line in lines:
                if not line.endswith(b'\n'):
                    break
                self._offset += len(line)
                self._note(line)
        return self._ids[sender]

    def _note(self, line: bytes) -> None:
        # A receipt has no words for those who cannot read it
        if b'<payload>' not in line or b'<body>' not in line:
            return
        found = _FROM_CLIENT.match(line)
        if found is not None:
            (number,) = _ID.findall(found[2])
            self._ids[found[1].decode()].add(number.decode())
