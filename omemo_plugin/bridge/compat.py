# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Every difference between the Gajims this plugin runs in: 1.7.3 (nbxmpp 4.2),
2.1.1 (6.1) and 2.6.0 (7.4). Nothing else asks for a version.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gajim.common import app
from gajim.common import configpaths
from gajim.common.const import Trust as GajimTrust
from gajim.common.setting_values import ACCOUNT_SETTINGS
from nbxmpp.modules.receipts import build_receipt
from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import JID
from nbxmpp.protocol import NodeProcessed
from nbxmpp.simplexml import Node

from ..engine.values import Trust

log = logging.getLogger("gajim.p.omemo_plugin")

# What the user sees, and the key under which Gajim knows an encryption
ENCRYPTION_NAME = "OMEMO"

HAS_BUILTIN_OMEMO = importlib.util.find_spec("gajim.common.modules.omemo") is not None

try:
    from nbxmpp.exceptions import StanzaDecrypted as _StanzaDecrypted
except ImportError:
    _StanzaDecrypted = None

# Raised by a handler that decrypted a stanza: nbxmpp then looks at its new
# content. None where that does not exist.
StanzaDecrypted: type[Exception] | None = _StanzaDecrypted

_TO_GAJIM = {
    Trust.DISTRUSTED: GajimTrust.UNTRUSTED,
    Trust.UNDECIDED: GajimTrust.UNDECIDED,
    Trust.BLIND: GajimTrust.BLIND,
    Trust.VERIFIED: GajimTrust.VERIFIED,
}
_FROM_GAJIM = {value.name: key for key, value in _TO_GAJIM.items()}


# Trust and the shield


def gajim_trust(trust: Trust) -> Any:
    return _TO_GAJIM[trust]


def trust_from_gajim(value: Any) -> Trust:
    return trust_from_name(GajimTrust(value).name)


def trust_from_name(name: str) -> Trust:
    """By name: Gajim's own stores number the levels differently."""
    return _FROM_GAJIM[name]


def encryption_data(trust: Trust, fingerprint: str | None) -> Any:
    """What `properties.encrypted` holds for a received message."""
    if HAS_BUILTIN_OMEMO:
        # The archive's column must not be empty
        return _new_encryption_data(trust, fingerprint or "Unknown")
    from gajim.common.const import EncryptionData

    return EncryptionData(
        {
            "name": ENCRYPTION_NAME,
            "fingerprint": fingerprint,
            "trust": gajim_trust(trust),
        }
    )


def _new_encryption_data(trust: Trust, fingerprint: str) -> Any:
    from nbxmpp.structs import EncryptionData

    return EncryptionData(
        protocol=ENCRYPTION_NAME, key=fingerprint, trust=gajim_trust(trust)
    )


# Messages on their way out


def stanza_of(message: Any) -> Any:
    if hasattr(message, "get_stanza"):
        return message.get_stanza()
    return message.stanza


def text_of(message: Any) -> str | None:
    """What the user typed; None for a message that is none, such as a chat
    state."""
    if hasattr(message, "get_text"):
        return message.get_text(with_fallback=False) or None
    return message.message or None


def is_chat_state(message: Any) -> bool:
    """Whether the message consists of a chat state or a marker only."""
    return text_of(message) is None and (
        message.chatstate is not None or message.marker is not None
    )


def is_change(message: Any) -> bool:
    """Whether the message reacts to an earlier one, or takes it back, and has no
    text."""
    return text_of(message) is None and (
        getattr(message, "reaction_data", None) is not None
        or getattr(message, "retraction_id", None) is not None
    )


def is_private_message(message: Any) -> bool:
    """Whether it is for somebody in a room, by the nickname."""
    return not message.is_groupchat and bool(
        getattr(message, "is_pm", False) or is_nickname(message.contact)
    )


def is_nickname(contact: Any) -> bool:
    """Whether it is somebody in a room."""
    return bool(getattr(contact, "is_pm_contact", False))


