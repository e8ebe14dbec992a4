# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
This device's prekeys for one protocol, and the bundle made of them.

A prekey that was used during the catch-up leaves the bundle at once, but is deleted
only when the catch-up has ended: another device may have used the same one before it
saw the new bundle (XEP-0384, "Receiving a message"). The store keeps the list of them
over a restart.
"""

from __future__ import annotations

import base64
from collections.abc import Collection

import omemo.bundle
from omemo.backend import Backend

from ..backend import speedups
from ..backend.codec import CODECS
from ..errors import OmemoError
from ..errors import StoreDamaged
from ..values import Bundle
from ..values import Protocol
from .store import Store

PREKEYS_TARGET = 100
PREKEYS_MIN = 25

# XEP-0384: between a week and a month; the old key lives one period longer
ROTATION_SECONDS = 7 * 24 * 3600

# A clock that jumps further than this was wrong before, or is wrong now: a clock
# without a battery begins in 1970 until the network sets it
_JUMP_SECONDS = 365 * 24 * 3600

# How long a used prekey is kept: a client may have fetched our bundle just before it
# was published again, and has yet to send its first message
KEPT_SECONDS = 600

# How many are kept: strangers must not fill our store
KEPT_MAX = 200


class Prekeys:
    """The prekeys of our device for one protocol."""

    def __init__(
        self,
        store: Store,
        backend: Backend,
        protocol: Protocol,
        own_jid: str,
        device_id: int,
    ) -> None:
        self._store = store
        self._backend = backend
        self._codec = CODECS[protocol]
        self._own_jid = own_jid
        self._device_id = device_id
        base = f"/gajim/{protocol.namespace}"
        # python-omemo keeps its counter there
        self._counter_key = f"/{protocol.namespace}/pre_key_id_counter"
        self._used_key = f"{base}/used_prekeys"
        self._rotated_key = f"{base}/signed_prekey_rotated"

    def create(self, now: int) -> None:
        """Make the first prekeys."""
        self._fill()
        self._store.put(self._rotated_key, now)

    def bundle(self) -> Bundle:
        """The bundle as it is to be published."""
        used = frozenset(number for number, _ in self._used().values())
        return self._codec.own_bundle(self._backend_bundle(), used)

    def _backend_bundle(self) -> omemo.bundle.Bundle:
        build = self._backend.get_bundle(self._own_jid, self._device_id)
        try:
            return speedups.run(build)
        except OmemoError:
            raise
        except Exception as error:
            raise StoreDamaged("the prekeys make no sense") from error

    def _used(self) -> dict[str, list[int]]:
        """Maps each used prekey to its id and the time of its use."""
        used: dict[str, list[int]] = self._store.get(self._used_key, {})
        return used

    def consume(self, prekey: bytes, prekey_id: int, now: int) -> None:
        """
        A key exchange used one of our prekeys.

        It is not offered any more, but kept for a while: a second device may
        have taken the same from the bundle before that is published again, or
        its message may be in the archive.
        """
        used = self._used()
        while len(used) >= KEPT_MAX:
            oldest = min(used, key=lambda one: used[one][1])
            self._delete(base64.b64decode(oldest))
            del used[oldest]
        used[base64.b64encode(prekey).decode("ascii")] = [prekey_id, now]
        self._store.put(self._used_key, used)
        visible = speedups.run(self._backend.get_num_visible_pre_keys()) - len(used)
        if visible < PREKEYS_MIN:
            self._fill()

    def delete_used(self, now: int) -> None:
        """Delete the used prekeys that have been kept for `KEPT_SECONDS`. The caller
        waits for the end of a catch-up."""
        used = self._used()
        # If the clock was set back, they are deleted as well: to lose a message is
        # better than to keep keys for years
        kept = {
            prekey: [number, at]
            for prekey, (number, at) in used.items()
            if 0 <= now - at < KEPT_SECONDS
        }
        self._keep_used(kept)

    def delete_withdrawn(self, offered: Collection[bytes]) -> None:
        """
        Delete the used prekeys that nobody can get from the server any more, however
        short ago they were used. The caller waits for the end of a catch-up.

        Args:
            offered: the public prekeys in the bundle that the server has.
        """
        names = {base64.b64encode(one).decode("ascii") for one in offered}
        used = self._used()
        self._keep_used({one: used[one] for one in used.keys() & names})

    def _keep_used(self, kept: dict[str, list[int]]) -> None:
        """Delete all used prekeys but some."""
        gone = self._used().keys() - kept.keys()
        if not gone:
            return
        for prekey in gone:
            self._delete(base64.b64decode(prekey))
        self._store.put(self._used_key, kept)

    def is_used(self, prekey: bytes) -> bool:
        """Whether a prekey was used, and is kept."""
        return base64.b64encode(prekey).decode("ascii") in self._used()

    @property
    def some_used(self) -> bool:
        """Whether prekeys are kept that are not offered any more."""
        return bool(self._used())

    def _delete(self, prekey: bytes) -> None:
        marker = self._codec.delete_marker(self._own_jid, self._device_id, prekey)
        speedups.run(self._backend.delete_pre_key(marker))

    @property
    def newest_id(self) -> int:
        """The highest id a prekey of ours has had."""
        newest: int = self._store.get(self._counter_key, 0)
        return newest

    def renew(self, now: int) -> None:
        """Replace all prekeys in the bundle. The old ones are kept as if they had been
        used."""
        used = self._used()
        for number, prekey in self.bundle().prekeys.items():
            used[base64.b64encode(prekey).decode("ascii")] = [number, now]
        self._store.put(self._used_key, used)
        self.rotate(now)
        self._fill()

    def refill(self) -> bool:
        """Make prekeys until there are `PREKEYS_TARGET`. Returns whether any was
        missing."""
        return self._fill()

    def _fill(self) -> bool:
        visible = speedups.run(self._backend.get_num_visible_pre_keys()) - len(
            self._used()
        )
        missing = PREKEYS_TARGET - visible
        if missing <= 0:
            return False
        speedups.run(self._backend.generate_pre_keys(missing))
        return True

    def rotate_if_due(self, now: int) -> bool:
        """
        Change the signed prekey when a period has passed. Returns whether it changed.

        A clock that went back, or years ahead (it may be wrong now, or have been
        wrong before), starts a new period instead of rotating: a signed
        prekey that changes too often makes first messages undecryptable, one
        that changes late does little harm.
        """
        rotated: int = self._store.get(self._rotated_key, 0)
        if now < rotated or now - rotated > _JUMP_SECONDS:
            self._store.put(self._rotated_key, now)
            return False
        if now - rotated < ROTATION_SECONDS:
            return False
        self.rotate(now)
        return True

    def rotate(self, now: int) -> None:
        """Change the signed prekey. The one before is kept for one period."""
        speedups.run(self._backend.rotate_signed_pre_key())
        self._store.put(self._rotated_key, now)
