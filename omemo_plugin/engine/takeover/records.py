# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The records in the database of the other program: those of libsignal, which
python-axolotl and omemo-dr write in the same format.

Protobuf reads them, as it does inside python-omemo. The messages are described here,
because neither python-axolotl nor omemo-dr need be installed; fields that are not
described are skipped.
"""

from __future__ import annotations

import warnings
from typing import Any

from google.protobuf import descriptor_pb2  # type: ignore[import-untyped]
from google.protobuf import descriptor_pool
from google.protobuf import message_factory
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from ..errors import EarlierStoreDamaged
from .values import EarlierChain
from .values import EarlierPrekey
from .values import EarlierSession
from .values import EarlierSignedPrekey
from .values import PendingExchange

_PACKAGE = "omemo_plugin.takeover"

_FIELD = descriptor_pb2.FieldDescriptorProto
_UINT32 = _FIELD.TYPE_UINT32
_BYTES = _FIELD.TYPE_BYTES

# The version of sessions of OMEMO 0.3
VERSION = 3

# A private key, a public key, and a public key with its type in front, in bytes
_KEY_SIZE = 32
DJB = b"\x05"
_SIGNATURE_SIZE = 64

# By message its fields: name, number, and type or, for a message, its name; "*" in
# front of the name says that there may be several
_MESSAGES: dict[str, tuple[tuple[str, int, int | str], ...]] = {
    "ChainKey": (("index", 1, _UINT32), ("key", 2, _BYTES)),
    "MessageKey": (
        ("index", 1, _UINT32),
        ("cipher_key", 2, _BYTES),
        ("mac_key", 3, _BYTES),
        ("iv", 4, _BYTES),
    ),
    "Chain": (
        ("public", 1, _BYTES),
        ("private", 2, _BYTES),
        ("chain_key", 3, "ChainKey"),
        ("message_keys", 4, "*MessageKey"),
    ),
    "PendingPreKey": (
        ("prekey_id", 1, _UINT32),
        ("base_key", 2, _BYTES),
        ("signed_prekey_id", 3, _FIELD.TYPE_INT32),
    ),
    "Session": (
        ("version", 1, _UINT32),
        ("own_identity", 2, _BYTES),
        ("identity", 3, _BYTES),
        ("root_key", 4, _BYTES),
        ("previous_counter", 5, _UINT32),
        ("sending", 6, "Chain"),
        ("receiving", 7, "*Chain"),
        ("pending", 9, "PendingPreKey"),
        ("own_device", 11, _UINT32),
        ("base_key", 13, _BYTES),
    ),
    "Record": (("current", 1, "Session"), ("previous", 2, "*Session")),
    "PreKey": (("id", 1, _UINT32), ("public", 2, _BYTES), ("private", 3, _BYTES)),
    "SignedPreKey": (
        ("id", 1, _UINT32),
        ("public", 2, _BYTES),
        ("private", 3, _BYTES),
        ("signature", 4, _BYTES),
        ("timestamp", 5, _FIELD.TYPE_FIXED64),
    ),
}


# Any: protobuf makes these classes while the program runs
Record = Any


def _describe() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(
        name="omemo_plugin_takeover.proto", package=_PACKAGE, syntax="proto2"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind in fields:
            field = message.field.add(name=field_name, number=number)
            field.label = _FIELD.LABEL_OPTIONAL
            if isinstance(kind, int):
                field.type = kind
                continue
            if kind.startswith("*"):
                field.label = _FIELD.LABEL_REPEATED
            field.type = _FIELD.TYPE_MESSAGE
            field.type_name = f".{_PACKAGE}.{kind.removeprefix('*')}"
    # Not the common pool: Gajim loads the plugin again after an update
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _classes() -> dict[str, Record]:
    pool = _describe()
    # Newer releases of protobuf have the second way alone, older ones the first
    make = getattr(message_factory, "GetMessageClass", None)
    if make is None:
        make = message_factory.MessageFactory(pool).GetPrototype
    return {
        name: make(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in ("Record", "PreKey", "SignedPreKey")
    }


_CLASSES = _classes()


def new_record(kind: str) -> Record:
    """An empty `Record`, `PreKey` or `SignedPreKey`."""
    return _CLASSES[kind]()


def _parse(kind: str, data: object) -> Record:
    if not isinstance(data, bytes):
        raise EarlierStoreDamaged(f"{kind} is no record")
    try:
        with warnings.catch_warnings():
            # Protobuf warns where it has read a part only
            warnings.simplefilter("error", RuntimeWarning)
            return _CLASSES[kind].FromString(data)
    except (DecodeError, RuntimeWarning) as error:
        raise EarlierStoreDamaged(f"{kind} cannot be read") from error


def public_key(data: object) -> bytes:
    """A public key without its type.

    Raises:
        EarlierStoreDamaged: it is none.
    """
    if (
        not isinstance(data, bytes)
        or len(data) != _KEY_SIZE + 1
        or data[:1] != DJB
        or not any(data[1:])
    ):
        raise EarlierStoreDamaged("not a public key")
    return data[1:]


def secret(data: object) -> bytes:
    """A private key, or a key of a chain.

    Raises:
        EarlierStoreDamaged: it is none.
    """
    if not isinstance(data, bytes) or len(data) != _KEY_SIZE or not any(data):
        raise EarlierStoreDamaged("not a key")
    return data


def read_prekey(data: object) -> EarlierPrekey:
    """Raises EarlierStoreDamaged."""
    record = _parse("PreKey", data)
    public_key(record.public)
    return EarlierPrekey(record.id, secret(record.private))


def read_signed_prekey(data: object) -> EarlierSignedPrekey:
    """Raises EarlierStoreDamaged."""
    record = _parse("SignedPreKey", data)
    public_key(record.public)
    if len(record.signature) != _SIGNATURE_SIZE:
        raise EarlierStoreDamaged("not a signature")
    return EarlierSignedPrekey(
        record.id, secret(record.private), record.signature, record.timestamp // 1000
    )


def read_sessions(data: object) -> tuple[list[EarlierSession], int]:
    """
    The sessions of a record, the current one first, and the number of those that
    cannot be read.

    Raises:
        EarlierStoreDamaged: the record as a whole.
    """
    record = _parse("Record", data)
    sessions = []
    lost = 0
    for state in (record.current, *record.previous):
        if not state.HasField("sending"):
            # libsignal puts an empty one behind the first
            continue
        try:
            sessions.append(_session(state))
        except EarlierStoreDamaged:
            lost += 1
    return sessions, lost


def _session(state: Record) -> EarlierSession:
    if state.version != VERSION or not state.receiving:
        raise EarlierStoreDamaged("another kind of session")
    newest = state.receiving[-1]
    return EarlierSession(
        public_key(state.own_identity),
        public_key(state.identity),
        secret(state.root_key),
        _chain(state.sending, secret(state.sending.private)),
        _chain(newest),
        state.previous_counter,
        _pending(state.pending) if state.HasField("pending") else None,
        public_key(state.base_key),
        sum(len(chain.message_keys) for chain in state.receiving),
    )


def _chain(chain: Record, private: bytes = b"") -> EarlierChain:
    return EarlierChain(
        public_key(chain.public),
        secret(chain.chain_key.key),
        chain.chain_key.index,
        private,
    )


def _pending(pending: Record) -> PendingExchange:
    if not pending.HasField("prekey_id"):
        raise EarlierStoreDamaged("a key exchange without a prekey")
    return PendingExchange(
        pending.prekey_id, pending.signed_prekey_id, public_key(pending.base_key)
    )
