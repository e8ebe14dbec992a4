# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that is killed in the middle of its work with a key store."""

from __future__ import annotations

import os
import pickle
import signal
import sqlite3
import traceback
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Diary:
    """The steps of a process in a file, one after the other: those before it was killed
    are there."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, *entry: Any) -> None:
        data = pickle.dumps(entry)
        with self._path.open("ab", buffering=0) as file:
            file.write(len(data).to_bytes(4, "big") + data)

    def read(self) -> Iterator[tuple[Any, ...]]:
        if not self._path.exists():
            return
        data = self._path.read_bytes()
        while data:
            size = int.from_bytes(data[:4], "big")
            # Our own process has written it
            yield pickle.loads(data[4 : 4 + size])  # noqa: S301  # noqa: S301 - our own
            data = data[4 + size :]


class _Killer(sqlite3.Connection):
    """Kills the process before a statement is run."""

    left = 0

    def _count(self) -> None:
        if _Killer.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        _Killer.left -= 1

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        self._count()
        return super().execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        self._count()
        return super().executemany(*arguments)


def run_until_statement(number: int, path: Path, work: Callable[[], None]) -> bool:
    """
    Do something in a process of its own, and kill that with SIGKILL when it is
    about to run a statement on a database.

    Args:
        number: which statement, counted from 0.
        path: of the database. Others are left alone.

    Returns:
        Whether it came to its end before.

    Raises:
        AssertionError: the work failed.
    """
    child = os.fork()
    if child == 0:
        try:
            _Killer.left = number
            connect = sqlite3.connect

            def connect_to(database: Any, **options: Any) -> sqlite3.Connection:
                if database == path:
                    options["factory"] = _Killer
                connection: sqlite3.Connection = connect(database, **options)
                return connection

            sqlite3.connect = connect_to  # type: ignore[assignment]
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        # Without what Python does at its end: that is the parent's
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL), status
    return status == 0
