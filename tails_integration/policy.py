# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every setting of Gajim that is not left alone in Tails, and why.

This table is the only place. The overrides, the prepared profile, the locks in the
running program, the audit and docs/tails-settings.md are made from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .tor import GLOBAL_PROXY

Value = bool | int | str
Version = tuple[int, ...]

# Debian 12 and Tails 6, Debian 13 and Tails 7, the next Debian
GAJIMS: tuple[Version, ...] = ((1, 7, 3), (2, 1, 1), (2, 6, 0))
ENCRYPTION = "OMEMO"
PLUGIN = "omemo_plugin"


class Scope(Enum):
    """Whose setting it is."""

    APP = "program"
    ACCOUNT = "account"
    CONTACT = "contact"
    ROOM = "group_chat"


@dataclass(frozen=True)
class Rule:
    """One setting, and what it is in Tails."""

    scope: Scope
    name: str
    value: Value
    reason: str
    locked: bool
    """Whether the user cannot change it; otherwise it is a default."""
    since: Version = (1, 7)
    """The first Gajim that has it."""
    before: Version = (99,)
    """The first Gajim that has it no more."""

    def applies_to(self, gajim: Version) -> bool:
        """Whether that Gajim knows the setting."""
        return self.since <= gajim < self.before


def _locked(
    scope: Scope, name: str, value: Value, reason: str, **when: Version
) -> Rule:
    return Rule(scope, name, value, reason, locked=True, **when)


def _default(
    scope: Scope, name: str, value: Value, reason: str, **when: Version
) -> Rule:
    return Rule(scope, name, value, reason, locked=False, **when)


APP, ACCOUNT, CONTACT, ROOM = Scope
_V2: Version = (2, 0)
_V2_6: Version = (2, 6)

_NETWORK = (
    _locked(
        APP,
        "global_proxy",
        GLOBAL_PROXY,
        "All that belongs to no account goes through Tor, under a name of its own.",
    ),
    _locked(
        APP,
        "use_stun_server",
        False,
        "STUN asks a server for our address, by UDP and past Tor.",
    ),
    _locked(APP, "stun_server", "", "No server to ask for our address."),
    _locked(
        APP,
        "ft_add_hosts_to_send",
        "",
        "No address of ours is offered for direct transfers.",
    ),
    _locked(
        APP,
        "check_for_update",
        False,
        "Tails and Debian bring updates. Gajim does not tell its makers that it runs.",
    ),
    _locked(
        APP,
        "plugins_repository_enabled",
        False,
        "No code is downloaded into the user’s folder.",
    ),
    _locked(APP, "plugins_update_check", False, "The same."),
    _locked(APP, "plugins_auto_update", False, "The same."),
    _locked(
        APP,
        "enable_file_preview",
        False,
        "A contact cannot make us fetch a file and feed it to image libraries.",
        before=_V2_6,
    ),
    _locked(APP, "preview_allow_all_images", False, "The same."),
    _locked(APP, "preview_anonymous_muc", False, "The same, from people nobody knows."),
    _locked(
        APP, "preview_verify_https", True, "A false certificate is refused, always."
    ),
    _locked(
        APP,
        "preview_max_file_size",
        0,
        "Gajim 2.6 has no switch for previews of files; none is this small.",
        since=_V2_6,
    ),
    _locked(
        APP,
        "enable_link_preview_default",
        False,
        "A contact cannot make us open a link.",
        since=_V2_6,
    ),
    _locked(
        APP,
        "gc_enable_link_preview_default",
        False,
        "The same, in rooms.",
        since=_V2_6,
    ),
    _locked(
        CONTACT,
        "enable_link_preview",
        False,
        "The same, for one contact.",
        since=_V2_6,
    ),
    _locked(ROOM, "enable_link_preview", False, "The same, for one room.", since=_V2_6),
    _locked(
        APP,
        "use_http2",
        False,
        "Its way of speaking is rarer among Tor’s users than HTTP 1.1.",
        since=_V2_6,
    ),
    _locked(
        APP,
        "allow_open_file_uris",
        False,
        "A link cannot open what is on this machine.",
        before=_V2,
    ),
)

