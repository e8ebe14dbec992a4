# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs the patches, then runs Gajim in the same process."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable

from .. import policy
from ..base.system import System
from ..base.tor import Identities
from ..settings import servers
from . import connection
from . import libraries
from . import links
from . import plugins
from . import proxies
from . import rooms
from . import settings
from . import srv
from . import transfers

GajimMain = Callable[[], int | None]


def main() -> int | None:
    """Run Gajim with all patches; `bin/gajim` has installed `socket_guard` before."""
    prepare(System.real())
    sys.argv[0] = "gajim"
    return gajim_main()()


def prepare(system: System) -> None:
    """Install all patches but the socket guard."""
    identities = Identities(system)
    ours = proxies.Proxies(identities)
    libraries.install()
    # Gajim imports this module first too, because of circular imports
    import gajim.common.app as gajim_app

    version = policy.parse_version(gajim_app.version)
    settings.install(version, identities)
    proxies.install(ours)
    connection.install(ours, srv.look_up if servers.may_ask(system) else srv.known)
    transfers.install()
    plugins.install()
    links.install()
    rooms.install(system)


def gajim_main() -> GajimMain:
    """Return the function that /usr/bin/gajim calls; Gajim 2 has renamed it."""
    if importlib.util.find_spec("gajim.main") is not None:
        from gajim.main import run
    else:
        from gajim.gajim import main as run
    main: GajimMain = run
    return main
