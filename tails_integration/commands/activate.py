# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim activate`: the system's part, by whoever installs it."""

from __future__ import annotations

import argparse
import sys

from .. import activate
from ..errors import EXIT_DONE
from ..system import System

NAME = "activate"
HELP = "put locks, confinement and launcher in place (root)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to."""
    parser.add_argument(
        "--anywhere",
        action="store_true",
        help="also where nothing says that this is Tails, as while its image is built",
    )


def run(options: argparse.Namespace, system: System) -> int:
    """Put it in place."""
    for warning in activate.activate(system, anywhere=options.anywhere):
        sys.stderr.write(f"tails-gajim: {warning}\n")
    return EXIT_DONE