_PROGRAM = (
    _locked(
        APP,
        "remote_control",
        False,
        "Other programs cannot read and send messages by D-Bus.",
    ),
    _locked(
        APP,
        "use_keyring",
        False,
        "The keyring of Tails is empty after a restart, and Gajim would delete a"
        " password that is kept elsewhere. It is in the settings, which lie in memory"
        " or in the Persistent Storage, encrypted.",
    ),
    _locked(
        APP,
        "enable_keepassxc_integration",
        False,
        "It is another way to the keyring.",
    ),
    _locked(
        APP,
        "developer_modus",
        False,
        "No log of what is sent and received.",
        before=_V2_6,
    ),
    _default(
        APP,
        "autoaway",
        False,
        "Nobody is told when we leave the keyboard, or come back.",
    ),
    _default(APP, "autoxa", False, "The same."),
    _default(
        APP,
        "notification_preview_message",
        False,
        "What a message says is not shown to who looks over the shoulder.",
    ),
    _default(APP, "show_notifications_away", False, "Nor while we are away."),
    _default(
        APP,
        "sounds_on",
        False,
        "Tails makes no sounds, so that nobody nearby hears a message come.",
    ),
    _default(
        APP,
        "show_trayicon",
        False,
        "Tails’ desktop has no place for it, and a hidden window would be lost.",
    ),
    _locked(
        APP,
        "action_on_close",
        "quit",
        "Closing the window ends Gajim: without an icon nothing would show that it"
        " is still connected.",
    ),
    _default(
        APP, "show_main_window_on_startup", "always", "The window is there to be seen."
    ),
)

_ACCOUNT = (
    _locked(
        ACCOUNT,
        "send_os_info",
        False,
        "Nobody who asks is told the operating system (XEP-0092).",
    ),
    _locked(
        ACCOUNT,
        "send_time_info",
        False,
        "Nor the clock and the time zone (XEP-0202).",
        before=_V2_6,
    ),
    _locked(
        ACCOUNT,
        "update_timezone",
        False,
        "Nor is the time zone published in the profile.",
        since=_V2_6,
    ),
    _locked(
        ACCOUNT,
        "send_idle_time",
        False,
        "Nor how long the keyboard has been idle (XEP-0012, XEP-0319).",
    ),
    _locked(
        ACCOUNT, "publish_location", False, "Nor where we are, even where GPS exists."
    ),
    _locked(ACCOUNT, "publish_tune", False, "Nor what is being played."),
    _default(
        ACCOUNT,
        "send_chatstate_default",
        "disabled",
        "Typing is not reported: its rhythm can identify somebody.",
    ),
    _default(ACCOUNT, "gc_send_chatstate_default", "disabled", "The same, in rooms."),
    _default(
        ACCOUNT,
        "send_marker_default",
        False,
        "When a message was read is not reported.",
    ),
    _default(
        ACCOUNT, "gc_send_marker_private_default", False, "The same, in private rooms."
    ),
    _default(
        ACCOUNT, "gc_send_marker_public_default", False, "The same, in public rooms."
    ),
    _default(
        ACCOUNT,
        "answer_receipts",
        False,
        "Nor when it arrived, which proves that we are online.",
    ),
    _default(
        ACCOUNT,
        "request_user_data",
        False,
        "Contacts’ profiles are not asked for unless wanted.",
    ),
    _locked(
        ACCOUNT,
        "ft_send_local_ips",
        False,
        "The address of this machine is not offered for direct transfers.",
    ),
    _locked(ACCOUNT, "use_ft_proxies", False, "Transfer proxies are reached past Tor."),
    _locked(ACCOUNT, "test_ft_proxies_on_startup", False, "The same."),
    _locked(ACCOUNT, "file_transfer_proxies", "", "The same."),
    _locked(
        ACCOUNT,
        "filetransfer_preference",
        "httpupload",
        "Files go by way of the server and through Tor; the direct way cannot.",
    ),
    _locked(ACCOUNT, "use_plain_connection", False, "Never to a server without TLS."),
    _locked(
        ACCOUNT,
        "confirm_unencrypted_connection",
        True,
        "And if ever, not without asking.",
    ),
    _locked(
        ACCOUNT,
        "enable_gssapi",
        False,
        "Kerberos looks for its servers in the DNS, past Tor.",
    ),
    _default(
        ACCOUNT,
        "chat_history_max_age",
        0,
        "Nothing is kept when Gajim is closed. History lies in memory in any case,"
        " unless it is switched on in the Persistent Storage.",
    ),
    _default(
        ACCOUNT,
        "autoconnect",
        False,
        "Being online is decided by a person, not by starting a program.",
    ),
    _default(ACCOUNT, "restore_last_status", False, "The same."),
    _default(
        ACCOUNT,
        "autoauth",
        False,
        "Nobody may see when we are online without being asked.",
    ),
    _default(
        ACCOUNT,
        "encryption_default",
        ENCRYPTION,
        "Encrypted from the first message.",
        since=_V2,
    ),
    _default(
        ACCOUNT,
        "openpgp_blind_trust",
        False,
        "Gajim’s OpenPGP, should it ever be used, trusts no key unseen.",
        since=_V2_6,
    ),
    _default(
        ACCOUNT,
        "openpgp_backup_secret_key",
        False,
        "No secret key is stored on a server.",
        since=_V2_6,
    ),
    _default(
        CONTACT,
        "encryption",
        ENCRYPTION,
        "Encrypted from the first message.",
        before=_V2,
    ),
    _default(
        ROOM,
        "encryption",
        ENCRYPTION,
        "The same in rooms; in a public one it can be switched off.",
        before=_V2,
    ),
)

