# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim persistence`: whether Gajim's keys are kept, and changing that."""

from __future__ import annotations

import argparse
import json
import sys

from ..base.errors import EXIT_DONE
from ..base.errors import NotTails
from ..base.i18n import _
from ..base.system import System
from ..persistence import root_helper
from ..persistence import user
from ..persistence.bindings import STORAGE
from ..persistence.user import Storage

NAME = "persistence"
HELP = "keep accounts, settings and keys on the Persistent Storage"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the action and its options."""
    parser.add_argument("action", choices=("status", "enable", "disable"))
    parser.add_argument(
        "--history",
        action="store_true",
        help="with enable: keep what was written as well; with disable: only that",
    )
    parser.add_argument("--json", action="store_true", help="status for programs")


def run(options: argparse.Namespace, system: System) -> int:
    """Print the state, or change it."""
    if options.action == "status":
        _status(options, system)
        return EXIT_DONE
    if options.action == "enable":
        word = root_helper.ENABLE
        if options.history:
            word = root_helper.ENABLE_HISTORY
        text = _("Kept from now on.")
        later = _("Kept from the next start of Tails on.")
    else:
        word = root_helper.DISABLE
        if options.history:
            word = root_helper.DISABLE_HISTORY
        text = _("Not kept any more. What was stored is still there: {folder}")
        later = _(
            "Not kept from the next start of Tails on. What was stored is still"
            " there: {folder}"
        )
    done = user.change(system, word)
    folder = f"{STORAGE}/gajim"
    sys.stdout.write((text if done else later).format(folder=folder) + "\n")
    return EXIT_DONE


def _status(options: argparse.Namespace, system: System) -> None:
    if not system.is_tails():
        raise NotTails
    now = user.status(system)
    if options.json:
        values = {
            "storage": now.storage.value,
            "kept": now.kept,
            "history": now.history,
        }
        sys.stdout.write(json.dumps(values) + "\n")
        return
    storage = {
        Storage.NONE: _("There is no Persistent Storage."),
        Storage.LOCKED: _("The Persistent Storage is locked."),
        Storage.UNLOCKED: _("The Persistent Storage is unlocked."),
    }[now.storage]
    kept = _("Accounts, settings and keys are kept.")
    if not now.kept:
        kept = _("Accounts, settings and keys are gone when Tails ends.")
    history = _("Chats are kept.") if now.history else _("Chats are not kept.")
    sys.stdout.write(f"{storage}\n{kept}\n{history}\n")
