# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

'''How the engine drives python-omemo's backends.'''

from __future__ import annotations

import json
from collections.abc import Coroutine
from typing import Any
from typing import TypeVar

from oldmemo.oldmemo import Oldmemo
from omemo.backend import Backend
from omemo.session import Session
from omemo.storage import Storage
from twomemo.twomemo import Twomemo

from .values import Protocol

T = TypeVar('T')


def make_backend(protocol: Protocol, storage: Storage) -> Backend:
    if protocol is Protocol.LEGACY:
        return Oldmemo(storage)
    return Twomemo(storage)


def forget_cached_state(backend: Backend) -> None:
    '''After the store was rolled back.'''


def session_state(session: Session) -> str:
    '''The JSON text of a session's ratchet, as the library writes it.'''
    return json.dumps(session.double_ratchet.json)  # type: ignore[attr-defined]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    '''Step a coroutine that never waits to its end.'''
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError('a backend waited for something')
