# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports the state in a few lines that a user can read out to a helper."""

from __future__ import annotations

from collections.abc import Iterator

from . import policy
from .base import processes
from .base import tor
from .base.i18n import _
from .base.system import System
from .settings import plugins
from .settings.profile import Profile
from .settings.profile import read
from .settings.profile import settings_file


def report(system: System) -> Iterator[str]:
    """Yield where the keys are, whether Tor runs, and how each account uses it."""
    yield _("Tails: {answer}").format(answer=_yes(system.is_tails()))
    yield _("Tor is ready: {answer}").format(answer=_yes(tor.is_ready(system)))
    running = bool(processes.gajim_processes(system))
    yield _("Gajim is running: {answer}").format(answer=_yes(running))
    yield _("Settings: {path}").format(path=settings_file(system))
    keys = system.data / "plugins_data" / policy.PLUGIN
    yield _("Keys: {path}").format(path=keys)
    yield _("Certificates you accepted: {path}").format(path=system.data / "cert_store")
    names = sorted(
        {
            plugin.name
            for plugin in plugins.installed(system)
            if plugin.name in policy.PLUGINS
        }
    )
    yield _("Plugins: {names}").format(names=", ".join(names) or _("none"))
    profile = read(system)
    if profile is None:
        yield _("There is no profile yet; it is made when Gajim is started.")
        return
    yield from _ways(profile)


def _ways(profile: Profile) -> Iterator[str]:
    ways = [(_("What belongs to no account"), tor.GLOBAL_PROXY)]
    ways += [(account, tor.account_proxy(account)) for account in profile.accounts]
    for who, name in ways:
        proxy = profile.proxies.get(name, {})
        if tor.is_tor(proxy):
            # The name alone says nothing to anybody but Tor
            yield _("{who}: through Tor as {identity}").format(
                who=who, identity=proxy["user"]
            )
        else:
            yield _("{who}: not set up yet").format(who=who)


def _yes(answer: bool) -> str:
    return _("yes") if answer else _("no")
