# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Taking the place of the OMEMO that is built into Gajim 2.

The built-in module is asked for by name in many places of Gajim, so something
else has to answer to that name. It itself stays as it is, but hears nothing:
no stanza, no event. Giving the place back is the same in reverse.

Gajim makes a new client, with a new built-in module, whenever an account is
enabled, and asks the modules for their handlers at every connection. So there
is one takeover for each client, and it holds across connections.
"""

from __future__ import annotations

import logging
from typing import Any

from gajim.common import modules

from .facade import Facade

log = logging.getLogger("gajim.p.omemo_plugin")

_NAME = "OMEMO"

# Where Gajim's `EventHelper` keeps what it has registered
_EVENTS = "_EventHelper__event_handlers"


class TakeoverFailed(Exception):
    """The built-in module is not as it is known. Nothing was changed."""


class Takeover:
    """The place of one client's built-in module, as long as we hold it."""

    def __init__(self, client: Any, service: Any) -> None:
        self._client = client
        try:
            self._builtin = client.get_module(_NAME)
            self._events = list(getattr(self._builtin, _EVENTS))
            self._handlers = list(self._builtin.handlers)
        except (KeyError, AttributeError) as error:
            raise TakeoverFailed(str(error)) from error
        if not self._events or not self._handlers:
            # Nothing to silence: it would go on to answer in a way unknown to us
            raise TakeoverFailed("the built-in module is of another kind")

        connection = client.connection
        if connection is not None:
            for handler in self._handlers:
                connection.unregister_handler(handler)
        # At the next connection Gajim asks again
        self._builtin.handlers = []
        self._builtin.unregister_events()
        facade = Facade(service, self._builtin)
        modules.register_single_module(client, facade, _NAME)
        log.info("Took the place of the built-in OMEMO of %s", client.account)

    def restore(self) -> None:
        """
        Give the place back. On a standing connection the built-in module
        publishes its keys, as it would have done when that began.
        """
        client = self._client
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


def install(client: Any, service: Any) -> Takeover:
    """
    Take the place of a client's built-in module.

    Args:
        service: the `AccountService` that is to answer.

    Raises:
        TakeoverFailed: nothing was changed; two modules would answer.
    """
    return Takeover(client, service)
