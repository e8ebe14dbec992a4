# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How things are, in a few lines that can be read out to somebody who helps."""

from __future__ import annotations

from collections.abc import Iterator

from . import policy
from . import running
from . import tor
from .i18n import _
from .profile import Profile
from .profile import read
from .profile import settings_file
from .system import System


def report(system: System) -> Iterator[str]:
    """Where keys are, whether Tor is up, and which account goes which way."""
    yield _("Tails: {answer}").format(answer=_yes(system.is_tails()))
    yield _("Tor is ready: {answer}").format(answer=_yes(tor.is_ready(system)))
    processes = running.gajim_processes(system)
    yield _("Gajim is running: {answer}").format(answer=_yes(bool(processes)))
    yield _("Settings: {path}").format(path=settings_file(system))
    keys = system.data / "plugins_data" / policy.PLUGIN
    yield _("Keys: {path}").format(path=keys)
    yield _("Certificates you accepted: {path}").format(path=system.data / "cert_store")
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
