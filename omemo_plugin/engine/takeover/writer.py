# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Writing the database of gajim-omemo, which Gajim 2's built-in OMEMO shares, with an
identity that goes on there.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from ..errors import EarlierStoreError
from ..values import Trust
from .reader import SCHEMA_VERSION
from .record_writer import write_prekey
from .record_writer import write_sessions
from .record_writer import write_signed_prekey
from .records import DJB
from .values import EarlierIdentity

# As the programs of Debian 12, 13 and forky read and write it
_SCHEMA = """
CREATE TABLE secret (device_id INTEGER, public_key BLOB, private_key BLOB);
CREATE TABLE identities (
    _id INTEGER PRIMARY KEY AUTOINCREMENT, recipient_id TEXT,
    registration_id INTEGER, public_key BLOB, timestamp INTEGER, trust INTEGER,
    shown INTEGER DEFAULT 0);
CREATE UNIQUE INDEX public_key_index ON identities (public_key, recipient_id);
CREATE TABLE prekeys (
    _id INTEGER PRIMARY KEY AUTOINCREMENT, prekey_id INTEGER UNIQUE,
    sent_to_server BOOLEAN, record BLOB);
CREATE TABLE signed_prekeys (
    _id INTEGER PRIMARY KEY AUTOINCREMENT, prekey_id INTEGER UNIQUE,
    timestamp NUMERIC DEFAULT CURRENT_TIMESTAMP, record BLOB);
CREATE TABLE sessions (
    _id INTEGER PRIMARY KEY AUTOINCREMENT, recipient_id TEXT, device_id INTEGER,
    record BLOB, timestamp INTEGER, active INTEGER DEFAULT 1,
    UNIQUE (recipient_id, device_id));
"""

# The numbers of the other program
_TRUST = {
    Trust.DISTRUSTED: 0,
    Trust.VERIFIED: 1,
    Trust.UNDECIDED: 2,
    Trust.BLIND: 3,
}


def write(path: Path, identity: EarlierIdentity) -> None:
    """
    Write a new file. It is complete, and on the disk, when this returns.

    Raises:
        EarlierStoreError: it cannot be written. A part of it may be there.
    """
    try:
        # For its owner alone from the first byte on
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN")
            _fill(connection, identity)
            connection.execute("COMMIT")
        finally:
            connection.close()
        _wait_for_disk(path)
    except (sqlite3.Error, OSError) as error:
        raise EarlierStoreError("the file cannot be written") from error


def _fill(connection: sqlite3.Connection, identity: EarlierIdentity) -> None:
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute(
        "INSERT INTO secret (device_id, public_key, private_key) VALUES (?, ?, ?)",
        (identity.device_id, DJB + identity.public, identity.private),
    )
    connection.executemany(
        "INSERT INTO prekeys (prekey_id, record) VALUES (?, ?)",
        [(one.number, write_prekey(one)) for one in identity.prekeys],
    )
    connection.executemany(
        "INSERT INTO signed_prekeys (prekey_id, timestamp, record) "
        "VALUES (?, datetime(?, 'unixepoch'), ?)",
        # The oldest first, as they were made
        [
            (one.number, one.made, write_signed_prekey(one))
            for one in reversed(identity.signed_prekeys)
        ],
    )
    connection.executemany(
        "INSERT INTO sessions (recipient_id, device_id, record, active) "
        "VALUES (?, ?, ?, ?)",
        [
            (
                one.device.jid,
                one.device.device_id,
                write_sessions(one.sessions, identity.device_id),
                int(one.listed),
            )
            for one in identity.devices
        ],
    )
    connection.executemany(
        "INSERT INTO identities (recipient_id, public_key, timestamp, trust, shown) "
        "VALUES (?, ?, ?, ?, ?)",
        [
            (
                one.jid,
                DJB + one.identity,
                one.last_seen or None,
                _TRUST[one.trust],
                # Whether the user has seen it: one that waits for an answer is shown
                int(one.trust is not Trust.UNDECIDED),
            )
            for one in identity.keys
        ],
    )


def _wait_for_disk(path: Path) -> None:
    for one in (path, path.parent):
        descriptor = os.open(one, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
