# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Removing the keys of encrypted files from Gajim's log: it logs the addresses of
downloads, and in those of encrypted files the part behind the `#` is the key.

Gajim 2 also logs, for debugging, each row that it writes to its archive, with the text
of the message and with what is being typed. One of its preferences writes that log to
the disk, also where no history is kept.
"""

from __future__ import annotations

import logging
import re

# Gajim's loggers that are handed such an address
_LOGGERS = (
    "gajim.c.ftm",
    "gajim.c.m.httpupload",
    "gajim.c.preview",
    "gajim.c.util.preview",
    "gajim.gtk.preview",
)

# The one that logs rows, and how these records begin
_ARCHIVE = "gajim.c.storage.archive"
_ROW = "Object before query"

_KEY = re.compile(r"(aesgcm://[^\s#]*)#\S*", re.IGNORECASE)


class _KeyFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            # The logger will say so itself
            return True
        redacted = without_keys(text)
        if redacted != text:
            record.msg, record.args = redacted, ()
        return True


class _RowFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if str(record.msg).startswith(_ROW):
            record.msg, record.args = f"{_ROW}: left out", ()
        return True


_filter = _KeyFilter()
_row_filter = _RowFilter()


def without_keys(text: str) -> str:
    """A text in which no link has its key."""
    return _KEY.sub(r"\1#…", text)


def install() -> None:
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_filter)
    logging.getLogger(_ARCHIVE).addFilter(_row_filter)


def remove() -> None:
    for name in _LOGGERS:
        logging.getLogger(name).removeFilter(_filter)
    logging.getLogger(_ARCHIVE).removeFilter(_row_filter)
