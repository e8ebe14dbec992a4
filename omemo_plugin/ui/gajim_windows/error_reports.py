# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The report of an error that the user sends from Gajim's window.

Debian installs sentry-sdk along with Gajim, which sends the values of all variables
of the functions in which the error happened: decrypted texts can be among them, and
keys. The window does not show them.
"""

from __future__ import annotations

from collections.abc import Callable

from ...bridge.gajim.patches import Patches

# What sentry-sdk calls the variables of a function
_VALUES = "vars"

_BeforeSend = Callable[[object, dict[str, object], object], object]


def install(patches: Patches) -> None:
    """From now on, no report has the values of variables in it."""
    patches.replace_in_class(
        "gajim.gtk.exception", "ExceptionDialog", "_before_send", _without_values
    )


def _without_values(theirs: _BeforeSend) -> _BeforeSend:
    def before_send(window: object, event: dict[str, object], hint: object) -> object:
        _remove_values(event)
        return theirs(window, event, hint)

    return before_send


def _remove_values(part: object) -> None:
    if isinstance(part, dict):
        part.pop(_VALUES, None)
        for value in part.values():
            _remove_values(value)
    elif isinstance(part, list | tuple):
        for value in part:
            _remove_values(value)
