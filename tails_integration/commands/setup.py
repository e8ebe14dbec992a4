# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim setup`: the profile as it should be, without starting Gajim."""

from __future__ import annotations

import argparse
import sys

from .. import preseed
from ..errors import EXIT_DONE
from ..errors import NotTails
from ..i18n import _
from ..profile import settings_file
from ..system import System

NAME = "setup"
HELP = "bring the profile in line; accounts are kept"


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


def run(_options: argparse.Namespace, system: System) -> int:
    """Bring it in line."""
    if not system.is_tails():
        raise NotTails
    if preseed.apply(system):
        text = _("{path} is as it should be now.")
    else:
        text = _("{path} was as it should be.")
    sys.stdout.write(text.format(path=settings_file(system)) + "\n")
    return EXIT_DONE
