# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Loading python-omemo where something else has its name.

Gajim puts every plugin it finds into `sys.modules` under the name of its
folder, also those that are switched off, and Debian's gajim-omemo is a folder
called `omemo`. So python-omemo is imported in a moment when that name is free,
together with everything of ours that uses it, and then the name is given back.
"""

from __future__ import annotations

import importlib
import logging
import sys
from types import ModuleType

from .errors import LibraryMissing

_DISPUTED = "omemo"

# Gajim forgets our modules when the plugin is updated. These would then still
# hold an earlier copy of python-omemo.
_DEPENDENT = ("oldmemo", "twomemo")

# What has to be there, with Debian's package of it
_LIBRARIES = {
    "xeddsa": "python3-xeddsa",
    "x3dh": "python3-x3dh",
    "doubleratchet": "python3-doubleratchet",
    "omemo.backend": "python3-omemo",
    "oldmemo.oldmemo": "python3-oldmemo",
    "twomemo.twomemo": "python3-twomemo",
}

# What uses them, of ours, and nothing else does
_USERS = (".engine", ".takeover.takeover", ".takeover.own_store")

# SECURITY: at the level DEBUG these write texts and keys
_LOGGERS = ("omemo", "oldmemo", "twomemo", "doubleratchet", "x3dh")


def load() -> None:
    """
    Import the libraries and the engine on top of them.

    Raises:
        LibraryMissing: with the names of the Debian packages, in words.
    """
    if f"{__package__}.engine" in sys.modules:
        return
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        logger.propagate = False
    others = _take_out(_DISPUTED)
    _take_out(*_DEPENDENT)
    try:
        missing = [
            package for name, package in _LIBRARIES.items() if not _can_import(name)
        ]
        if missing:
            raise LibraryMissing(" ".join(missing))
        for name in _USERS:
            importlib.import_module(name, __package__)
    finally:
        _take_out(_DISPUTED)
        sys.modules.update(others)


def _can_import(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def _take_out(*packages: str) -> dict[str, ModuleType]:
    """Remove the modules of these packages, and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] in packages]
    return {name: sys.modules.pop(name) for name in names}
