# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Taking over the identity of another OMEMO program of this computer, in one transaction.

Two programs with the same identity destroy each other's sessions, and would use keys
twice. So the caller first makes sure that the other program will not use its file any
more.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import EarlierStoreDamaged
from ..errors import IdentityExists
from ..errors import OmemoError
from ..state.core import BLIND_TRUST
from ..state.devices import Devices
from ..state.prekeys import Prekeys
from ..state.preverified_keys import PreverifiedKeys
from ..state.sessions import Sessions
from ..state.store import Store
from ..values import Device
from ..values import Protocol
from ..values import Trust
from .conversion import Conversion
from .conversion import write_identity
from .values import EarlierIdentity
from .values import Taken

DEVICE_ID = "/own_device_id"


def has_identity(path: Path) -> bool:
    """
    Whether the key store of an account has an identity.

    Raises:
        StoreError: it cannot be opened.
    """
    if not path.exists():
        return False
    store = Store(path)
    try:
        return store.has(DEVICE_ID)
    finally:
        store.close()


def take_over(
    path: Path,
    own_jid: str,
    identity: EarlierIdentity,
    now: int,
    generation: int = 0,
) -> Taken:
    """
    Make the key store of an account from an earlier identity. It is on the disk when
    this returns.

    Args:
        path: of the key store; it is created.
        own_jid: the account's bare JID.
        now: seconds since 1970.
        generation: an earlier store with this identity has had this one. That one is
            older, should it come back from a backup.

    Raises:
        IdentityExists: the store has one already.
        EarlierStoreDamaged: what has been read makes no sense.
        StoreError: the store cannot be written. In all cases nothing was changed.
    """
    store = Store(path)
    try:
        try:
            taken = _convert(store, own_jid, identity, now)
        except OmemoError:
            raise
        except Exception as error:
            raise EarlierStoreDamaged("the keys make no sense") from error
        store.overtake(generation)
        store.commit()
        store.flush()
    except BaseException:
        store.rollback()
        raise
    finally:
        store.close()
    return taken


def _convert(store: Store, own_jid: str, identity: EarlierIdentity, now: int) -> Taken:
    if store.has(DEVICE_ID):
        raise IdentityExists
    own_key = write_identity(store, identity, now)
    own = Device(own_jid, identity.device_id)
    devices = Devices(store)
    record = devices.add(own, now)
    record.listed[Protocol.LEGACY] = True
    devices.learn_identity(record, own_key, sign_known=True)
    devices.set_trust(own_jid, own_key, Trust.VERIFIED)
    sessions = {protocol: Sessions(store, protocol) for protocol in Protocol}
    for protocol in Protocol:
        backend = sessions[protocol].backend
        Prekeys(store, backend, protocol, own_jid, own.device_id).create(now)
    if identity.asked_about_all:
        store.put(BLIND_TRUST, False)
    preverified = PreverifiedKeys(store)
    legacy = sessions[Protocol.LEGACY]
    return Conversion(devices, legacy, preverified, own, now).write(identity)
