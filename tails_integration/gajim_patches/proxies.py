# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes Tor the answer to every question of Gajim for a proxy.

Gajim connects directly where it does not know the name of a proxy, offers "No Proxy"
in 2.x, and uses no proxy for some requests (get_proxy and determine_proxy in
gajim/common/helpers.py). With this patch each account uses its own identity, whatever
its settings say, and everything else the identity of the program.
"""

from __future__ import annotations

from ..base.tor import GLOBAL_PROXY
from ..base.tor import HOST
from ..base.tor import PORT
from ..base.tor import Identities
from ..base.tor import account_proxy
from .patching import replace_function
from .protocols import GajimProxy


class Proxies:
    """Tor under the names it has in Gajim's settings."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    def named(self, name: str) -> GajimProxy:
        """Tor, with the identity that belongs to a proxy's name."""
        from nbxmpp.structs import ProxyData

        identity = self._identities.of(name)
        proxy: GajimProxy = ProxyData(
            type="socks5",
            host=f"{HOST}:{PORT}",
            username=identity.user,
            password=identity.password,
        )
        return proxy

    def of_account(self, account: str) -> GajimProxy:
        """The proxy of an account."""
        return self.named(account_proxy(account))

    def of_program(self) -> GajimProxy:
        """The proxy for connections that belong to no account."""
        return self.named(GLOBAL_PROXY)

    def is_ours(self, proxy: GajimProxy | None) -> bool:
        """Whether it is Tor, with an identity."""
        return (
            proxy is not None
            and proxy.type == "socks5"
            and proxy.host == f"{HOST}:{PORT}"
            and bool(proxy.username)
        )


def install(proxies: Proxies) -> None:
    """Replace Gajim's functions that look up a proxy."""
    from gajim.common import helpers

    def get_proxy(proxy_name: str) -> GajimProxy:
        # Names that are not ours get the program's identity, and not a new one
        known = proxy_name.startswith(f"{GLOBAL_PROXY} ")
        return proxies.named(proxy_name) if known else proxies.of_program()

    def get_global_proxy() -> GajimProxy:
        return proxies.of_program()

    def get_account_proxy(account: str, fallback: bool = True) -> GajimProxy:
        return proxies.of_account(account)

    def determine_proxy(account: str | None = None) -> GajimProxy:
        if account is None:
            return proxies.of_program()
        return proxies.of_account(account)

    for function in (get_proxy, get_global_proxy, get_account_proxy, determine_proxy):
        replace_function(helpers, function.__name__, function)
