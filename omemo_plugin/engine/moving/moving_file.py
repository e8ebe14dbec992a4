# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The file that takes an identity to another computer: a KeePass database (KDBX 4: Argon2,
AES-256, HMAC-SHA-256), written and read by pykeepass, with one entry and the key store
as its attachment. docs/decisions/0014 says why.

Deriving the key takes seconds, and is done in two steps, so that nothing else is done
slowly between the end of the old copy and the file.
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from typing import Any

from ..errors import MovingFileDamaged
from ..errors import MovingFileNotRead
from ..errors import MovingFileTooNew
from ..errors import MovingProgramMissing
from ..errors import WrongPassphrase
from ..values import DEVICE_ID_MAX
from .kdbx_header import check_cost

# Debian's package of pykeepass
PACKAGE = "python3-pykeepass"

# A store with a hundred thousand sessions is smaller
SIZE_MAX = 1 << 28

_FORMAT = 1
_TITLE = "OMEMO identity for Gajim"
_STORE = "store.db"
_VALUES = "identity.json"


@dataclass(frozen=True)
class MovedIdentity:
    """
    What the file has.

    Attributes:
        own_jid: the account's bare JID.
        device_id: of the identity.
        generation: of the store; see `state/rollback_marker.py`.
        store: the key store, a closed SQLite file.
        encrypted_chats: the list of encrypted chats, as it is on the disk; '' for none.
    """

    own_jid: str
    device_id: int
    generation: int
    store: bytes
    encrypted_chats: str


# Any: pykeepass has no types
_Library = Any
_Database = Any


def is_possible() -> bool:
    """Whether pykeepass is there."""
    try:
        _library()
    except MovingProgramMissing:
        return False
    return True


def _library() -> _Library:
    try:
        import pykeepass
    except Exception as error:
        raise MovingProgramMissing(PACKAGE) from error
    return pykeepass


class Sealer:
    """A passphrase, made ready to encrypt one file."""

    def __init__(self, passphrase: str) -> None:
        """
        Takes seconds. May be made in any thread.

        Raises:
            MovingProgramMissing: pykeepass is not there.
        """
        library = _library()
        database = library.create_database(io.BytesIO(), password=passphrase)
        _renew(database)
        parameters = database.kdbx.header.value.dynamic_header.kdf_parameters
        # SECURITY: the library copies its example, the salt included
        parameters.data.dict["S"].value = os.urandom(32)
        empty = io.BytesIO()
        database.save(empty)
        # What is read here can be read with the passphrase alone
        empty.seek(0)
        self._database = library.PyKeePass(empty, password=passphrase)
        self._key: bytes = self._database.transformed_key

    def seal(self, identity: MovedIdentity) -> bytes:
        """
        Returns the content of the file, which has been read again and is the same.

        Raises:
            MovingFileDamaged: it was not.
        """
        database = self._database
        _renew(database)
        values = {
            "format": _FORMAT,
            "own_jid": identity.own_jid,
            "device_id": identity.device_id,
            "generation": identity.generation,
            "encrypted_chats": identity.encrypted_chats,
        }
        entry = database.add_entry(
            database.root_group, _TITLE, identity.own_jid, "", notes=_note()
        )
        for name, data in (
            (_STORE, identity.store),
            (_VALUES, json.dumps(values).encode()),
        ):
            number = database.add_binary(data, compressed=False, protected=False)
            entry.add_attachment(number, name)
        sealed = io.BytesIO()
        database.save(sealed, transformed_key=self._key)
        content = sealed.getvalue()
        again = _open(content, transformed_key=self._key)
        if _identity_in(again) != identity:
            raise MovingFileDamaged("it cannot be read again")
        return content


def unseal(content: bytes, passphrase: str) -> MovedIdentity:
    """
    Takes seconds. May be called in any thread.

    Raises:
        MovingProgramMissing: pykeepass is not there.
        WrongPassphrase: or one bit of the head of the file is another one.
        MovingFileTooNew: a newer version has made it.
        MovingFileDamaged: it is no such file, or not a whole one.
    """
    check_cost(content)
    return _identity_in(_open(content, password=passphrase))


def _renew(database: _Database) -> None:
    """
    SECURITY: the library takes these from its example and never changes them. With
    the same key, two files would begin alike.
    """
    header = database.kdbx.header
    values = header.value.dynamic_header
    values.master_seed.data = os.urandom(32)
    values.encryption_iv.data = os.urandom(16)
    inner = database.kdbx.body.payload.inner_header
    inner.protected_stream_key.data = os.urandom(64)
    # The header is built from the values then
    header.pop("data", None)


def _open(content: bytes, **credentials: str | bytes) -> _Database:
    library = _library()
    wrong: type[Exception] = library.exceptions.CredentialsError
    try:
        return library.PyKeePass(io.BytesIO(content), **credentials)
    except wrong as error:
        raise WrongPassphrase("not the passphrase of this file") from error
    except MemoryError as error:
        raise MovingFileNotRead("not enough memory") from error
    except Exception as error:
        # Of the library, and of those that it is made of
        raise MovingFileDamaged(type(error).__name__) from error


def _identity_in(database: _Database) -> MovedIdentity:
    try:
        entry = database.find_entries(title=_TITLE, first=True)
        files = {one.filename: one.data for one in entry.attachments}
        values = json.loads(files[_VALUES])
        if values["format"] > _FORMAT:
            raise MovingFileTooNew(f"format {values['format']}")
        identity = MovedIdentity(
            own_jid=values["own_jid"],
            device_id=values["device_id"],
            generation=values["generation"],
            store=files[_STORE],
            encrypted_chats=values["encrypted_chats"],
        )
    except MovingFileTooNew:
        raise
    except Exception as error:
        raise MovingFileDamaged("there is no identity in it") from error
    makes_sense = (
        isinstance(identity.own_jid, str)
        and isinstance(identity.encrypted_chats, str)
        and type(identity.device_id) is int
        and 0 < identity.device_id <= DEVICE_ID_MAX
        and type(identity.generation) is int
        and identity.generation >= 0
    )
    if not makes_sense:
        raise MovingFileDamaged("there is no identity in it")
    return identity


def _note() -> str:
    return (
        "This is not a backup. It is used once, by the OMEMO plugin for Gajim on "
        "another computer: Preferences, Bring your identity here."
    )
