# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Taking devices off the server whose keys are gone: out of the device list of each
protocol (XEP-0384, "Announcing support"), and their bundles.

Their ids are enough for it. The lists are fetched and published again without them, so
all that other devices have written there stays as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Collection
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from ...engine.errors import MalformedStanza
from ...engine.values import DeviceList
from ...engine.values import Protocol
from ...stanza.pep import build_device_list
from ...stanza.pep import device_list_item_id
from ...stanza.pep import device_list_node
from ...stanza.pep import parse_device_list
from .client import PepClient
from .client import Unavailable
from .temporary_devices import Records

if TYPE_CHECKING:
    from ..gajim.protocols import Client

log = logging.getLogger("gajim.p.omemo_plugin")


class Departure:
    """Takes devices of one account off the server."""

    def __init__(self, client: Client, own_jid: str) -> None:
        self._own_jid = own_jid
        self._pep = PepClient(client)
        self._records = Records(client, self._pep)

    def connected(self) -> None:
        """A new stream has begun: what was asked on the old one gets no answer."""
        self._pep.connected()

    def take_off(
        self,
        devices: frozenset[int],
        done: Callable[[bool], None],
        protocols: Collection[Protocol] = tuple(Protocol),
    ) -> None:
        """
        Args:
            done: called once at the end, with whether nothing of them is left.
            protocols: those that they leave.
        """
        run = _Run(done)
        for protocol in protocols:
            run.expect()
            self._clean_list(protocol, devices, run.ended)
            for number in devices:
                run.expect()
                self._records.retract_bundle(number, protocol, run.ended)
        for number in devices:
            run.expect()
            # It tells nobody anything, and few devices have one
            self._records.retract(number, lambda _failure: run.ended(None))
        run.all_begun()

    def _clean_list(
        self,
        protocol: Protocol,
        devices: frozenset[int],
        ended: Callable[[Unavailable | None], None],
    ) -> None:
        def came(payload: Element | None, failure: Unavailable | None) -> None:
            if payload is None:
                gone = failure is None or failure.permanent
                ended(None if gone else failure)
                return
            try:
                found = parse_device_list(payload, protocol)
            except MalformedStanza as error:
                # Nobody sends to a device of such a list
                log.info("The own device list is no list: %s", error)
                ended(None)
                return
            if not found.ids & devices:
                ended(None)
                return
            left = tuple(d for d in found.devices if d.device_id not in devices)
            self._pep.publish(
                device_list_node(protocol),
                device_list_item_id(protocol),
                build_device_list(DeviceList(protocol, left)),
                many=False,
                done=ended,
            )

        self._pep.fetch(self._own_jid, device_list_node(protocol), None, came)


class _Run:
    """Counts requests until the last one has ended."""

    def __init__(self, done: Callable[[bool], None]) -> None:
        self._done = done
        # One for `all_begun`
        self._left = 1
        self._failed = False

    def expect(self) -> None:
        self._left += 1

    def ended(self, failure: Unavailable | None) -> None:
        if failure is not None:
            log.warning("Something of an ended device stays behind: %s", failure)
            self._failed = True
        self._left -= 1
        if self._left == 0:
            self._done(not self._failed)

    def all_begun(self) -> None:
        self.ended(None)
