# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Members who are added to encrypted rooms: their keys are fetched, and they are named
to the user before anything is encrypted for them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ..engine.effects import FetchDeviceList
from ..engine.values import Alarm
from ..engine.values import AlarmKind
from ..engine.values import Protocol
from .gajim import chat_window
from .gajim import contacts as gajim_contacts
from .log import guard
from .notices import texts
from .notices.chat_notices import ChatNotices
from .pep.effects import EffectRunner
from .rooms import Rooms
from .signals import Signal
from .state.encrypted_chats import EncryptedChats
from .state.keystore import Keystore
from .timers import later

if TYPE_CHECKING:
    from .gajim.protocols import Client


class NewMembers:
    """
    The members of one account's rooms. Nothing raises.

    Attributes:
        changed: emitted when members have come or gone, or have been named: a
            message may be waiting for it.
    """

    def __init__(
        self,
        client: Client,
        own_jid: str,
        rooms: Rooms,
        keystore: Keystore,
        effects: EffectRunner,
        notices: ChatNotices,
        encrypted_chats: EncryptedChats,
    ) -> None:
        self.changed: Signal[[]] = Signal("going on with the members of a room")
        self._client = client
        self._own_jid = own_jid
        self._rooms = rooms
        self._keystore = keystore
        self._effects = effects
        self._notices = notices
        self._encrypted_chats = encrypted_chats
        rooms.members_changed.connect(self._members_changed)
        encrypted_chats.added.connect(self.compare)
        encrypted_chats.removed.connect(self._forget)

    def _members_changed(self, room: str, new: Collection[str]) -> None:
        """The server announces the devices of contacts only, so those of other
        members are fetched."""
        strangers = [
            jid
            for jid in new
            if jid != self._own_jid
            and not gajim_contacts.is_in_roster(self._client, jid)
        ]
        self._effects.carry_out_later(
            [FetchDeviceList(jid, one) for jid in strangers for one in Protocol]
        )
        self.compare(room)
        self.changed.emit()

    def compare(self, room: str) -> None:
        """Look for members who have not been named."""
        members = self._rooms.members(room)
        if members is None or room not in self._encrypted_chats:
            return
        visible = self._rooms.visible(room)
        self._effects.call(
            "looking at the members of a room",
            lambda engine: engine.members.compare(room, members, visible),
        )
        self._take_over(room)

    def _take_over(self, room: str) -> None:
        engine = self._keystore.engine
        if engine is None:
            return
        with guard("reading the members of a room"):
            seen = engine.members.seen(room)
            self._rooms.note_seen(room, seen.named, seen.unanswered)
            self._rooms.leave_out(room, seen.left_out)

    def _forget(self, room: str) -> None:
        self._keystore.call(
            "forgetting a room", lambda engine: engine.members.forget(room)
        )
        self._rooms.note_seen(room, (), ())

    def on_screen(self, room: str, named: Collection[str]) -> None:
        """
        The room is on screen.

        Args:
            named: members whom the dock above the input names.
        """
        # Whoever is there before the encryption begins is not new
        if room in self._encrypted_chats and self._rooms.unnamed(room):
            # Not at once: Gajim may be about to fill the chat
            later(self._name, room, tuple(named))

    def _name(self, room: str, named: Collection[str]) -> None:
        if chat_window.chat_on_screen(self._client.account) != room:
            return
        unnamed = set(self._rooms.unnamed(room))
        shown = unnamed.intersection(named)
        in_sight = sorted(unnamed.intersection(self._rooms.visible(room)))
        for jids, line in self._lines(in_sight):
            if self._notices.show_now(room, line):
                shown.update(jids)
        if not shown:
            return
        self._keystore.call(
            "noting who was named",
            lambda engine: engine.members.note_named(room, shown),
        )
        self._take_over(room)
        self.changed.emit()

    def _lines(self, jids: Collection[str]) -> list[tuple[Collection[str], str]]:
        """The lines about new members: about those with keys, and about the others."""
        engine = self._keystore.engine
        if engine is None or not jids:
            return []
        able: set[str] = set()
        with guard("looking who can read"):
            plan = engine.outgoing.plan(jids)
            self._effects.carry_out_later(plan.effects)
            able.update(device.jid for device in plan.recipients)
        able.intersection_update(jids)
        unable = set(jids) - able
        lines: list[tuple[Collection[str], str]] = []
        if able:
            lines.append((able, texts.members_came(able)))
        if unable:
            lines.append((unable, texts.members_without_keys_came(unable)))
        return lines

    def answered(self, alarm: Alarm) -> None:
        """The user has answered an alarm, which may be about a room."""
        if alarm.kind is not AlarmKind.MEMBERS_ADDED:
            return
        room = alarm.device.jid
        self._take_over(room)
        self.compare(room)
        self.changed.emit()
