# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
An account is removed from Gajim: its device leaves the server while there is a
connection, and its keys and all that the plugin keeps of it are deleted when Gajim has
forgotten the account. What could not be done with the server is done if the account is
added again. Of an account that is removed while the plugin is off, the files are
deleted when the plugin is on again.

The encrypted file of an identity that went to another computer stays until it has been
saved: it is the only copy.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Protocol

from gajim.common import app
from nbxmpp.protocol import JID

from .gajim import constants as gajim_constants
from .gajim import folders as gajim_folders
from .gajim import known_accounts
from .gajim.patches import Patches
from .gajim.removal import before_removal
from .gajim.removal import is_gone
from .log import guard
from .pep.departure import Departure
from .state.earlier_store import EarlierStore
from .state.key_files import delete_account_files
from .state.leaving import AfterEnd
from .state.leaving import LeavingRecord
from .state.paths import Folders
from .state.paths import departed_path
from .state.paths import leaving_path
from .state.paths import rollback_marker_path
from .state.paths import store_path
from .timers import Timer
from .timers import later

if TYPE_CHECKING:
    from .gajim.protocols import Client

log = logging.getLogger("gajim.p.omemo_plugin")

# For how long the account waits for its device to leave the server
_PATIENCE_SECONDS = 10


class AccountModule(Protocol):
    """The plugin's module of an account."""

    @property
    def device_id(self) -> int:
        """0 if there is no identity."""

    def stop(self) -> None:
        """Close everything, for good."""


class AccountRemoval:
    """Does it for all accounts."""

    def __init__(self, find: Callable[[Client], AccountModule | None]) -> None:
        """
        Args:
            find: finds the plugin's module of an account.
        """
        self._find = find
        self._patches = Patches()
        # Own JIDs whose devices are off the server
        self._off: set[str] = set()

    def start(self) -> None:
        """Delete what is kept of the accounts that were removed while the plugin was
        off, and of those that are removed from now on."""
        with guard("looking for accounts that were removed"):
            self._delete_removed()
        if not self._patches.replace(app.app, "remove_account", self._around):
            log.error("The keys of an account that is removed stay in this Gajim")
            return
        self._patches.add(before_removal(self._take_off))

    def stop(self) -> None:
        """Put Gajim's methods back."""
        self._patches.restore()
        with guard("noting the accounts"):
            before = known_accounts.noted()
            known_accounts.note({**before, **known_accounts.present()})

    def _take_off(self, account: str, then: Callable[[], None]) -> None:
        """
        The user removes an account: take its device off the server.

        Args:
            account: Gajim's name of it.
            then: called once, when it is done or has taken too long.
        """
        client = gajim_constants.client_of(account)
        module = None if client is None else self._find(client)
        device_id = 0 if module is None else module.device_id
        if (
            client is None
            or module is None
            or not device_id
            or not gajim_constants.is_available(client)
        ):
            then()
            return
        own_jid = gajim_constants.own_jid(client)
        # It would put itself back
        module.stop()
        self._leave(client, own_jid, device_id, then)

    def _leave(
        self, client: Client, own_jid: str, device_id: int, then: Callable[[], None]
    ) -> None:
        left: list[Callable[[], None]] = [then]

        def go_on() -> None:
            timer.stop()
            while left:
                # Not in a handler of an answer: the connection ends with it
                later(left.pop())

        def done(complete: bool) -> None:
            if complete:
                self._off.add(own_jid)
            go_on()

        timer = Timer(go_on)
        timer.start(_PATIENCE_SECONDS)
        Departure(client, own_jid).take_off(frozenset((device_id,)), done)

    def _around(self, remove: Callable[[str], None]) -> Callable[[str], None]:
        def remove_account(account: str) -> None:
            own_jid = ""
            with guard("looking which account is removed"):
                address = app.get_jid_from_account(account)
                own_jid = str(JID.from_string(address).new_as_bare())
                if is_gone(account):
                    self._off.add(own_jid)
            remove(account)
            if own_jid:
                with guard("deleting what was kept of an account"):
                    self._delete(own_jid)

        return remove_account

    def _delete_removed(self) -> None:
        """An account that is only disabled is still there."""
        here = known_accounts.present()
        left = dict(here)
        for name, own_jid in known_accounts.noted().items():
            if name in here or own_jid in here.values():
                continue
            with guard("deleting what was kept of an account") as guarded:
                self._delete(own_jid)
            if guarded.error is not None:
                # It is tried again at the next start
                left[name] = own_jid
        known_accounts.note(left)

    def _delete(self, own_jid: str) -> None:
        folders = Folders(gajim_folders.plugin_data(), gajim_folders.plugin_settings())
        delete_account(
            folders, gajim_folders.gajim_data(), own_jid, is_off=own_jid in self._off
        )
        self._off.discard(own_jid)
        log.info("Deleted what was kept of an account that was removed")


def delete_account(
    folders: Folders, gajim_data: Path, own_jid: str, *, is_off: bool
) -> None:
    """
    Delete what is kept of an account. Nothing may have it open.

    Args:
        gajim_data: where Gajim keeps its data.
        is_off: its device has left the server. Otherwise its id is kept, and nothing
            else.

    Raises:
        OSError: something of it may still be there.
    """
    store = store_path(folders.data, own_jid)
    marker = rollback_marker_path(folders.config, own_jid)
    earlier = EarlierStore(own_jid, gajim_data, store, marker)
    record = LeavingRecord(leaving_path(folders.data, own_jid))
    device_id = earlier.marked_device
    has_moved = record.after is AfterEnd.MOVED
    if device_id and not is_off and not has_moved:
        record.has_to_leave(device_id)
    elif is_off:
        record.have_left({device_id})
    delete_account_files(folders, own_jid, earlier.renamed_files)
    if record.deleting:
        record.files_are_gone()
    if not (has_moved and departed_path(folders.data, own_jid).exists()):
        # As at a first start, if the account is added again
        record.set_after(AfterEnd.GO_ON)
