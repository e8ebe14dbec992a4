# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Removing the keys of encrypted files from Gajim's log: it logs the addresses of
downloads, and in those of encrypted files the part behind the `#` is the key.

Gajim 2 also logs, for debugging, each row that it writes to its archive, with the text
of the message and with what is being typed. One of its preferences writes that log to
the disk, also where no history is kept.

Gajim and nbxmpp log a whole stanza when they cannot read a part of it: also one into
which the decrypted content has been written, and also where nothing is debugged. Many
desktops write that to the journal of the system.
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

# The one that logs reactions
_REACTIONS = "gajim.c.m.reactions"

# Whoever logs a stanza is below one of these, which write it
_WRITERS = ("gajim", "nbxmpp")

# They log what is on the wire, where it is encrypted
_WIRE = ("nbxmpp.connection", "nbxmpp.tcp", "nbxmpp.websocket")

_KEY = re.compile(r"(aesgcm://[^\s#]*)#\S*", re.IGNORECASE)

_STANZA = re.compile(r"<message\b.*", re.DOTALL)


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


class _ReactionFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = "Reactions: left out", ()
        return True


class _StanzaFilter(logging.Filter):
    """For what writes a log: a filter of a logger does not see the records of those
    below it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith(_WIRE):
            return True
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            return True
        if "<message" in text:
            record.msg, record.args = _STANZA.sub("<message>: left out", text), ()
        return True


_filter = _KeyFilter()
_row_filter = _RowFilter()
_reaction_filter = _ReactionFilter()
_stanza_filter = _StanzaFilter()


def without_keys(text: str) -> str:
    """A text in which no link has its key."""
    return _KEY.sub(r"\1#…", text)


def install() -> None:
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_filter)
    logging.getLogger(_ARCHIVE).addFilter(_row_filter)
    logging.getLogger(_REACTIONS).addFilter(_reaction_filter)
    for handler in _writers():
        handler.addFilter(_stanza_filter)


def remove() -> None:
    for name in _LOGGERS:
        logging.getLogger(name).removeFilter(_filter)
    logging.getLogger(_ARCHIVE).removeFilter(_row_filter)
    logging.getLogger(_REACTIONS).removeFilter(_reaction_filter)
    for handler in _writers():
        handler.removeFilter(_stanza_filter)


def _writers() -> list[logging.Handler]:
    """What writes the records of Gajim and nbxmpp: both have the same."""
    return [one for name in _WRITERS for one in logging.getLogger(name).handlers]
