# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim activate`: the system-wide part, which the package runs."""

from __future__ import annotations

import argparse
import sys

from ..base.errors import EXIT_DONE
from ..base.system import System
from ..install import activation

NAME = "activate"
HELP = "put locks, confinement and launcher in place (root)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--anywhere",
        action="store_true",
        help="also where nothing says that this is Tails, as while its image is built",
    )


def run(options: argparse.Namespace, system: System) -> int:
    """Activate, and print warnings."""
    for warning in activation.activate(system, anywhere=options.anywhere):
        sys.stderr.write(f"tails-gajim: {warning}\n")
    return EXIT_DONE
