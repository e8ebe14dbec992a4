# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim servers`: whether a resolver is asked where a server is."""

from __future__ import annotations

import argparse
import sys

from ..base.errors import EXIT_DONE
from ..base.errors import NotTails
from ..base.i18n import _
from ..base.system import System
from ..settings import servers

NAME = "servers"
HELP = "say or choose how Gajim finds servers: guess, or ask a resolver through Tor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice."""
    parser.add_argument("action", choices=("status", "guess", "ask"))


def run(options: argparse.Namespace, system: System) -> int:
    """Print the choice, or change it."""
    if not system.is_tails():
        raise NotTails
    if options.action != "status":
        servers.set_may_ask(system, options.action == "ask")
    if servers.may_ask(system):
        text = _(
            "Gajim asks a public resolver where your server is, through Tor. The"
            " resolver learns that someone using Tor looks for this server."
        )
    else:
        text = _(
            "Gajim asks no resolver. It tries the address of your server and some"
            " usual names. If it cannot connect, enter the host in the account’s"
            " settings, or choose “tails-gajim servers ask”."
        )
    sys.stdout.write(text + "\n")
    return EXIT_DONE
