# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Gajim as tails-gajim starts it, without Tails around it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tails_integration.base.system import System
from tails_integration.settings import preseed
from tails_integration.settings import profile

from ..gajim.display import ENVIRONMENT
from ..gajim.display import Display
from ..gajim.program import DBUS_CONFIG
from ..gajim.program import DRIVER
from ..gajim.program import DRIVER_NAME
from ..gajim.program import DrivenGajim
from ..processes import Child
from ..processes import copy_tree
from ..processes import give_away
from ..processes import make_folder
from ..servers.hosts import REPOSITORY
from ..servers.hosts import Host
from .gajim import allow_driver

# No user has it, so that other people's Gajims on this machine do not matter
NOBODYS_UID = 4_000_000

PRISTINE = """
import json
import gajim.common.app
from gajim.common.setting_values import ACCOUNT_SETTINGS, APP_SETTINGS
print(json.dumps([APP_SETTINGS, ACCOUNT_SETTINGS], default=lambda _: None))
"""


class TailsGajim(DrivenGajim):
    """Prepared by `preseed`, started by bin/gajim; nothing looks for Tor."""

    def __init__(self, name: str, host: Host, folder: Path) -> None:
        """Write nothing but the folders."""
        self.name = name
        self.host = host
        self.folder = make_folder(folder)
        self.home = make_folder(self.folder / "home")
        self.log = self.folder / "gajim.log"
        self.system = System(
            Path("/"), {"HOME": str(self.home)}, NOBODYS_UID, self._answer
        )
        self._socket = self.folder / "driver.socket"
        self._child: Child | None = None
        self.display: Display | None = None
        make_folder(self.folder / "run").chmod(0o700)
        self._bus = self.folder / "dbus.conf"
        self._bus.write_text(DBUS_CONFIG.format(folder=self.folder / "run"))
        copy_tree(REPOSITORY / "tails_integration", self.folder / "tails_integration")
        allow_driver(self.folder / "tails_integration", alone=True)
        copy_tree(
            DRIVER,
            self.home / ".local" / "share" / "gajim" / "plugins" / DRIVER_NAME,
        )

    def _answer(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Answer as the programs of the host would."""
        version = self.host.gajim_version if command[0] == "dpkg-query" else ""
        return subprocess.CompletedProcess(list(command), 0, f"{version}-1", "")

    def prepare(self) -> None:
        """Bring the profile in line, and let the driver in."""
        preseed.apply(self.system)
        with profile.edit(self.system) as edited:
            edited.plugins[DRIVER_NAME] = {"active": True}
        give_away(self.home)

    def pristine_defaults(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The settings of this Gajim before anybody changes them: of the program, and
        of accounts."""
        command = self._command("/usr/bin/python3", "-c", PRISTINE)
        ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        program, accounts = json.loads(ended.stdout.splitlines()[-1])
        return program, accounts

    def start(self) -> None:
        """Start it on a screen of its own, and wait until it answers."""
        self.display = Display(self.folder)
        program = self.folder / "tails_integration" / "bin" / "gajim"
        self._child = Child(
            self._command(
                "dbus-run-session", f"--config-file={self._bus}", "--", str(program)
            ),
            log=self.log,
            environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            folder=self.folder,
            as_root=self.host.changes_user({}),
        )
        self.wait_until_running()

    def close(self) -> None:
        """End what was started."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        if self.display is not None:
            self.display.stop()

    def _command(self, *argv: str) -> list[str]:
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            **ENVIRONMENT,
            "GAJIM_TEST_SOCKET": str(self._socket),
        }
        if self.display is not None:
            environment["DISPLAY"] = self.display.name
        return self.host.command(argv, environment, self.folder, {})
