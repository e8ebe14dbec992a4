# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions and methods of Gajim that are replaced, and put back."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from ..log import guard
from .imports import when_imported

# A function of Gajim's. Any: what it takes and returns is known where it is replaced
F = TypeVar("F", bound=Callable[..., Any])


class _Made(NamedTuple):
    """What was made of something of an owner."""

    owner: object
    make: object
    before: object
    ours: object


class Patches:
    """The replaced functions, until `restore` puts them back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []
        self._made: list[_Made] = []

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
        theirs = before
        # It may have taken over what was replaced in another module already
        taken = [made for made in self._made if made.owner is not owner]
        ours = None
        while found := [made for made in taken if made.ours is theirs]:
            if found[0].make == make:
                ours = before
            theirs = found[0].before
        if ours is None:
            ours = make(before)
            self._made.append(_Made(owner, make, before, ours))
            setattr(owner, name, ours)

        def undo() -> None:
            # Another plugin may have replaced it since
            if getattr(owner, name, None) != ours:
                return
            if own:
                setattr(owner, name, theirs)
            else:
                delattr(owner, name)

        self._undo.append(undo)
        return True

    def replace_in(self, module: str, name: str, make: Callable[[F], F]) -> None:
        """The same for a function of a module, by the module's name, as soon as Gajim
        has imported it."""
        self._undo.append(
            when_imported(module, lambda owner: self.replace(owner, name, make))
        )

    def replace_in_class(
        self, module: str, class_name: str, name: str, make: Callable[[F], F]
    ) -> None:
        """The same for a method of a class, by the names of both."""

        def imported(owner: ModuleType) -> None:
            found = getattr(owner, class_name, None)
            if found is not None:
                self.replace(found, name, make)

        self._undo.append(when_imported(module, imported))

    def add(self, undo: Callable[[], None]) -> None:
        """Add something else that is to be undone."""
        self._undo.append(undo)

    def restore(self) -> None:
        """Undo all of it, the newest first. Nothing is raised."""
        self._made.clear()
        while self._undo:
            with guard("putting back a function of Gajim"):
                self._undo.pop()()
