# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim setup`: applies the policy to the profile without starting Gajim."""

from __future__ import annotations

import argparse
import sys

from ..base.errors import EXIT_DONE
from ..base.errors import NotTails
from ..base.i18n import _
from ..base.system import System
from ..settings import preseed
from ..settings.profile import settings_file

NAME = "setup"
HELP = "bring the profile in line; accounts are kept"


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""


def run(_options: argparse.Namespace, system: System) -> int:
    """Apply the policy."""
    if not system.is_tails():
        raise NotTails
    if preseed.apply(system):
        text = _("{path} is as it should be now.")
    else:
        text = _("{path} was as it should be.")
    sys.stdout.write(text.format(path=settings_file(system)) + "\n")
    return EXIT_DONE
