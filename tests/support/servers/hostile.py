# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that lies: it sends one of its users what nobody ever sent."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from ..gajim.program import Gajim
from ..waiting import wait_for
from .prosody import Prosody

LEGACY_LIST = "eu.siacs.conversations.axolotl.devicelist"
NEW_LIST = "urn:xmpp:omemo:2:devices"

MODULE = "hostile"

# An element of the right form with a key for nobody and a text of nobody
BROKEN = (
    "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='7'>"
    "<key rid='{rid}'>MwohBQ==</key><iv>AAAAAAAAAAAAAAAA</iv></header>"
    "<payload>AAAA</payload></encrypted>"
)


class HostileServer:
    """The attacks of a server, which has the module of that name, on a user."""

    def __init__(self, server: Prosody, victim: Gajim) -> None:
        self._server = server
        self._victim = victim
        self._numbers = itertools.count(1)

    @property
    def own(self) -> str:
        """The victim's bare JID."""
        return self._victim.account.jid

    def send(self, stanza: str) -> None:
        """Send one stanza as it is, and wait until it is out."""
        self._order(stanza, "xml")

    def add_to_encrypted(self, *elements: str) -> None:
        """Add these to every encrypted message for the victim from now on; without
        any, add nothing any more."""
        around = "".join(elements)
        self._order(f"<around xmlns='jabber:client'>{around}</around>", "add")

    def hold(self, needle: str) -> None:
        """Hold back the answers that contain a text; '' lets them go."""
        self._order(f"<hold xmlns='jabber:client'>{needle}</hold>", "hold")

    def place_files_at(self, address: str) -> None:
        """Say that uploaded files can be downloaded there; '' ends that."""
        self._order(f"<slot xmlns='jabber:client'>{address}</slot>", "slot")

    def _order(self, stanza: str, kind: str) -> None:
        folder = self._server.folder / "hostile"
        path = folder / f"{next(self._numbers):06d}.{kind}"
        waiting = path.with_suffix(".new")
        waiting.write_text(f"{self._victim.account.name}\n{stanza}")
        waiting.rename(path)
        wait_for("the server has sent it", lambda: not path.exists())
        failed = path.with_name(f"{path.name}.failed")
        assert not failed.exists(), f"the server could not send: {stanza[:200]}"

    def message(self, sender: str, content: str) -> str:
        """Make a chat message to the victim."""
        number = next(self._numbers)
        return (
            f"<message xmlns='jabber:client' type='chat' from='{sender}/x'"
            f" to='{self.own}' id='hostile-{number}'>{content}</message>"
        )

    def forwarded(self, stanza: str) -> str:
        """Wrap a message as carbons and archives do."""
        return (
            "<forwarded xmlns='urn:xmpp:forward:0'>"
            "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>"
            f"{stanza}</forwarded>"
        )

    def carbon(self, stanza: str, kind: str = "received") -> str:
        """Wrap a message in an own carbon's element, without a message around."""
        inner = self.forwarded(stanza)
        return f"<{kind} xmlns='urn:xmpp:carbons:2'>{inner}</{kind}>"

    def archived(self, stanza: str, query: str) -> str:
        """Wrap a message in an archive's result, without a message around."""
        return (
            f"<result xmlns='urn:xmpp:mam:2' queryid='{query}'"
            f" id='archived-{next(self._numbers)}'>{self.forwarded(stanza)}</result>"
        )

    def from_server(self, sender: str, content: str) -> None:
        """Send the victim a message around something."""
        self.send(f"<message from='{sender}'>{content}</message>")

    def device_list(self, owner: str, devices: Iterable[int], node: str) -> None:
        """Send an event with a device list."""
        if node == NEW_LIST:
            ids = "".join(f"<device id='{device}'/>" for device in devices)
            payload = f"<devices xmlns='urn:xmpp:omemo:2'>{ids}</devices>"
        else:
            ids = "".join(f"<device id='{device}'/>" for device in devices)
            payload = f"<list xmlns='eu.siacs.conversations.axolotl'>{ids}</list>"
        self.event(owner, node, f"<item id='current'>{payload}</item>")

    def event(self, owner: str, node: str, content: str) -> None:
        """Send an event of somebody's node."""
        self.from_server(
            owner,
            "<event xmlns='http://jabber.org/protocol/pubsub#event'>"
            f"<items node='{node}'>{content}</items></event>",
        )
