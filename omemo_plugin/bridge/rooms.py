# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Private rooms: who their members are, and who is behind a nickname.

SECURITY: members are taken from the room's own lists of affiliations and from
what it announces afterwards; the address behind a nickname from its presence,
or from its archive. What a message says about its sender counts for nothing.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from xml.etree.ElementTree import Element

from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import JID

from . import compat
from .failures import report

log = logging.getLogger("gajim.p.omemo_plugin")

# Who gets messages (XEP-0045, 5.2): outcasts and strangers do not
_MEMBERS = ("owner", "admin", "member")

# A status code in the presence of our own arrival (XEP-0045, 7.2.2)
_SELF = "110"

# nbxmpp's way to make somebody a member, or not any more
_DECIDE = "set_affiliation"

# How many of our own messages wait to be seen again
_REFLECTIONS = 200


@dataclass
class Room:
    """
    What a room has told us.

    Attributes:
        members: affiliations by bare JID.
        answered: the lists of affiliations that have come.
        left_out: members the user agreed to write without.
    """

    members: dict[str, str] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    asked: bool = False
    left_out: set[str] = field(default_factory=set)

    @property
    def is_known(self) -> bool:
        return self.answered.issuperset(_MEMBERS)


class Rooms:
    """The rooms of one account."""

    def __init__(self, client: Any, own_jid: str) -> None:
        self._client = client
        self._own_jid = own_jid
        self._rooms: dict[str, Room] = {}
        self._reflections: OrderedDict[tuple[str, str], tuple[Element, ...]] = (
            OrderedDict()
        )
        # nbxmpp's module, in front of which we stand
        self._muc: Any = None
        # Who was behind a nickname when something was last written to it
        self._written_to: dict[str, str] = {}
        # Told of members that were not known, and that members have changed
        self.on_members: Callable[[Collection[str]], None] = lambda jids: None

    # Members

    def members(self, room_jid: str) -> tuple[str, ...] | None:
        """The bare JIDs of all members but ourselves; None while they are not
        known."""
        room = self._rooms.get(room_jid)
        if room is None or not room.is_known:
            return None
        return tuple(
            sorted(
                jid
                for jid, affiliation in room.members.items()
                if affiliation in _MEMBERS and jid != self._own_jid
            )
        )

    def recipients(self, room_jid: str) -> tuple[str, ...] | None:
        """The members, without those the user agreed to leave out."""
        members = self.members(room_jid)
        if members is None:
            return None
        left_out = self._rooms[room_jid].left_out
        return tuple(jid for jid in members if jid not in left_out)

    def leave_out(self, room_jid: str, jids: Collection[str]) -> None:
        """The user agreed to write without some members. It holds until Gajim
        ends."""
        self._rooms.setdefault(room_jid, Room()).left_out.update(jids)

    def left_out(self, room_jid: str) -> frozenset[str]:
        room = self._rooms.get(room_jid)
        return frozenset() if room is None else frozenset(room.left_out)

    def is_private(self, room_jid: str) -> bool:
        """Whether only members can enter and see who is who."""
        try:
            contact = compat.room(self._client, room_jid)
            return contact is not None and compat.is_private_room(contact)
        except Exception as error:
            report("looking at a room", error)
            return False

    def is_exposed(self, room_jid: str) -> bool:
        """Whether it is a room, and not a private one."""
        try:
            known = compat.room(self._client, room_jid) is not None
        except Exception as error:
            report("looking at a room", error)
            return True
        return known and not self.is_private(room_jid)

    def load(self, room_jid: str) -> None:
        """Ask the room for its members, unless that has been done."""
        room = self._rooms.setdefault(room_jid, Room())
        if room.asked:
            return
        room.asked = True
        # Another one with each connection
        muc = self._client.connection.get_module("MUC")
        if muc is not self._muc:
            self.close()
            self._muc = muc
            setattr(muc, _DECIDE, self._decide)
        for affiliation in _MEMBERS:
            # nbxmpp holds the callback weakly, so it is a method
            muc.get_affiliation(
                JID.from_string(room_jid),
                affiliation,
                callback=self._list_came,
                user_data=(room_jid, affiliation),
            )

    def close(self) -> None:
        if getattr(self._muc, "__dict__", {}).get(_DECIDE) == self._decide:
            delattr(self._muc, _DECIDE)
        self._muc = None

    def _decide(self, room: Any, users: Any, **options: Any) -> Any:
        """
        In front of nbxmpp's own: we invite somebody, or ban them. What is written
        next is for those who are members then, and the room says so only when it
        may be too late.
        """
        decided = getattr(type(self._muc), _DECIDE)(self._muc, room, users, **options)
        room_jid = str(room)
        try:
            if room_jid in self._rooms:
                self._affiliations(
                    room_jid,
                    [(str(jid), one.get("affiliation")) for jid, one in users.items()],
                )
                # It may have refused
                self._rooms[room_jid].asked = False
                self.load(room_jid)
        except Exception as error:
            report("following a decision about members", error)
        return decided

    def _list_came(self, task: Any) -> None:
        room_jid, affiliation = task.get_user_data()
        room = self._rooms.setdefault(room_jid, Room())
        try:
            jids = {compat.bare(jid) for jid in task.finish().users}
        except Exception as error:
            # Asked again with the next message
            log.info("No list of %ss: %s", affiliation, type(error).__name__)
            room.asked = False
            return
        gone = [
            jid
            for jid, known in room.members.items()
            if known == affiliation and jid not in jids
        ]
        for jid in gone:
            del room.members[jid]
        room.members.update(dict.fromkeys(jids, affiliation))
        room.answered.add(affiliation)
        if room.is_known:
            self._tell(self.members(room_jid) or ())

    def presence(self, stanza: Any) -> None:
        """A presence from a room: somebody came, went, or was made something
        else; or we have come ourselves."""
        source = stanza.getFrom()
        if source is None or stanza.getType() == "error":
            return
        room_jid = compat.bare(source)
        if compat.room(self._client, room_jid) is None:
            return
        user = stanza.getTag("x", namespace=Namespace.MUC_USER)
        codes = {one.getAttr("code") for one in user.getTags("status")}
        if _SELF in codes and stanza.getType() != "unavailable":
            # Whatever was known is of an earlier stay
            room = self._rooms.setdefault(room_jid, Room())
            if room.is_known or not room.asked:
                room.asked = False
                room.answered.clear()
                self.load(room_jid)
        self._items(room_jid, user)

    def announcement(self, stanza: Any) -> None:
        """A message from a room itself: somebody who is not there was made
        something else (XEP-0045, 9.3)."""
        source = stanza.getFrom()
        if source is None or not source.is_bare or stanza.getType() == "error":
            return
        if compat.room(self._client, str(source)) is not None:
            user = stanza.getTag("x", namespace=Namespace.MUC_USER)
            self._items(str(source), user)

    def _items(self, room_jid: str, user: Any) -> None:
        items = user.getTags("item")
        self._affiliations(
            room_jid,
            [(item.getAttr("jid"), item.getAttr("affiliation")) for item in items],
        )

    def _affiliations(
        self, room_jid: str, items: Collection[tuple[str | None, str | None]]
    ) -> None:
        room = self._rooms.setdefault(room_jid, Room())
        new = []
        for jid, affiliation in items:
            if not jid or not affiliation:
                continue
            try:
                address = compat.bare(JID.from_string(jid))
            except Exception:
                log.info("A room announced somebody with a malformed address")
                continue
            known = room.members.get(address)
            if affiliation in _MEMBERS:
                room.members[address] = affiliation
            else:
                # SECURITY: at once, whatever a list said that is on its way
                room.members.pop(address, None)
            if known is None and affiliation in _MEMBERS:
                new.append(address)
        self._tell(new)

    def _tell(self, jids: Collection[str]) -> None:
        try:
            self.on_members(jids)
        except Exception as error:
            report("meeting members", error)

    # Senders

    def sender(self, properties: Any) -> str | None:
        """
        The bare JID of whoever wrote a message in a room; None if the room does
        not tell.
        """
        source = properties.from_
        if source is None or source.is_bare:
            return None
        room_jid = compat.bare(source)
        mam = properties.mam
        if mam is not None:
            if compat.bare(mam.archive) != room_jid:
                return None
            user = properties.muc_user
            if user is not None and user.jid is not None:
                return compat.bare(user.jid)
        return self.person(str(source))

    # Private messages

    def person(self, address: str) -> str | None:
        """The bare JID of whoever has a nickname in a room now; None if the
        room does not tell, or nobody has it."""
        try:
            jid = JID.from_string(address)
            if jid.is_bare:
                return None
            real = compat.real_jid(self._client, compat.bare(jid), jid.resource)
        except Exception as error:
            report("looking for who has a nickname", error)
            return None
        return None if real is None else compat.bare(real)

    def is_written_to(self, address: str, jid: str) -> bool:
        """Whether it is the one who was last written to by a nickname."""
        return self._written_to.get(address) == jid

    def previous_person(self, address: str, jid: str) -> str | None:
        """
        Note who is written to by a nickname.

        Returns:
            Who it was the last time since Gajim was started.
        """
        previous = self._written_to.get(address)
        self._written_to[address] = jid
        return previous

    # Our own messages, which the room sends back

    def note_sent(
        self, room_jid: str, message_id: str | None, content: Sequence[Element]
    ) -> None:
        """Nobody can decrypt for us what this device has encrypted."""
        if message_id:
            self._reflections[room_jid, message_id] = tuple(content)
            while len(self._reflections) > _REFLECTIONS:
                self._reflections.popitem(last=False)

    def reflected(
        self, properties: Any, message_id: str | None
    ) -> tuple[Element, ...] | None:
        """What a message of ours that has come back consists of; None if this
        device has not sent it in this session."""
        if properties.from_ is None or not message_id:
            return None
        room_jid = compat.bare(properties.from_)
        return self._reflections.pop((room_jid, message_id), None)
