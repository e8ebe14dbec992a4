# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

'''
Our own prekeys for one protocol, and the bundle made of them.

A prekey that was used during the catch-up is taken out of the bundle at once,
but deleted only when the catch-up has ended: another device may have used the
same one before it learned of it (XEP-0384, "Receiving a message"). Which ones
these are is in the store, so that a restart in between does not forget it.
'''

from __future__ import annotations

import base64
from typing import Any

from omemo.backend import Backend

from . import fast
from .store import Store
from .values import Bundle
from .values import Protocol
from .wire import WIRES

PREKEYS_TARGET = 100
PREKEYS_MIN = 25

# XEP-0384: between a week and a month; the old key lives one period longer
ROTATION_SECONDS = 7 * 24 * 3600


class Prekeys:
    '''The prekeys of our device for one protocol.'''

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
        self._wire = WIRES[protocol]
        self._own_jid = own_jid
        self._device_id = device_id
        base = f'/gajim/{protocol.namespace}'
        self._used_key = f'{base}/used_prekeys'
        self._rotated_key = f'{base}/signed_prekey_rotated'

    def create(self, now: int) -> None:
        '''Make the first prekeys.'''
        self._fill()
        self._store.put(self._rotated_key, now)

    def bundle(self) -> Bundle:
        '''The bundle as it is to be published.'''
        return self._wire.own_bundle(
            self._backend_bundle(), frozenset(self._used().values())
        )

    def _backend_bundle(self) -> Any:
        return fast.run(self._backend.get_bundle(self._own_jid, self._device_id))

    def _used(self) -> dict[str, int]:
        used: dict[str, int] = self._store.get(self._used_key, {})
        return used

    def consume(self, prekey: bytes, prekey_id: int, *, keep: bool) -> None:
        '''
        A key exchange used one of our prekeys.

        Args:
            keep: whether other messages may still come that used it as well.
        '''
        if keep:
            used = self._used()
            used[base64.b64encode(prekey).decode('ascii')] = prekey_id
            self._store.put(self._used_key, used)
        else:
            self._delete(prekey)
        visible = fast.run(self._backend.get_num_visible_pre_keys()) - len(self._used())
        if visible < PREKEYS_MIN:
            self._fill()

    def end_catch_up(self) -> bool:
        '''Delete the used prekeys; whether there were any.'''
        used = self._used()
        for prekey in used:
            self._delete(base64.b64decode(prekey))
        if used:
            self._store.delete(self._used_key)
        return bool(used)

    def _delete(self, prekey: bytes) -> None:
        marker = self._wire.delete_marker(self._own_jid, self._device_id, prekey)
        fast.run(self._backend.delete_pre_key(marker))

    def refill(self) -> bool:
        '''Fill up to the full number; whether any was missing.'''
        return self._fill()

    def _fill(self) -> bool:
        visible = fast.run(self._backend.get_num_visible_pre_keys()) - len(self._used())
        missing = PREKEYS_TARGET - visible
        if missing <= 0:
            return False
        fast.run(self._backend.generate_pre_keys(missing))
        return True

    def rotate_if_due(self, now: int) -> bool:
        '''
        Change the signed prekey when a period has passed; whether it did.

        A clock that went back (it may have been wrong before) starts the
        period anew instead of rotating: a signed prekey that changes too often
        makes first messages undecryptable, one that changes late does little
        harm.
        '''
        rotated: int = self._store.get(self._rotated_key, 0)
        if now < rotated:
            self._store.put(self._rotated_key, now)
            return False
        if now - rotated < ROTATION_SECONDS:
            return False
        fast.run(self._backend.rotate_signed_pre_key())
        self._store.put(self._rotated_key, now)
        return True
