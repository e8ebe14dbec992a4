# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
Make a database as gajim-omemo and Gajim's built-in OMEMO have it, with python-axolotl.

A program of its own: python-axolotl and the library of Gajim 2 define the same
messages, so one process cannot load both.
"""

from __future__ import annotations

import secrets
import sqlite3
import sys
from pathlib import Path

from axolotl.sessionbuilder import SessionBuilder
from axolotl.sessioncipher import SessionCipher
from axolotl.state.prekeybundle import PreKeyBundle
from axolotl.tests.inmemoryaxolotlstore import InMemoryAxolotlStore
from axolotl.util.keyhelper import KeyHelper

BOB = "bob@example.org"

_SCHEMA = """
CREATE TABLE secret (device_id INTEGER, public_key BLOB, private_key BLOB);
CREATE TABLE identities (
    _id INTEGER PRIMARY KEY AUTOINCREMENT, recipient_id TEXT,
    registration_id INTEGER, public_key BLOB, timestamp INTEGER, trust INTEGER,
    shown INTEGER DEFAULT 0);
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
PRAGMA user_version = 12;
"""


def make_database(path: Path, *, used: bool) -> int:
    """
    Make a database with new keys.

    Args:
        used: something has been written to somebody. Otherwise the program has only
            met their device.

    Returns:
        The device id.
    """
    store = InMemoryAxolotlStore()
    identity = store.getIdentityKeyPair()
    device_id = secrets.randbelow(2**31 - 1) + 1
    connection = sqlite3.connect(path)
    connection.executescript(_SCHEMA)
    execute = connection.execute
    execute(
        "INSERT INTO secret VALUES (?, ?, ?)",
        (
            device_id,
            identity.getPublicKey().serialize(),
            identity.getPrivateKey().serialize(),
        ),
    )
    for prekey in KeyHelper.generatePreKeys(1, 10):
        execute(
            "INSERT INTO prekeys (prekey_id, record) VALUES (?, ?)",
            (prekey.getId(), prekey.serialize()),
        )
    signed = KeyHelper.generateSignedPreKey(identity, 7)
    execute(
        "INSERT INTO signed_prekeys (prekey_id, record) VALUES (?, ?)",
        (7, signed.serialize()),
    )
    _meet(store, connection, used=used)
    connection.commit()
    connection.close()
    return device_id


def _meet(
    store: InMemoryAxolotlStore, connection: sqlite3.Connection, *, used: bool
) -> None:
    theirs = InMemoryAxolotlStore().getIdentityKeyPair()
    (prekey,) = KeyHelper.generatePreKeys(3, 1)
    signed = KeyHelper.generateSignedPreKey(theirs, 4)
    bundle = PreKeyBundle(
        1,
        99,
        prekey.getId(),
        prekey.getKeyPair().getPublicKey(),
        4,
        signed.getKeyPair().getPublicKey(),
        signed.getSignature(),
        theirs.getPublicKey(),
    )
    SessionBuilder(*[store] * 4, BOB, 99).processPreKeyBundle(bundle)
    if used:
        SessionCipher(*[store] * 4, BOB, 99).encrypt(b"key")
    record = store.loadSession(BOB, 99).serialize()
    connection.execute(
        "INSERT INTO sessions (recipient_id, device_id, record) VALUES (?, ?, ?)",
        (BOB, 99, record),
    )
    connection.execute(
        "INSERT INTO identities (recipient_id, public_key, trust) VALUES (?, ?, 3)",
        (BOB, theirs.getPublicKey().serialize()),
    )


if __name__ == "__main__":
    print(make_database(Path(sys.argv[1]), used=sys.argv[2] == "used"))
