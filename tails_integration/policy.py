# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every setting of Gajim that Tails changes, with the reason.

This table is the only source: the overrides, the prepared profile, the locks in the
running program, the audit and docs/tails-settings.md are generated from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from .base.tor import GLOBAL_PROXY

Value = bool | int | str
Values = dict[str, Value]
Version = tuple[int, ...]

# Debian 12 and Tails 6, Debian 13 and Tails 7, the next Debian
GAJIMS: tuple[Version, ...] = ((1, 7, 3), (2, 1, 1), (2, 6, 0))
ENCRYPTION = "OMEMO"
# Where files to send and saved files are; data/apparmor names it as well
FOLDER = "/home/amnesia/Gajim"
PLUGIN = "omemo_plugin"

# The plugins that Gajim loads, by short name. All of them are active, and no others:
# a plugin can read and send everything
PLUGINS: dict[str, str] = {
    PLUGIN: "Messages and files are encrypted from end to end with OMEMO.",
}


class Scope(Enum):
    """The part of Gajim that a setting belongs to."""

    APP = "program"
    ACCOUNT = "account"
    CONTACT = "contact"
    ROOM = "group_chat"


@dataclass(frozen=True)
class Rule:
    """One setting, and its value in Tails."""

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
        "STUN asks a server for this machine’s address, by UDP and past Tor.",
    ),
    _locked(APP, "stun_server", "", "The same."),
    _locked(
        APP,
        "ft_add_hosts_to_send",
        "",
        "No address of this machine is offered for direct transfers.",
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
        "A contact cannot make Gajim fetch a file and decode it with image libraries.",
        before=_V2_6,
    ),
    _locked(APP, "preview_allow_all_images", False, "The same."),
    _locked(
        APP,
        "preview_anonymous_muc",
        False,
        "The same, from people without a known address.",
    ),
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
        "A contact cannot make Gajim open a link.",
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
        "Among Tor’s users HTTP 2 from a chat program is rarer than HTTP 1.1.",
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
        "The keyring of Tails is empty after a restart, and with it Gajim would delete"
        " the password in its settings. The settings are in memory, or encrypted in"
        " the Persistent Storage.",
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
        "Contacts do not see when the user leaves the keyboard or comes back.",
    ),
    _default(APP, "autoxa", False, "The same."),
    _default(
        APP,
        "notification_preview_message",
        False,
        "A notification does not show the message to a person beside the screen.",
    ),
    _default(
        APP,
        "show_notifications_away",
        False,
        "No notifications while the user is away.",
    ),
    _default(
        APP,
        "sounds_on",
        False,
        "Tails makes no sounds: people nearby would hear a message arrive.",
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
    _default(
        APP,
        "last_send_dir",
        FOLDER,
        "AppArmor lets Gajim see files in this folder, and in no other of the user’s.",
    ),
    _default(APP, "last_save_dir", FOLDER, "The same."),
)

_ACCOUNT = (
    _locked(
        ACCOUNT,
        "send_os_info",
        False,
        "Others cannot ask for the operating system (XEP-0092).",
    ),
    _locked(
        ACCOUNT,
        "send_time_info",
        False,
        "Others cannot ask for the clock and the time zone (XEP-0202).",
        before=_V2_6,
    ),
    _locked(
        ACCOUNT,
        "update_timezone",
        False,
        "The time zone is not published in the profile.",
        since=_V2_6,
    ),
    _locked(
        ACCOUNT,
        "send_idle_time",
        False,
        "Others cannot ask how long the keyboard has been idle (XEP-0012, XEP-0319).",
    ),
    _locked(ACCOUNT, "publish_location", False, "The position is not published."),
    _locked(ACCOUNT, "publish_tune", False, "The music that plays is not published."),
    _default(
        ACCOUNT,
        "send_chatstate_default",
        "disabled",
        "Typing is not reported: its rhythm can identify a person.",
    ),
    _default(ACCOUNT, "gc_send_chatstate_default", "disabled", "The same, in rooms."),
    _default(
        ACCOUNT,
        "send_marker_default",
        False,
        "The time at which a message was read is not reported.",
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
        "Its arrival is not reported: that would prove that the user is online.",
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
        "If it ever happens, Gajim asks first.",
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
        "The user decides to go online; starting the program does not.",
    ),
    _default(ACCOUNT, "restore_last_status", False, "The same."),
    _default(
        ACCOUNT,
        "autoauth",
        False,
        "A contact has to ask before it can see when the user is online.",
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
    " until a contact is verified, and none from then on.",
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
) -> Values:
    """The values of one scope by name; see `rules`."""
    return {rule.name: rule.value for rule in rules(scope, gajim, locked=locked)}


def overrides(gajim: Version | None = None) -> Values:
    """Return the content of `/etc/gajim/app-overrides.json`.

    Gajim refuses every change of these settings, so they are the locked ones.
    """
    return values(Scope.APP, gajim, locked=True)


def parse_version(text: str) -> Version:
    """Gajim's own way to write it, such as '2.1.1' or '1.8.0-dev1'."""
    numbers = text.partition("-")[0].partition("+")[0].split(".")
    return tuple(int(number) for number in numbers if number.isdecimal())
