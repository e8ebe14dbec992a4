# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The members of encrypted rooms that the user has seen named.

SECURITY: the server of a room decides who its members are. It could add one to read
along, so nothing may be encrypted for a member whose address the user has not seen.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from dataclasses import field

from ..effects import Effect
from ..state.core import Core
from ..values import Alarm
from ..values import AlarmKind
from ..values import Device

_ROOMS = "/gajim/room_members/"

# The most that one alarm names. More than that nobody reads; the others get their
# turn when the user has answered
NAMED_TOGETHER_MAX = 20


@dataclass(frozen=True)
class SeenMembers:
    """
    The members of a room that the user knows of. JIDs are bare ones.

    Attributes:
        named: members whose addresses the user has seen.
        unanswered: those of them that an open alarm is about.
        left_out: members that the user does not write to.
    """

    named: frozenset[str] = field(default_factory=frozenset)
    unanswered: frozenset[str] = field(default_factory=frozenset)
    left_out: frozenset[str] = field(default_factory=frozenset)


class RoomMembers:
    """The rooms of one account."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def seen(self, room: str) -> SeenMembers:
        """The members of a room that the user knows of; nothing for an unknown room."""
        value = self._core.store.get(_ROOMS + room)
        if value is None:
            return SeenMembers()
        return SeenMembers(
            frozenset(value["named"]),
            frozenset(self._alarmed(room)),
            frozenset(value["left_out"]),
        )

    def compare(
        self, room: str, members: Collection[str], visible: Collection[str]
    ) -> list[Effect]:
        """
        Compare the members of an encrypted room with those that were named.

        The first members count as named: the user sees their number above the
        input, and their addresses in the details, when the encryption begins.

        Args:
            members: all of them.
            visible: members that are in the room to be seen, or that the user
                has invited. They are named without an alarm.

        Returns:
            An alarm, if there are members that nothing shows.
        """
        core = self._core
        if core.store.get(_ROOMS + room) is None:
            self._put(room, members, ())
            core.commit()
            return []
        before = self.seen(room)
        alarmed = self._alarmed(room)
        still = [jid for jid in alarmed if jid in members and jid not in visible]
        known = before.named.union(before.left_out, visible, still)
        hidden = sorted(set(members) - known)
        now = (*still, *hidden)[:NAMED_TOGETHER_MAX]
        # Whoever is removed and comes back is new
        named = before.named.intersection(members)
        left_out = before.left_out.intersection(members)
        if (named, left_out) != (before.named, before.left_out):
            self._put(room, named, left_out)
        effects: list[Effect] = []
        if now != alarmed:
            effects = self._set_alarm(room, now, grows=bool(set(now) - set(alarmed)))
        if core.uncommitted:
            core.commit()
        return effects

    def note_named(self, room: str, members: Collection[str]) -> None:
        """The user has been shown the addresses of members of an encrypted room.
        Nothing is noted before `compare` knows the first of them: all that it meets
        then would be new."""
        if self._core.store.get(_ROOMS + room) is None:
            return
        before = self.seen(room)
        if not before.named.issuperset(members):
            self._put(room, before.named.union(members), before.left_out)
            self._core.commit()

    def leave_out(self, room: str, members: Collection[str]) -> None:
        """The user does not write to these members. Nothing is committed."""
        before = self.seen(room)
        self._put(room, before.named, before.left_out.union(members))

    def forget(self, room: str) -> None:
        """The room is not encrypted any more."""
        core = self._core
        core.store.delete(_ROOMS + room)
        core.alarms.remove(AlarmKind.MEMBERS_ADDED, Device(room, 0))
        core.commit()

    def _put(
        self, room: str, named: Collection[str], left_out: Collection[str]
    ) -> None:
        value = {"named": sorted(named), "left_out": sorted(left_out)}
        self._core.store.put(_ROOMS + room, value)

    def _alarmed(self, room: str) -> tuple[str, ...]:
        for alarm in self._core.alarms.open(room):
            if alarm.kind is AlarmKind.MEMBERS_ADDED:
                return alarm.members
        return ()

    def _set_alarm(
        self, room: str, members: tuple[str, ...], *, grows: bool
    ) -> list[Effect]:
        """Replace the room's alarm. It is raised again only for more members."""
        core = self._core
        device = Device(room, 0)
        core.alarms.remove(AlarmKind.MEMBERS_ADDED, device)
        if not members:
            return []
        alarm = Alarm(
            AlarmKind.MEMBERS_ADDED, device, core.now(), members=tuple(members)
        )
        effects = core.alarms.add(alarm)
        return effects if grows else []
