# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Gajim in a Tails, started there as its user starts it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tails_integration.policy import FOLDER

from ..gajim.program import DRIVER
from ..gajim.program import DRIVER_NAME
from ..gajim.program import DrivenGajim
from ..processes import copy_tree
from ..servers.hosts import SYSTEM_PLUGINS
from ..servers.prosody import XmppAccount
from ..waiting import wait_for
from .root import USER_IDS
from .root import TailsRoot
from .tails import Tails

# Windows that may come before Gajim, and the button that goes on to it (how many
# come before it).
PIDGIN = "Take over your accounts from Pidgin?"
WARNING = "Nothing in Gajim will be kept"
NO_PASSWORD = "Gajim’s keys cannot be kept"
QUESTIONS = {WARNING: 0, NO_PASSWORD: 0, PIDGIN: 2}
RUNS = "runs"

WIZARD = "AccountWizard"
# Where it is seen from both sides: Gajim has a view of its own of what is beside it
SOCKET = f"/run/user/{USER_IDS[0]}/tails-gajim/gajim-test.socket"


def install_driver(root: TailsRoot) -> None:
    """Put the test's own plugin where Gajim loads it without being asked."""
    folder = root.path / SYSTEM_PLUGINS.relative_to("/")
    folder.mkdir(parents=True, exist_ok=True)
    copy_tree(DRIVER, folder / DRIVER_NAME)


def allow_driver(program: Path, *, alone: bool = False) -> None:
    """Name the test's plugin in the policy of a tails_integration folder.

    :param alone: where our own plugin is not installed
    """
    with (program / "policy.py").open("a") as file:
        if alone:
            file.write("\nPLUGINS.clear()")
        file.write(f'\nPLUGINS["{DRIVER_NAME}"] = "Drives this Gajim in a test."\n')


class TailsGajim(DrivenGajim):
    """The Gajim of a Tails, with any number of accounts.

    What DrivenGajim does with an account, it does with the one that account is set to.
    """

    def __init__(self, tails: Tails, command: Sequence[str] = ("gajim",)) -> None:
        """Name the command that starts it; nothing is started."""
        self.tails = tails
        self.name = f"Gajim in Tails on {tails.root.suite}"
        self.log = tails.folder / "gajim.log"
        self._command = list(command)
        self._socket = tails.machine.files / SOCKET.lstrip("/")
        self.names: dict[str, str] = {}

    def start(self, pictures: Path | None = None) -> list[str]:
        """Start the program, and go on in each window that comes before it.

        :param pictures: a folder for pictures of them
        :returns: the titles of these windows
        """
        self.launch()
        screen = self.tails.screen
        asked: list[str] = []
        while True:
            state = wait_for(f"{self.name} runs or asks", self._state, 60, 0.3)
            if state == RUNS:
                return asked
            screen.wait_for(state)
            if pictures is not None:
                screen.picture(pictures / f"{state.lower().replace(' ', '-')}.png")
            screen.choose(state, QUESTIONS[state])
            asked.append(state)

    def _state(self) -> str:
        """RUNS, or the title of a window that has to be answered, or ''."""
        if self._answers():
            return RUNS
        return "".join([t for t in self.tails.screen.titles() if t in QUESTIONS][:1])

    def launch(self) -> None:
        """Start the program without waiting for it."""
        folder = self._socket.parent
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, *USER_IDS)
        self._socket.unlink(missing_ok=True)
        where = f"GAJIM_TEST_SOCKET={SOCKET}"
        self._child = self.tails.start(["env", where, *self._command], self.log)

    def wait_for_exit(self, timeout: float = 20) -> int | None:
        """Wait until the command has ended; return its exit code."""
        assert self._child is not None
        self._child.wait(timeout)
        return self._child.exit_code

    @property
    def account_name(self) -> str:
        """Gajim's name for the chosen account."""
        return self.names[self.account.jid]

    def show_wizard(self) -> None:
        """Have the wizard for new accounts on the screen; it opens by itself at
        the first start."""
        if WIZARD not in self.call("window_class_names"):
            self.call("open_account_wizard")
        self._wait_for_button("Sign Up")
        self.tails.screen.wait_until_drawn()

    def try_to_log_in(self, account: XmppAccount) -> None:
        """Fill in Gajim's wizard for new accounts, and let it try."""
        self.show_wizard()
        self.call("fill_in", window=WIZARD, texts=[account.jid, account.password])
        self._wait_for_button("Log In")
        self.call("press", window=WIZARD, words="Log In")

    def picture(self, path: Path) -> None:
        """Take a picture of the screen; on Wayland Gajim draws its newest window."""
        if not self.tails.is_wayland:
            self.tails.screen.picture(path)
            return
        drawn = Path(FOLDER, "picture.png")
        wait_for("a window is drawn", lambda: self.call("draw_window", path=str(drawn)))
        place = self.tails.machine.files / drawn.relative_to("/")
        shutil.copy(place, path)
        place.unlink()

    def go_online(self, account: XmppAccount, timeout: float = 60) -> None:
        """Take the only account, which a former session has added, online."""
        (name,) = self.call("accounts")
        self.names[account.jid] = name
        self.account = account
        self.call("set_online", account=name, online=True)
        wait_for(f"{account.jid} is online", self.online, timeout)

    def log_in(self, account: XmppAccount, timeout: float = 60) -> None:
        """Add an account with the wizard, and wait until it is online."""
        known = set(self.call("accounts"))
        self.try_to_log_in(account)
        self._wait_for_button("Connect", timeout)
        self.call("press", window=WIZARD, words="Connect")

        def new_name() -> str:
            return "".join(set(self.call("accounts")) - known)

        name = wait_for(f"{account.jid} is in Gajim", new_name)
        self.names[account.jid] = name
        self.account = account
        wait_for(f"{account.jid} is online", self.online, timeout)
        # Until the page is answered, nothing is published
        self.call("skip_first_page")

    def _wait_for_button(self, words: str, timeout: float = 20) -> None:
        def offered() -> list[str]:
            buttons: list[str] = self.call("buttons", window=WIZARD)
            return buttons if {words, "Back"} & set(buttons) else []

        buttons = wait_for(f"the wizard offers {words!r}", offered, timeout, 0.1)
        if words not in buttons:
            raise AssertionError(f"wizard: {self.call('texts_of', window=WIZARD)}")
