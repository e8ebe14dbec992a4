# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand stanzas to Gajim as its connection does, and tell what became of each."""

from __future__ import annotations

import gc
import logging
import time
import traceback
from typing import Any

from gajim.common import app
from gajim.common.const import Trust
from nbxmpp.simplexml import Node

# The id of a request to the archive
QUERY = "fuzz"

# Events of Gajim that show or change a message
SHOWN = (
    "message-received",
    "gc-message-received",
    "mam-message-received",
    "message-updated",
    "message-corrected",
)
CHANGED = (
    "reaction-updated",
    "message-retracted",
    "message-moderated",
    "receipt-received",
    "displayed-received",
    "read-state-sync",
)

# Gajim's loggers do not all pass records on
LOGGERS = ("", "gajim", "nbxmpp")


class _Errors(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []
        self._formatter = logging.Formatter("%(name)s: %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self._formatter.format(record))


class _Clock:
    """What a stanza costs the processor, and how much of that is whose."""

    def __init__(self) -> None:
        self._collecting = 0.0
        self.begin()

    def begin(self) -> None:
        """A stanza comes."""
        self._begun = time.thread_time()
        self._entered: float | None = None
        self.ours = self.garbage = 0.0

    def enter(self) -> None:
        """Our handler is called."""
        self._entered = time.thread_time() - self.garbage

    def leave(self) -> None:
        """It is done, or has Gajim's own handlers called."""
        if self._entered is not None:
            self.ours += time.thread_time() - self.garbage - self._entered
            self._entered = None

    def seconds(self) -> float:
        """The time that all of it took so far."""
        return time.thread_time() - self._begun

    def collected(self, phase: str, _info: dict[str, int]) -> None:
        """Python begins or ends to collect its garbage, as `gc.callbacks` tell."""
        if phase == "start":
            self._collecting = time.thread_time()
        else:
            self.garbage += time.thread_time() - self._collecting


class _Watch:
    """Sees what an account does with stanzas, while it is entered."""

    def __init__(self, account: str) -> None:
        self._client = app.get_client(account)
        self._dispatcher = self._client.connection._dispatcher
        self._smacks = self._client.connection._smacks
        self._receiver = self._client.get_module("OmemoPlugin").service.receiver
        self._writer = self._receiver._writer
        self._clock = _Clock()
        self._events: list[Any] = []
        self._errors = _Errors()
        self._decrypted = False

    def __enter__(self) -> _Watch:
        own_jid = self._client.get_own_jid().new_as_bare()
        for archive in (own_jid, str(own_jid)):
            # As if the archive had been asked
            self._client.get_module("MAM")._mam_query_ids[archive] = QUERY
        self._handled = self._smacks._in_h
        self._dispatch_again = self._writer.dispatch_again
        self._writer.dispatch_again = self._note_decrypted
        self._handle = self._receiver.handle
        self._receiver.handle = self._note_handled
        gc.callbacks.append(self._clock.collected)
        self._raise_event = app.ged.raise_event
        app.ged.raise_event = self._note_event
        for name in LOGGERS:
            logging.getLogger(name).addHandler(self._errors)
        return self

    def __exit__(self, *_exception: object) -> None:
        # The server has not sent them
        self._smacks._in_h = self._handled
        self._writer.dispatch_again = self._dispatch_again
        self._receiver.handle = self._handle
        gc.callbacks.remove(self._clock.collected)
        app.ged.raise_event = self._raise_event
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(self._errors)

    def _note_event(self, event: Any) -> Any:
        self._events.append(event)
        return self._raise_event(event)

    def _note_handled(self, stanza: Any, properties: Any) -> None:
        self._clock.enter()
        try:
            self._handle(stanza, properties)
        finally:
            self._clock.leave()

    def _note_decrypted(self, stanza: Any, properties: Any) -> None:
        self._clock.leave()
        self._decrypted = properties.encrypted is not None
        self._dispatch_again(stanza, properties)

    def dispatch(self, xml: str) -> dict[str, Any]:
        """Dispatch a stanza, and tell what became of it."""
        self._events.clear()
        self._errors.found.clear()
        self._decrypted = False
        node = Node(node=xml)
        self._clock.begin()
        try:
            self._dispatcher.dispatch(node)
        except Exception:
            self._errors.found.append(traceback.format_exc())
        seconds = self._clock.seconds()
        # nbxmpp fails by itself on some stanzas, which are lost then. With what we
        # have decrypted it must not
        errors = {
            error
            for error in self._errors.found
            if self._decrypted or "omemo_plugin" in error
        }
        return {
            "shown": [_row(event) for event in self._events if event.name in SHOWN],
            "changed": [one.name for one in self._events if one.name in CHANGED],
            "errors": sorted(errors),
            "seconds": seconds,
            "ours": self._clock.ours,
            "garbage": self._clock.garbage,
        }


class Injector:
    """Gives stanzas to the dispatcher of an account."""

    def inject(self, account: str, stanzas: list[str]) -> list[dict[str, Any]]:
        """Dispatch stanzas one after the other.

        :returns: for each what Gajim showed and changed, the errors that were
            logged for what we have decrypted or by our plugin, and the seconds of
            the processor: all, those of our handler without the collection of
            garbage, and those of that
        """
        with _Watch(account) as watch:
            return [watch.dispatch(xml) for xml in stanzas]


def _row(event: Any) -> dict[str, Any]:
    """The content of a shown message: its text, encryption and device, and the message
    that it replaces."""
    row = {
        "event": event.name,
        "jid": str(event.jid),
        "text": "",
        "trust": None,
        "key": None,
        "replaces": str(getattr(event, "correct_id", None) or ""),
    }
    if hasattr(event, "pk"):
        # As Gajim's own handlers have it, which read it from the archive: to do that
        # takes it longer than anything else about a message
        message = getattr(event, "message", None)
        if message is None:
            message = app.storage.archive.get_message_with_pk(event.pk)
        row["text"] = message.text or ""
        row["replaces"] = message.correction_id or ""
        if message.encryption is not None:
            row["trust"] = Trust(message.encryption.trust).name
            row["key"] = message.encryption.key
        return row
    row["text"] = event.msgtxt or ""
    data = event.properties.encrypted
    if data is not None:
        row["trust"] = Trust(data.additional_data["trust"]).name
        row["key"] = data.additional_data["fingerprint"]
    return row
