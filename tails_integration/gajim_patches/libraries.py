# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hides libraries that open connections of their own, outside Tor.

Debian's Gajim recommends some of them. Where they are installed, Gajim finds them
missing, and leaves out the features that need them: calls, opening ports in a
router, finding the position, and sending crash reports.
"""

from __future__ import annotations

import sys

from .patching import Function
from .patching import wrap_function

NAMESPACES = frozenset({"Farstream", "GUPnPIgd", "Geoclue", "Nice"})
MODULES = ("sentry_sdk",)


def install() -> None:
    """Hide them from every later import."""
    import gi

    def hiding(old: Function) -> Function:
        def require_version(namespace: str, version: str) -> None:
            if namespace in NAMESPACES:
                raise ValueError(f"Namespace {namespace} not available in Tails")
            old(namespace, version)

        return require_version

    wrap_function(gi, "require_version", hiding)
    for module in MODULES:
        # None makes Python raise ImportError (the import system, 5.3.1)
        sys.modules[module] = None  # type: ignore[assignment]
