# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries that speak to the network by themselves, and past Tor.

Debian's Gajim recommends some of them. Where they are installed they look to Gajim
as if they were not, and it leaves out what it would do with them: calls, opening
ports in a router, looking where we are, sending reports of crashes.
"""

from __future__ import annotations

import sys
from typing import Any

NAMESPACES = frozenset({"Farstream", "GUPnPIgd", "Geoclue", "Nice"})
MODULES = ("sentry_sdk",)


def install() -> None:
    """Hide them."""
    import gi

    original = gi.require_version

    def require_version(namespace: str, version: str) -> Any:
        if namespace in NAMESPACES:
            raise ValueError(f"Namespace {namespace} not available in Tails")
        return original(namespace, version)

    gi.require_version = require_version
    for module in MODULES:
        sys.modules[module] = None  # type: ignore[assignment]
