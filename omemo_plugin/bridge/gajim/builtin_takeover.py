# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Taking the place of the OMEMO that is built into Gajim 2.

Gajim asks for the built-in module by name in many places, so another object has to
answer to that name. The module itself stays as it is, but gets no stanza and no
event any more. Giving the place back is the same in reverse.

Gajim makes a new client, with a new built-in module, whenever an account is
enabled, and asks the modules for their handlers at every connection. So there
is one takeover for each client, and it holds across connections.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Literal

from gajim.common import modules

from .builtin_facade import BuiltinFacade
from .builtin_facade import FacadeService

if TYPE_CHECKING:
    from .protocols import BuiltinOmemo
    from .protocols import Client

log = logging.getLogger("gajim.p.omemo_plugin")

_NAME: Literal["OMEMO"] = "OMEMO"

# Where Gajim's `EventHelper` keeps what it has registered
_EVENTS = "_EventHelper__event_handlers"


class TakeoverFailed(Exception):
    """The built-in module is not as it is known. Nothing was changed."""


class BuiltinTakeover:
    """The place of one client's built-in module, as long as we hold it."""

    def __init__(self, client: Client, service: FacadeService) -> None:
        """
        Take the place.

        Args:
            service: answers in the place of the built-in module.

        Raises:
            TakeoverFailed: nothing was changed; two modules would answer.
        """
        self._client = client
        try:
            self._builtin = client.get_module(_NAME)
            self._is_closed = is_store_closed(self._builtin)
            self._events = list(getattr(self._builtin, _EVENTS))
            self._handlers = list(self._builtin.handlers)
        except (KeyError, AttributeError) as error:
            raise TakeoverFailed(str(error)) from error
        if not self._events or not self._handlers:
            # Nothing to silence: it would go on answering in an unknown way
            raise TakeoverFailed("the built-in module is of another kind")

        connection = client.connection
        if connection is not None:
            for handler in self._handlers:
                connection.unregister_handler(handler)
        # At the next connection Gajim asks again
        self._builtin.handlers = []
        self._builtin.unregister_events()
        self.answer_with(service)
        log.info("Took the place of the built-in OMEMO of %s", client.account)

    def answer_with(self, service: FacadeService) -> None:
        """Another one answers in the place of the built-in module from now on."""
        facade = BuiltinFacade(service, self._builtin)
        modules.register_single_module(self._client, facade, _NAME)

    def restore(self) -> None:
        """
        Give the place back. On a standing connection the built-in module
        publishes its keys, as it would have done when that began.
        """
        client = self._client
        if self._is_closed:
            self._renew()
            return
        builtin = self._builtin
        builtin.handlers = self._handlers
        builtin.register_events(self._events)
        modules.register_single_module(client, builtin, _NAME)
        connection = client.connection
        if connection is not None:
            for handler in self._handlers:
                connection.register_handler(handler)
        log.info("Gave the place of the built-in OMEMO of %s back", client.account)
        if client.state.is_available:
            builtin.set_bundle()
            builtin.request_devicelist()

    def _renew(self) -> None:
        """Its keys are ours now: it gets a new module, with keys of its own."""
        renew(self._client, self._builtin)


def close_store(client: Client) -> BuiltinOmemo:
    """
    Close the database of the built-in module, which writes nothing to it any more.

    Returns:
        The module.

    Raises:
        TakeoverFailed: the module is of another kind. Nothing was changed.
    """
    try:
        builtin = client.get_module(_NAME)
        builtin.backend._storage._con.close()
    except (KeyError, AttributeError) as error:
        raise TakeoverFailed(str(error)) from error
    return builtin


def is_store_closed(builtin: BuiltinOmemo) -> bool:
    """Whether `close_store` has closed it."""
    try:
        builtin.backend._storage._con.total_changes  # noqa: B018 - it asks the database
    except sqlite3.ProgrammingError:
        return True
    return False


def renew(client: Client, former: BuiltinOmemo) -> None:
    """
    Put a new built-in module in the place of one whose database was closed. It opens
    the database again, or makes one. On a standing connection it publishes its keys.
    """
    former.unregister_events()
    make: Callable[[Client], BuiltinOmemo] = type(former)
    builtin = make(client)
    modules.register_single_module(client, builtin, _NAME)
    connection = client.connection
    if connection is not None:
        for handler in former.handlers:
            connection.unregister_handler(handler)
        for handler in builtin.handlers:
            connection.register_handler(handler)
    if client.state.is_available:
        builtin.set_bundle()
        builtin.request_devicelist()
