# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a profile in line with the policy; a new one as well as an old one.

What is locked is set each time. What is a default is set once for the program and
once for each account, so that whoever changes it later keeps the change. Nothing is
ever removed but Gajim's two examples of proxies, which do not work in Tails.
"""

from __future__ import annotations

import json
import secrets

from . import policy
from .policy import Scope
from .policy import Version
from .profile import Profile
from .profile import edit
from .system import System
from .tor import GLOBAL_PROXY
from .tor import Identities
from .tor import account_proxy

_EXAMPLES = ("Tor", "Tor (Browser)")


def apply(system: System) -> bool:
    """Bring the profile in line; make it if there is none.

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
    profile.plugins.setdefault(policy.PLUGIN, {}).setdefault("active", True)


def _set_account(
    profile: Profile, name: str, gajim: Version | None, *, first_time: bool
) -> None:
    account = profile.accounts[name]
    settings = account["account"]
    if first_time:
        settings.update(policy.values(Scope.ACCOUNT, gajim, locked=False))
    settings.update(policy.values(Scope.ACCOUNT, gajim, locked=True))
    # What was chosen for one contact or room was a choice; only locks undo it
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
    """Whose defaults have been set before."""

    def __init__(self, system: System) -> None:
        self._path = system.state / "prepared.json"
        try:
            loaded = json.loads(self._path.read_text())
        except (OSError, ValueError):
            loaded = {}
        self.program: bool = bool(loaded.get("program"))
        self.accounts: frozenset[str] = frozenset(loaded.get("accounts", ()))

    def remember(self, profile: Profile) -> None:
        accounts = sorted(profile.accounts)
        if self.program and self.accounts == frozenset(accounts):
            return
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({"program": True, "accounts": accounts}))
        new.replace(self._path)
