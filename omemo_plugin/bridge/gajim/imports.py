# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Modules that Gajim has not imported yet.

Gajim 2 imports most of its windows when the first of them is opened. What is to be
changed there is changed then: to import them all at the start would take time and
memory from a user who never opens them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from ..log import guard

_Call = Callable[[ModuleType], object]


class _Waiting(MetaPathFinder):
    """Is asked first for each module, and finds none by itself."""

    def __init__(self) -> None:
        self._calls: dict[str, list[_Call]] = {}

    def add(self, name: str, call: _Call) -> None:
        self._calls.setdefault(name, []).append(call)
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def remove(self, name: str, call: _Call) -> None:
        calls = self._calls.get(name, [])
        if call in calls:
            calls.remove(call)
        if not calls:
            self._calls.pop(name, None)
        if not self._calls and self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname not in self._calls:
            return None
        others = [one for one in sys.meta_path if one is not self]
        found = (one.find_spec(fullname, path, target) for one in others)
        spec = next((one for one in found if one is not None), None)
        if spec is not None and spec.loader is not None:
            # Any: a method of one object is replaced, which no type allows
            loader: Any = spec.loader
            run: Callable[[ModuleType], None] = loader.exec_module

            def run_and_tell(module: ModuleType) -> None:
                run(module)
                for call in self._calls.pop(fullname, []):
                    with guard("changing a module of Gajim"):
                        call(module)

            loader.exec_module = run_and_tell
        return spec


_waiting = _Waiting()


def when_imported(name: str, call: _Call) -> Callable[[], None]:
    """
    Have a function called with a module: at once if it is there, otherwise when it has
    been imported.

    Returns:
        What ends the waiting.
    """
    module = sys.modules.get(name)
    if module is not None:
        call(module)
        return lambda: None
    _waiting.add(name, call)
    return lambda: _waiting.remove(name, call)
