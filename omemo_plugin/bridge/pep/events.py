# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Device lists that servers announce by themselves (XEP-0163)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ...engine.errors import MalformedStanza
from ...engine.errors import StanzaTooLarge
from .announced_lists import AnnouncedLists
from .client import device_list_event

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import MessageProperties
    from ..gajim.nbxmpp_protocols import MessageStanza

log = logging.getLogger("gajim.p.omemo_plugin")


def read_event(
    own_jid: str,
    stanza: MessageStanza,
    properties: MessageProperties,
    lists: AnnouncedLists,
) -> None:
    """
    Read an event; one that is not about a device list is passed over.

    Args:
        own_jid: the account's bare JID. Its own server may leave the sender out.
        lists: takes what was read.
    """
    if properties.type.is_error:
        return
    if properties.carbon is not None or properties.mam is not None:
        # SECURITY: an event counts only as the server sends it
        return
    sender = stanza.getFrom()
    jid = own_jid if sender is None else str(sender)
    if sender is not None and not sender.is_bare:
        return
    try:
        found = device_list_event(stanza)
    except StanzaTooLarge as error:
        log.info("Device list refused: %s", error)
        lists.too_long(jid)
        return
    except MalformedStanza as error:
        log.info("Device list refused: %s", error)
        return
    if found is None:
        return
    protocol, payload = found
    lists.came(jid, protocol, payload)
