# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds settings and files that would leak, or protect less than the policy asks.

`tails-gajim check` prints the findings; the launcher does not start Gajim with a leak.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import asdict
from dataclasses import dataclass
from enum import StrEnum

from .. import policy
from ..base import processes
from ..base.i18n import _
from ..base.system import System
from ..base.tor import GLOBAL_PROXY
from ..base.tor import account_proxy
from ..base.tor import is_tor
from ..install import activation
from ..policy import Scope
from . import plugins
from .profile import Profile
from .profile import read
from .profile import settings_file

# Gajim 2's word for a direct connection
DIRECT = "no-proxy"
_LOCAL = ("127.0.0.1", "localhost", "::1")

# By file, what belongs to libraries that speak to the network by themselves
_TALKERS = {
    "Farstream": "usr/lib/*/girepository-1.0/Farstream-*.typelib",
    "GUPnPIgd": "usr/lib/*/girepository-1.0/GUPnPIgd-*.typelib",
    "Geoclue": "usr/lib/*/girepository-1.0/Geoclue-*.typelib",
    "sentry-sdk": "usr/lib/python3/dist-packages/sentry_sdk/__init__.py",
}


class Severity(StrEnum):
    """The severity of a finding."""

    LEAK = "leak"
    """Something would go past Tor. Gajim is not started."""
    WEAK = "weak"
    """Something is told or kept that should not be."""
    NOTE = "note"
    """Good to know. No violation."""


@dataclass(frozen=True)
class AuditFinding:
    """One thing that is not as it should be."""

    severity: Severity
    what: str
    reason: str
    mend: str


def findings(system: System) -> list[AuditFinding]:
    """Return all findings about the profile and the system, the worst first."""
    profile = read(system)
    found: list[AuditFinding] = []
    if profile is not None:
        found += [
            *direct_connections(profile),
            *_proxies(profile),
            *_settings(profile, system.gajim_version()),
            *wrong_plugins(profile),
            *_file_mode(system),
        ]
    found += [
        *_running(system),
        *activation.missing(system, _weak),
        *_talkers(system),
        *_installed_plugins(system),
    ]
    order = list(Severity)
    return sorted(found, key=lambda finding: order.index(finding.severity))


def is_violation(finding: AuditFinding) -> bool:
    """Whether a finding is a violation, and not only a note."""
    return finding.severity is not Severity.NOTE


def stops_gajim(profile: Profile) -> list[AuditFinding]:
    """Return the findings with which the launcher does not start Gajim."""
    return [*direct_connections(profile), *wrong_plugins(profile)]


def as_json(found: list[AuditFinding]) -> str:
    """For programs."""
    return json.dumps([asdict(finding) for finding in found], indent=2)


def direct_connections(profile: Profile) -> Iterator[AuditFinding]:
    """Accounts, and the program, that were told to go past Tor.

    Not having been told anything, or Tor in another way than ours, is none: the
    launcher mends it without a word.
    """
    places = [(_("The program"), profile.app.get("global_proxy", ""), GLOBAL_PROXY)]
    places += [
        (
            _("The account “{account}”").format(account=name),
            account["account"].get("proxy", ""),
            account_proxy(name),
        )
        for name, account in profile.accounts.items()
    ]
    for who, name, own in places:
        if not name or name == own:
            continue
        if name == DIRECT:
            yield _leak(
                _("{who} is set to connect directly, without Tor.").format(who=who)
            )
        elif name not in profile.proxies:
            yield _leak(
                _(
                    "{who} uses a proxy “{name}” that does not exist; Gajim would"
                    " connect directly."
                ).format(who=who, name=name)
            )
        elif not _is_some_tor(profile.proxies[name]):
            yield _leak(
                _("{who} uses a proxy “{name}” that is not Tor.").format(
                    who=who, name=name
                )
            )


def _is_some_tor(proxy: Mapping[str, object]) -> bool:
    return proxy.get("type", "socks5") == "socks5" and proxy.get("host") in _LOCAL


def _leak(what: str) -> AuditFinding:
    return AuditFinding(
        Severity.LEAK,
        what,
        _("It would show your address, or not work at all."),
        _repair(),
    )


def _repair() -> str:
    return _("Start Gajim from the menu and choose “Repair and start”.")


def _weak(what: str, reason: str, mend: str) -> AuditFinding:
    return AuditFinding(Severity.WEAK, what, reason, mend)


def _setup() -> str:
    return _("Quit Gajim and run: tails-gajim setup")