def mark_encrypted(message: Any, trust: Trust, fingerprint: str) -> None:
    """Say that an outgoing message has been encrypted."""
    if hasattr(message, "set_encryption"):
        message.set_encryption(_new_encryption_data(trust, fingerprint))
        return
    message.xhtml = None
    message.additional_data["encrypted"] = {
        "name": ENCRYPTION_NAME,
        "fingerprint": fingerprint,
        "trust": gajim_trust(trust),
    }


# What comes out of an envelope


_REACTIONS = importlib.util.find_spec("gajim.common.modules.reactions") is not None
_RETRACTION = importlib.util.find_spec("gajim.common.modules.retraction") is not None


def can_show(part: tuple[str, str]) -> bool:
    """Whether this Gajim does anything with such a part of a message."""
    unknown = {"reactions": not _REACTIONS, "retract": not _RETRACTION}
    return not unknown.get(part[0], False)


def dispatch_added(
    client: Any, stanza: Any, properties: Any, nodes: Sequence[Node]
) -> None:
    """
    Call the handlers of parts that came out of an envelope: nbxmpp 4.2 has
    chosen those of the stanza before. Later versions are told to look again.
    """
    if StanzaDecrypted is not None:
        return
    handlers = client.connection._dispatcher._handlers[Namespace.CLIENT]["message"]
    kind = stanza.getType() or "normal"
    known = {*stanza.props, Namespace.CORRECT}
    found = {node.getNamespace() for node in nodes} - known
    chain = [
        handler
        for namespace in sorted(found)
        for name in (namespace, kind + namespace)
        for handler in handlers.get(name, ())
    ]
    for handler in sorted(chain, key=lambda one: one["priority"]):
        try:
            handler["func"](client.connection, stanza, properties)
        except NodeProcessed:
            return


def receipt_for(client: Any, stanza: Any, properties: Any) -> Any:
    """
    The receipt that a message asks for, in clear; None where Gajim would send
    none. To be asked when the message has been decrypted.
    """
    carbon = properties.carbon
    if (
        properties.type.is_groupchat
        or properties.type.is_error
        or properties.is_self_message
        or properties.mam is not None
        or (carbon is not None and carbon.is_sent)
        or stanza.getID() is None
        or not app.settings.get_account_setting(client.account, "answer_receipts")
    ):
        return None
    # To a nickname Gajim always answers, and nbxmpp 4.2 would not know it as one
    private = stanza.getTag("x", namespace=Namespace.MUC_USER) is not None
    if not private and not client.get_module("Receipts")._should_answer(properties):
        return None
    return build_receipt(stanza)


# Rooms


def room(client: Any, jid: str) -> Any:
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
    return contact if contact is not None and contact.is_groupchat else None


def is_private_room(contact: Any) -> bool:
    """Whether only members may enter, and all see who is who. Gajim says yes
    of a room it knows nothing about."""
    return contact.get_disco() is not None and bool(contact.encryption_available)


def real_jid(client: Any, room_jid: str, nickname: str) -> Any:
    """The JID behind a nickname, as the room's presence told it; or None."""
    contact = room(client, room_jid)
    return None if contact is None else contact.get_resource(nickname).real_jid


def is_groupchat_message(message: Any) -> bool:
    """Whether it is for all in a room."""
    return bool(message.is_groupchat)


# Accounts and contacts


def own_jid(client: Any) -> str:
    return str(client.get_own_jid().new_as_bare())


def bare(jid: Any) -> str:
    return str(jid.new_as_bare())


def is_available(client: Any) -> bool:
    return bool(client.state.is_available)


# What Prosody and ejabberd take of a client if nothing else is configured
_STANZA_BYTES_MAX = 256 * 1024

_LIMITS = "urn:xmpp:stream-limits:0"


def stanza_bytes_max(client: Any) -> int:
    """
    How large a stanza our server takes (XEP-0478); what most servers take where
    it does not say so. It would close the stream on a larger one, and the message
    would be gone.
    """
    features = client.connection.features
    limits = features and features.getTag("limits", namespace=_LIMITS)
    said = limits and limits.getTagData("max-bytes")
    if said and said.isascii() and said.isdecimal() and len(said) < 12:
        return int(said)
    return _STANZA_BYTES_MAX


def sees_our_presence(client: Any, jid: str) -> bool:
    """Whether a contact is subscribed to us."""
    item = client.get_module("Roster").get_item(JID.from_string(jid))
    return item is not None and item.subscription in ("both", "from")


