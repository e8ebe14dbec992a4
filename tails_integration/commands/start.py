# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim start`: Gajim, if all of it goes through Tor."""

from __future__ import annotations

import argparse

from .. import launcher
from ..base.system import System

NAME = "start"
HELP = "start Gajim; what follows goes to it"
# Options that follow are Gajim's, not ours
PARSER = {"prefix_chars": "\0", "add_help": False}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Pass all arguments to Gajim."""
    parser.add_argument("arguments", nargs=argparse.REMAINDER)


def run(options: argparse.Namespace, system: System) -> int:
    """Run Gajim."""
    return launcher.start(system, options.arguments)
