# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim deactivate`: the system as it was before."""

from __future__ import annotations

import argparse

from .. import activate
from ..errors import EXIT_DONE
from ..system import System

NAME = "deactivate"
HELP = "take back what activate did (root)"


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


def run(_options: argparse.Namespace, system: System) -> int:
    """Take it back."""
    activate.deactivate(system)
    return EXIT_DONE