def _proxies(profile: Profile) -> Iterator[AuditFinding]:
    users: dict[str, str] = {}
    accounts = {account_proxy(name): name for name in profile.accounts}
    for name in (GLOBAL_PROXY, *accounts):
        proxy = profile.proxies.get(name)
        if proxy is None and name in accounts:
            yield AuditFinding(
                Severity.NOTE,
                _("The account “{account}” is new.").format(account=accounts[name]),
                _(
                    "Gajim gives it a way through Tor of its own; that is written"
                    " into the settings when Gajim starts the next time."
                ),
                _("Nothing has to be done."),
            )
        elif proxy is None or not is_tor(proxy):
            yield _weak(
                _("The proxy “{name}” is not Tor with a name of its own.").format(
                    name=name
                ),
                _("Without one, accounts share a way through Tor and can be linked."),
                _setup(),
            )
        elif proxy["user"] in users:
            yield _weak(
                _("The proxies “{first}” and “{second}” have the same name.").format(
                    first=users[proxy["user"]], second=name
                ),
                _("They share a way through Tor, and can be linked."),
                _setup(),
            )
        else:
            users[proxy["user"]] = name


def _settings(profile: Profile, gajim: policy.Version | None) -> Iterator[AuditFinding]:
    for rule in policy.rules(Scope.APP, gajim, locked=True):
        value = profile.app.get(rule.name)
        if value is not None and value != rule.value:
            yield _wrong(_("The program"), rule, value)
    for name, account in profile.accounts.items():
        who = _("The account “{account}”").format(account=name)
        for rule in policy.rules(Scope.ACCOUNT, gajim, locked=True):
            value = account["account"].get(rule.name)
            if value is not None and value != rule.value:
                yield _wrong(who, rule, value)
        if str(account["account"].get("custom_type", "")).upper() == "PLAIN":
            yield _weak(
                _("{who} connects without TLS.").format(who=who),
                _("The exit of the Tor network could read the password."),
                _("Choose STARTTLS or TLS in the account’s settings."),
            )


def _wrong(who: str, rule: policy.Rule, value: object) -> AuditFinding:
    return _weak(
        _("{who}: {setting} is {value}, and should be {wanted}.").format(
            who=who,
            setting=rule.name,
            value=json.dumps(value),
            wanted=json.dumps(rule.value),
        ),
        rule.reason,
        _setup(),
    )


def wrong_plugins(profile: Profile) -> Iterator[AuditFinding]:
    """Plugins that the profile activates or deactivates against the policy."""
    for name in plugins.foreign_active(profile):
        yield _weak(
            _("The plugin “{name}” is switched on.").format(name=name),
            _("It can read and send everything, and may use keys of its own."),
            _repair(),
        )
    for name in plugins.ours_inactive(profile):
        yield _weak(
            _("The plugin “{name}” is switched off.").format(name=name),
            _("Messages are not encrypted from end to end."),
            _repair(),
        )


def _installed_plugins(system: System) -> Iterator[AuditFinding]:
    found = {plugin.name for plugin in plugins.installed(system)}
    for name in sorted(set(policy.PLUGINS) - found):
        yield _weak(
            _("The plugin “{name}” is not installed.").format(name=name),
            _("Messages are not encrypted from end to end."),
            _("Install the package gajim-omemo-plugin."),
        )
    for plugin in plugins.installed(system):
        if plugin.name not in policy.PLUGINS:
            yield AuditFinding(
                Severity.NOTE,
                _("There is another plugin: {name}.").format(name=plugin.name),
                _("Gajim does not load it when it is started from the menu."),
                _("Nothing has to be done.")
                if not plugin.is_users
                else _("Remove it if you do not know it: {path}").format(
                    path=plugin.folder
                ),
            )


def _file_mode(system: System) -> Iterator[AuditFinding]:
    path = settings_file(system)
    if path.stat().st_mode & 0o077:
        yield _weak(
            _("{path} can be read by others.").format(path=path),
            _("It may hold passwords."),
            f"chmod 600 {path}",
        )


def _running(system: System) -> Iterator[AuditFinding]:
    for process in processes.gajim_processes(system):
        if processes.is_started_past_us(system, process):
            yield AuditFinding(
                Severity.LEAK,
                _("Gajim was started past the launcher (process {id}).").format(
                    id=process
                ),
                _("It connects directly in some places, whatever its settings say."),
                _("Quit it, and start Gajim from the menu."),
            )


def _talkers(system: System) -> Iterator[AuditFinding]:
    for name, pattern in _TALKERS.items():
        if any(system.root.glob(pattern)):
            yield AuditFinding(
                Severity.NOTE,
                _("{library} is installed.").format(library=name),
                _("It speaks to the network by itself. Gajim is kept from using it."),
                _("Nothing has to be done."),
            )
