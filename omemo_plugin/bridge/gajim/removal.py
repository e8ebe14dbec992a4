# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gajim's window that removes an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..log import guard
from .constants import client_of
from .patches import Patches

_MODULE = "gajim.gtk.remove_account"


class _Choice(Protocol):
    """What the user has chosen."""

    @property
    def remove_from_server(self) -> bool: ...


class _RemoveAccount(Protocol):
    """The window, in all three Gajims."""

    account: str

    def get_page(self, name: str) -> _Choice: ...


def is_gone(account: str) -> bool:
    """Whether the server has just deleted all it had of an account."""
    client = client_of(account)
    return client is not None and bool(getattr(client, "_remove_account", False))


def before_removal(
    first: Callable[[str, Callable[[], None]], None],
) -> Callable[[], None]:
    """
    Have something done when the user removes an account from Gajim, and not from the
    server: that deletes all it has of the account.

    Args:
        first: is given Gajim's name of the account, and what to call afterwards.

    Returns:
        Ends that.
    """
    patches = Patches()

    def make(remove: Callable[..., None]) -> Callable[..., None]:
        def on_remove(window: _RemoveAccount, *args: object) -> None:
            def go_on() -> None:
                remove(window, *args)

            from_server = True
            with guard("looking what is removed"):
                from_server = window.get_page("remove_choice").remove_from_server
            if from_server:
                go_on()
                return
            with guard("doing something before an account is removed") as guarded:
                first(window.account, go_on)
            if guarded.error is not None:
                go_on()

        return on_remove

    patches.replace_in_class(_MODULE, "RemoveAccount", "_on_remove", make)
    return patches.restore
