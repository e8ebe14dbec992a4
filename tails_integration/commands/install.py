# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim install`: for this user only, without an administration password."""

from __future__ import annotations

import argparse
import sys

from .. import user_install
from ..errors import EXIT_DONE
from ..i18n import _
from ..system import System

NAME = "install"
HELP = "install for this user, without an administration password"


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


def run(_options: argparse.Namespace, system: System) -> int:
    """Install, and say what that cannot do."""
    out = sys.stdout.write
    for path in user_install.install(system):
        out(_("Installed: {path}").format(path=path) + "\n")
    out("\n" + _("Without an administration password this cannot be done:") + "\n")
    for line in user_install.cannot_be_locked():
        out(f"- {line}\n")
    return EXIT_DONE
