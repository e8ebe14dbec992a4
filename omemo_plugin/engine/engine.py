# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The engine: OMEMO (XEP-0384) for one account, without any I/O except its own store.

The engine never touches the network, a window or a timer. Each call returns at once,
with its result and with *effects*: plain values that name a request for the network
or a notice for the user. The caller carries out the effects and reports the outcome
with another call. All calls come from one thread; only `flush` may come from another.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from .backend.codec import fingerprint
from .effects import DeviceSilent
from .effects import Effect
from .keys.directory import Directory
from .keys.known_devices import KnownDevices
from .keys.publication import Publication
from .keys.rollback import Rollback
from .keys.server_keys import ServerKeys
from .keys.temporary_devices import TemporaryDevices
from .messages.encrypting import MessageEncryptor
from .messages.receiving import MessageDecryptor
from .state.core import Core
from .trust.alarm_answers import AlarmAnswers
from .trust.kept_undo import KeptUndo
from .trust.room_members import RoomMembers
from .trust.trust_messages import TrustMessages
from .trust.user_decisions import UserDecisions

__all__ = ["OmemoEngine"]


class OmemoEngine:
    """
    The OMEMO engine of one account.

    Attributes:
        keys: takes the server's answers about device lists and bundles, those of
            other accounts and those of this one.
        publication: publishes this device: its bundles and its entry in the lists.
        temporary: removes this device from the server when it goes, if it is
            temporary, and the remains of earlier temporary devices.
        devices: lists the devices that are known, and forgets them.
        incoming: decrypts messages.
        outgoing: plans and encrypts messages.
        trust: carries out what the user decides about keys.
        trust_messages: exchanges such decisions with other devices (XEP-0450).
        alarms: events that the user has to know, until they are answered.
        members: the members of rooms that the user has seen named.
        journal: the journal of the store. It has to be emptied often, because it
            holds keys of messages that have been read.
    """

    def __init__(self, core: Core) -> None:
        """Callers use `open`."""
        self._core = core
        self.journal = core.store.journal
        directory = Directory(core)
        self._rollback = Rollback(core)
        self._directory = directory
        self.publication = Publication(core)
        self.temporary = TemporaryDevices(core, self.publication)
        self.devices = KnownDevices(core, directory, self.publication)
        self.incoming = MessageDecryptor(core, self.publication)
        self.outgoing = MessageEncryptor(core, directory, self.incoming)
        self.trust_messages = TrustMessages(core, directory, self.outgoing)
        self.trust = UserDecisions(core, self.trust_messages)
        self.kept_undo = KeptUndo(core)
        self.members = RoomMembers(core)
        self.alarms = AlarmAnswers(core, self.trust, self.members)
        self.keys = ServerKeys(
            core,
            directory,
            self.publication,
            self.temporary,
            self._rollback,
            self.trust_messages,
        )

    @classmethod
    def open(
        cls,
        path: Path,
        own_jid: str,
        clock: Callable[[], float] = time.time,
        rollback_marker: Path | None = None,
    ) -> OmemoEngine:
        """
        Open the account's key store. An empty store gets a new identity.

        Args:
            own_jid: the account's bare JID.
            clock: returns seconds since 1970. It may be wrong.
            rollback_marker: a file in another folder; with it the engine recognises
                a store that was restored from a backup.

        Raises:
            StoreLocked, StoreTooNew, StoreDamaged, StoreError.
        """
        core = Core(path, own_jid, clock, rollback_marker)
        try:
            return cls(core)
        except BaseException:
            core.store.rollback()
            core.store.close()
            raise

    def close(self) -> None:
        """Commit and close. The engine cannot be used afterwards."""
        try:
            self._core.commit()
        finally:
            self._core.store.close()

    # This device

    @property
    def own_jid(self) -> str:
        """The account's bare JID."""
        return self._core.own_jid

    @property
    def device_id(self) -> int:
        """The id of this device."""
        return self._core.device_id

    @property
    def identity_key(self) -> bytes:
        """The Ed25519 identity key of this device, 32 bytes."""
        return self._core.identity_key

    @property
    def fingerprint(self) -> str:
        """The fingerprint of this device: 64 hex digits, as clients show it."""
        return fingerprint(self._core.identity_key)

    # Connection

    def connected(self) -> list[Effect]:
        """A new stream has begun (a resumed stream does not count). The client
        begins to read the archive, and the engine asks for its own keys on the
        server."""
        self._core.catching_up = True
        self._directory.connected()
        self.trust_messages.connected()
        effects = self.alarms.connected()
        effects += self.temporary.connected()
        effects += self.publication.connected()
        # SECURITY: a listed device without a record could never be removed by a
        # later login, because that login could not tell whose device it is
        self.publication.held = self.temporary.active
        return effects

    def catch_up_ended(self) -> list[Effect]:
        """The client has read the archive. The engine deletes used prekeys and
        asks for everything that it held back meanwhile."""
        self._core.catching_up = False
        self._rollback.catch_up_ended()
        effects = self.publication.catch_up_ended()
        effects += self.incoming.catch_up_ended()
        return effects + self.trust.due()

    def tick(self) -> list[Effect]:
        """Do what is due. The caller ticks about once a minute while connected,
        and a few seconds after messages have arrived."""
        if self._core.catching_up:
            return []
        self.kept_undo.expire()
        return self.publication.maintain() + self.trust.due() + self._silence()

    def _silence(self) -> list[Effect]:
        """What follows from devices that have not been heard for long."""
        to_ask, silent = self._core.silence.look(self._core.now())
        effects: list[Effect] = []
        for device in to_ask:
            effects += self.keys.replace_session(device)
        if silent:
            self._core.commit()
            effects += [DeviceSilent(device) for device in silent]
        return effects

    # Durability

    @property
    def uncommitted(self) -> bool:
        """Whether a commit would write anything."""
        return self._core.uncommitted

    def commit(self) -> None:
        """
        Write everything since the last commit, in one transaction.

        Raises:
            StoreError: nothing was written; the engine is back at the last
                commit.
        """
        self._core.commit()

    def flush(self) -> None:
        """
        Wait until everything committed is on the disk. Any thread may call this.

        Raises:
            StoreError: the disk refused; what was encrypted must not be sent.
        """
        self._core.flush()
