# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rooms that were taken over from Pidgin.

Gajim keeps rooms as bookmarks on the server, so they have to wait until an account
is online and its bookmarks have been read.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from ..base.system import System
from ..pidgin.importer import ROOMS
from .protocols import GajimEvent

log = logging.getLogger("gajim.p.tails")


def install(system: System) -> None:
    """Wait for each account's bookmarks, if there are rooms to come."""
    path = system.state / ROOMS
    if not path.exists():
        return
    from gajim.common import app
    from gajim.common import ged

    def received(event: GajimEvent) -> None:
        try:
            _add(path, event.account)
        except Exception:
            log.exception("Rooms of Pidgin’s were not taken over")

    app.ged.register_event_handler("bookmarks-received", ged.POSTGUI2, received)


def _add(path: Path, account: str) -> None:
    from gajim.common import app
    from nbxmpp.protocol import JID

    if not path.exists():
        return
    rooms = json.loads(path.read_text(encoding="utf-8"))["rooms"]
    client = app.get_client(account)
    own = str(client.get_own_jid().new_as_bare())
    ours = [room for room in rooms if room["account"] == own]
    bookmarks = client.get_module("Bookmarks")
    for room in ours:
        jid = JID.from_string(room["jid"])
        if not bookmarks.is_bookmark(jid):
            bookmarks.add_or_modify(
                jid,
                name=room["name"] or None,
                nick=room["nick"] or None,
                password=room["password"] or None,
                autojoin=room["autojoin"],
            )
    left = [room for room in rooms if room["account"] != own]
    if len(left) == len(rooms):
        return
    if left:
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps({"rooms": left}), encoding="utf-8")
        new.replace(path)
    else:
        path.unlink()
