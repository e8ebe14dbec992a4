# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The server's side of a temporary device: its record, and going in good order.

Gajim ends a session in `Client.disconnect(gracefully=True, reconnect=False)`,
whether the user goes offline or quits, and waits for the end of the connection.
So the way off the server fits in before it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from collections.abc import Sequence
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

from gi.repository import GLib

from ..engine.errors import MalformedStanza
from ..engine.values import Protocol
from ..engine.values import TemporaryDevice
from ..stanza.pep import bundle_item_id
from ..stanza.pep import bundle_node
from ..stanza.temporary import NODE
from ..stanza.temporary import build_record
from ..stanza.temporary import parse_record
from . import compat
from .failures import report
from .pep import Pep
from .pep import Unavailable

log = logging.getLogger("gajim.p.omemo_plugin")

# Set by whoever starts Gajim where nothing is kept, as in Tails
VARIABLE = "OMEMO_TEMPORARY_DEVICE"

# Not translated: others read it in their lists
LABEL = "Temporary device"

# Nobody waits longer than this for a server to let them go
_FAREWELL_SECONDS = 5

# Through Tor to a device behind Tor
_PING_SECONDS = 15

_DISCONNECT = "disconnect"

Done = Callable[[Unavailable | None], None]


def is_forced() -> bool:
    """Whether every device of this Gajim is a temporary one."""
    return os.environ.get(VARIABLE, "") == "1"


class Records:
    """The records of one account's temporary devices."""

    def __init__(self, client: Any, pep: Pep) -> None:
        self._client = client
        self._pep = pep
        self._resources: dict[int, str] = {}

    def fetch(self, answer: Callable[[Sequence[TemporaryDevice] | None], None]) -> None:
        """
        Args:
            answer: called with the records; None if there is no telling.
        """

        def came(payloads: list[Element], failure: Unavailable | None) -> None:
            if failure is not None and not failure.permanent:
                answer(None)
                return
            self._resources.clear()
            records = []
            for payload in payloads:
                try:
                    record, resource = parse_record(payload)
                except MalformedStanza as error:
                    log.info("A record was passed over: %s", error)
                    continue
                records.append(record)
                self._resources[record.device_id] = resource
            answer(records)

        self._pep.fetch_all(NODE, came)

    def publish(self, record: TemporaryDevice, done: Done) -> None:
        payload = build_record(record, compat.own_resource(self._client))
        self._pep.publish_private(NODE, str(record.device_id), payload, done)

    def retract(self, device_id: int, done: Done) -> None:
        self._pep.retract(NODE, str(device_id), done)

    def retract_bundle(self, device_id: int, protocol: Protocol, done: Done) -> None:
        node = bundle_node(protocol, device_id)
        if protocol is Protocol.LEGACY:
            # It has a node of its own
            self._pep.delete(node, done)
        else:
            self._pep.retract(node, bundle_item_id(protocol, device_id), done)

    def find_alive(self, answer: Callable[[frozenset[int]], None]) -> None:
        """
        Find out which of the devices are there.

        Being online is not enough: a server keeps a connection that broke for
        some minutes, as if it were there (XEP-0198). So they are asked, and who
        is silent is taken for gone; one that is not puts itself on the lists
        again when it sees that it was taken off.

        Raises:
            Exception: nobody can be seen.
        """
        online = compat.own_online_resources(self._client)
        own = compat.own_resource(self._client)
        asked = {
            number: resource
            for number, resource in self._resources.items()
            if resource in online and resource != own
        }
        alive: set[int] = set()
        if not asked:
            answer(frozenset())
            return
        waiting = set(asked)
        timer = 0

        def end() -> bool:
            nonlocal timer
            timer = 0
            waiting.clear()
            answer(frozenset(alive))
            return GLib.SOURCE_REMOVE

        def answered(number: int, is_there: bool) -> None:
            if number not in waiting:
                return
            waiting.discard(number)
            if is_there:
                alive.add(number)
            if not waiting and timer:
                GLib.source_remove(timer)
                end()

        timer = GLib.timeout_add_seconds(_PING_SECONDS, end)
        for number, resource in asked.items():
            self._pep.ping(resource, partial(answered, number))


class Farewell:
    """Lets something be done before the account goes offline."""

    def __init__(self, client: Any, say: Callable[[Callable[[], None]], None]) -> None:
        """
        Args:
            say: does it, and calls what it is given when it is done.
        """
        self._client = client
        self._say = say
        self._timer = 0
        self._waiting = False
        if callable(getattr(type(client), _DISCONNECT, None)):
            setattr(client, _DISCONNECT, self._disconnect)
        else:
            log.error("A temporary device cannot take leave in this Gajim")

    def remove(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        if self._client.__dict__.get(_DISCONNECT) == self._disconnect:
            delattr(self._client, _DISCONNECT)

    def _disconnect(
        self, gracefully: bool, reconnect: bool, destroy_client: bool = False
    ) -> None:
        def disconnect() -> None:
            type(self._client).disconnect(
                self._client,
                gracefully=gracefully,
                reconnect=reconnect,
                destroy_client=destroy_client,
            )

        if not gracefully or reconnect or not compat.is_available(self._client):
            disconnect()
            return
        if self._waiting:
            # It will go when it is done
            return
        self._waiting = True

        def go() -> bool:
            if self._waiting:
                self._waiting = False
                if self._timer:
                    GLib.source_remove(self._timer)
                    self._timer = 0
                # Not from within an answer of the connection that it ends
                GLib.idle_add(leave)
            return GLib.SOURCE_REMOVE

        def leave() -> bool:
            disconnect()
            return GLib.SOURCE_REMOVE

        def too_late() -> bool:
            self._timer = 0
            log.warning("The server did not let a temporary device go in time")
            return go()

        self._timer = GLib.timeout_add_seconds(_FAREWELL_SECONDS, too_late)

        def said() -> None:
            go()

        try:
            self._say(said)
        except Exception as error:
            report("taking leave", error)
            go()
