# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identity key pair of an account, which lasts as long as its store."""

from __future__ import annotations

from omemo.identity_key_pair import IdentityKeyPair

from ..backend import speedups
from .storage import KeyStorage
from .store import Store

# Where python-omemo keeps it
_KEY = "/ikp/key"

# RFC 8032, 5.1.2: the sign of the x-coordinate, in the last of 32 bytes
_SIGN = 0x80


def load_identity(store: Store) -> IdentityKeyPair:
    """
    The identity key pair, which is made if the store has none.

    The public key of a new one has the sign bit clear. In OMEMO 2, libomemo.js
    (Converse) refuses the valid signatures of the others, which are half of all.
    An identity that exists is never changed.
    """
    storage = KeyStorage(store)
    while True:
        is_new = store.get(_KEY) is None
        identity: IdentityKeyPair = speedups.run(IdentityKeyPair.get(storage))
        if not is_new or not identity.identity_key[31] & _SIGN:
            return identity
        store.delete(_KEY)
