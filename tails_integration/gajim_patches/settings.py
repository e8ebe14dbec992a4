# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enforces the policy on Gajim's settings: locks, and other defaults.

`/etc/gajim/app-overrides.json` locks settings of the program only, and only root can
write it. This patch enforces the same locks without that file, and those of accounts,
contacts and plugins too.
"""

from __future__ import annotations

import secrets

from .. import policy
from ..base.tor import GLOBAL_PROXY
from ..base.tor import Identities
from ..base.tor import account_proxy
from ..policy import Scope
from .patching import Function
from .patching import log
from .patching import wrap_method
from .protocols import AllGajimSettings


def install(gajim: policy.Version, identities: Identities) -> None:
    """Change Gajim's settings before they are read."""
    from gajim.common.setting_values import ACCOUNT_SETTINGS
    from gajim.common.setting_values import APP_SETTINGS
    from gajim.common.settings import Settings as GajimSettings

    APP_SETTINGS.update(policy.values(Scope.APP, gajim))
    for scope in (Scope.ACCOUNT, Scope.CONTACT, Scope.ROOM):
        ACCOUNT_SETTINGS[scope.value].update(policy.values(scope, gajim))
    _lock_program(GajimSettings, policy.overrides(gajim))
    _lock_accounts(GajimSettings, policy.values(Scope.ACCOUNT, gajim, locked=True))
    for scope, kind in ((Scope.CONTACT, "contact"), (Scope.ROOM, "group_chat")):
        _lock_chats(GajimSettings, kind, policy.values(scope, gajim, locked=True))
    _add_proxies(GajimSettings, identities)


def _lock_program(settings: type, locked: policy.Values) -> None:
    def load_overrides(old: Function) -> Function:
        def _load_app_overrides(self: AllGajimSettings) -> None:
            old(self)
            self._app_overrides = {**self._app_overrides, **locked}
            self._settings["app"].update(locked)

        return _load_app_overrides

    wrap_method(settings, "_load_app_overrides", load_overrides)


def _lock_accounts(settings: type, locked: policy.Values) -> None:
    def getter(old: Function) -> Function:
        def get_account_setting(
            self: AllGajimSettings, account: str, setting: str
        ) -> object:
            value = old(self, account, setting)
            if setting == "proxy":
                return account_proxy(account)
            return locked.get(setting, value)

        return get_account_setting

    def setter(old: Function) -> Function:
        def set_account_setting(
            self: AllGajimSettings, account: str, setting: str, value: object
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


def _lock_chats(settings: type, kind: str, locked: policy.Values) -> None:
    if not locked:
        return

    def getter(old: Function) -> Function:
        def get(
            self: AllGajimSettings, account: str, jid: object, setting: str
        ) -> object:
            if setting in locked:
                return locked[setting]
            return old(self, account, jid, setting)

        return get

    def setter(old: Function) -> Function:
        def set_(
            self: AllGajimSettings,
            account: str,
            jid: object,
            setting: str,
            value: object,
            *more: object,
        ) -> None:
            old(self, account, jid, setting, locked.get(setting, value), *more)

        return set_

    wrap_method(settings, f"get_{kind}_setting", getter)
    wrap_method(settings, f"set_{kind}_setting", setter)


def _add_proxies(settings: type, identities: Identities) -> None:
    """Each account has its proxy from the moment it is made."""

    def put(self: AllGajimSettings, name: str) -> None:
        self._settings["proxies"][name] = identities.of(name).as_proxy()

    def init(old: Function) -> Function:
        def init_(self: AllGajimSettings, *arguments: object, **more: object) -> None:
            old(self, *arguments, **more)
            put(self, GLOBAL_PROXY)
            for account in self._account_settings:
                put(self, account_proxy(account))

        return init_

    def adder(old: Function) -> Function:
        def add_account(self: AllGajimSettings, account: str) -> None:
            old(self, account)
            put(self, account_proxy(account))

        return add_account

    wrap_method(settings, "init", init)
    wrap_method(settings, "add_account", adder)
