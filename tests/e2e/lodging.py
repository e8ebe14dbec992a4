# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Gajim that the contacts of several tests use, one after another.

A contact is to be new to whom it meets, its Gajim need not be. To enable an account in
a Gajim that runs takes a tenth of what it takes to start one; the account has keys of
its own, and connects for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.support.gajim.program import DrivenGajim
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import Host
from tests.support.servers.prosody import XmppAccount
from tests.support.waiting import wait_for


class Lodger(DrivenGajim):
    """One of the accounts, while a test uses it."""

    def __init__(self, gajim: Gajim, account: XmppAccount) -> None:
        """
        :param gajim: has the account, which need not be enabled
        """
        self.name = account.name
        self.account = account
        self.log = gajim.log
        self.gajim = gajim
        self._socket = gajim._socket

    @property
    def host(self) -> Host:
        """The Debian it is in."""
        return self.gajim.host

    @property
    def folder(self) -> Path:
        """What the program finds under the same path."""
        return self.gajim.folder

    @property
    def has_our_plugin(self) -> bool:
        """Whether our plugin is there."""
        return self.gajim.has_our_plugin

    @property
    def running(self) -> bool:
        """Whether the program runs."""
        return self.gajim.running

    def launch(self) -> None:
        """Start the program if it does not run, and enable the account."""
        if not self.gajim.running:
            self.gajim.launch()
        self.wait_until_running()
        for name in self.call("accounts"):
            # Who used it before, or for whom it was started
            if name != self.account_name:
                self._enable(name, enabled=False)
        if self.account_name not in self.call("accounts"):
            self._enable(self.account_name, enabled=True)

    def wait_until_online(self, timeout: float = 60.0) -> None:
        """Wait until the account is online, and its device is to be found."""
        wait_for(f"{self.name} is online", self.online, timeout)
        if not self.has_our_plugin:
            return
        self.call("begin_with_new_key", account=self.account_name)
        self.call("skip_first_page")
        resource = self.call("own_resource", account=self.account_name)
        address = f"{self.account.jid}/{resource}"
        server = self.gajim.server
        wait_for(
            f"{self.name} has published its device",
            lambda: server.accepted_device_list(address),
            timeout,
        )

    def start(self) -> None:
        """Come online."""
        self.launch()
        self.wait_until_online()

    def quit(self, timeout: float = 15.0) -> None:
        """Quit the program as the user does."""
        self.gajim.quit(timeout)

    def kill(self) -> None:
        """End the program as a crash or a pulled plug does."""
        self.gajim.kill()

    def restart(self) -> None:
        """Quit and start with the same profile."""
        self.quit()
        self.start()

    def leave(self) -> None:
        """The account is not used any more, and its windows are closed."""
        if self.running and self.account_name in self.call("accounts"):
            self.call("close_other_windows")
            self._enable(self.account_name, enabled=False)

    def screenshot(self, title: str) -> Path:
        """Picture of the program's display in the artefact folder."""
        return self.gajim.screenshot(title)

    def _enable(self, name: str, *, enabled: bool) -> None:
        self.call("set_account_enabled", account=name, enabled=enabled)
        wait_for(
            f"{name} is {'enabled' if enabled else 'disabled'}",
            lambda: (name in self.call("accounts")) is enabled,
        )


class Lodging:
    """The program, which is started when the first one needs it."""

    def __init__(
        self, scene: Scene, suite: str, omemo: str, names: Sequence[str]
    ) -> None:
        """
        :param omemo: what does OMEMO in it, one of the constants of `scene`
        :param names: of the accounts that will use it
        """
        self._scene = scene
        accounts = [scene.server.accounts[name] for name in names]
        self.gajim = scene.gajim(
            suite, names[0], omemo, "lodging", resting_accounts=accounts[1:]
        )
        self._started = False

    def lodger(self, name: str) -> Lodger:
        """Somebody who will use it next; not online before `start`."""
        if not self._started:
            self.gajim.start()
            self._started = True
        return Lodger(self.gajim, self._scene.server.accounts[name])
