# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A key store that is older than what was last used: a backup that was put back,
or a copy that is used on two computers.

To go on from there would use message keys twice. So its sessions are read from
and never sent on again: what is sent starts new ones. All prekeys are renewed,
those that were used already among them. docs/decisions/0007 says why.
"""

from __future__ import annotations

from .core import Core
from .effects import Effect
from .effects import StoreRolledBack
from .errors import BundleRefused
from .values import Bundle
from .values import Protocol
from .wire import WIRES
from .wire import same_identity

# There until the archive has been read once after it
_ROLLED_BACK = "/gajim/rolled_back"


class Rollback:
    """Recognises it, and makes the store safe to use."""

    def __init__(self, core: Core) -> None:
        self._core = core
        # SECURITY: prekeys are not signed. A server that makes some up gets new
        # sessions once in a run, not with each answer
        self._believes_prekeys = True
        # What the server has of these is from before
        self._renewed: set[Protocol] = set()
        if core.is_behind:
            self._heal()
        elif core.store.get(_ROLLED_BACK, False):
            self._renewed.update(Protocol)
            self._receive_only(True)

    def _heal(self) -> None:
        core = self._core
        for sessions in core.sessions.values():
            sessions.retire_all()
        for prekeys in core.prekeys.values():
            prekeys.renew(core.now())
        core.store.put(_ROLLED_BACK, True)
        core.store.overtake(core.witness.generation(core.device_id))
        core.commit()
        self._renewed.update(Protocol)
        self._receive_only(True)

    def _receive_only(self, value: bool) -> None:
        """
        Whether sessions that others start are not sent on. A key exchange that
        the archive sends again is of a session that went on elsewhere.
        """
        for sessions in self._core.sessions.values():
            sessions.receive_only = value

    def connected(self) -> list[Effect]:
        return [StoreRolledBack()] if self._core.store.get(_ROLLED_BACK, False) else []

    def catch_up_ended(self) -> None:
        if self._core.store.get(_ROLLED_BACK, False):
            self._core.store.delete(_ROLLED_BACK)
            self._core.commit()
            self._receive_only(False)

    def own_bundle_received(self, bundle: Bundle) -> list[Effect]:
        """What the server has as our bundle, where it is not what we have."""
        if bundle.protocol in self._renewed:
            self._renewed.discard(bundle.protocol)
            return []
        if not self._is_ahead(bundle):
            return []
        self._heal()
        self._renewed.discard(bundle.protocol)
        if not self._core.catching_up:
            self.catch_up_ended()
        return [StoreRolledBack()]

    def _is_ahead(self, bundle: Bundle) -> bool:
        """Whether it has keys of ours that this store does not know yet."""
        core = self._core
        wire = WIRES[bundle.protocol]
        prekeys = core.prekeys[bundle.protocol]
        ours = prekeys.bundle()
        try:
            wire.backend_bundle(core.own_jid, core.device_id, bundle)
            identity_key = wire.identity_of(bundle)
        except (BundleRefused, ValueError):
            return False
        if not same_identity(identity_key, core.identity_key):
            return False
        if bundle.signed_prekey_id > ours.signed_prekey_id or (
            bundle.signed_prekey_id == ours.signed_prekey_id
            and bundle.signed_prekey != ours.signed_prekey
        ):
            return True
        if not self._believes_prekeys:
            return False
        newest = prekeys.newest_id
        ahead = any(
            number > newest or ours.prekeys.get(number, key) != key
            for number, key in bundle.prekeys.items()
        )
        if ahead:
            self._believes_prekeys = False
        return ahead
