# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gajim, with everything in this folder put in before it begins."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

from .. import policy
from ..system import System
from ..tor import Identities
from . import connection
from . import libraries
from . import proxies
from . import rooms
from . import settings
from . import transfers


def main() -> Any:
    """Be Gajim.

    The wall (`wall`) is up already, see bin/gajim.
    """
    prepare(System.real())
    sys.argv[0] = "gajim"
    return gajim_main()()


def prepare(system: System) -> None:
    """Put everything in."""
    identities = Identities(system)
    ours = proxies.Proxies(identities)
    libraries.install()
    # First of all, as in Gajim itself
    import gajim.common.app as gajim_app

    version = policy.parse_version(gajim_app.version)
    settings.install(version, identities)
    proxies.install(ours)
    connection.install(ours)
    transfers.install()
    rooms.install(system)


def gajim_main() -> Any:
    """What /usr/bin/gajim calls; Gajim 2 has renamed it."""
    if importlib.util.find_spec("gajim.main") is not None:
        from gajim.main import run

        return run
    from gajim.gajim import main as run_1

    return run_1
