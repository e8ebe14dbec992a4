# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the servers with files are reached: by the proxy of the account."""

from __future__ import annotations

from typing import Any

from gajim.common import app
from gajim.common.helpers import determine_proxy
from gajim.common.helpers import get_account_proxy

from .fetch import Way


def way_of(account: str) -> Way:
    """That of an account."""
    # Gajim 1.7 lets the user do without certificates
    check = app.settings.get("preview_verify_https")
    return _way(get_account_proxy(account), bool(check))


def way_by(proxy: Any) -> Way:
    """
    Args:
        proxy: of Gajim's settings; None for the one of the whole program.
    """
    return _way(proxy or determine_proxy(), True)


def _way(proxy: Any, check: bool) -> Way:
    own_domains = [str(client.get_own_jid().domain) for client in app.get_clients()]
    return Way(own_domains, None if proxy is None else proxy.get_resolver(), check)
