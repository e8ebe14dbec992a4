# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim doctor`: reports the state."""

from __future__ import annotations

import argparse
import sys

from .. import doctor
from ..base.errors import EXIT_DONE
from ..base.system import System

NAME = "doctor"
HELP = "say where keys are, whether Tor is up, and how accounts use it"


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""


def run(_options: argparse.Namespace, system: System) -> int:
    """Print it."""
    for line in doctor.report(system):
        sys.stdout.write(f"{line}\n")
    return EXIT_DONE
