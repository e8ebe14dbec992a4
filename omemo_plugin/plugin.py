# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The plugin as Gajim sees it.

Gajim loads this module also when the plugin is not enabled, so nothing here may
fail: a missing package becomes a sentence in the plugin manager.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from gajim.common import app
from gajim.common.const import COMMON_FEATURES
from gajim.plugins import GajimPlugin
from gi.repository import GLib

from .bridge.gajim import other_plugin
from .loading import without_collecting
from .ui.presenters.obstacles import Obstacle
from .ui.presenters.obstacles import cannot_start
from .ui.presenters.obstacles import other_is_on
from .ui.presenters.obstacles import programs_missing

if TYPE_CHECKING:
    # They need packages that may be missing
    from .bridge.account import AccountService
    from .bridge.account_removal import AccountRemoval
    from .bridge.files.previews import Previews
    from .bridge.gajim.protocols import ChatControl
    from .bridge.gajim.protocols import Client
    from .bridge.gajim.protocols import Contact
    from .bridge.gajim.protocols import OutgoingMessage
    from .bridge.gajim.protocols import UploadTransfer
    from .bridge.identity_move import MovableIdentity
    from .bridge.module import OmemoModule
    from .bridge.rooms import Rooms
    from .bridge.session_lock import SessionLock
    from .ui.gajim_windows.protocols import NewInputBox
    from .ui.gajim_windows.protocols import OldInputBox
    from .ui.widgets.toolkit import Window
    from .ui.windows import Windows

log = logging.getLogger("gajim.p.omemo_plugin")

_NAME = "OMEMO"


