# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy as the page docs/tails-settings.md: `tools/tails-settings` writes it."""

from __future__ import annotations

import json

from .. import policy
from ..policy import Rule
from ..policy import Scope

_HEAD = """\
<!--
SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
SPDX-License-Identifier: GPL-3.0-or-later

Made by tools/tails-settings from tails_integration/policy.py; change it there.
-->

# Gajim's settings in Tails

A *locked* setting cannot be changed in Gajim. A *default* is set once, and a user who
changes it keeps the change.
"""

_TITLES = {
    Scope.APP: "The program",
    Scope.ACCOUNT: "Each account",
    Scope.CONTACT: "Each contact",
    Scope.ROOM: "Each room",
}

_PLUGINS = """\
## Plugins

Gajim loads the plugins of this table, and no others. All of them are active, and this
is *locked*. Debian's gajim-omemo, which Debian 12 installs with Gajim, is not loaded.

| Plugin | Why |
|---|---|
"""

_PROXIES = """\
## Proxies

`global_proxy` names one proxy of Gajim's, and each account's `proxy` another: all of
them are SOCKS5 at 127.0.0.1, port 9050, with a random name and password that are new
in each session of Tails. Tor keeps what has different names apart, so two accounts
never share a way through the network.

## Left as Gajim has them

| Setting | Why |
|---|---|
"""


def page() -> str:
    """The whole page, as Markdown."""
    parts = [_HEAD]
    for scope, title in _TITLES.items():
        parts.append(f"## {title}\n\n| Setting | Gajim | In Tails | | Why |")
        parts.append("|---|---|---|---|---|")
        parts += [_row(rule) for rule in policy.rules(scope)]
        parts.append("")
    parts.append(_PLUGINS + _table(policy.PLUGINS))
    parts.append(_PROXIES + _table(policy.LEFT_ALONE))
    return "\n".join(parts)


def _table(rows: dict[str, str]) -> str:
    return "".join(f"| `{name}` | {why} |\n" for name, why in rows.items())


def _row(rule: Rule) -> str:
    lock = "locked" if rule.locked else "default"
    value = json.dumps(rule.value)
    versions = _versions(rule)
    return f"| `{rule.name}` | {versions} | `{value}` | {lock} | {rule.reason} |"


def _versions(rule: Rule) -> str:
    known = [gajim for gajim in policy.GAJIMS if rule.applies_to(gajim)]
    if len(known) == len(policy.GAJIMS):
        return "all"
    return ", ".join(".".join(map(str, gajim)) for gajim in known)
