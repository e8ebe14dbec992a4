# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gajim's account and contact settings for encryption, in each supported version."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gajim.common import app
from gajim.common.setting_values import ACCOUNT_SETTINGS
from nbxmpp.protocol import JID

from .constants import ENCRYPTION_NAME

if TYPE_CHECKING:
    from .protocols import Contact


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


def needs_default(account: str) -> bool:
    """Whether Gajim has a setting for it, and neither the user nor an
    administrator has chosen."""
    return (
        _has_setting(_DEFAULT)
        and _DEFAULT not in app.settings._account_settings[account]["account"]
    )


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


def follow_history(account: str, changed: Callable[..., None]) -> None:
    """Be told when the user chooses how long Gajim keeps its history. The method's
    object ends it with `disconnect_signals`."""
    app.settings.connect_signal("chat_history_max_age", changed, account=account)


def has_chosen_encryption(contact: Contact) -> bool:
    """Whether the user chose an encryption, or none, for a contact or room."""
    kind = "group_chat" if contact.is_groupchat else "contact"
    settings = app.settings._account_settings[contact.account][kind]
    return "encryption" in settings.get(contact.jid, {})
