# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The key store: one SQLite file per account.

Everything but the seen-markers is one table of JSON values under path-like
keys, in the layout python-omemo's own storages use, so that its tools can read
the file. What belongs to this plugin alone lies under `/gajim/`.

Writes are collected in memory and reach the file in one transaction with
`commit`; a crash before it leaves the file as it was, and `rollback` forgets
them. A commit does not wait for the disk. `flush` does, from any thread, and
has to be called before something that depends on the commit leaves the
machine.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

from ..errors import StoreDamaged
from ..errors import StoreError
from ..errors import StoreLocked
from ..errors import StoreTooNew
from .journal import Journal
from .journal import flush_file

SCHEMA_VERSION = 1

# A catch-up of a month fits several times; older duplicates are still
# recognised by the ratchet itself as long as its chain lives.
SEEN_MAX = 50_000
_SEEN_SLACK = 1_000

# A power of two, several times `SEEN_MAX`
_SLOTS = 2**18

# 'GOMK'. Tells our files from other SQLite files.
_APPLICATION_ID = 0x474F4D4B

# The smallest page of a SQLite file, in bytes
_PAGE_MIN = 512

_SCHEMA = """
CREATE TABLE kv (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE seen (number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);
"""

# Any: what the JSON type of the values allows; who reads one knows its shape
JSON = Any

_GENERATION = "/gajim/generation"


