# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gajims that the tests of a module share, one in each Debian.

To start one takes longer than most tests. Each test meets a contact whom no other test
has met, and finds no window of another test; so it does not matter which tests ran
before, or whether any did.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from tests.e2e.lodging import Lodger
from tests.e2e.lodging import Lodging
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

# A contact for each test of a module, and for those that are tried again
CONTACTS = 40


@dataclass
class Shared:
    """A Gajim, and accounts of people whom it has not met.

    :ivar contact: the account of the test that runs
    """

    scene: Scene
    gajim: Gajim
    contact: str = ""
    unmet: list[str] = field(default_factory=list)
    _lodging: Lodging | None = None
    _lodger: Lodger | None = None

    def lodger(self, suite: str = "bookworm", omemo: str = OURS) -> Lodger:
        """The contact, in a Gajim that all contacts use; it is not online yet.

        :param suite: these are the same in all tests that share the Gajim
        :param omemo: what does OMEMO there
        """
        if self._lodging is None:
            names = [self.contact, *self.unmet]
            self._lodging = Lodging(self.scene, suite, omemo, names)
        self._lodger = self._lodging.lodger(self.contact)
        return self._lodger

    def clear_away(self) -> None:
        """End what a test has started besides."""
        lodging = self._lodging and self._lodging.gajim
        if self._lodger is not None:
            self._lodger.leave()
            self._lodger = None
        for gajim in self.scene.gajims:
            if gajim not in (self.gajim, lodging):
                gajim.close()


class Lasting:
    """Starts them, and another one in the place of one that a test has left broken."""

    def __init__(
        self,
        new_scene: Callable[..., Scene],
        owner: str,
        contact: str,
        begin: Callable[[Scene, str], Gajim],
        *,
        others: Sequence[str] = (),
        **server_options: Any,
    ) -> None:
        """
        :param new_scene: the fixture `new_lasting_scene`
        :param owner: the account of the Gajim
        :param contact: what the accounts of its contacts begin with. In its roster all
            of them have this name
        :param begin: makes the Gajim, of a Debian suite, and starts it
        :param others: accounts that tests may have in common
        :param server_options: see `Prosody`
        """
        self._new_scene = new_scene
        self._owner = owner
        self._contact = contact
        self._begin = begin
        self._others = others
        self._server_options = server_options
        self._shared: dict[str, Shared] = {}

    @contextmanager
    def of(self, suite: str, failed: Callable[[], bool]) -> Iterator[Shared]:
        """The Gajim of a suite, for one test.

        :param suite: or a name for `begin` that says more, if there are several
        :param failed: whether the test has failed, once it is over
        """
        shared = self._shared.get(suite)
        if shared is None or not shared.gajim.running or not shared.unmet:
            self._end(suite)
            shared = self._shared[suite] = self._start(suite)
        shared.contact = shared.unmet.pop(0)
        try:
            tidy(shared.gajim)
            yield shared
        finally:
            if failed():
                # Its logs, before it is gone; the next test gets another one
                shared.scene.keep_logs(shared.contact)
                self._end(suite)
            else:
                self._clear_away(suite)

    def _start(self, suite: str) -> Shared:
        names = [f"{self._contact}{number}" for number in range(1, CONTACTS + 1)]
        scene = self._new_scene(
            self._owner,
            *names,
            *self._others,
            roster_names=dict.fromkeys(names, self._contact.title()),
            **self._server_options,
        )
        try:
            return Shared(scene, self._begin(scene, suite), unmet=names)
        except BaseException:
            scene.keep_logs()
            scene.close()
            raise

    def _clear_away(self, suite: str) -> None:
        try:
            self._shared[suite].clear_away()
        except BaseException:
            self._end(suite)
            raise

    def _end(self, suite: str) -> None:
        shared = self._shared.pop(suite, None)
        if shared is not None:
            shared.scene.close()


def tidy(gajim: Gajim) -> None:
    """Only the main window is open, and nothing is typed or in the clipboard."""
    gajim.call("close_other_windows")
    wait_for(
        "the main window is alone",
        lambda: gajim.call("window_class_names") == ["MainWindow"],
    )
    gajim.call("empty_clipboard")
    if gajim.call("shown_chat"):
        gajim.call("clear_input")
