# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reaching the servers with files by way of the account's proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gajim.common import app
from gajim.common.helpers import determine_proxy
from gajim.common.helpers import get_account_proxy

from .download import HttpRoute

if TYPE_CHECKING:
    from ..gajim.preview_protocols import Proxy


def route_of(account: str) -> HttpRoute:
    """The route of an account."""
    # Gajim 1.7 lets the user do without certificates
    check = app.settings.get("preview_verify_https")
    return _route(get_account_proxy(account), bool(check))


def route_by(proxy: Proxy | None) -> HttpRoute:
    """
    Args:
        proxy: of Gajim's settings; None for the one of the whole program.
    """
    return _route(proxy or determine_proxy(), True)


def _route(proxy: Proxy | None, check: bool) -> HttpRoute:
    own_domains = [str(client.get_own_jid().domain) for client in app.get_clients()]
    return HttpRoute(
        own_domains, None if proxy is None else proxy.get_resolver(), check
    )