def is_in_roster(client: Any, jid: str) -> bool:
    return client.get_module("Roster").get_item(JID.from_string(jid)) is not None


def encryption_of(account: str, jid: str) -> str:
    """The encryption the user chose for a contact, '' for none."""
    address = JID.from_string(jid)
    settings = app.settings
    if _is_known_room(account, address):
        value = settings.get_group_chat_setting(account, address, "encryption")
    else:
        value = settings.get_contact_setting(account, address, "encryption")
    return value or ""


def set_encryption_of(account: str, jid: str, name: str) -> None:
    address = JID.from_string(jid)
    if _is_known_room(account, address):
        app.settings.set_group_chat_setting(account, address, "encryption", name)
    else:
        app.settings.set_contact_setting(account, address, "encryption", name)


def _is_known_room(account: str, address: JID) -> bool:
    """Before it has been entered, by its settings."""
    return address in app.settings._account_settings[account]["group_chat"]


# Settings that Gajim 2 has, and Gajim 1 has not

_BLIND_TRUST = "omemo_blind_trust"
_DEFAULT = "encryption_default"


def _has_setting(name: str) -> bool:
    return name in ACCOUNT_SETTINGS["account"]


def blind_trust(account: str) -> bool | None:
    """None where Gajim has no setting for it."""
    if not _has_setting(_BLIND_TRUST):
        return None
    return bool(app.settings.get_account_setting(account, _BLIND_TRUST))


def set_blind_trust(account: str, value: bool) -> None:
    if _has_setting(_BLIND_TRUST) and blind_trust(account) != value:
        app.settings.set_account_setting(account, _BLIND_TRUST, value)


def encrypts_by_default(account: str) -> bool | None:
    """None where Gajim has no setting for it."""
    if not _has_setting(_DEFAULT):
        return None
    value = app.settings.get_account_setting(account, _DEFAULT)
    return bool(value == ENCRYPTION_NAME)


def set_encrypt_by_default(account: str, value: bool) -> bool:
    """Returns whether Gajim has a setting for it."""
    if not _has_setting(_DEFAULT):
        return False
    name = ENCRYPTION_NAME if value else ""
    app.settings.set_account_setting(account, _DEFAULT, name)
    return True


def follow_blind_trust(account: str, changed: Callable[..., None]) -> None:
    """Be told when Gajim's setting changes. The method's object ends it with
    `disconnect_signals`."""
    if _has_setting(_BLIND_TRUST):
        app.settings.connect_signal(_BLIND_TRUST, changed, account=account)


def has_chosen_encryption(contact: Any) -> bool:
    """Whether the user chose an encryption, or none, for a contact or room."""
    kind = "group_chat" if contact.is_groupchat else "contact"
    settings = app.settings._account_settings[contact.account][kind]
    return "encryption" in settings.get(contact.jid, {})


def can_be_encrypted(contact: Any) -> bool:
    """Whether it is a contact, or a room that is private."""
    if contact.is_groupchat:
        return bool(contact.encryption_available)
    return not is_nickname(contact)


# The archive


def downloads_folder() -> Path:
    """Where Gajim keeps files. It may not be there yet."""
    try:
        return Path(configpaths.get("DOWNLOADS"))
    except KeyError:
        # Gajim 1.7
        return Path(configpaths.get("MY_DATA")) / "downloads"


def flush_archive() -> None:
    """
    Let Gajim's own history reach the disk before ours does. Later versions
    commit each row by themselves.
    """
    # When Gajim ends it commits and closes its archive before we are told
    if not HAS_BUILTIN_OMEMO and hasattr(app.storage.archive, "_con"):
        app.storage.archive._commit()


def history_max_age(account: str) -> float:
    """For how many seconds Gajim keeps its history; 0 for as long as it runs,
    below 0 for ever."""
    return float(app.settings.get_account_setting(account, "chat_history_max_age"))


