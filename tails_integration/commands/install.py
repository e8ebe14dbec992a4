# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim install`: for this user only, without an administration password."""

from __future__ import annotations

import argparse
import sys

from ..base.errors import EXIT_DONE
from ..base.i18n import _
from ..base.system import System
from ..install import user

NAME = "install"
HELP = "install for this user, without an administration password"


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""


def run(_options: argparse.Namespace, system: System) -> int:
    """Install, and print what needs an administration password."""
    out = sys.stdout.write
    for path in user.install(system):
        out(_("Installed: {path}").format(path=path) + "\n")
    out("\n" + _("Without an administration password this cannot be done:") + "\n")
    for line in user.cannot_be_locked():
        out(f"- {line}\n")
    return EXIT_DONE
