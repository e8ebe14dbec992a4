# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Removing the keys of encrypted files from Gajim's log: it logs the addresses of
downloads, and in those of encrypted files the part behind the `#` is the key.
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


_filter = _KeyFilter()


def without_keys(text: str) -> str:
    """A text in which no link has its key."""
    return _KEY.sub(r"\1#…", text)


def install() -> None:
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_filter)


def remove() -> None:
    for name in _LOGGERS:
        logging.getLogger(name).removeFilter(_filter)
