# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server and some Gajims in one temporary folder, all ended together."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..processes import make_folder
from ..servers.hosts import Host
from ..servers.prosody import Prosody
from .bundle import PLUGIN
from .bundle import build_bundle
from .program import Gajim

# Where to put pictures and logs; a new folder in the temporary one otherwise.
ARTEFACTS_VARIABLE = "OMEMO_TEST_ARTEFACTS"

# What does OMEMO in a Gajim: our plugin from a zip or from the system folder,
# Debian's plugin for Gajim 1, or Gajim 2 itself.
OURS = "ours"
OURS_FROM_SYSTEM = "ours-from-system"
GAJIM_OMEMO = "gajim-omemo"
BUILT_IN = "built-in"
NO_OMEMO = "no-omemo"


def make_artefact_folder() -> Path:
    """Return the folder for screenshots and logs, created when needed."""
    chosen = os.environ.get(ARTEFACTS_VARIABLE)
    if chosen:
        path = Path(chosen).absolute()
        path.mkdir(parents=True, exist_ok=True)
        return path
    return Path(tempfile.mkdtemp(prefix="omemo-artefacts-"))


class Scene:
    """Everything a test needs; a context manager that leaves nothing running."""

    def __init__(
        self, names: Iterable[str], artefacts: Path, **server_options: Any
    ) -> None:
        """Start a server with an account for each name."""
        self.artefacts = artefacts
        self.folder = Path(tempfile.mkdtemp(prefix="omemo-e2e-"))
        self.folder.chmod(0o755)
        self.gajims: list[Gajim] = []
        try:
            self.server = Prosody(self.folder / "server", names, **server_options)
            self.server.start()
            self.bundle = build_bundle(self.folder)
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def __enter__(self) -> Scene:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def gajim(
        self,
        host: str,
        account: str,
        omemo: str,
        name: str | None = None,
        root: Path | None = None,
        **options: Any,
    ) -> Gajim:
        """Make a Gajim with a fresh profile; it is not started.

        :param root: the Debian it is in, of the suite `host`
        :param host: Debian suite
        :param omemo: one of the constants above
        :param name: when it differs from the account, as for a second device
        """
        name = name or account
        folder = make_folder(self.folder / name)
        # Debian's plugin is there on Debian 12, and active unless told otherwise.
        options.setdefault("plugins", {"omemo": False})
        if omemo == OURS:
            options["bundle"] = self.bundle
        elif omemo == OURS_FROM_SYSTEM:
            options["system_plugins"] = [PLUGIN]
        elif omemo == GAJIM_OMEMO:
            options["plugins"] = {"omemo": True}
        else:
            assert omemo in (BUILT_IN, NO_OMEMO), omemo
        gajim = Gajim(
            name,
            Host(host, always_root=omemo == GAJIM_OMEMO, root=root),
            self.server,
            self.server.accounts[account],
            folder,
            self.artefacts,
            **options,
        )
        self.gajims.append(gajim)
        return gajim

    def keep_logs(self, title: str = "end") -> Path:
        """Copy logs and pictures of everything to the artefact folder."""
        target = self.artefacts / title
        target.mkdir(parents=True, exist_ok=True)
        for gajim in self.gajims:
            if gajim.log.exists():
                shutil.copy(gajim.log, target / f"{gajim.name}.log")
        for name in ("wire.log", "prosody.log"):
            if (self.server.folder / name).exists():
                shutil.copy(self.server.folder / name, target / name)
        self.pictures(title)
        return target

    def pictures(self, title: str = "end") -> None:
        """Take a picture of every Gajim that runs."""
        for gajim in self.gajims:
            if gajim.running:
                gajim.screenshot(title)

    def close(self) -> None:
        """End every program and delete the folder."""
        for gajim in self.gajims:
            gajim.close()
        self.server.close()
        shutil.rmtree(self.folder, ignore_errors=True)
