# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tails-gajim persistence`: whether Gajim's keys are kept, and changing that."""

from __future__ import annotations

import argparse
import json
import sys

from .. import persistence
from .. import persistence_root
from ..bindings import STORAGE
from ..errors import EXIT_DONE
from ..errors import NotTails
from ..i18n import _
from ..persistence import Storage
from ..system import System

NAME = "persistence"
HELP = "keep accounts, settings and keys on the Persistent Storage"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do."""
    parser.add_argument("action", choices=("status", "enable", "disable"))
    parser.add_argument(
        "--history",
        action="store_true",
        help="with enable: keep what was written as well; with disable: only that",
    )
    parser.add_argument("--json", action="store_true", help="status for programs")


def run(options: argparse.Namespace, system: System) -> int:
    """Look, or change it."""
    if options.action == "status":
        _status(options, system)
        return EXIT_DONE
    if options.action == "enable":
        word = persistence_root.ENABLE
        if options.history:
            word = persistence_root.ENABLE_HISTORY
        text = _("Kept from now on.")
        later = _("Kept from the next start of Tails on.")
    else:
        word = persistence_root.DISABLE
        if options.history:
            word = persistence_root.DISABLE_HISTORY
        text = _("Not kept any more. What was stored is still there: {folder}")
        later = _(
            "Not kept from the next start of Tails on. What was stored is still"
            " there: {folder}"
        )
    done = persistence.change(system, word)
    folder = f"{STORAGE}/gajim"
    sys.stdout.write((text if done else later).format(folder=folder) + "\n")
    return EXIT_DONE


def _status(options: argparse.Namespace, system: System) -> None:
    if not system.is_tails():
        raise NotTails
    now = persistence.status(system)
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