class OmemoPlugin(GajimPlugin):  # type: ignore[misc]
    """OMEMO encryption for Gajim."""

    def init(self) -> None:
        self.modules: list[ModuleType] = []
        self.gui_extension_points: dict[str, tuple[object, object]] = {}
        self.config_dialog: Callable[[Window | None], None] | None = None
        self._windows: Windows | None = None
        self._disconnect: Callable[[], object] = lambda: None
        self._previews: Previews | None = None
        self._session_lock: SessionLock | None = None
        self._removal: AccountRemoval | None = None
        self._close_leaving: Callable[[], None] = lambda: None
        self._obstacle = self._load()
        # Gajim has its window already when the user has just installed the plugin
        self._is_new = app.window is not None
        GLib.timeout_add(500, self._say_obstacle)
        if self._obstacle is not None:
            log.error(self._obstacle.text)
            self.activatable = False
            self.available_text = self._obstacle.text
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

    def _load(self) -> Obstacle | None:
        """Returns why the plugin cannot be used; None if it can."""
        try:
            # First of all: Debian's gajim-omemo, even when it is not active,
            # occupies the name of a library this plugin needs
            from .engine.libraries import load

            with without_collecting():
                load()
                from .bridge import module
        except Exception as error:
            # The plugin manager shows it
            if type(error).__name__ == "LibraryMissing":
                return programs_missing(str(error))
            log.exception("Cannot load the plugin")
            return cannot_start(f"{type(error).__name__}: {error}")
        self.modules = [module]
        return None

    def _say_obstacle(self) -> bool:
        """Say in a window why the plugin cannot be switched on, to a user who has
        just installed it, or had it on before."""
        if app.window is None:
            # Gajim is starting
            return bool(GLib.SOURCE_CONTINUE)
        obstacle = self._obstacle
        if obstacle is None and not self.active and other_plugin.is_active():
            obstacle = other_is_on(other_plugin.version())
        name = self.manifest.short_name
        is_wanted = self._is_new or app.settings.get_plugin_setting(name, "active")
        if obstacle is not None and is_wanted:
            try:
                from .ui.views.obstacle import open_obstacle

                open_obstacle(obstacle, app.window, self._switch_other_off)
            except Exception:
                # The plugin manager says it as well
                log.exception("The window that says why it is off")
        return bool(GLib.SOURCE_REMOVE)

    def _switch_other_off(self) -> None:
        other_plugin.switch_off()
        # What this user wanted is done at the next start: both need a library, each
        # of its own, by one name
        app.settings.set_plugin_setting(self.manifest.short_name, "active", True)

    # Two plugins for OMEMO would both answer, so this one steps back. Gajim asks
    # each time, because the user may have switched the other one meanwhile.

    @property
    def activatable(self) -> bool:
        return self._activatable and not other_plugin.is_active()

    @activatable.setter
    def activatable(self, value: bool) -> None:
        self._activatable = value

    @property
    def available_text(self) -> str:
        if self._activatable and other_plugin.is_active():
            return other_is_on(other_plugin.version()).text
        return self._available_text

    @available_text.setter
    def available_text(self, value: str) -> None:
        self._available_text = value

    # Gajim's calls

    def activate(self) -> None:
        self._close_leaving()
        self._start_windows()
        self._start_previews()
        self._follow_session_lock()
        self._follow_removals()
        for client in app.get_clients():
            _guarded(_update_features, client)

    def deactivate(self) -> None:
        # The accounts do not tell any more when they have been switched off
        chats, rooms = _encrypted_chats(), _rooms()
        self._stop_windows()
        self._stop_previews()
        if self._removal is not None:
            self._removal.stop()
            self._removal = None
        if self._session_lock is not None:
            self._session_lock.stop()
            self._session_lock = None
        for client in app.get_clients():
            _guarded(_deactivate_module, client)
            _guarded(_update_features, client)
        self._say_off(chats, rooms)

    def _say_off(self, chats: list[tuple[str, str]], rooms: dict[str, Rooms]) -> None:
        """
        Say what becomes of the chats. When Gajim quits, it switches nothing off.

        Args:
            chats: account and JID of the encrypted ones.
            rooms: those of each account, by Gajim's name of it.
        """
        if app.window is None:
            return
        try:
            # Later this may not be possible: the plugin may be removed by now
            from .bridge import giving_back
            from .bridge.gajim.constants import HAS_BUILTIN_OMEMO
            from .ui.gajim_windows.screen import name_of
            from .ui.views.leaving import open_leaving
        except Exception:
            log.exception("The window that says that the plugin is off")
            return
        # At once: what comes before the window is there is read, too
        offers = giving_back.offers(rooms)
        for offer in offers:
            offer.start()

        def say() -> None:
            plugin = app.plugin_manager.get_plugin(self.manifest.short_name)
            if plugin is not None and (plugin is not self or self.active):
                # A new version has taken its place, or it is on again
                for offer in offers:
                    offer.close()
                return
            self._close_leaving = open_leaving(
                app.window,
                gajim_has_omemo=HAS_BUILTIN_OMEMO,
                names=[name_of(*chat) for chat in chats],
                switch_on=None if plugin is None else self._switch_on,
                offers=offers,
            )

        GLib.idle_add(say)

    def _switch_on(self) -> None:
        other_plugin.switch_off()
        app.plugin_manager.activate_plugin(self)

    def activate_encryption(self, chat_control: ChatControl) -> bool:
        service = _service(chat_control.contact.account)
        return service is not None and service.preconditions.check(chat_control.contact)

    def encrypt_file(
        self,
        transfer: UploadTransfer,
        account: str,
        callback: Callable[[UploadTransfer], object],
    ) -> None:
        """Gajim 1.7.3 asks for an upload to an encrypted conversation."""
        service = _service(account)
        if service is not None:
            service.uploads.encrypt(transfer, callback)

    def _encrypt(
        self, client: Client, message: OutgoingMessage, _callback: object
    ) -> None:
        """
        Gajim 1.7.3 asks for a message. The callback would send it; the encrypted
        message goes through the gate instead.
        """
        module = _module(client)
        if module is None:
            log.error("A message was not sent: OMEMO does not work")
        elif module.service is None:
            module.refuse(message)
        else:
            module.service.sender.encrypt_message(message)

    def _before_sending(self, chat_control: ChatControl) -> None:
        # Gajim sends if this fails, so the answer "no" comes first. It is for
        # comfort only: the gate and the sender decide
        chat_control.sendmessage = False
        contact = chat_control.contact
        module = _module(app.get_client(contact.account))
        if module is None:
            return
        if module.service is None:
            module.say_why_not(contact)
        else:
            chat_control.sendmessage = module.service.preconditions.check(contact)

    def _start_windows(self) -> None:
        """Without its windows the plugin does not know less, it shows less."""
        if self._windows is not None:
            return
        try:
            with without_collecting():
                from .ui.windows import Windows

                self._windows = Windows(_service, _identity)
                self._windows.start()
            self.config_dialog = self._show_preferences
            self._disconnect = self._connect(self._windows)
        except Exception:
            # The plugin works without windows
            log.exception("The windows cannot be used")
            self._stop_windows()

    def _connect(self, windows: Windows) -> Callable[[], object]:
        """Have the windows told what happens. Returns what ends that."""
        from .bridge.takeover import takeover_asked

        ends = (
            self.modules[0].service_started.connect(windows.service_started),
            self.modules[0].service_stopped.connect(windows.service_stopped),
            takeover_asked.connect(windows.ask_about_key),
        )
        for client in app.get_clients():
            module = _module(client)
            if module is None:
                continue
            if module.service is not None:
                # Gajim makes the accounts before its window
                windows.service_started(module.service)
            if module.keys is not None:
                module.keys.ask()
        return lambda: [end() for end in ends]

    def _stop_windows(self) -> None:
        windows, self._windows = self._windows, None
        if windows is not None:
            try:
                self._disconnect()
                windows.stop()
            except Exception:
                # The other parts are to stop as well
                log.exception("Taking the windows back")

    def _start_previews(self) -> None:
        """Without them Gajim fetches and opens files in its own way."""
        try:
            from .bridge.files.previews import Previews

            self._previews = Previews()
            self._previews.install()
        except Exception:
            # Gajim has previews of its own
            log.exception("Files that arrive are left to Gajim")
            self._stop_previews()

    def _stop_previews(self) -> None:
        previews, self._previews = self._previews, None
        if previews is not None:
            try:
                previews.remove()
            except Exception:
                # The other parts are to stop as well
                log.exception("Taking the previews back")

    def _follow_session_lock(self) -> None:
        """Without it the keys of read messages go a few seconds later."""
        if self._session_lock is not None:
            return
        try:
            from .bridge.session_lock import SessionLock

            self._session_lock = SessionLock(self._session_locked)
            self._session_lock.start()
        except Exception:
            # The plugin works without it
            log.exception("It is not noticed when the screen is locked")

    def _follow_removals(self) -> None:
        """Without it the keys of an account that is removed stay."""
        if self._removal is not None:
            return
        try:
            from .bridge.account_removal import AccountRemoval

            self._removal = AccountRemoval(_module)
            self._removal.start()
        except Exception:
            # The plugin works without it
            log.exception("It is not noticed when an account is removed")

    def _session_locked(self) -> None:
        for client in app.get_clients():
            _guarded(_forget_read_keys, client)

    def _show_preferences(self, parent: Window | None) -> None:
        if self._windows is not None:
            self._windows.show_preferences(parent)

    def _composer_made(self, box: OldInputBox | NewInputBox, *_widgets: object) -> None:
        # Gajim calls this before `activate`
        self._start_windows()
        if self._windows is not None:
            self._windows.composer_made(box)

    def _composer_gone(self, box: OldInputBox | NewInputBox, *_widgets: object) -> None:
        if self._windows is not None:
            self._windows.composer_gone(box)

    def _encryption_state(
        self, chat_control: ChatControl, state: dict[str, bool]
    ) -> None:
        contact = chat_control.contact
        service = _service(contact.account)
        state["visible"] = True
        state["authenticated"] = (
            service is not None and service.verification.is_verified(str(contact.jid))
        )

    def _show_devices(self, chat_control: ChatControl) -> None:
        contact = chat_control.contact
        service = _service(contact.account)
        if self._windows is not None:
            self._windows.show_for(contact)
        elif service is not None:
            service.device_management.show_in_chat(str(contact.jid))

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

    def _chat_opened(self, contact: Contact) -> None:
        module = _module(_client(contact.account))
        if module is not None:
            module.chat_opened(str(contact.jid))
        if self._windows is not None:
            self._windows.chat_opened(contact)


