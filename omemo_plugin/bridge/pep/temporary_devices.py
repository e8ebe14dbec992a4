# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Temporary devices on the server: their records, and their removal.

Gajim ends a session in `Client.disconnect(gracefully=True, reconnect=False)`,
whether the user goes offline or quits, and waits for the end of the connection.
So the device is removed from the server before that.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from ...engine.errors import MalformedStanza
from ...engine.values import Protocol
from ...engine.values import TemporaryDevice
from ...stanza.pep import bundle_item_id
from ...stanza.pep import bundle_node
from ...stanza.temporary import NODE
from ...stanza.temporary import build_record
from ...stanza.temporary import parse_record
from ..gajim import constants as gajim_constants
from ..gajim import contacts as gajim_contacts
from ..gajim.patches import Patches
from ..log import guard
from ..timers import Timer
from ..timers import later
from .client import PepClient
from .client import Unavailable

if TYPE_CHECKING:
    from ..gajim.protocols import Client

log = logging.getLogger("gajim.p.omemo_plugin")

# Set by the program that starts Gajim where nothing is kept, as in Tails
VARIABLE = "OMEMO_TEMPORARY_DEVICE"

# Not translated: others read it in their lists
LABEL = "Temporary device"

# The longest time that the user waits for the server
_FAREWELL_SECONDS = 5

# Through Tor to a device behind Tor. Whoever wrote to a device that was unplugged is
# told 15 seconds after the next login at the latest: these, and some requests through
# Tor. Not a whole number, which GLib takes for up to a second more
_PING_SECONDS = 10.0

_DISCONNECT = "disconnect"

Done = Callable[[Unavailable | None], None]


def is_forced() -> bool:
    """Whether every device of this Gajim is a temporary one."""
    return os.environ.get(VARIABLE, "") == "1"


class Records:
    """The records of one account's temporary devices."""

    def __init__(self, client: Client, pep: PepClient) -> None:
        self._client = client
        self._pep = pep
        self._resources: dict[int, str] = {}

    def fetch(self, answer: Callable[[Sequence[TemporaryDevice] | None], None]) -> None:
        """
        Args:
            answer: called with the records; None if they are not known.
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
        payload = build_record(record, gajim_contacts.own_resource(self._client))
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
        Find out which of the devices are online.

        The presence is not enough: a server keeps a broken connection for some
        minutes as if it were online (XEP-0198). So the devices are pinged, and one
        that does not answer is taken for gone. If it is not, it puts itself on the
        lists again when it sees that it was removed.

        Raises:
            Exception: it is not known which resources are online.
        """
        online = gajim_contacts.own_online_resources(self._client)
        own = gajim_contacts.own_resource(self._client)
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

        def end() -> None:
            waiting.clear()
            answer(frozenset(alive))

        def answered(number: int, is_online: bool) -> None:
            if number not in waiting:
                return
            waiting.discard(number)
            if is_online:
                alive.add(number)
            if not waiting and timer.is_running:
                timer.stop()
                end()

        timer = Timer(end)
        timer.start(_PING_SECONDS)
        for number, resource in asked.items():
            self._pep.ping(resource, partial(answered, number))


class Farewell:
    """Lets something be done before the account goes offline."""

    def __init__(
        self, client: Client, withdraw: Callable[[Callable[[], None]], None]
    ) -> None:
        """
        Args:
            withdraw: does it, and calls its argument when it is done.
        """
        self._client = client
        self._withdraw = withdraw
        self._timer = Timer(self._too_late)
        # Ends the connection; None while that is not asked for
        self._disconnect: Callable[[], None] | None = None
        self._patches = Patches()
        if not self._patches.replace(client, _DISCONNECT, self._in_front):
            log.error("A temporary device cannot be withdrawn in this Gajim")

    def remove(self) -> None:
        """Put Gajim's method back."""
        self._timer.stop()
        self._patches.restore()

    def _in_front(self, disconnect: Callable[..., None]) -> Callable[..., None]:
        def withdraw_first(
            gracefully: bool, reconnect: bool, destroy_client: bool = False
        ) -> None:
            def go() -> None:
                disconnect(
                    gracefully=gracefully,
                    reconnect=reconnect,
                    destroy_client=destroy_client,
                )

            if (
                not gracefully
                or reconnect
                or not gajim_constants.is_available(self._client)
            ):
                go()
            elif self._disconnect is None:
                self._disconnect = go
                self._timer.start(_FAREWELL_SECONDS)
                with guard("withdrawing a temporary device") as guarded:
                    self._withdraw(self._withdrawn)
                if guarded.error is not None:
                    self._withdrawn()

        return withdraw_first

    def _withdrawn(self) -> None:
        disconnect, self._disconnect = self._disconnect, None
        if disconnect is not None:
            self._timer.stop()
            # Not in a handler of an answer: the connection ends with it
            later(disconnect)

    def _too_late(self) -> None:
        log.warning("The server did not remove a temporary device in time")
        self._withdrawn()
