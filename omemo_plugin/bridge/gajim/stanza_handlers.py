# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handlers of stanzas, as nbxmpp takes them from a module."""

from __future__ import annotations

from collections.abc import Callable

from nbxmpp.structs import StanzaHandler


def handler(
    namespace: str,
    priority: int,
    callback: Callable[..., None],
    stanza: str = "message",
) -> StanzaHandler:
    """
    Args:
        priority: handlers with a lower one are called before.
        stanza: the name of the stanza's element.
    """
    return StanzaHandler(
        name=stanza, callback=callback, ns=namespace, priority=priority
    )
