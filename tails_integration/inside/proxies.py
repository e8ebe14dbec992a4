# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every proxy that Gajim looks up is Tor.

Gajim takes a direct connection where a proxy's name is unknown, offers "No Proxy" in
2.x, and forgets the proxy for some requests (get_proxy and determine_proxy in
gajim/common/helpers.py). Here each account gets its own identity whatever its
settings say, and everything else the one of the program.
"""

from __future__ import annotations

from typing import Any

from ..tor import GLOBAL_PROXY
from ..tor import HOST
from ..tor import PORT
from ..tor import Identities
from ..tor import account_proxy
from .patching import replace_function


class Proxies:
    """Tor under the names it has in Gajim's settings."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    def named(self, name: str) -> Any:
        """Tor, with the identity that belongs to a proxy's name."""
        from nbxmpp.structs import ProxyData

        identity = self._identities.of(name)
        return ProxyData(
            type="socks5",
            host=f"{HOST}:{PORT}",
            username=identity.user,
            password=identity.password,
        )

    def of_account(self, account: str) -> Any:
        """An account's own."""
        return self.named(account_proxy(account))

    def of_program(self) -> Any:
        """For what belongs to no account."""
        return self.named(GLOBAL_PROXY)

    def is_ours(self, proxy: Any) -> bool:
        """Whether it is Tor, with an identity."""
        return (
            proxy is not None
            and proxy.type == "socks5"
            and proxy.host == f"{HOST}:{PORT}"
            and bool(proxy.username)
        )


def install(proxies: Proxies) -> None:
    """Let Gajim know no other proxies."""
    from gajim.common import helpers

    def get_proxy(proxy_name: str) -> Any:
        # Names that are not ours get the program's identity, and not a new one
        known = proxy_name.startswith(f"{GLOBAL_PROXY} ")
        return proxies.named(proxy_name) if known else proxies.of_program()

    def get_global_proxy() -> Any:
        return proxies.of_program()

    def get_account_proxy(account: str, fallback: bool = True) -> Any:
        return proxies.of_account(account)

    def determine_proxy(account: str | None = None) -> Any:
        if account is None:
            return proxies.of_program()
        return proxies.of_account(account)

    for function in (get_proxy, get_global_proxy, get_account_proxy, determine_proxy):
        replace_function(helpers, function.__name__, function)
