# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The accounts that Gajim has, and those that it had when the plugin was on last.

The latter are noted in Gajim's own database, beside the accounts themselves. Where that
is lost, comes from a backup, or is not kept, as in Tails, the list is as old as the
accounts are, and no account is taken for a removed one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from gajim.common import app
from nbxmpp.protocol import JID

# Of this plugin, in Gajim's settings of plugins
_PLUGIN = "omemo_plugin"
_SETTING = "accounts"


def present() -> dict[str, str]:
    """
    The bare JID of each account, enabled or not, by Gajim's name of it.

    Raises:
        ValueError: it is not known of all of them.
    """
    found = {}
    for name in app.settings.get_accounts():
        address = app.get_jid_from_account(name)
        try:
            found[name] = str(JID.from_string(address).new_as_bare())
        except Exception as error:
            raise ValueError("an account without an address") from error
    return found


def noted() -> dict[str, str]:
    """What was noted last, as `present` says it; empty if that is not known."""
    values = app.settings._settings["plugins"].get(_PLUGIN, {}).get(_SETTING)
    if not isinstance(values, dict) or not all(
        isinstance(one, str) for pair in values.items() for one in pair
    ):
        return {}
    return dict(cast("dict[str, str]", values))


def note(accounts: Mapping[str, str]) -> None:
    """Note these."""
    if noted() == accounts:
        return
    plugins = app.settings._settings["plugins"]
    plugins.setdefault(_PLUGIN, {})[_SETTING] = dict(accounts)
    app.settings._commit_settings("plugins")
