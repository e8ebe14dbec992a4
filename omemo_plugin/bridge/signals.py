# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events of one part of the bridge, to which other parts connect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic
from typing import ParamSpec

from .log import guard

P = ParamSpec("P")


class Signal(Generic[P]):
    """
    An event. The part in which it happens owns the signal and emits it; the
    parts that depend on it connect to it.
    """

    def __init__(self, name: str) -> None:
        """
        Args:
            name: what has happened, for the log.
        """
        self._name = name
        self._callbacks: list[Callable[P, object]] = []

    def connect(self, callback: Callable[P, object]) -> Callable[[], None]:
        """
        Call a function at each event.

        Returns:
            Disconnects it again; it may be called twice.
        """
        self._callbacks.append(callback)

        def disconnect() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return disconnect

    def __bool__(self) -> bool:
        """Whether anything is connected."""
        return bool(self._callbacks)

    def disconnect_all(self) -> None:
        """Disconnect everything."""
        self._callbacks.clear()

    def emit(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call all functions; one that fails does not hold up the others."""
        for callback in list(self._callbacks):
            with guard(self._name):
                callback(*args, **kwargs)
