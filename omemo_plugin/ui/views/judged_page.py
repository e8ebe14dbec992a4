# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A page on which the user says whether something is the same."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections.abc import Callable
from typing import Protocol

from ..presenters.check_failed import Outcome
from .pages import Pages


class Judgeable(Protocol):
    """Two people compare it."""

    def same(self) -> Outcome | None:
        """None if there is something else to look at first."""

    def differ(self) -> Outcome: ...

    def restart(self) -> None: ...

    def undo(self) -> None: ...


class JudgedPage(ABC):
    """Shown in a window with other pages, and followed by the outcome."""

    def __init__(
        self,
        compared: Judgeable,
        pages: Pages,
        back: Callable[[], None] | None,
        show_code: Callable[[], None],
    ) -> None:
        """
        Args:
            back: goes to the page before; None where there is none.
            show_code: shows the user's own code.
        """
        self._compared = compared
        self._pages = pages
        self._back = back
        self._show_code = show_code

    @abstractmethod
    def show(self) -> None:
        """Show what is compared."""

    def _same(self) -> None:
        outcome = self._compared.same()
        if outcome is None:
            self.show()
        else:
            self._end(outcome)

    def _differ(self) -> None:
        self._end(self._compared.differ())

    def _end(self, outcome: Outcome) -> None:
        self._pages.show_outcome(
            outcome, again=self._again, undo=self._undo, show_code=self._show_code
        )

    def _again(self) -> None:
        self._compared.restart()
        self.show()

    def _undo(self) -> None:
        self._compared.undo()
        self.show()
