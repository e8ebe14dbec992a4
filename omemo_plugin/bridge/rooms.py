# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The members of private rooms, and the addresses behind nicknames.

SECURITY: members are taken from the room's own lists of affiliations and from
its later announcements; the address behind a nickname from its presence, or from
its archive. What a message says about its sender counts for nothing.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import cast
from xml.etree.ElementTree import Element as XmlElement

from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import JID

from ..engine.values import Trust
from .gajim import constants as gajim_constants
from .gajim import contacts as gajim_contacts
from .gajim.patches import Patches
from .log import guard
from .signals import Signal

if TYPE_CHECKING:
    from .gajim.nbxmpp_protocols import Affiliations
    from .gajim.nbxmpp_protocols import Element
    from .gajim.nbxmpp_protocols import Jid
    from .gajim.nbxmpp_protocols import MessageProperties
    from .gajim.nbxmpp_protocols import Muc
    from .gajim.nbxmpp_protocols import Stanza
    from .gajim.nbxmpp_protocols import Task
    from .gajim.protocols import Client


# Affiliations to be set, by address
Users = Mapping["Jid", Mapping[str, str]]

log = logging.getLogger("gajim.p.omemo_plugin")

# The affiliations that get messages (XEP-0045, 5.2): outcasts do not
_MEMBERS = ("owner", "admin", "member")

# A status code in the presence of our own arrival (XEP-0045, 7.2.2)
_SELF = "110"

# The method of nbxmpp that adds and removes members
_DECIDE = "set_affiliation"

# How many of our own messages wait to be seen again
_REFLECTIONS = 200

# After Gajim has learned the address behind a nickname (47)
ROOM_PRIORITY = 48


@dataclass
class Room:
    """
    The information that a room gives about itself.

    Attributes:
        members: affiliations by bare JID.
        occupants: the bare JIDs of those who are in the room, by nickname.
        invited: members that the user added.
        named: members whose addresses the user has seen.
        unanswered: those of them that the user was warned of, and has not
            answered.
        answered: the lists of affiliations that have come.
        left_out: members the user agreed to write without.
    """

    members: dict[str, str] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    asked: bool = False
    left_out: set[str] = field(default_factory=set)
    occupants: dict[str, str] = field(default_factory=dict)
    invited: set[str] = field(default_factory=set)
    named: frozenset[str] = frozenset()
    unanswered: frozenset[str] = frozenset()

    @property
    def is_known(self) -> bool:
        return self.answered.issuperset(_MEMBERS)


@dataclass(frozen=True)
class Reflection:
    """
    A message of this device that a room sends back.

    Attributes:
        trust: the lowest of the devices that could read it, when it was sent.
    """

    content: tuple[XmlElement, ...]
    trust: Trust


