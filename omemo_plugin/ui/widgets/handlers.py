# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handlers of the signals of Gajim's widgets, with either GTK."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

from gi.repository import GObject


def block(sender: GObject.Object, handler: Callable[..., object]) -> bool:
    """Keep a handler from being called. Returns whether there is one."""
    try:
        return bool(sender.handler_block_by_func(handler))
    except TypeError:
        return False


def unblock(sender: GObject.Object, handler: Callable[..., object]) -> None:
    """Let a handler be called again."""
    sender.handler_unblock_by_func(handler)


def on_signals(
    sender: GObject.Object, names: Sequence[str], callback: Callable[[], object]
) -> Callable[[], None]:
    """
    Call a function at each of some signals.

    Returns:
        Ends that.
    """

    def called(*_args: object) -> None:
        callback()

    connected = [sender.connect(name, called) for name in names]

    def stop() -> None:
        for one in connected:
            sender.disconnect(one)

    return stop