def _client(account: str) -> Client | None:
    try:
        found: Client = app.get_client(account)
    except KeyError:
        # There is one account that is no account
        return None
    return found


def _module(client: Client | None) -> OmemoModule | None:
    if client is None:
        return None
    from .bridge.module import find_module

    return find_module(client)


def _service(account: str) -> AccountService | None:
    """The service of an account; None if it has none, or could not be started."""
    module = _module(_client(account))
    return None if module is None else module.service


def _identity(account: str) -> MovableIdentity | None:
    """What ends and moves the identity of an account."""
    module = _module(_client(account))
    return None if module is None else module.identity


def _encrypted_chats() -> list[tuple[str, str]]:
    """Account and JID of each encrypted chat, those first in which the user has
    written."""
    found = []
    for client in app.get_clients():
        service = _service(client.account)
        if service is not None:
            chats = service.encrypted_chats
            found += [
                (not chats.is_chosen(jid), client.account, jid) for jid in chats.jids
            ]
    return [(account, jid) for _unasked, account, jid in sorted(found)]


def _rooms() -> dict[str, Rooms]:
    """The rooms of each account, by Gajim's name of it."""
    found = {}
    for client in app.get_clients():
        service = _service(client.account)
        if service is not None:
            found[client.account] = service.rooms
    return found


def _deactivate_module(client: Client) -> None:
    module = _module(client)
    if module is not None:
        module.deactivate()


def _forget_read_keys(client: Client) -> None:
    service = _service(client.account)
    if service is not None:
        service.session_locked()


def _update_features(client: Client) -> None:
    client.get_module("Caps").update_caps()


def _guarded(call: Callable[[Client], None], client: Client) -> None:
    try:
        call(client)
    except Exception:
        # The other accounts are to follow
        log.exception("Failed on %s", client.account)