class Rooms:
    """
    The rooms of one account.

    Attributes:
        members_changed: emitted with a room, when its members become known or
            change, and with those that are new. JIDs are bare ones.
    """

    def __init__(self, client: Client, own_jid: str) -> None:
        self.members_changed: Signal[[str, Collection[str]]] = Signal("meeting members")
        self._client = client
        self._own_jid = own_jid
        self._rooms: dict[str, Room] = {}
        self._reflections: OrderedDict[tuple[str, str], Reflection] = OrderedDict()
        # nbxmpp's module, of which one method is replaced
        self._muc: Muc | None = None
        self._patches = Patches()
        # The bare JID behind a nickname when something was last written to it
        self._written_to: dict[str, str] = {}

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

    def has_member(self, jid: str) -> bool:
        """Whether an account is a member of any room that we are in."""
        return any(room.members.get(jid) in _MEMBERS for room in self._rooms.values())

    def recipients(self, room_jid: str) -> tuple[str, ...] | None:
        """The members, without those the user agreed to leave out."""
        members = self.members(room_jid)
        if members is None:
            return None
        left_out = self._rooms[room_jid].left_out
        return tuple(jid for jid in members if jid not in left_out)

    # Members who were added

    def visible(self, room_jid: str) -> frozenset[str]:
        """Members who are in the room to be seen, or whom the user has added."""
        room = self._rooms.get(room_jid)
        if room is None:
            return frozenset()
        return frozenset(room.invited.union(room.occupants.values()))

    def note_seen(
        self, room_jid: str, named: Collection[str], unanswered: Collection[str]
    ) -> None:
        """
        Take over what the user has seen of a room.

        Args:
            named: the members whose addresses were shown.
            unanswered: those of them that a warning is about.
        """
        room = self._rooms.setdefault(room_jid, Room())
        room.named = frozenset(named)
        room.unanswered = frozenset(unanswered)

    def unnamed(self, room_jid: str) -> tuple[str, ...]:
        """
        The recipients whose addresses the user has not seen.

        SECURITY: nothing may be encrypted for them.
        """
        recipients = self.recipients(room_jid) or ()
        room = self._rooms.get(room_jid)
        named = frozenset[str]() if room is None else room.named
        return tuple(jid for jid in recipients if jid not in named)

    def unanswered(self, room_jid: str) -> frozenset[str]:
        """Recipients that the user was warned of, and has not answered."""
        room = self._rooms.get(room_jid)
        if room is None:
            return frozenset()
        return room.unanswered.difference(room.left_out)

    def connected(self) -> None:
        """A new stream has begun: nobody is in a room before it is entered."""
        for room in self._rooms.values():
            room.occupants.clear()

    # Members whom the user leaves out

    def leave_out(self, room_jid: str, jids: Collection[str]) -> None:
        """The user agreed to write without some members. It holds until Gajim
        ends."""
        self._rooms.setdefault(room_jid, Room()).left_out.update(jids)

    def left_out(self, room_jid: str) -> frozenset[str]:
        room = self._rooms.get(room_jid)
        return frozenset() if room is None else frozenset(room.left_out)

    def is_room(self, jid: str) -> bool:
        """Whether Gajim is in a room with this address, or was."""
        with guard("looking for a room"):
            return gajim_contacts.room(self._client, jid) is not None
        return False

    def is_private(self, room_jid: str) -> bool:
        """Whether only members may enter, and all of them see the addresses."""
        with guard("looking at a room"):
            contact = gajim_contacts.room(self._client, room_jid)
            return contact is not None and gajim_contacts.is_private_room(contact)
        return False

    def is_exposed(self, room_jid: str) -> bool:
        """Whether it is a room, and not a private one."""
        with guard("looking at a room"):
            known = gajim_contacts.room(self._client, room_jid) is not None
            return known and not self.is_private(room_jid)
        return True

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
            self._patches.replace(muc, _DECIDE, self._follow_decisions)
        for affiliation in _MEMBERS:
            # nbxmpp holds the callback weakly, so it is a method
            muc.get_affiliation(
                JID.from_string(room_jid),
                affiliation,
                callback=self._list_came,
                user_data=(room_jid, affiliation),
            )

    def close(self) -> None:
        """Put nbxmpp's method back."""
        self._patches.restore()
        self._muc = None

    def _follow_decisions(
        self, set_affiliation: Callable[..., object]
    ) -> Callable[..., object]:
        """
        In front of nbxmpp's own method: the user invites or bans an account.
        The next message is for those who are members then, and the room announces
        that only when it may be too late.
        """

        def decide(room: Jid, users: Users, **options: object) -> object:
            decided = set_affiliation(room, users, **options)
            with guard("following a decision about members"):
                self._decided(str(room), users)
            return decided

        return decide

    def _decided(self, room_jid: str, users: Users) -> None:
        if room_jid in self._rooms:
            invited = self._rooms[room_jid].invited
            for jid, one in users.items():
                if one.get("affiliation") in _MEMBERS:
                    invited.add(gajim_constants.bare(jid))
            self._affiliations(
                room_jid,
                [(str(jid), one.get("affiliation")) for jid, one in users.items()],
            )
            # The room may have refused
            self._rooms[room_jid].asked = False
            self.load(room_jid)

    def _list_came(self, task: Task) -> None:
        room_jid, affiliation = cast(tuple[str, str], task.get_user_data())
        room = self._rooms.setdefault(room_jid, Room())
        try:
            found = cast("Affiliations", task.finish())
            jids = {gajim_constants.bare(jid) for jid in found.users}
        except Exception as error:  # noqa: BLE001 - of whatever kind: no answer
            # The next message asks again
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
            self.members_changed.emit(room_jid, self.members(room_jid) or ())

    def presence(self, stanza: Stanza) -> None:
        """A presence from a room: an occupant, or we ourselves, came, went, or
        got another affiliation."""
        source = stanza.getFrom()
        if source is None or stanza.getType() == "error":
            return
        room_jid = gajim_constants.bare(source)
        if gajim_contacts.room(self._client, room_jid) is None:
            return
        user = stanza.getTag("x", namespace=Namespace.MUC_USER)
        if user is None:
            return
        codes = {one.getAttr("code") for one in user.getTags("status")}
        if _SELF in codes and stanza.getType() != "unavailable":
            # Anything known so far is of an earlier stay
            room = self._rooms.setdefault(room_jid, Room())
            if room.is_known or not room.asked:
                room.asked = False
                room.answered.clear()
                self.load(room_jid)
        self._note_occupant(source, stanza, user)
        self._items(room_jid, user)

    def _note_occupant(self, source: Jid, stanza: Stanza, user: Element) -> None:
        """Follow who is in a room to be seen."""
        nickname = source.resource
        room_jid = gajim_constants.bare(source)
        if not nickname:
            return
        room = self._rooms.setdefault(room_jid, Room())
        room.occupants.pop(nickname, None)
        codes = {one.getAttr("code") for one in user.getTags("status")}
        if _SELF in codes and stanza.getType() == "unavailable":
            # We have left, and see nobody come or go
            room.occupants.clear()
        item = user.getTag("item")
        jid = None if item is None else item.getAttr("jid")
        if not jid or stanza.getType() == "unavailable":
            return
        try:
            room.occupants[nickname] = gajim_constants.bare(JID.from_string(jid))
        except Exception:  # noqa: BLE001 - the versions raise different errors
            log.info("A room showed an occupant with a malformed address")

    def announcement(self, stanza: Stanza) -> None:
        """A message from a room itself: an account that is not there got another
        affiliation (XEP-0045, 9.3)."""
        source = stanza.getFrom()
        if source is None or not source.is_bare or stanza.getType() == "error":
            return
        if gajim_contacts.room(self._client, str(source)) is not None:
            user = stanza.getTag("x", namespace=Namespace.MUC_USER)
            if user is not None:
                self._items(str(source), user)

    def _items(self, room_jid: str, user: Element) -> None:
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
                address = gajim_constants.bare(JID.from_string(jid))
            except Exception:  # noqa: BLE001 - the versions raise different errors
                log.info("A room announced a member with a malformed address")
                continue
            known = room.members.get(address)
            if affiliation in _MEMBERS:
                room.members[address] = affiliation
            else:
                # SECURITY: at once, whatever a list said that is on its way
                room.members.pop(address, None)
                room.invited.discard(address)
            if known is None and affiliation in _MEMBERS:
                new.append(address)
        self.members_changed.emit(room_jid, new)

    # Senders

    def sender(self, properties: MessageProperties) -> str | None:
        """The bare JID of the sender of a message in a room; None if the room
        does not tell."""
        source = properties.from_
        if source is None or source.is_bare:
            return None
        room_jid = gajim_constants.bare(source)
        mam = properties.mam
        if mam is not None:
            if gajim_constants.bare(mam.archive) != room_jid:
                return None
            user = properties.muc_user
            if user is not None and user.jid is not None:
                return gajim_constants.bare(user.jid)
        return self.person(str(source))

    # Private messages

    def person(self, address: str) -> str | None:
        """The bare JID of the occupant that has a nickname in a room now; None if
        the room does not tell, or no occupant has it."""
        with guard("looking up a nickname"):
            jid = JID.from_string(address)
            if jid.is_bare:
                return None
            real = gajim_contacts.real_jid(
                self._client, gajim_constants.bare(jid), jid.resource
            )
            return None if real is None else gajim_constants.bare(real)
        return None

    def is_written_to(self, address: str, jid: str) -> bool:
        """Whether the last message to a nickname was for this bare JID."""
        return self._written_to.get(address) == jid

    def previous_person(self, address: str, jid: str) -> str | None:
        """
        Note the bare JID that a message to a nickname is for.

        Returns:
            The one of the message before, since Gajim was started.
        """
        previous = self._written_to.get(address)
        self._written_to[address] = jid
        return previous

    # Our own messages, which the room sends back

    def note_sent(
        self,
        room_jid: str,
        message_id: str | None,
        content: Sequence[XmlElement],
        trust: Trust,
    ) -> None:
        """
        Keep the content of a message of ours: this device cannot decrypt what it
        has encrypted.

        Args:
            trust: the lowest of the devices that can read it.
        """
        if message_id:
            self._reflections[room_jid, message_id] = Reflection(tuple(content), trust)
            while len(self._reflections) > _REFLECTIONS:
                self._reflections.popitem(last=False)

    def reflected(
        self, properties: MessageProperties, message_id: str | None
    ) -> Reflection | None:
        """A message of ours that the room sends back; None if this device has not
        sent it in this session."""
        if properties.from_ is None or not message_id:
            return None
        room_jid = gajim_constants.bare(properties.from_)
        return self._reflections.pop((room_jid, message_id), None)
