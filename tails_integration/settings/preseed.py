# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies the policy to a profile, new or existing.

Locked settings are set each time. Defaults are set once for the program and once for
each account, so that a user who changes one later keeps the change. Gajim's two
example proxies are removed, because they do not work in Tails; nothing else is.
"""

from __future__ import annotations

import json
import secrets

from .. import policy
from ..base.system import System
from ..base.tor import GLOBAL_PROXY
from ..base.tor import Identities
from ..base.tor import account_proxy
from ..policy import Scope
from ..policy import Version
from . import plugins
from .profile import Profile
from .profile import edit

_EXAMPLES = ("Tor", "Tor (Browser)")


def apply(system: System) -> bool:
    """Apply the policy to the profile; create the profile if there is none.

    Returns:
        Whether anything was changed.

    Raises:
        GajimRuns: Gajim runs.
        ProfileError: The profile cannot be read or written.
    """
    seen = _Seen(system)
    gajim = system.gajim_version()
    with edit(system) as profile:
        before = _copy(profile)
        _set_program(profile, gajim, first_time=not seen.program)
        plugins.set_active(system, profile)
        for name in profile.accounts:
            _set_account(profile, name, gajim, first_time=name not in seen.accounts)
        _set_proxies(profile, Identities(system))
        changed = _copy(profile) != before
    seen.remember(profile)
    return changed


def _set_program(profile: Profile, gajim: Version | None, *, first_time: bool) -> None:
    if first_time:
        profile.app.update(policy.values(Scope.APP, gajim, locked=False))
    profile.app.update(policy.values(Scope.APP, gajim, locked=True))


def _set_account(
    profile: Profile, name: str, gajim: Version | None, *, first_time: bool
) -> None:
    account = profile.accounts[name]
    settings = account["account"]
    if first_time:
        settings.update(policy.values(Scope.ACCOUNT, gajim, locked=False))
    settings.update(policy.values(Scope.ACCOUNT, gajim, locked=True))
    # The user chose the settings of a contact or room; only locks replace them
    for scope in (Scope.CONTACT, Scope.ROOM):
        locked = policy.values(scope, gajim, locked=True)
        for chosen in account[scope.value].values():
            chosen.update({key: locked[key] for key in locked if key in chosen})
    settings["proxy"] = account_proxy(name)
    if str(settings.get("resource", "gajim")).startswith("gajim"):
        settings["resource"] = secrets.token_hex(4)


def _set_proxies(profile: Profile, identities: Identities) -> None:
    for example in _EXAMPLES:
        if profile.proxies.get(example, {}).get("host") == "localhost":
            del profile.proxies[example]
    for name in (GLOBAL_PROXY, *map(account_proxy, profile.accounts)):
        profile.proxies[name] = identities.of(name).as_proxy()


def _copy(profile: Profile) -> str:
    return json.dumps([profile.kinds, profile.accounts], sort_keys=True)


class _Seen:
    """The accounts whose defaults have been set before."""

    def __init__(self, system: System) -> None:
        self._path = system.state / "prepared.json"
        self.program = False
        self.accounts: frozenset[str] = frozenset()
        try:
            loaded = json.loads(self._path.read_text())
            self.accounts = frozenset(map(str, loaded["accounts"]))
            self.program = loaded["program"] is True
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            # None, or a damaged one: the defaults are set once more
            return

    def remember(self, profile: Profile) -> None:
        accounts = sorted(profile.accounts)
        if self.program and self.accounts == frozenset(accounts):
            return
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({"program": True, "accounts": accounts}))
        new.replace(self._path)
