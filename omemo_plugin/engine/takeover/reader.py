# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Reading the database of gajim-omemo, which Gajim 2's built-in OMEMO shares: the file
`omemo_<JID>.db`.

Debian 12, 13 and forky have the same schema, number 12. Each of their programs brings
an older one up to it when it starts, so an older one is of a program that has not run
for years, and is refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import TypeVar
from urllib.parse import quote

from ..errors import EarlierStoreDamaged
from ..errors import EarlierStoreInUse
from ..errors import EarlierStoreUnknown
from ..values import DEVICE_ID_MAX
from ..values import Device
from ..values import Trust
from .records import public_key
from .records import read_prekey
from .records import read_sessions
from .records import read_signed_prekey
from .records import secret
from .values import EarlierDevice
from .values import EarlierIdentity
from .values import EarlierKey
from .values import EarlierPrekey
from .values import EarlierSignedPrekey
from .values import OwnKey

SCHEMA_VERSION = 12

T = TypeVar("T")

# What SQLite answers while somebody else writes: SQLITE_BUSY and SQLITE_LOCKED
_BUSY = (5, 6)
_PAUSE_SECONDS = 0.05
_PATIENCE_SECONDS = 1.0

# No account has as many of one kind
_ROWS_MAX = 100_000

# The numbers of the other program
_TRUST = {
    0: Trust.DISTRUSTED,
    1: Trust.VERIFIED,
    2: Trust.UNDECIDED,
    3: Trust.BLIND,
}


def read(path: Path) -> EarlierIdentity | None:
    """
    Read the file. It may be in use: what is read is a copy in memory.

    Returns:
        None if there is no identity in it.

    Raises:
        EarlierStoreInUse: somebody else does not stop writing to it.
        EarlierStoreUnknown: it has another schema.
        EarlierStoreDamaged: it cannot be read. Single sessions that cannot be read
            are left out and counted instead.
    """
    return _with_copy(path, _read)


def read_own(path: Path) -> OwnKey | None:
    """
    The same, of the device id and the key alone.

    Raises:
        EarlierStoreUnknown, EarlierStoreDamaged.
    """
    return _with_copy(path, _read_own)


def _with_copy(path: Path, call: Callable[[sqlite3.Connection], T | None]) -> T | None:
    if not path.is_file() or path.stat().st_size == 0:
        return None
    copy = sqlite3.connect(":memory:")
    # Old records were written as text
    copy.text_factory = bytes
    try:
        _copy(path, copy)
        return call(copy)
    except (sqlite3.Error, UnicodeError) as error:
        # A damaged schema is quoted, whatever bytes it has
        raise EarlierStoreDamaged("the file cannot be read") from error
    finally:
        copy.close()


def _copy(path: Path, copy: sqlite3.Connection) -> None:
    # Read only: nothing must change in a file of another program
    address = f"file:{quote(str(path))}?mode=ro"
    source = sqlite3.connect(address, uri=True)
    tries = 0

    def go_on(status: int, _remaining: int, _total: int) -> None:
        # By itself it would wait for ever
        nonlocal tries
        tries += 1
        if status in _BUSY and tries * _PAUSE_SECONDS >= _PATIENCE_SECONDS:
            raise EarlierStoreInUse("the file is locked")

    try:
        source.backup(copy, progress=go_on, sleep=_PAUSE_SECONDS)
    finally:
        source.close()


def _own(connection: sqlite3.Connection) -> tuple[int, bytes, object] | None:
    """The device id, the public key and what is in the place of the private one."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0 and not _rows(connection, "SELECT 1 FROM sqlite_master"):
        return None
    if version != SCHEMA_VERSION:
        raise EarlierStoreUnknown(f"schema {version}")
    own = _rows(
        connection, "SELECT device_id, public_key, private_key FROM secret LIMIT 1"
    )
    if not own:
        return None
    device_id, public, private = own[0]
    if not isinstance(device_id, int) or not 0 < device_id <= DEVICE_ID_MAX:
        raise EarlierStoreDamaged("not a device id")
    return device_id, public_key(public), private


def _read_own(connection: sqlite3.Connection) -> OwnKey | None:
    own = _own(connection)
    return None if own is None else OwnKey(own[0], own[1].hex())


def _read(connection: sqlite3.Connection) -> EarlierIdentity | None:
    own = _own(connection)
    if own is None:
        return None
    device_id, public, private = own
    return EarlierIdentity(
        device_id,
        secret(private),
        public,
        _prekeys(connection),
        _signed_prekeys(connection),
        _devices(connection, public),
        _keys(connection, public),
    )


# Any: SQLite has values of any type in any column
def _rows(connection: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    rows = connection.execute(query).fetchmany(_ROWS_MAX + 1)
    if len(rows) > _ROWS_MAX:
        raise EarlierStoreDamaged("too many rows")
    return rows


def _prekeys(connection: sqlite3.Connection) -> tuple[EarlierPrekey, ...]:
    rows = _rows(connection, "SELECT record FROM prekeys ORDER BY prekey_id")
    return tuple(read_prekey(record) for (record,) in rows)


def _signed_prekeys(
    connection: sqlite3.Connection,
) -> tuple[EarlierSignedPrekey, ...]:
    # The program itself takes the one with the highest number
    query = "SELECT record FROM signed_prekeys ORDER BY prekey_id DESC"
    keys = tuple(read_signed_prekey(record) for (record,) in _rows(connection, query))
    if not keys:
        raise EarlierStoreDamaged("no signed prekey")
    return keys


def _devices(
    connection: sqlite3.Connection, own_public: bytes
) -> tuple[EarlierDevice, ...]:
    query = "SELECT recipient_id, device_id, record, active FROM sessions ORDER BY _id"
    devices = []
    for recipient, number, record, active in _rows(connection, query):
        jid = _jid(recipient)
        if jid is None or not isinstance(number, int):
            continue
        if not 0 < number <= DEVICE_ID_MAX:
            continue
        try:
            sessions, lost = read_sessions(record)
        except EarlierStoreDamaged:
            sessions, lost = [], 1
        usable = tuple(one for one in sessions if one.own_identity == own_public)
        lost += len(sessions) - len(usable)
        devices.append(EarlierDevice(Device(jid, number), bool(active), usable, lost))
    return tuple(devices)


def _keys(connection: sqlite3.Connection, own_public: bytes) -> tuple[EarlierKey, ...]:
    query = "SELECT recipient_id, public_key, trust, timestamp FROM identities"
    keys = []
    for recipient, public, trust, seen in _rows(connection, query):
        jid = _jid(recipient)
        if jid is None:
            continue
        try:
            key = public_key(public)
        except EarlierStoreDamaged:
            continue
        if key == own_public:
            continue
        # SECURITY: a number that is not known must not become trust
        level = _TRUST.get(trust, Trust.UNDECIDED)
        last_seen = seen if isinstance(seen, int) and seen > 0 else 0
        keys.append(EarlierKey(jid, key, level, last_seen))
    return tuple(keys)


def _jid(value: object) -> str | None:
    if not isinstance(value, bytes):
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    return text if "@" in text and "/" not in text else None
