# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gajim's settings under the policy: locks that hold, and other defaults.

`/etc/gajim/app-overrides.json` locks settings of the program only, and only who is
root can write it. Here the same locks hold without it, and those of accounts too.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from .. import policy
from ..policy import Scope
from ..tor import GLOBAL_PROXY
from ..tor import Identities
from ..tor import account_proxy
from .patching import log
from .patching import wrap_method


def install(gajim: policy.Version, identities: Identities) -> None:
    """Change Gajim's settings before they are read."""
    from gajim.common.setting_values import ACCOUNT_SETTINGS
    from gajim.common.setting_values import APP_SETTINGS
    from gajim.common.settings import Settings

    APP_SETTINGS.update(policy.values(Scope.APP, gajim))
    for scope in (Scope.ACCOUNT, Scope.CONTACT, Scope.ROOM):
        ACCOUNT_SETTINGS[scope.value].update(policy.values(scope, gajim))
    _lock_program(Settings, policy.overrides(gajim))
    _lock_accounts(Settings, policy.values(Scope.ACCOUNT, gajim, locked=True))
    for scope, kind in ((Scope.CONTACT, "contact"), (Scope.ROOM, "group_chat")):
        _lock_chats(Settings, kind, policy.values(scope, gajim, locked=True))
    _add_proxies(Settings, identities)


def _lock_program(settings: type, locked: dict[str, Any]) -> None:
    def load_overrides(old: Callable[..., None]) -> Callable[..., None]:
        def _load_app_overrides(self: Any) -> None:
            old(self)
            self._app_overrides = {**self._app_overrides, **locked}
            self._settings["app"].update(locked)

        return _load_app_overrides

    wrap_method(settings, "_load_app_overrides", load_overrides)


def _lock_accounts(settings: type, locked: dict[str, Any]) -> None:
    def getter(old: Callable[..., Any]) -> Callable[..., Any]:
        def get_account_setting(self: Any, account: str, setting: str) -> Any:
            value = old(self, account, setting)
            if setting == "proxy":
                return account_proxy(account)
            return locked.get(setting, value)

        return get_account_setting

    def setter(old: Callable[..., None]) -> Callable[..., None]:
        def set_account_setting(
            self: Any, account: str, setting: str, value: Any
        ) -> None:
            if setting == "proxy":
                value = account_proxy(account)
            elif setting == "resource" and str(value).startswith("gajim"):
                value = secrets.token_hex(4)
            elif setting in locked and value != locked[setting]:
                log.warning("%s cannot be changed in Tails", setting)
                value = locked[setting]
            old(self, account, setting, value)

        return set_account_setting

    wrap_method(settings, "get_account_setting", getter)
    wrap_method(settings, "set_account_setting", setter)


def _lock_chats(settings: type, kind: str, locked: dict[str, Any]) -> None:
    if not locked:
        return

    def getter(old: Callable[..., Any]) -> Callable[..., Any]:
        def get(self: Any, account: str, jid: Any, setting: str) -> Any:
            if setting in locked:
                return locked[setting]
            return old(self, account, jid, setting)

        return get

    def setter(old: Callable[..., None]) -> Callable[..., None]:
        def set_(
            self: Any, account: str, jid: Any, setting: str, value: Any, *more: Any
        ) -> None:
            old(self, account, jid, setting, locked.get(setting, value), *more)

        return set_

    wrap_method(settings, f"get_{kind}_setting", getter)
    wrap_method(settings, f"set_{kind}_setting", setter)


def _add_proxies(settings: type, identities: Identities) -> None:
    """Each account has its proxy from the moment it is made."""

    def put(self: Any, name: str) -> None:
        self._settings["proxies"][name] = identities.of(name).as_proxy()

    def init(old: Callable[..., None]) -> Callable[..., None]:
        def init_(self: Any, *arguments: Any, **more: Any) -> None:
            old(self, *arguments, **more)
            put(self, GLOBAL_PROXY)
            for account in self._account_settings:
                put(self, account_proxy(account))

        return init_

    def adder(old: Callable[..., None]) -> Callable[..., None]:
        def add_account(self: Any, account: str) -> None:
            old(self, account)
            put(self, account_proxy(account))

        return add_account

    wrap_method(settings, "init", init)
    wrap_method(settings, "add_account", adder)
