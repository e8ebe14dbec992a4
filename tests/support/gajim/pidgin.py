# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Pidgin on an invisible screen, told over D-Bus what to have."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ..processes import Child
from ..processes import give_away
from ..processes import make_folder
from ..processes import unprivileged_ids
from ..waiting import wait_for
from .display import Display
from .program import DBUS_CONFIG

SERVICE = "im.pidgin.purple.PurpleService"
OBJECT = "/im/pidgin/purple/PurpleObject"
INTERFACE = "im.pidgin.purple.PurpleInterface"


class Pidgin:
    """A Pidgin of its own; a context manager that ends it in good order."""

    def __init__(self, folder: Path) -> None:
        """Make a home for it."""
        self.folder = make_folder(folder)
        self.home = make_folder(folder / "home")
        self.files = self.home / ".purple"
        self._display = Display(self.folder)
        self._bus = self.folder / "run"
        make_folder(self._bus).chmod(0o700)
        config = self.folder / "dbus.conf"
        config.write_text(DBUS_CONFIG.format(folder=self._bus))
        give_away(self.folder)
        address = self.folder / "address"
        self._child = Child(
            [
                'dbus-run-session', f'--config-file={config}', '--', 'sh', '-c',
                'echo "$DBUS_SESSION_BUS_ADDRESS" >"$1"; exec pidgin -n',
                'sh', str(address),
            ],
            log=self.folder / 'pidgin.log',
            environment={
                'PATH': '/usr/sbin:/usr/bin:/sbin:/bin',
                'HOME': str(self.home),
                'LANG': 'C.UTF-8',
                'DISPLAY': self._display.name,
            },
            folder=self.folder,
        )  # fmt: skip
        self._address = address

    def __enter__(self) -> Pidgin:
        wait_for("Pidgin runs", self._answers)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._child.kill()
        self._display.stop()

    def quit(self) -> None:
        """Quit when all is written, which Pidgin does some seconds after a change."""
        for name in ("accounts.xml", "blist.xml"):
            wait_for(f"Pidgin has written {name}", (self.files / name).exists)
        self._ask("PurpleCoreQuit", [])
        assert self._child.wait(20), "Pidgin did not quit"

    def call(self, method: str, *words: str) -> int:
        """Call a function of libpurple; what it returns is an object's number."""
        answer = self._ask(method, list(words))
        assert answer.returncode == 0, f"{method}{words}: {answer.stderr}"
        inner = answer.stdout.strip().strip("(),")
        return int(inner.split()[-1]) if inner else 0

    def add_account(
        self,
        name: str,
        protocol: str = "prpl-jabber",
        *,
        alias: str = "",
        remember: str = "",
        strings: Mapping[str, str] | None = None,
        port: int = 0,
    ) -> int:
        """Add an account; Pidgin stays offline."""
        account = self.call("PurpleAccountNew", name, protocol)
        if alias:
            self.call("PurpleAccountSetAlias", str(account), alias)
        if remember:
            self.call("PurpleAccountSetRememberPassword", str(account), "1")
            self.call("PurpleAccountSetPassword", str(account), remember)
        for key, value in (strings or {}).items():
            self.call("PurpleAccountSetString", str(account), key, value)
        if port:
            self.call("PurpleAccountSetInt", str(account), "port", str(port))
        self.call("PurpleAccountsAdd", str(account))
        return account

    def add_buddy(self, account: int, name: str, alias: str) -> None:
        """Add a contact to the buddy list."""
        group = self.call("PurpleGroupNew", "Friends")
        buddy = self.call("PurpleBuddyNew", str(account), name, alias)
        self.call("PurpleBlistAddBuddy", str(buddy), "0", str(group), "0")

    def _ask(self, method: str, words: list[str]) -> subprocess.CompletedProcess[str]:
        uid, gid = unprivileged_ids()
        prefix = []
        if os.getuid() != uid:
            prefix = [
                'setpriv', f'--reuid={uid}', f'--regid={gid}', '--clear-groups', '--'
            ]  # fmt: skip
        return subprocess.run(
            [
                *prefix, 'gdbus', 'call',
                '--address', self._address.read_text().strip(),
                '--dest', SERVICE, '--object-path', OBJECT,
                '--method', f'{INTERFACE}.{method}', *words,
            ],
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )  # fmt: skip

    def _answers(self) -> bool:
        assert self._child.running, (self.folder / "pidgin.log").read_text()
        if not self._address.exists() or not self._address.read_text():
            return False
        return self._ask("PurpleAccountsGetAll", []).returncode == 0
