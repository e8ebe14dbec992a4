# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The key store as the `omemo.storage.Storage` that python-omemo's backends use.

The library's own `Just` copies every value twice, which costs more than all
cryptography of a message; ours hands out what has just been decoded for this
one reader.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from typing import cast

from omemo.storage import Maybe
from omemo.storage import Nothing
from omemo.storage import Storage
from omemo.types import JSONType

from .store import Store

_MISSING = object()


T = TypeVar("T")
D = TypeVar("D")
M = TypeVar("M")


class _Value(Maybe[T]):
    def __init__(self, value: T) -> None:
        self._value = value

    @property
    def is_just(self) -> bool:
        return True

    @property
    def is_nothing(self) -> bool:
        return False

    def from_just(self) -> T:
        return self._value

    def maybe(self, default: D) -> T | D:
        return self._value

    def fmap(self, function: Callable[[T], M]) -> Maybe[M]:
        return _Value(function(self._value))


class KeyStorage(Storage):
    """
    A view of the store. With a prefix, every key lies below it: this is how
    earlier sessions are kept beside the current ones.
    """

    def __init__(self, store: Store, prefix: str = "") -> None:
        super().__init__(disable_cache=True)
        self._kv = store
        self._prefix = prefix

    async def _load(self, key: str) -> Maybe[JSONType]:
        value = self._kv.get(self._prefix + key, _MISSING)
        if value is _MISSING:
            return cast("Maybe[JSONType]", Nothing())
        return _Value(value)

    async def _store(self, key: str, value: JSONType) -> None:
        self._kv.put(self._prefix + key, value)

    async def _delete(self, key: str) -> None:
        self._kv.delete(self._prefix + key)
