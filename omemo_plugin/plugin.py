# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The plugin as Gajim sees it.

Gajim loads this also when the plugin is not enabled, so nothing here may fail:
what is missing becomes a sentence in the plugin manager.
"""

from __future__ import annotations

import logging
from typing import Any

from gajim.common import app
from gajim.common.const import COMMON_FEATURES
from gajim.plugins import GajimPlugin

log = logging.getLogger("gajim.p.omemo_plugin")

_NAME = "OMEMO"

_MISSING = (
    "OMEMO needs Debian packages that are not installed. "
    "Run “sudo apt install {}”, then start Gajim again."
)
_BROKEN = "OMEMO could not be loaded, because of an error in the plugin: {}"
_OTHER_ACTIVE = (
    "Another plugin for OMEMO (gajim-omemo) is active. "
    "Deactivate it, start Gajim again, and then activate this one."
)

# The short name of Debian's gajim-omemo
_OTHER = "omemo"


class OmemoPlugin(GajimPlugin):  # type: ignore[misc]
    """OMEMO encryption for Gajim."""

    def init(self) -> None:
        self.modules = []
        self.gui_extension_points = {}
        self.config_dialog = None
        self._shell: Any = None
        self._previews: Any = None
        problem = self._load()
        if problem:
            log.error(problem)
            self.activatable = False
            self.available_text = problem
            return
        self.encryption_name = _NAME
        self.allow_groupchat = True
        self.gui_extension_points = {
            f"encrypt{_NAME}": (self._encrypt, None),
            f"gc_encrypt{_NAME}": (self._encrypt, None),
            f"send_message{_NAME}": (self._before_sending, None),
            f"encryption_state{_NAME}": (self._encryption_state, None),
            f"encryption_dialog{_NAME}": (self._show_devices, None),
            "update_caps": (self._update_caps, None),
            "switch_contact": (self._chat_opened, None),
            "message_actions_box": (self._composer_made, self._composer_gone),
        }

    def _load(self) -> str:
        """Returns what is in the way, or nothing."""
        try:
            # First of all: Debian's gajim-omemo, even when it is not active,
            # occupies the name of a library this plugin needs
            from .engine.libraries import load

            load()
            from .bridge import module
        except Exception as error:
            if type(error).__name__ == "LibraryMissing":
                return _MISSING.format(error)
            log.exception("Cannot load the plugin")
            return _BROKEN.format(f"{type(error).__name__}: {error}")
        self.modules = [module]
        return ""

    # Two plugins for the same would both answer, so this one steps back. It is
    # asked each time, because the other one may be switched meanwhile.

    @property
    def activatable(self) -> bool:
        return self._activatable and not _other_is_active()

    @activatable.setter
    def activatable(self, value: bool) -> None:
        self._activatable = value

    @property
    def available_text(self) -> str:
        if self._activatable and _other_is_active():
            return _OTHER_ACTIVE
        return self._available_text

    @available_text.setter
    def available_text(self, value: str) -> None:
        self._available_text = value

    # Gajim's calls

    def activate(self) -> None:
        self._start_windows()
        self._start_previews()
        for client in app.get_clients():
            _quietly(_update_features, client)

    def deactivate(self) -> None:
        self._stop_windows()
        self._stop_previews()
        for client in app.get_clients():
            _quietly(_deactivate_module, client)

    def activate_encryption(self, chat_control: Any) -> bool:
        service = _service(chat_control.contact.account)
        return service is not None and service.check_send_preconditions(
            chat_control.contact
        )

    def encrypt_file(self, transfer: Any, account: str, callback: Any) -> None:
        """Gajim 1.7.3 asks for an upload to an encrypted conversation."""
        service = _service(account)
        if service is not None:
            service.encrypt_file(transfer, callback)

    def _encrypt(self, client: Any, message: Any, _callback: Any) -> None:
        """
        Gajim 1.7.3 asks for a message. The callback would send it; what is
        encrypted goes through the gate instead.
        """
        module = _module(client)
        if module is None:
            log.error("A message was not sent: OMEMO does not work")
        elif module.service is None:
            module.refuse(message)
        else:
            module.service.encrypt_message(message)

    def _before_sending(self, chat_control: Any) -> None:
        # Gajim sends if this fails, so the answer "no" comes first. It is for
        # comfort only: what counts is asked again on the way out
        chat_control.sendmessage = False
        contact = chat_control.contact
        module = _module(app.get_client(contact.account))
        if module is None:
            return
        if module.service is None:
            module.say_why_not(contact)
        else:
            chat_control.sendmessage = module.service.check_send_preconditions(contact)

    def _start_windows(self) -> None:
        """Without its windows the plugin does not know less, it shows less."""
        if self._shell is not None:
            return
        try:
            from .ui.shell import Shell

            self._shell = Shell(_service)
            self._shell.start()
            self.config_dialog = self._show_preferences
            self.modules[0].follow_services(self._shell.service_started)
        except Exception:
            log.exception("The windows cannot be used")
            self._stop_windows()

    def _stop_windows(self) -> None:
        shell, self._shell = self._shell, None
        if shell is not None:
            try:
                self.modules[0].follow_services(None)
                shell.stop()
            except Exception:
                log.exception("Taking the windows back")

    def _start_previews(self) -> None:
        """Without them Gajim fetches and opens files in its own way."""
        try:
            from .bridge.previews import Previews

            self._previews = Previews()
            self._previews.install()
        except Exception:
            log.exception("Files that arrive are left to Gajim")
            self._stop_previews()

    def _stop_previews(self) -> None:
        previews, self._previews = self._previews, None
        if previews is not None:
            try:
                previews.remove()
            except Exception:
                log.exception("Taking the previews back")

    def _show_preferences(self, parent: Any) -> None:
        if self._shell is not None:
            self._shell.show_preferences(parent)

    def _composer_made(self, box: Any, *_widgets: Any) -> None:
        # Gajim calls this before `activate`
        self._start_windows()
        if self._shell is not None:
            self._shell.composer_made(box)

    def _composer_gone(self, box: Any, *_widgets: Any) -> None:
        if self._shell is not None:
            self._shell.composer_gone(box)

    def _encryption_state(self, chat_control: Any, state: dict[str, Any]) -> None:
        contact = chat_control.contact
        service = _service(contact.account)
        state["visible"] = True
        state["authenticated"] = service is not None and service.is_verified(
            str(contact.jid)
        )

    def _show_devices(self, chat_control: Any) -> None:
        contact = chat_control.contact
        service = _service(contact.account)
        if self._shell is not None:
            self._shell.show_for(contact)
        elif service is not None:
            service.tell_devices(str(contact.jid))

    def _update_caps(self, account: str, features: list[str]) -> None:
        from .engine.values import Protocol
        from .stanza.pep import device_list_node

        if _service(account) is None:
            return
        for protocol in Protocol:
            feature = f"{device_list_node(protocol)}+notify"
            # Gajim 2 has one of them already, and fails if it is there twice
            if feature not in features and feature not in COMMON_FEATURES:
                features.append(feature)

    def _chat_opened(self, contact: Any) -> None:
        service = _service(contact.account)
        if service is not None:
            service.chat_opened(str(contact.jid))
        if self._shell is not None:
            self._shell.chat_opened(contact)


def _module(client: Any) -> Any:
    from .bridge.module import name

    try:
        return client.get_module(name)
    except KeyError:
        return None


def _service(account: str) -> Any:
    """The service of an account; None if it has none, or could not be
    started."""
    try:
        client = app.get_client(account)
    except Exception:
        # There is one account that is no account
        return None
    module = _module(client)
    return None if module is None else module.service


def _deactivate_module(client: Any) -> None:
    module = _module(client)
    if module is not None:
        module.deactivate()


def _update_features(client: Any) -> None:
    client.get_module("Caps").update_caps()


def _quietly(call: Any, client: Any) -> None:
    try:
        call(client)
    except Exception:
        log.exception("Failed on %s", client.account)


def _other_is_active() -> bool:
    """Whether gajim-omemo is in the way, now or in a moment."""
    manager = getattr(app, "plugin_manager", None)
    if manager is None:
        # Gajim has not read all plugins yet
        return False
    other = manager.get_plugin(_OTHER)
    if other is None:
        return False
    if other.active:
        return True
    wanted: bool = app.settings.get_plugin_setting(_OTHER, "active")
    return wanted and bool(other.activatable)
