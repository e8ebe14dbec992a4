# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets Gajim load the plugins of the policy, and no others.

Gajim runs the code of every plugin that it finds, active or not
(_load_plugin_module in gajim/plugins/pluginmanager.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from .. import policy
from ..base.dialog import DialogButton
from ..base.dialog import ask
from ..base.errors import Refused
from ..base.i18n import _
from .patching import Function
from .patching import log
from .patching import wrap_method
from .protocols import AllGajimSettings
from .protocols import Manifest
from .protocols import PluginManager


def install() -> None:
    """Change how Gajim loads plugins, and their setting `active`."""
    from gajim.common.settings import Settings as GajimSettings
    from gajim.plugins.pluginmanager import PluginManager as GajimPluginManager

    def load(old: Function) -> Function:
        def _load_plugin_module(self: object, manifest: Manifest) -> object:
            if manifest.short_name not in policy.PLUGINS:
                log.warning("The plugin %s is not loaded in Tails", manifest.short_name)
                return None
            return old(self, manifest)

        return _load_plugin_module

    def getter(old: Function) -> Function:
        def get_plugin_setting(
            self: AllGajimSettings, plugin: str, setting: str
        ) -> object:
            if setting == "active":
                return plugin in policy.PLUGINS
            return old(self, plugin, setting)

        return get_plugin_setting

    def setter(old: Function) -> Function:
        def set_plugin_setting(
            self: AllGajimSettings, plugin: str, setting: str, value: object
        ) -> None:
            if setting == "active":
                value = plugin in policy.PLUGINS
            old(self, plugin, setting, value)

        return set_plugin_setting

    wrap_method(GajimPluginManager, "_load_plugin_module", load)
    wrap_method(GajimPluginManager, "init_plugins", _check_after)
    wrap_method(GajimSettings, "get_plugin_setting", getter)
    wrap_method(GajimSettings, "set_plugin_setting", setter)


def _check_after(old: Function) -> Function:
    def init_plugins(self: PluginManager) -> None:
        old(self)
        active = {plugin.manifest.short_name for plugin in self.active_plugins}
        inactive = sorted(set(policy.PLUGINS) - active)
        if inactive:
            _end(inactive)

    return init_plugins


def _end(inactive: Iterable[str]) -> None:
    """End the process: Gajim would go on without encryption, or with its own."""
    refusal = Refused(
        _("A plugin could not be started, so Gajim was closed: {names}").format(
            names=", ".join(inactive)
        )
    )
    log.error("%s", refusal)
    ask(refusal.title, str(refusal), [DialogButton("close", _("Close"))])
    # GLib would catch SystemExit here, and no account is connected yet
    os._exit(refusal.exit_code)
