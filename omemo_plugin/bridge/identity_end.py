# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Ending the identity of an account: its keys, sessions, decisions and names are deleted,
and its device leaves the server. A new identity may follow.

The order makes it hold through a crash: what is to be done is written down, the store
is closed, the files are deleted, and then the server is asked. Whatever was not done is
done at the next start, or at the next connection.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Protocol

from ..engine.state.rollback_marker import RollbackMarker
from .gajim import constants as gajim_constants
from .log import guard
from .log import report
from .notices import texts
from .pep.departure import Departure
from .state.key_files import delete_key_files
from .state.key_files import key_files
from .state.leaving import AfterEnd
from .state.leaving import LeavingRecord
from .state.paths import Folders
from .state.paths import leaving_path
from .state.paths import rollback_marker_path
from .timers import Timer

if TYPE_CHECKING:
    from .gajim.protocols import Client

log = logging.getLogger("gajim.p.omemo_plugin")

# For how long a new identity waits for the old device to leave the server
_PATIENCE_SECONDS = 10


class IdentityHost(Protocol):
    """What begins and stops to encrypt on an account."""

    @property
    def device_id(self) -> int:
        """0 if it is not known."""

    @property
    def can_end(self) -> bool:
        """Whether there is an identity, and nothing else uses its files."""

    def stop(self) -> None:
        """Close everything, and let nothing leave an encrypted chat."""

    def begin(self) -> None:
        """Encrypt again. A key store that is missing is made."""


class IdentityEnd:
    """
    Ends the identity of one account.

    Attributes:
        own_jid: the account's bare JID.
    """

    def __init__(
        self,
        client: Client,
        own_jid: str,
        folders: Folders,
        more_files: Sequence[Path],
        host: IdentityHost,
    ) -> None:
        """
        Args:
            folders: where the account's own files are.
            more_files: others that have its keys.
        """
        self.own_jid = own_jid
        self._client = client
        self._record = LeavingRecord(leaving_path(folders.data, own_jid))
        self._marker = RollbackMarker(rollback_marker_path(folders.config, own_jid))
        self._files = (*key_files(folders, own_jid), *more_files)
        self._host = host
        self._departure = Departure(client, own_jid)
        self._then: Callable[[], None] | None = None
        self._timer = Timer(self._go_on)

    @property
    def is_beginning(self) -> bool:
        """Whether the account gets a new identity without a question."""
        return self._record.after is AfterEnd.BEGIN_ANEW

    @property
    def can_end(self) -> bool:
        """Whether there is an identity, and nothing else uses its files."""
        return self._host.can_end

    @property
    def is_ended(self) -> bool:
        """Whether the account has no identity, and gets none by itself."""
        return self._record.after in (AfterEnd.STAY_ENDED, AfterEnd.MOVED)

    @property
    def is_moved(self) -> bool:
        """Whether that is because the identity went to another computer."""
        return self._record.after is AfterEnd.MOVED

    @property
    def leaving(self) -> frozenset[int]:
        """Ids of devices that may still be on the server."""
        return self._record.devices

    @property
    def is_leaving(self) -> bool:
        """Whether something may still be on the server."""
        return bool(self._record.devices)

    def finish_deleting(self) -> None:
        """
        Go on after a crash. Before anything opens the key store.

        Raises:
            OSError: keys of an ended identity are still there.
        """
        if self._record.deleting:
            delete_key_files(self._files)
            self._record.files_are_gone()

    def end(self, *, anew: bool) -> str:
        """
        End the identity.

        Args:
            anew: a new one follows.

        Returns:
            Why it was not done, or not to its end, in the user's words, or ''.
        """
        if not self.can_end:
            return texts.identity_not_ended()
        # A damaged store does not say its id
        device_id = self._host.device_id or self._marker.device_id
        after = AfterEnd.BEGIN_ANEW if anew else AfterEnd.STAY_ENDED
        try:
            self._record.begin({device_id} if device_id else (), after)
        except OSError as error:
            report("writing down that an identity ends", error)
            return texts.identity_not_ended()
        self._host.stop()
        # SECURITY: a copy of the store may come back with a backup, and would use keys
        # twice
        self._marker.end(device_id)
        try:
            self.finish_deleting()
        except OSError as error:
            report("deleting the keys of an ended identity", error)
            return texts.ended_keys_remain()
        self._then = self._host.begin if anew else None
        self._take_off()
        return ""

    def start_anew(self) -> str:
        """
        Begin with a new identity after one has ended.

        Returns:
            Why that was not possible, in the user's words, or ''.
        """
        if not self.is_ended:
            return ""
        if self._record.deleting:
            return texts.ended_keys_remain()
        try:
            self._record.set_after(AfterEnd.BEGIN_ANEW)
        except OSError as error:
            report("writing down that an identity begins", error)
            return texts.identity_not_ended()
        self._host.begin()
        return ""

    def has_begun(self) -> None:
        """The account has an identity."""
        with guard("writing down that an identity has begun"):
            self._record.set_after(AfterEnd.GO_ON)

    def connected(self) -> None:
        """A new stream has begun."""
        self._departure.connected()
        self._take_off()

    def close(self) -> None:
        """Begin nothing any more."""
        self._timer.stop()
        self._then = None

    def _take_off(self) -> None:
        devices = self._record.devices
        if not devices or not gajim_constants.is_available(self._client):
            self._go_on()
            return

        def done(complete: bool) -> None:
            if complete:
                with guard("writing down that a device has left"):
                    self._record.have_left(devices)
            self._go_on()

        if self._then is not None:
            self._timer.start(_PATIENCE_SECONDS)
        self._departure.take_off(devices, done)

    def _go_on(self) -> None:
        self._timer.stop()
        then, self._then = self._then, None
        if then is not None:
            then()
