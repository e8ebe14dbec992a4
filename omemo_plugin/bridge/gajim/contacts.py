# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gajim's contacts, rooms and roster, in each supported version."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import TypeGuard

from nbxmpp.protocol import JID

from ...foreign_text import clean

if TYPE_CHECKING:
    from .nbxmpp_protocols import Jid
    from .protocols import Client
    from .protocols import Contact
    from .protocols import GajimRoom


def _is_room(contact: Contact | None) -> TypeGuard[GajimRoom]:
    return contact is not None and contact.is_groupchat


def room(client: Client, jid: str) -> GajimRoom | None:
    """The room with this address; None if it is not one that Gajim is in, or
    was."""
    contacts = client.get_module("Contacts")
    address = JID.from_string(jid)
    if not address.is_bare:
        return None
    if hasattr(contacts, "get_contact_if_exists"):
        contact = contacts.get_contact_if_exists(address)
    else:
        try:
            contact = contacts.get_bare_contact(address)
        except KeyError:
            return None
    return contact if _is_room(contact) else None


def is_private_room(contact: Contact) -> bool:
    """Whether only members may enter, and all see the addresses. Gajim says yes
    of a room it knows nothing about."""
    return (
        _is_room(contact)
        and contact.get_disco() is not None
        and bool(contact.encryption_available)
    )


def real_jid(client: Client, room_jid: str, nickname: str) -> Jid | None:
    """The JID behind a nickname, as the room's presence told it; or None."""
    contact = room(client, room_jid)
    return None if contact is None else contact.get_resource(nickname).real_jid


def is_nickname(contact: Contact) -> bool:
    """Whether a contact is an occupant of a room, by the nickname."""
    return contact.is_pm_contact


def sees_our_presence(client: Client, jid: str) -> bool:
    """Whether a contact is subscribed to us."""
    item = client.get_module("Roster").get_item(JID.from_string(jid))
    return item is not None and item.subscription in ("both", "from")


def is_in_roster(client: Client, jid: str) -> bool:
    """Whether a contact is in the roster."""
    return client.get_module("Roster").get_item(JID.from_string(jid)) is not None


def can_be_encrypted(contact: Contact) -> bool:
    """Whether it is a contact, or a room that is known to be private."""
    if _is_room(contact):
        return is_private_room(contact)
    return not is_nickname(contact)


def chat_of(client: Client, jid: Jid | None, *, in_room: bool) -> Contact | None:
    """
    The contact or room that a message belongs to; None for somebody in a room,
    and if it is not known.

    Args:
        in_room: the message was for everybody in a room.
    """
    if jid is None:
        return None
    try:
        address = jid.new_as_bare()
        found = room(client, str(address))
        if in_room:
            return found
        if found is not None:
            return None
        return client.get_module("Contacts").get_contact(address)
    except Exception:  # noqa: BLE001 - such as of a room that is left by now
        return None


def name_of(client: Client, jid: str) -> str:
    """
    The user's name for a contact or a room; the JID if there is no name.

    SECURITY: where the user has given none, Gajim takes the one that the contact has
    chosen, as it is.
    """
    try:
        contact = client.get_module("Contacts").get_contact(JID.from_string(jid))
        return clean(str(contact.name)) or jid
    except Exception:  # noqa: BLE001 - an account that is switched off has none
        return jid


def own_resource(client: Client) -> str:
    """The resource of this Gajim; '' while it is not known."""
    return client.get_own_jid().resource or ""


def own_online_resources(client: Client) -> frozenset[str]:
    """Resources at which our account is online."""
    own = client.get_own_jid().new_as_bare()
    contact = client.get_module("Contacts").get_contact(own)
    return frozenset(one.resource for one in contact.iter_resources())
