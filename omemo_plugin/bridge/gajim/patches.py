# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions and methods of Gajim that are replaced, and put back."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any
from typing import TypeVar

from ..log import guard

# A function of Gajim's. Any: what it takes and returns is known where it is replaced
F = TypeVar("F", bound=Callable[..., Any])


class Patches:
    """The replaced functions, until `restore` puts them back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def replace(self, owner: object, name: str, make: Callable[[F], F]) -> bool:
        """
        Replace an attribute of an object, a class or a module.

        Args:
            make: is given what is there, and returns what is to be there.

        Returns:
            False if there is no such attribute.
        """
        try:
            before = getattr(owner, name)
        except AttributeError:
            return False
        own = name in vars(owner)
        ours = make(before)
        setattr(owner, name, ours)

        def undo() -> None:
            # Another plugin may have replaced it since
            if getattr(owner, name, None) != ours:
                return
            if own:
                setattr(owner, name, before)
            else:
                delattr(owner, name)

        self._undo.append(undo)
        return True

    def replace_in(self, module: str, name: str, make: Callable[[F], F]) -> bool:
        """The same for a function of a module, by the module's name."""
        try:
            owner = importlib.import_module(module)
        except ImportError:
            return False
        return self.replace(owner, name, make)

    def replace_in_class(
        self, module: str, class_name: str, name: str, make: Callable[[F], F]
    ) -> bool:
        """The same for a method of a class, by the names of both."""
        try:
            owner = getattr(importlib.import_module(module), class_name)
        except (ImportError, AttributeError):
            return False
        return self.replace(owner, name, make)

    def add(self, undo: Callable[[], None]) -> None:
        """Add something else that is to be undone."""
        self._undo.append(undo)

    def restore(self) -> None:
        """Undo all of it, the newest first. Nothing is raised."""
        while self._undo:
            with guard("putting back a function of Gajim"):
                self._undo.pop()()
