# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim import-pidgin`: XMPP accounts and rooms from Pidgin."""

from __future__ import annotations

import argparse
import sys

from ..base.errors import EXIT_DONE
from ..base.errors import NotTails
from ..base.i18n import _
from ..base.system import System
from ..pidgin import importer

NAME = "import-pidgin"
HELP = "take XMPP accounts and rooms over from Pidgin"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--dry-run", action="store_true", help="only say what it is")
    parser.add_argument(
        "--passwords", action="store_true", help="passwords too, if they are kept"
    )
    parser.add_argument(
        "--verify-again",
        action="store_true",
        help="only list whom to verify again by QR code",
    )


def run(options: argparse.Namespace, system: System) -> int:
    """Print the plan, and carry it out."""
    if not system.is_tails():
        raise NotTails
    if options.verify_again:
        contacts = importer.to_verify(system)
        if contacts:
            sys.stdout.write(importer.verify_again(contacts) + "\n")
        return EXIT_DONE
    plan = importer.plan(system)
    text = importer.describe(plan)
    if text:
        sys.stdout.write(text + "\n")
    if not plan.accounts:
        sys.stdout.write(_("There is nothing to take over.") + "\n")
        return EXIT_DONE
    if not options.dry_run:
        importer.carry_out(system, plan, passwords=options.passwords)
        sys.stdout.write(_("Done. Nothing in Pidgin was changed.") + "\n")
    return EXIT_DONE
