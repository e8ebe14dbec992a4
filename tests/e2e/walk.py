# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who has just installed the plugin: reads what is on the screen, presses
buttons by way of AT-SPI, and types. Nothing in it calls the plugin."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager

from tests.e2e.conversation import said_in_dock
from tests.e2e.conversation import secret
from tests.e2e.hostile_stage import Stage
from tests.support.gajim.accessible import CONTROLS
from tests.support.gajim.accessible import Accessibility
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for

MAIN = "Gajim"
FIRST_PAGE = "Encryption is on"
DETAILS = "Encryption details"
COMPARE = "Compare by hand"


class Walk:
    """
    The tasks of one newcomer.

    :ivar done: the tasks so far, and with how many decisions each
    """

    def __init__(self, stage: Stage, allowed: Mapping[str, int]) -> None:
        """Begin.

        :param allowed: how many decisions a task may take
        """
        self.stage = stage
        self.done: dict[str, int] = {}
        self._allowed = allowed
        self._decisions = 0

    @property
    def reader(self) -> Accessibility:
        """Anew, because a Gajim that was started again has another bus."""
        return self.stage.alice.accessibility()

    @contextmanager
    def task(self, name: str) -> Iterator[None]:
        """Count the decisions of a task."""
        self._decisions = 0
        yield
        taken = self._decisions
        assert taken <= self._allowed[name], f"{name}: {taken} decisions"
        self.done[name] = taken

    # -- what is read

    def sees(self, *texts: str) -> None:
        """All of it stands above the input."""

        def is_said() -> bool:
            said = said_in_dock(self.stage.alice)
            return all(text in said for text in texts)

        try:
            wait_for(f"{texts} above the input", is_said)
        except TooLate as error:
            there = said_in_dock(self.stage.alice)
            raise TooLate(f"{error}; there is {there!r}") from None

    def sees_no(self, text: str) -> None:
        """It does not stand above the input any more."""
        wait_for(
            f"no {text!r} above the input",
            lambda: text not in said_in_dock(self.stage.alice),
        )

    def reads(self, text: str) -> None:
        """A window says it."""
        found: list[str] = []

        def is_said() -> bool:
            found[:] = self.stage.alice.call("window_texts")
            return any(text in one for one in found)

        try:
            wait_for(f"a window says {text!r}", is_said)
        except TooLate as error:
            raise TooLate(f"{error}; they say {found}") from None

    # -- decisions

    def press(self, label: str, window: str = MAIN) -> None:
        """Press what begins with these words, as soon as it can be seen."""
        reader = self.reader

        def found() -> str:
            if not any(window in title for title in reader.windows()):
                return ""
            return next(
                (
                    name
                    for node in reader.read(window)
                    # GTK 3 has a tooltip as the description of what has no name, or
                    # that of its kind, such as the button with a menu
                    for name in (node.name, node.description)
                    if node.role in CONTROLS
                    and name.startswith(label)
                    and "showing" in node.states
                ),
                "",
            )

        reader.press(window, wait_for(f"{label!r} in {window}", found))
        self._decisions += 1

    def answer(self, label: str) -> None:
        """Press a button of the question that has just been asked."""
        reader = self.reader

        def asked() -> list[str]:
            names = reader.windows()
            return [name for name in names if name != MAIN and DETAILS not in name]

        self.press(label, wait_for("the question", asked)[0])

    def keys(self, *keys: str) -> None:
        """Press keys at once."""
        self.reader.key(*keys)
        self._decisions += 1

    def close(self, window: str) -> None:
        """With Escape."""
        self.reader.focus(window)
        self.keys("Escape")
        self.is_gone(window)

    def is_gone(self, window: str) -> None:
        """A window is not there any more."""
        reader = self.reader
        wait_for(
            f"the end of {window}",
            lambda: not any(window in title for title in reader.windows()),
        )

    def write(self, about: str) -> str:
        """Type a text and press Enter. Returns the text."""
        text = secret(about)
        self._go_to_input()
        self.reader.type(text)
        wait_for(
            "it is in the input", lambda: text == self.stage.alice.call("typed_text")
        )
        self.keys("Return")
        return text

    def _go_to_input(self) -> None:
        """Escape leads there from what stands above it; opening a chat does too."""
        alice = self.stage.alice
        self.reader.focus(MAIN)
        if alice.call("focused") != "input":
            self.reader.key("Escape")
        wait_for("the input has the keyboard", lambda: alice.call("focused") == "input")