def has_history(account: str, jid: str) -> bool:
    """Whether Gajim's archive has any message of a conversation."""
    archive = app.storage.archive
    address = JID.from_string(jid)
    if not hasattr(archive, "get_last_conversation_row"):
        return archive.get_last_conversation_line(account, address) is not None
    find = archive.get_last_conversation_row
    try:
        return find(account, address) is not None
    except TypeError:
        # Since 2.6 this has to be said, and its decorators hide that
        return find(account, address, incl_related_data=False) is not None


def on_shutdown(callback: Callable[[], None]) -> Callable[[], None]:
    """
    Be called when Gajim ends.

    Returns:
        What takes that back.
    """
    handler = app.app.connect("shutdown", lambda _application: callback())

    def disconnect() -> None:
        app.app.disconnect(handler)

    return disconnect


def own_resource(client: Any) -> str:
    """Where we are to be seen ourselves; '' while that is not known."""
    return client.get_own_jid().resource or ""


def own_online_resources(client: Any) -> frozenset[str]:
    """Resources at which our account is online."""
    own = client.get_own_jid().new_as_bare()
    contact = client.get_module("Contacts").get_contact(own)
    return frozenset(one.resource for one in contact.iter_resources())


def catch_up_finished(client: Any) -> bool | None:
    """
    Whether the account's archive has been read to its end since the last
    sign-in; None if the server has no archive.
    """
    mam = client.get_module("MAM")
    if not mam.available:
        return None
    own = client.get_own_jid().new_as_bare()
    finished = getattr(mam, "_is_catch_up_finished", None)
    if finished is None:
        finished = mam.is_catch_up_finished
    return bool(finished(own))


def was_asked_for(client: Any, properties: Any) -> bool:
    """Whether an archive's message answers a query of Gajim's."""
    check = getattr(client.get_module("MAM"), "_is_valid_request", None)
    # Where Gajim does it in another way, it still does it after us
    return check is None or bool(check(properties))


# The window


def _control(account: str, jid: str) -> Any:
    """The chat on screen, if it is with this contact."""
    if app.window is None:
        return None
    control = app.window.get_control()
    if control is None or not control.has_active_chat():
        return None
    contact = control.contact
    if contact.account != account or str(contact.jid) != jid:
        return None
    return control


def chat_on_screen(account: str) -> str:
    """The JID of the chat on screen, if it is one of this account's; or ''."""
    if app.window is None:
        return ""
    control = app.window.get_control()
    if control is None or not control.has_active_chat():
        return ""
    contact = control.contact
    return str(contact.jid) if contact.account == account else ""


def show_info(account: str, jid: str, text: str) -> bool:
    """
    Add a line to the chat on screen.

    Returns:
        False if the chat is not on screen.
    """
    control = _control(account, jid)
    if control is None:
        return False
    control.add_info_message(text)
    return True


def fill_input(account: str, jid: str, text: str) -> bool:
    """
    Put text into the input of the chat on screen.

    Returns:
        False if that is another chat, or there is other text already.
    """
    if _control(account, jid) is None:
        return False
    view = app.window.get_chat_stack().get_message_input()
    if view.has_text:
        return False
    view.insert_text(text)
    return True


def give_back(contact: Any, text: str) -> bool:
    """
    Put text that was not sent where the user can send it again: into the input
    of the chat on screen, or among the drafts.

    Returns:
        False if there is other text already.
    """
    if _control(contact.account, str(contact.jid)) is not None:
        return fill_input(contact.account, str(contact.jid), text)
    if hasattr(app.storage, "drafts"):
        return _give_back_draft(contact, text)
    return _give_back_archived_draft(contact, text)


def _give_back_draft(contact: Any, text: str) -> bool:
    if app.storage.drafts.get(contact):
        return False
    draft: Any = text
    if HAS_BUILTIN_OMEMO:
        from gajim.common.const import Draft

        draft = Draft(text, None)
    app.storage.drafts.set(contact, draft)
    return True


def _give_back_archived_draft(contact: Any, text: str) -> bool:
    """Since 2.6 drafts are a column of the archive."""
    from gajim.common.const import Draft

    archive = app.storage.archive
    if archive.get_contact_value(contact.account, contact.jid, "draft"):
        return False
    draft = Draft(text, None)
    archive.set_contact_value(contact.account, contact.jid, "draft", draft)
    contact.notify("draft-update", draft)
    return True
