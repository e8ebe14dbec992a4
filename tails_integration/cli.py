# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `tails-gajim`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from . import __version__
from .base.errors import TailsError
from .base.system import System
from .commands import activate
from .commands import check
from .commands import deactivate
from .commands import doctor
from .commands import import_pidgin
from .commands import install
from .commands import persistence
from .commands import servers
from .commands import setup
from .commands import start

COMMANDS: tuple[ModuleType, ...] = (
    start,
    setup,
    check,
    doctor,
    persistence,
    servers,
    import_pidgin,
    install,
    activate,
    deactivate,
)
"""Each has NAME, HELP, `add_arguments(parser)` and `run(options, system) -> int`."""


def main(argv: Sequence[str], system: System | None = None) -> int:
    """Run one command.

    Returns:
        0 done, 1 the check found something, 2 wrong words, 3 refused, 4 failed.
    """
    parser = argparse.ArgumentParser(
        prog="tails-gajim", description="A preconfigured Gajim in Tails."
    )
    parser.add_argument(
        "--version", action="version", version=f"tails-gajim {__version__}"
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        subparser = subparsers.add_parser(
            command.NAME,
            help=command.HELP,
            aliases=getattr(command, "ALIASES", ()),
            **getattr(command, "PARSER", {}),
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    options = parser.parse_args(argv[1:])
    try:
        code: int = options.run(options, system or System.real())
    except TailsError as error:
        sys.stderr.write(f"tails-gajim: {error}\n")
        return error.exit_code
    return code