RULES: tuple[Rule, ...] = (*_NETWORK, *_PROGRAM, *_ACCOUNT)

# Looked at, and left as Gajim has them
LEFT_ALONE: dict[str, str] = {
    "proxy": "Each account’s is set by the launcher, one of its own; see below.",
    "resource": "Random as in Gajim, but without “gajim” in it.",
    "savepass": "Without Persistent Storage a kept password is gone with the session,"
    " with it it is encrypted; asking each time would only make it shorter.",
    "providers_list_url": "The list of servers is fetched through Tor, under the"
    " program’s identity, when the sign-up page opens.",
    "muclumbus_api_pref": "The search for public rooms goes through Tor, under the"
    " program’s identity; by XMPP it would be tied to the account.",
    "omemo_blind_trust": "The plugin’s rule is the same in all Gajims: blind trust"
    " until somebody is verified, and none from then on.",
    "file_transfers_port": "Nothing listens: direct transfers are shut.",
    "search_engine": "A search opens Tor Browser, and only when it is asked for.",
    "dictionary_url": "The same.",
    "always_english_wikipedia": "The same.",
    "always_english_wiktionary": "The same.",
    "use_speller": "The dictionaries are on this machine.",
    "last_status": "Counts only with restore_last_status.",
    "ignore_unknown_contacts": "A source may write without being known; the user"
    " decides.",
    "anonymous_auth": "Off in Gajim, and set by its wizard for a guest’s account.",
    "http_auth": "Gajim asks.",
    "autojoin_sync": "Rooms are kept on the server, in all clients.",
    "muc_prefer_direct_msg": "Gajim’s way of inviting.",
}


def rules(
    scope: Scope, gajim: Version | None = None, *, locked: bool | None = None
) -> Iterator[Rule]:
    """The rules of one scope.

    :param gajim: only those this version knows
    :param locked: only locked ones, or only defaults
    """
    for rule in RULES:
        if rule.scope is not scope or (gajim and not rule.applies_to(gajim)):
            continue
        if locked is None or rule.locked is locked:
            yield rule


def values(
    scope: Scope, gajim: Version | None = None, *, locked: bool | None = None
) -> dict[str, Any]:
    """The values of one scope by name; see `rules`."""
    return {rule.name: rule.value for rule in rules(scope, gajim, locked=locked)}


def overrides(gajim: Version | None = None) -> dict[str, Any]:
    """What belongs into `/etc/gajim/app-overrides.json`.

    Gajim lets nobody change what stands there, so it is the locked settings.
    """
    return values(Scope.APP, gajim, locked=True)


def parse_version(text: str) -> Version:
    """Gajim's own way to write it, such as '2.1.1' or '1.8.0-dev1'."""
    numbers = text.partition("-")[0].partition("+")[0].split(".")
    return tuple(int(number) for number in numbers if number.isdecimal())
