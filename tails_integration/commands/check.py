# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim check`: reports leaks and weaknesses, and how to repair them."""

from __future__ import annotations

import argparse
import sys

from ..base.errors import EXIT_DONE
from ..base.errors import EXIT_VIOLATIONS
from ..base.i18n import _
from ..base.system import System
from ..settings import audit

NAME = "check"
ALIASES = ("audit",)
HELP = "say what would leak; exit code 1 if anything would"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for the output."""
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace, system: System) -> int:
    """Print all findings."""
    found = audit.findings(system)
    if options.json:
        sys.stdout.write(audit.as_json(found) + "\n")
    else:
        for finding in found:
            sys.stdout.write(
                f"[{finding.severity.value}] {finding.what}\n"
                f"    {finding.reason}\n    {finding.mend}\n"
            )
        if not any(map(audit.is_violation, found)):
            sys.stdout.write(_("Nothing would leak.") + "\n")
    return EXIT_VIOLATIONS if any(map(audit.is_violation, found)) else EXIT_DONE