class _Translated:
    """Raises our errors for those of SQLite. A class, because a generator would
    take as long as a query, and one is made for each message."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _kind: object, error: BaseException | None, _traceback: object
    ) -> None:
        if isinstance(error, sqlite3.OperationalError) and not _is_garbled(error):
            raise StoreError(f"the key store failed: {error}") from error
        if isinstance(error, sqlite3.DatabaseError | UnicodeError):
            raise StoreDamaged("the key store is damaged") from error


_TRANSLATED = _Translated()


def _is_garbled(error: sqlite3.OperationalError) -> bool:
    """Whether it is about a text that is not UTF-8."""
    return "decode" in str(error)


def _slot(digest: bytes) -> int:
    return int.from_bytes(digest[:4], "big") % _SLOTS


class Store:
    """
    The open key store of one account. Not to be shared between threads, except
    for `flush`.
    """

    def __init__(self, path: Path) -> None:
        """
        Open the store, and create it if there is none.

        Raises:
            StoreLocked: another process (or another instance) has it open.
            StoreTooNew: it was written by a newer version.
            StoreDamaged: the file is not a store.
            StoreError: it cannot be read or created.
        """
        self._path = path
        self._wal = path.with_name(path.name + "-wal")
        self._pending: dict[str, str | None] = {}
        self._pending_seen: set[bytes] = set()
        # 0 in a slot: no digest of this slot has been marked as seen. This recognises
        # almost every new message without a query
        self._maybe_seen = bytearray(_SLOTS)
        self._lock = self._take_lock()
        try:
            self._connection = self._open()
            self.journal = Journal(path, self._connection)
            self._read_counters()
        except BaseException:
            os.close(self._lock)
            raise

    def _read_counters(self) -> None:
        with self._translated():
            row = self._connection.execute(
                "SELECT count(*), max(number) FROM seen"
            ).fetchone()
            for (digest,) in self._connection.execute("SELECT digest FROM seen"):
                # A damaged store may have a value of another type
                if isinstance(digest, bytes):
                    self._maybe_seen[_slot(digest)] = 1
        self._seen_count: int = row[0]
        self._generation: int = self.get(_GENERATION, 0)

    @property
    def path(self) -> Path:
        return self._path

    def _take_lock(self) -> int:
        """
        One process has the store, and one object in it. Not SQLite's exclusive
        lock, which would keep out the connection that empties the journal too.
        """
        name = self._path.name + "-lock"
        descriptor = -1
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(
                self._path.with_name(name), os.O_CREAT | os.O_RDWR, 0o600
            )
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if descriptor != -1:
                os.close(descriptor)
            if isinstance(error, BlockingIOError):
                raise StoreLocked("the key store is in use") from error
            raise StoreError(f"cannot create the key store: {error}") from error
        return descriptor

    def _create(self) -> None:
        """
        Make an empty file that is ours alone; SQLite gives its journal the
        mode of the database. A file that exists is not opened here: closing
        it would give up SQLite's locks on it, if this process has it open.
        """
        try:
            flags = os.O_CREAT | os.O_EXCL | os.O_RDWR
            os.close(os.open(self._path, flags, 0o600))
        except FileExistsError:
            self._path.chmod(0o600)
            return
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _open(self) -> sqlite3.Connection:
        try:
            self._create()
            size = self._path.stat().st_size
        except OSError as error:
            raise StoreError(f"cannot create the key store: {error}") from error
        if 0 < size < _PAGE_MIN:
            # SQLite would take this for an empty database
            raise StoreDamaged("the key store is damaged")

        connection = sqlite3.connect(
            self._path, timeout=0, isolation_level=None, cached_statements=64
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")
            # The journal is emptied in steps, see `Journal`
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA journal_size_limit = 0")
            connection.execute("BEGIN IMMEDIATE")
            self._prepare_schema(connection)
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            connection.close()
            if "locked" in str(error):
                raise StoreLocked("the key store is in use") from error
            raise StoreError(f"cannot open the key store: {error}") from error
        except (sqlite3.DatabaseError, UnicodeError) as error:
            # A damaged schema is quoted, whatever bytes it has
            connection.close()
            raise StoreDamaged("the key store is damaged") from error
        except StoreError:
            connection.close()
            raise
        return connection

    @staticmethod
    def _prepare_schema(connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise StoreTooNew("the key store was written by a newer version")
        if version == SCHEMA_VERSION:
            return
        application_id = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables or application_id not in (0, _APPLICATION_ID):
            raise StoreDamaged("the file is not a key store")
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @staticmethod
    def _translated() -> _Translated:
        return _TRANSLATED

    def close(self) -> None:
        """Write what is left and close. The store cannot be used any more."""
        try:
            self.commit()
        finally:
            try:
                self.journal.close()
                self._connection.close()
            finally:
                os.close(self._lock)

    def close_as(self, path: Path) -> None:
        """
        Close, and give the file another name: nothing opens it as a key store any more.
        On the disk when this returns.

        Args:
            path: in the same folder.

        Raises:
            StoreError: it may have the other name or not.
        """
        try:
            with self._translated():
                self.commit()
                self.journal.close()
                self._connection.close()
            if self._wal.exists():
                raise StoreError("somebody else has the key store open")
            self._path.rename(path)
            directory = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise StoreError("the key store keeps its name") from error
        finally:
            os.close(self._lock)

    # Values

    def get(self, key: str, default: JSON = None) -> JSON:
        """The value below a key, freshly decoded, or the default."""
        try:
            text = self._pending[key]
        except KeyError:
            with self._translated():
                row = self._connection.execute(
                    "SELECT value FROM kv WHERE key = ?", (key,)
                ).fetchone()
            text = None if row is None else row[0]
        if text is None:
            return default
        try:
            return json.loads(text)
        except (ValueError, TypeError) as error:
            # A damaged column has another type
            raise StoreDamaged(f"unreadable value at {key}") from error

    def has(self, key: str) -> bool:
        """Whether there is a value below a key; it is not looked at."""
        if key in self._pending:
            return self._pending[key] is not None
        with self._translated():
            row = self._connection.execute(
                "SELECT 1 FROM kv WHERE key = ?", (key,)
            ).fetchone()
        return row is not None

    def put(self, key: str, value: JSON) -> None:
        """Set a value; it is encoded at once."""
        self._pending[key] = json.dumps(value, separators=(",", ":"))

    def put_encoded(self, key: str, text: str) -> None:
        """Set a value that is JSON text already."""
        self._pending[key] = text

    def delete(self, key: str) -> None:
        self._pending[key] = None

    def keys(self, prefix: str) -> list[str]:
        """All keys that start with a prefix, in order."""
        with self._translated():
            rows = self._connection.execute(
                "SELECT key FROM kv WHERE key >= ? AND key < ?",
                (prefix, prefix + "\U0010ffff"),
            ).fetchall()
        found = {row[0] for row in rows}
        for key, text in self._pending.items():
            if key.startswith(prefix):
                if text is None:
                    found.discard(key)
                else:
                    found.add(key)
        return sorted(found)

    # Messages that have been decrypted

    @staticmethod
    def digest(*parts: bytes) -> bytes:
        """The digest that stands for a received key in the list of seen keys."""
        framed = [
            piece for one in parts for piece in (len(one).to_bytes(4, "big"), one)
        ]
        return hashlib.sha256(b"".join(framed)).digest()[:16]

    def was_seen(self, digest: bytes) -> bool:
        if not self._maybe_seen[_slot(digest)]:
            return False
        if digest in self._pending_seen:
            return True
        with self._translated():
            row = self._connection.execute(
                "SELECT 1 FROM seen WHERE digest = ?", (digest,)
            ).fetchone()
        return row is not None

    def mark_seen(self, digest: bytes) -> None:
        self._pending_seen.add(digest)
        self._maybe_seen[_slot(digest)] = 1

    # Transactions

    @property
    def generation(self) -> int:
        """The number of transactions so far."""
        return self._generation

    def overtake(self, generation: int) -> None:
        """Make the generation of the next commit higher than this one."""
        self._generation = max(self._generation, generation)

    @property
    def uncommitted(self) -> bool:
        return bool(self._pending or self._pending_seen)

    def commit(self) -> None:
        """
        Write everything since the last commit in one transaction. A crash of
        the program does not undo it, a power cut may until `flush` returned.

        Raises:
            StoreError: nothing of it was written; it is still pending.
        """
        if not self.uncommitted:
            return
        execute = self._connection.execute
        generation = self._generation + 1
        self.put(_GENERATION, generation)
        with self._translated():
            execute("BEGIN IMMEDIATE")
            try:
                for key, text in self._pending.items():
                    if text is None:
                        execute("DELETE FROM kv WHERE key = ?", (key,))
                    else:
                        execute(
                            "INSERT INTO kv VALUES (?, ?) ON CONFLICT (key) "
                            "DO UPDATE SET value = excluded.value",
                            (key, text),
                        )
                self._connection.executemany(
                    "INSERT OR IGNORE INTO seen (digest) VALUES (?)",
                    [(digest,) for digest in self._pending_seen],
                )
                self._seen_count += len(self._pending_seen)
                if self._seen_count > SEEN_MAX + _SEEN_SLACK:
                    execute(
                        "DELETE FROM seen WHERE number <= "
                        "(SELECT max(number) FROM seen) - ?",
                        (SEEN_MAX,),
                    )
                    self._seen_count = SEEN_MAX
                execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    execute("ROLLBACK")
                raise
        self._generation = generation
        self.journal.committed(len(self._pending_seen))
        self._pending.clear()
        self._pending_seen.clear()
        self.journal.limit()

    def rollback(self) -> None:
        """Forget everything since the last commit."""
        self._pending.clear()
        self._pending_seen.clear()

    def flush(self) -> None:
        """
        Return when everything committed so far is on the disk. May be called
        from any thread, and may take as long as the disk does.

        A transaction lies either in the journal, which is what is flushed
        here, or has been copied to the database, which SQLite flushes itself
        before it reuses the journal. The database file is never opened here:
        closing it would give up SQLite's lock on it.

        Raises:
            StoreError: the disk refused; nothing may be sent.
        """
        flush_file(self._wal, os.fdatasync)
