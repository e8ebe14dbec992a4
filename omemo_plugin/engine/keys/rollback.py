# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Recovering from a rollback: the key store is older than the keys that were last used,
because the user restored a backup or uses a copy on two computers.

Going on from there would use message keys twice. Old sessions therefore only receive,
and the next message to a device starts a new one. All prekeys are renewed, because some
of them have been used already; a session that somebody starts with one of those only
receives as well, because it may have gone on elsewhere. docs/decisions/0007 has the
reasons.
"""

from __future__ import annotations

from ..backend.codec import CODECS
from ..backend.codec import same_identity
from ..effects import AlarmRaised
from ..effects import Effect
from ..errors import BundleRefused
from ..state.core import Core
from ..values import Alarm
from ..values import AlarmKind
from ..values import Bundle
from ..values import Device
from ..values import Protocol

# There until the archive has been read once after it
_ROLLED_BACK = "/gajim/rolled_back"

# More new prekeys than this are not made between a backup and its return
_PREKEYS_PLAUSIBLE = 100_000


class Rollback:
    """Recognises a rollback, and makes the store safe to use."""

    def __init__(self, core: Core) -> None:
        self._core = core
        # SECURITY: prekeys are not signed. A server that makes some up can cause new
        # sessions once in a run, not with each answer
        self._believes_prekeys = True
        # The server still has the old bundles of these
        self._renewed: set[Protocol] = set()
        if core.is_behind:
            self.heal()
        elif core.store.get(_ROLLED_BACK, False):
            self._renewed.update(Protocol)

    def heal(self) -> None:
        """No session is sent on, and no prekey is offered any more."""
        core = self._core
        for protocol, prekeys in core.prekeys.items():
            prekeys.renew(core.now())
            core.sessions[protocol].retire_all(prekeys.bundle().signed_prekey_id)
        core.store.put(_ROLLED_BACK, True)
        core.alarms.add(self._alarm())
        core.store.overtake(core.rollback_marker.generation(core.device_id))
        core.commit()
        core.rollback_marker.adopt(core.device_id)
        self._renewed.update(Protocol)

    def _alarm(self) -> Alarm:
        core = self._core
        return Alarm(AlarmKind.OLD_KEYS, Device(core.own_jid, 0), core.now())

    def catch_up_ended(self) -> None:
        if self._core.store.get(_ROLLED_BACK, False):
            self._core.store.delete(_ROLLED_BACK)
            self._core.commit()

    def own_bundle_received(self, bundle: Bundle) -> list[Effect]:
        """The server has sent its copy of our bundle, which may be a newer one."""
        if bundle.protocol in self._renewed:
            self._renewed.discard(bundle.protocol)
            return []
        if not self.is_ahead(bundle):
            return []
        self.heal()
        self._renewed.discard(bundle.protocol)
        if not self._core.catching_up:
            self.catch_up_ended()
        return [AlarmRaised(self._alarm())]

    def is_ahead(self, bundle: Bundle) -> bool:
        """Whether a bundle has keys of ours that this store does not know."""
        core = self._core
        codec = CODECS[bundle.protocol]
        ours = core.prekeys[bundle.protocol].bundle()
        try:
            codec.backend_bundle(core.own_jid, core.device_id, bundle)
            identity_key = codec.identity_of(bundle)
        except (BundleRefused, ValueError):
            return False
        if not same_identity(identity_key, core.identity_key):
            return False
        if bundle.signed_prekey_id > ours.signed_prekey_id or (
            bundle.signed_prekey_id == ours.signed_prekey_id
            and bundle.signed_prekey != ours.signed_prekey
        ):
            return True
        if not self._believes_prekeys or not self._look_used(bundle, ours):
            return False
        self._believes_prekeys = False
        return True

    def _look_used(self, bundle: Bundle, ours: Bundle) -> bool:
        """
        Whether prekeys were used and replaced that this store still offers.

        SECURITY: prekeys are not signed. A server that only adds some must not have
        all sessions begun again: where one is new, another one of ours is gone, and
        new ones have the numbers that come next.
        """
        newest = self._core.prekeys[bundle.protocol].newest_id
        new = bundle.prekeys.keys() - ours.prekeys.keys()
        gone = [
            number
            for number, key in ours.prekeys.items()
            if bundle.prekeys.get(number) != key
        ]
        return bool(new and gone) and all(
            newest < number <= newest + _PREKEYS_PLAUSIBLE for number in new
        )
