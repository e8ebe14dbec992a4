# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few attributes of Gajim and nbxmpp that the patches use, as types.

Gajim has no type stubs, and its versions differ. Each protocol lists only names that
are the same in Gajim 1.7.3, 2.1.1 and 2.6.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class GajimProxy(Protocol):
    """A proxy (nbxmpp.structs.ProxyData)."""

    @property
    def type(self) -> str:
        """The kind of proxy: 'socks5' or 'http'."""

    @property
    def host(self) -> str:
        """Host and port, with a colon between them."""

    @property
    def username(self) -> str | None:
        """The SOCKS name."""

    @property
    def password(self) -> str | None:
        """The SOCKS password."""


class Timeouts(Protocol):
    """The network client of a connection (Gio.SocketClient)."""

    def set_timeout(self, timeout: int) -> None:
        """Set the timeout, in seconds."""


class GajimConnection(Protocol):
    """A TCP connection to a server (nbxmpp.tcp.TCPConnection)."""

    _client: Timeouts


class Addresses(Protocol):
    """The addresses at which a server is tried (nbxmpp.addresses.ServerAddresses)."""

    _domain: str | None
    _proxy: GajimProxy
    _custom_host: object | None
    _is_resolved: bool
    _addresses: list[object]
    _fallback_addresses: list[object]

    def set_proxy(self, proxy: GajimProxy) -> None:
        """Set the proxy for all addresses."""


class AllGajimSettings(Protocol):
    """All settings (gajim.common.settings.Settings)."""

    _settings: dict[str, dict[str, object]]
    _app_overrides: dict[str, object]
    _account_settings: dict[str, object]


class Manifest(Protocol):
    """The manifest of a plugin (gajim.plugins.manifest.PluginManifest)."""

    @property
    def short_name(self) -> str:
        """The name by which the settings know the plugin."""


class GajimPlugin(Protocol):
    """A plugin that is loaded (gajim.plugins.gajimplugin.GajimPlugin)."""

    @property
    def manifest(self) -> Manifest:
        """Its manifest."""


class PluginManager(Protocol):
    """Gajim's plugins (gajim.plugins.pluginmanager.PluginManager)."""

    @property
    def active_plugins(self) -> Iterable[GajimPlugin]:
        """The plugins that are active."""


class GajimEvent(Protocol):
    """An event that belongs to one account."""

    @property
    def account(self) -> str:
        """Gajim's name of the account."""
