# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Giving an account's key to the other OMEMO of this Gajim, after the plugin was switched
off: to the one that is built into Gajim 2, or to gajim-omemo in Gajim 1.7.

Until the user has decided, `off_reader` reads what comes for the device: nothing else
has its key. The device leaves OMEMO 2 first, which the other program does not know:
contacts would write to it for ever. Then the key changes hands within one turn of the
main loop, so that no message comes in between. At last the device that the other
program has had until then leaves the server.

gajim-omemo opens its files when it is switched on, those of all accounts, and makes
keys where it finds none. So it is off while a key changes hands, and on afterwards.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gajim.common import app

from ..engine.values import Protocol
from .gajim import constants as gajim_constants
from .gajim import folders as gajim_folders
from .gajim import other_plugin
from .log import guard
from .log import report
from .notices import texts
from .off_reader import OffReader
from .pep.departure import Departure
from .pep.temporary_devices import is_forced
from .rooms import Rooms
from .settings import is_temporary
from .state.earlier_store import EarlierStore
from .state.leaving import LeavingRecord
from .state.paths import leaving_path
from .state.paths import rollback_marker_path
from .state.paths import settings_path
from .state.paths import store_path
from .values import KeyReceiver

if TYPE_CHECKING:
    from .gajim.protocols import Client

log = logging.getLogger("gajim.p.omemo_plugin")


class GivingBack:
    """
    Gives the key of one account to the other program.

    Attributes:
        own_jid: the account's bare JID.
        receiver: the other program.
    """

    def __init__(
        self, client: Client, device_id: int, store: EarlierStore, rooms: Rooms
    ) -> None:
        """
        Args:
            device_id: the device whose key it is.
            rooms: who was in the account's rooms when the plugin was switched off.
        """
        self.own_jid = gajim_constants.own_jid(client)
        self.receiver = _receiver()
        self._client = client
        self._device_id = device_id
        self._store = store
        self._rooms = rooms
        data = gajim_folders.plugin_data()
        self._record = LeavingRecord(leaving_path(data, self.own_jid))
        self._departure = Departure(client, self.own_jid)
        self._reader: OffReader | None = None

    def start(self) -> None:
        """The user may give the key from now on. What comes meanwhile is read."""
        with guard("reading what comes for a key that is given back"):
            self._reader = OffReader(self._client, self._device_id, self._rooms)

    def give(self, done: Callable[[str], None]) -> None:
        """
        Args:
            done: called once, with why it was not possible, in the user's words,
                or ''.
        """
        if not gajim_constants.is_available(self._client):
            done(texts.not_connected_to_give())
            return

        def withdrawn(complete: bool) -> None:
            done(self._give() if complete else texts.server_did_not_answer())

        ours = frozenset((self._device_id,))
        self._departure.take_off(ours, withdrawn, (Protocol.OMEMO_2,))

    def close(self) -> None:
        """The user gives nothing any more, and nothing is read any more."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _give(self) -> str:
        was_reading = self._reader is not None
        self.close()
        try:
            replaced = self._change_hands()
        except Exception as error:  # noqa: BLE001 - the user is told
            report("giving the key back", error)
            if was_reading:
                self.start()
            return texts.key_not_given()
        log.info("The key of %s was given back", self._client.account)
        if replaced not in (0, self._device_id):
            self._take_off(replaced)
        return ""

    def _change_hands(self) -> int:
        if not gajim_constants.HAS_BUILTIN_OMEMO:
            return self._give_to_plugin()
        from .gajim import builtin_takeover

        # Nothing of it may move a ratchet any more
        builtin = builtin_takeover.close_store(self._client)
        try:
            return self._store.give()
        finally:
            with guard("beginning with the built-in module"):
                builtin_takeover.renew(self._client, builtin)

    def _give_to_plugin(self) -> int:
        was_on = other_plugin.switch_off()
        try:
            replaced = self._store.give()
            was_on = True
        finally:
            if was_on:
                with guard("switching gajim-omemo on"):
                    other_plugin.switch_on()
        return replaced

    def _take_off(self, device_id: int) -> None:
        """Contacts would write to the device of before for ever."""

        def done(complete: bool) -> None:
            if complete:
                with guard("writing down that a device has left"):
                    self._record.have_left((device_id,))

        with guard("writing down that a device leaves"):
            self._record.has_to_leave(device_id)
        self._departure.take_off(frozenset((device_id,)), done)


def offers(rooms: Mapping[str, Rooms]) -> list[GivingBack]:
    """
    The accounts whose key another program could go on with. The plugin has to be off.

    Args:
        rooms: those of each account, by Gajim's name of it.
    """
    found: list[GivingBack] = []
    if is_forced():
        return found
    for client in app.get_clients():
        with guard("looking for a key that could be given back"):
            known = rooms.get(client.account)
            if known is None:
                known = Rooms(client, gajim_constants.own_jid(client))
            offer = _offer(client, known)
            if offer is not None:
                found.append(offer)
    return found


def _receiver() -> KeyReceiver:
    if gajim_constants.HAS_BUILTIN_OMEMO:
        return KeyReceiver.BUILT_IN
    if other_plugin.can_be_used():
        return KeyReceiver.PLUGIN
    return KeyReceiver.LATER_PLUGIN


def _offer(client: Client, rooms: Rooms) -> GivingBack | None:
    own_jid = gajim_constants.own_jid(client)
    data = gajim_folders.plugin_data()
    if is_temporary(settings_path(data, own_jid)):
        # It leaves the account by itself
        return None
    store = EarlierStore(
        own_jid,
        gajim_folders.gajim_data(),
        store_path(data, own_jid),
        rollback_marker_path(gajim_folders.plugin_settings(), own_jid),
    )
    device_id = store.device_to_give()
    return GivingBack(client, device_id, store, rooms) if device_id else None
