# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Searches the files of a key store as somebody does who copies them: for every secret of
a session that ever was in it, in every state of the database that the files can be made
to show.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from omemo_plugin.engine.backend import speedups
from omemo_plugin.engine.backend.codec import CODECS
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import ReceiveError
from omemo_plugin.engine.state.sessions import fork
from omemo_plugin.engine.state.storage import KeyStorage
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import is_key_exchange

# So many bytes of a key are not there by chance
_PIECE = 6
_FRAME_HEAD = 24
_WAL_HEAD = 32


def secrets_of(engine: OmemoEngine, device: Device) -> set[str]:
    """The secrets with which the sessions with a device could decrypt now, as they are
    written in the store: keys of chains, of skipped messages, and of ratchet steps."""
    found: set[str] = set()
    for protocol in Protocol:
        for session in engine._core.sessions[protocol].of(device).all():
            _collect(json.loads(speedups.session_state(session)), found)
    return found


def _collect(value: Any, found: set[str]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("key", "message_key", "own_ratchet_priv"):
                found.add(inner)
            else:
                _collect(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, found)


def files_of(path: Path) -> list[Path]:
    """The files of a database: all whose names begin with its name."""
    return sorted(path.parent.glob(path.name + "*"))


def copy_files(path: Path, folder: Path) -> Path:
    """Copy the files of a key store as they are in this moment."""
    folder.mkdir()
    for one in files_of(path):
        shutil.copyfile(one, folder / one.name)
    return folder / path.name


def found_in_files(path: Path, secrets: Iterable[str]) -> set[str]:
    """Those of some secrets of which any piece lies anywhere in the raw files: in
    rows, journals, free pages, and what is left over of a page."""
    raw = b"\0".join(one.read_bytes() for one in files_of(path))
    return {one for one in secrets if _is_in(one, raw)}


def _is_in(secret: str, raw: bytes) -> bool:
    return any(
        json.dumps(secret[at : at + _PIECE])[1:-1].encode() in raw
        for at in range(0, len(secret) - _PIECE + 1, _PIECE)
    )


def states_of(path: Path, folder: Path) -> Iterator[Path]:
    """
    Every database that the files can be made to show: the journal cut behind each
    of its frames, and the database without it.
    """
    wal = path.with_name(path.name + "-wal")
    journal = wal.read_bytes() if wal.exists() else b""
    page = 4096
    lengths = [0, *range(_WAL_HEAD, len(journal) + 1, _FRAME_HEAD + page)]
    folder.mkdir()
    for number, length in enumerate(lengths):
        one = folder / f"{number}.db"
        shutil.copyfile(path, one)
        one.with_name(one.name + "-wal").write_bytes(journal[:length])
        yield one


def distinct_states_of(path: Path, folder: Path, device: Device) -> Iterator[Path]:
    """The states of the database, without those in which the sessions with a device are
    as in an earlier one."""
    seen: set[int] = set()
    for state in states_of(path, folder):
        try:
            values = _CopiedValues(state).values
        except sqlite3.DatabaseError:
            # Copied while the program was writing
            continue
        shown = {key: text for key, text in values.items() if device.jid in key}
        digest = hash(tuple(sorted(shown.items())))
        if digest not in seen:
            seen.add(digest)
            yield state


class _CopiedValues:
    """The values of a database, for the backends of the library."""

    def __init__(self, path: Path) -> None:
        connection = sqlite3.connect(path)
        try:
            rows = connection.execute("SELECT key, value FROM kv").fetchall()
        finally:
            connection.close()
        self.values: dict[str, str] = dict(rows)

    def get(self, key: str, default: Any = None) -> Any:
        text = self.values.get(key)
        try:
            # A database without its journal can have a page of another moment, in
            # which a value ends early. Whoever has the copy reads what is there
            return default if text is None else json.loads(text.rstrip("\0"))
        except json.JSONDecodeError:
            return default

    def put(self, key: str, value: Any) -> None:
        self.values[key] = json.dumps(value)

    def delete(self, key: str) -> None:
        self.values.pop(key, None)


def opens(
    path: Path, device: Device, messages: Iterable[EncryptedMessage], device_id: int
) -> int:
    """
    Count the messages that can be decrypted with the keys in a database, also those
    that it has marked as seen.

    Args:
        device: the sender.
        device_id: whose store it is.
    """
    try:
        store: Any = _CopiedValues(path)
    except sqlite3.DatabaseError:
        # Copied while the program was writing
        return 0
    count = 0
    for message in messages:
        for key in message.keys:
            if key.device_id == device_id and _opens_one(
                store, device, message.protocol, key.data
            ):
                count += 1
    return count


def _opens_one(store: Any, device: Device, protocol: Protocol, data: bytes) -> bool:
    codec = CODECS[protocol]
    if is_key_exchange(protocol, data):
        _, encrypted = codec.parse_key_exchange(
            data, device.jid, device.device_id, None
        )
    else:
        encrypted = codec.parse_key(data, device.jid, device.device_id)
    for prefix in ("", *(f"/gajim/earlier/{slot}" for slot in range(5))):
        backend = speedups.make_backend(protocol, KeyStorage(store, prefix))
        load = backend.load_session(device.jid, device.device_id)
        try:
            session = speedups.run(load)
            if session is None:
                continue
            speedups.run(backend.decrypt_key_material(fork(session), encrypted))
        except Exception:  # noqa: S112 - it does not open
            continue
        return True
    return False


def opens_as_first(
    path: Path, own_jid: str, sender: str, messages: Iterable[EncryptedMessage]
) -> int:
    """
    Count the first messages of a session that can be decrypted with the prekeys in a
    copy of a store, as if none of them had been read. The copy is changed.

    Args:
        sender: the bare JID of who has sent them.
    """
    engine = OmemoEngine.open(path, own_jid)
    store = engine._core.store
    for name in store.keys("/"):
        if f"/{sender}/" in name:
            store.delete(name)
    store._connection.execute("DELETE FROM seen")
    engine.close()
    count = 0
    engine = OmemoEngine.open(path, own_jid)
    for message in messages:
        with suppress(ReceiveError):
            engine.incoming.decrypt(sender, [message])
            count += 1
    engine.close()
    return count


# A shorter one may be there by chance
_SECRET_MIN = 24


def values_of(path: Path) -> set[str]:
    """All keys of a store, own and others', as it is while the program runs. They are
    written as text of which each character is a byte."""
    found: set[str] = set()
    for text in _CopiedValues(path).values.values():
        _collect_texts(json.loads(text), found)
    return found


def _collect_texts(value: Any, found: set[str]) -> None:
    if isinstance(value, str):
        # Names and fingerprints are readable, and public
        if len(value) >= _SECRET_MIN and not value.isascii():
            found.add(value)
    elif isinstance(value, dict):
        for inner in value.values():
            _collect_texts(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _collect_texts(inner, found)


def found_below(folders: Iterable[Path], secrets: Iterable[str]) -> set[str]:
    """Those of some secrets of which any piece lies anywhere in the raw files below
    some folders."""
    raw = b"\0".join(
        one.read_bytes()
        for folder in folders
        for one in sorted(folder.rglob("*"))
        if one.is_file() and not one.is_symlink()
    )
    return {one for one in secrets if _is_in(one, raw)}
