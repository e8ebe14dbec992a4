# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Gajim profile with its accounts, written before Gajim's first start."""

from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..processes import give_away
from ..servers.prosody import Prosody
from ..servers.prosody import XmppAccount

# Format of settings.sqlite; Gajim migrates an older one, but not every old
# format has all rows, so the version's own is written.
SETTINGS_VERSION = {"1.7.3": 5, "2.1.1": 7, "2.6.0": 7}

QUIET = {
    "check_for_update": False,
    "use_keyring": False,
    "sounds_on": False,
    "show_notifications": False,
    "show_trayicon": False,
    "show_help_start_chat": False,
    "use_speller": False,
    "autoaway": False,
    "autoxa": False,
    "mainwin_width": 1000,
    "mainwin_height": 720,
    "mainwin_x_position": 0,
    "mainwin_y_position": 0,
    "save_main_window_position": False,
    "show_main_window_on_startup": "always",
    "action_on_close": "quit",
    "confirm_on_window_delete": False,
}


def write_profile(
    home: Path,
    gajim_version: str,
    server: Prosody,
    account: XmppAccount,
    *,
    plugins: Mapping[str, bool],
    app_settings: Mapping[str, Any] | None = None,
    account_settings: Mapping[str, Any] | None = None,
    proxies: Mapping[str, Mapping[str, Any]] | None = None,
    more_accounts: Sequence[XmppAccount] = (),
    resting_accounts: Sequence[XmppAccount] = (),
) -> None:
    """Write settings.sqlite and trust the server's certificate.

    An account's name in Gajim is the local part of its address.

    :param plugins: short names, and whether each is active; Gajim activates a
        plugin of its system folder by itself when it is not named here
    :param proxies: names, and Gajim's settings of each
    :param resting_accounts: more of them, which are not enabled
    """
    config = home / ".config" / "gajim"
    config.mkdir(parents=True, exist_ok=True)
    accounts = {
        one.name: _account_settings(gajim_version, server, one)
        | dict(account_settings or {})
        for one in (account, *more_accounts, *resting_accounts)
    }
    for one in resting_accounts:
        accounts[one.name]["active"] = False
    workspace = str(uuid.uuid4())
    rows = {
        "app": QUIET | {"workspace_order": [workspace]} | dict(app_settings or {}),
        "soundevents": {},
        "status_presets": {},
        "proxies": {name: dict(proxy) for name, proxy in (proxies or {}).items()},
        "plugins": {name: {"active": active} for name, active in plugins.items()},
        "workspaces": {workspace: {"name": "Work"}},
        "window_sizes": {},
    }
    if gajim_version.startswith("1."):
        del rows["window_sizes"]
    data = home / ".local" / "share" / "gajim"
    (data / "plugins").mkdir(parents=True, exist_ok=True)
    certificates = data / "cert_store"
    certificates.mkdir(parents=True, exist_ok=True)
    shutil.copy(server.certificate, certificates / "server.pem")
    path = config / "settings.sqlite"
    connection = sqlite3.connect(path)
    with connection:
        connection.executescript(
            "CREATE TABLE settings (name TEXT UNIQUE, settings TEXT);"
            "CREATE TABLE account_settings (account TEXT UNIQUE, settings TEXT);"
            f"PRAGMA user_version={SETTINGS_VERSION[gajim_version]};"
        )
        connection.executemany(
            "INSERT INTO settings VALUES (?, ?)",
            [(name, json.dumps(value)) for name, value in rows.items()],
        )
        connection.executemany(
            "INSERT INTO account_settings VALUES (?, ?)",
            [
                (
                    name,
                    json.dumps({"account": values, "contact": {}, "group_chat": {}}),
                )
                for name, values in accounts.items()
            ],
        )
    connection.close()
    path.chmod(0o600)
    give_away(home)


def _account_settings(
    gajim_version: str, server: Prosody, account: XmppAccount
) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "active": True,
        "autoconnect": True,
        "account_label": account.name.title(),
        "resource": f"gajim-{uuid.uuid4().hex[:6]}",
        "savepass": True,
        "password": account.password,
        "use_custom_host": True,
        "custom_host": server.address,
        "custom_port": server.c2s_port,
        "custom_type": "START TLS",
    }
    if gajim_version.startswith("1."):
        settings |= {"name": account.name, "hostname": account.domain}
    else:
        settings |= {"address": account.jid}
    return settings
