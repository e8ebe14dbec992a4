# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting one function in the place of another."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable
from typing import Any

log = logging.getLogger("gajim.tails")


def replace_function(module: Any, name: str, new: Callable[..., Any]) -> None:
    """Replace a function of a module, also where it was imported from there."""
    old = getattr(module, name)
    for other in list(sys.modules.values()):
        if getattr(other, "__name__", "").partition(".")[0] != "gajim":
            continue
        if vars(other).get(name) is old:
            setattr(other, name, new)


def wrap_method(
    class_: type, name: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> None:
    """Replace a method by what the wrapper makes of it."""
    old = getattr(class_, name)
    setattr(class_, name, functools.wraps(old)(wrapper(old)))
