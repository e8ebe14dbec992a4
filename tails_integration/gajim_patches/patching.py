# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacing functions and methods of Gajim; every patch uses these functions.

A name that does not exist raises `AttributeError`, so that Gajim does not start
when a later version has moved what a patch needs.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any
from typing import TypeAlias

log = logging.getLogger("gajim.tails")

# Any: each of the patched functions takes and returns something else
Function = Callable[..., Any]
# In quotes: only type checkers can subscript it
StaticFunction: TypeAlias = "staticmethod[..., Any]"
Wrapper = Callable[[Function], Function]


def replace_function(module: ModuleType, name: str, new: Function) -> None:
    """Replace a function of a module, also where Gajim imported it by name."""
    old = getattr(module, name)
    setattr(module, name, new)
    for other in list(sys.modules.values()):
        if getattr(other, "__name__", "").partition(".")[0] != "gajim":
            continue
        if vars(other).get(name) is old:
            setattr(other, name, new)


def replace_method(class_: type, name: str, new: Function | StaticFunction) -> None:
    """Replace a method of a class."""
    getattr(class_, name)
    setattr(class_, name, new)


def wrap_method(class_: type, name: str, wrapper: Wrapper) -> None:
    """Replace a method with the result of calling `wrapper` on it."""
    old = getattr(class_, name)
    new = wrapper(old)
    setattr(class_, name, functools.wraps(old)(new))


def wrap_function(module: ModuleType, name: str, wrapper: Wrapper) -> None:
    """Replace a function of a module with the result of calling `wrapper` on it."""
    old = getattr(module, name)
    replace_function(module, name, functools.wraps(old)(wrapper(old)))
