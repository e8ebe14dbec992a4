# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim deactivate`: restores the system."""

from __future__ import annotations

import argparse

from ..base.errors import EXIT_DONE
from ..base.system import System
from ..install import activation

NAME = "deactivate"
HELP = "take back what activate did (root)"


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""


def run(_options: argparse.Namespace, system: System) -> int:
    """Deactivate."""
    activation.deactivate(system)
    return EXIT_DONE
