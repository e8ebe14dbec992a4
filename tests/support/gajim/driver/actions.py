# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests that a test can make of a running Gajim (1.7, 2.1 and 2.6)."""

from __future__ import annotations

import importlib
import os
import socket
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

from gajim.common import app
from gajim.common import configpaths
from gajim.common.const import ClientState
from gi.repository import Gdk
from gi.repository import Gio
from gi.repository import GLib
from gi.repository import Gtk
from nbxmpp.protocol import JID

from .changes import Changes
from .death import Death
from .disk import Disk
from .injector import Injector
from .measurements import Measurements
from .memory import Memory
from .protocols import Comparison
from .requests import Requests
from .send_meter import SendMeter
from .sizes import Sizes
from .steps import Steps

# The stubs are those of GTK 3; since 2.0 Gajim has GTK 4
GTK4: Any = Gtk
GDK4: Any = Gdk

_DROP_ACTIVE = Gtk.StateFlags.DROP_ACTIVE

# Rows of a conversation that are neither text nor a line about the chat.
UNINTERESTING = ("date", "scroll-hint", "read_marker", "read-marker")


def gajim_1() -> bool:
    """Whether this is a Gajim with GTK 3."""
    return Gtk.get_major_version() == 3


# How the tooltips of shields begin: those of Gajim, and ours
SHIELDS = (
    "Encrypted",
    "Not encrypted",
    "Verified",
    "Not verified",
    "Not decided",
    "Refused",
    "Not opened",
    "Not OMEMO",
)


def visible_text(widget: Any, inside: Any) -> str:
    """The text of a label or a text view; '' if it is hidden."""
    one = widget
    while one is not None and one is not inside:
        if not one.get_visible():
            return ""
        one = one.get_parent()
    if isinstance(widget, Gtk.Label):
        return str(widget.get_text())
    if isinstance(widget, Gtk.TextView):
        buffer = widget.get_buffer()
        return str(buffer.get_text(*buffer.get_bounds(), False))
    return ""


def walk(widget: Any) -> list[Any]:
    """The widget and everything inside it."""
    if gajim_1():
        inner = widget.get_children() if isinstance(widget, Gtk.Container) else []
    else:
        inner = []
        child = widget.get_first_child()
        while child is not None:
            inner.append(child)
            child = child.get_next_sibling()
    return [widget, *(each for child in inner for each in walk(child))]


def texts_and_buttons(widgets: list[Any]) -> tuple[list[str], list[str]]:
    """The texts of widgets, and the words on those that are buttons."""
    texts: list[str] = []
    buttons: list[str] = []
    for widget in widgets:
        if isinstance(widget, Gtk.Button) and widget.get_label():
            buttons.append(widget.get_label())
        elif isinstance(widget, Gtk.Label):
            texts.append(widget.get_text())
    return [text for text in texts if text not in buttons], buttons


class Actions(Changes, Death, Disk, Injector, Measurements, Requests, Sizes):
    """Each public method is an action; arguments and results are JSON values."""

    # -- the program

    def ping(self) -> str:
        """Gajim's version; answers as soon as the main loop runs."""
        return str(app.version)

    def environment(self, name: str) -> str:
        """A variable of Gajim's environment."""
        return os.environ.get(name, "")

    def quit(self) -> None:
        """Quit as the menu entry does, after the answer is out."""
        GLib.timeout_add(50, self._quit)

    def _quit(self) -> bool:
        # Renamed in 2.6.
        quit_gajim = getattr(app.window, "quit", None) or app.app.start_shutdown
        quit_gajim()
        # It asks whether that is meant when there are unread messages
        if "ConfirmationDialog" in self.window_class_names():
            self.press("ConfirmationDialog", "Quit")
        return GLib.SOURCE_REMOVE

    def activate(self, name: str, value: str | list[str] | None = None) -> None:
        """Do what a menu entry of ours does."""
        parameter = None
        if value is not None:
            kind = "s" if isinstance(value, str) else "as"
            parameter = GLib.Variant(kind, value)
        app.app.lookup_action(name).activate(parameter)

    def write_from_right_to_left(self) -> None:
        """Lay everything out as for Arabic or Hebrew."""
        Gtk.Widget.set_default_direction(Gtk.TextDirection.RTL)

    def labels_in(self, window: str) -> list[dict[str, Any]]:
        """The texts of a window, in which direction they are laid out, and whether
        they are cut."""
        return [
            {
                "text": label.get_text(),
                "direction": label.get_direction().value_nick,
                "cut": label.get_layout().is_ellipsized(),
            }
            for label in self._shown(window)
            if isinstance(label, Gtk.Label) and label.get_text()
        ]

    def window_titles(self) -> list[str]:
        """Titles of the open windows, to notice an unexpected dialog."""
        windows = [w for w in Gtk.Window.list_toplevels() if w.get_visible()]
        return [w.get_title() or "" for w in windows if isinstance(w, Gtk.Window)]

    def draw_window(self, path: str) -> bool:
        """Write a picture of the window that has the keyboard (GTK 4, PNG), or of
        another one if that is not drawn yet. Returns whether there is one."""
        windows = sorted(self._open_windows(), key=lambda one: not one.is_active())
        for window in windows:
            snapshot = GTK4.Snapshot()
            paintable = GTK4.WidgetPaintable.new(window)
            paintable.snapshot(snapshot, window.get_width(), window.get_height())
            node = snapshot.to_node()
            if node is not None:
                renderer: Any = window.get_renderer()
                renderer.render_texture(node, None).save_to_png(path)
                return True
        return False

    def close_window(self, title: str) -> None:
        """Close the windows with such a title."""
        for window in self._open_windows():
            if title in (window.get_title() or ""):
                window.close()

    def close_other_windows(self) -> None:
        """Close all windows but the main one, as the user does."""
        for window in self._open_windows():
            if self._class_name(window) != "MainWindow":
                window.close()

    def window_texts(self) -> list[str]:
        """Every label's text in every open window."""
        texts = []
        for window in Gtk.Window.list_toplevels():
            if isinstance(window, Gtk.Window) and window.get_visible():
                texts += [
                    w.get_text() for w in walk(window) if isinstance(w, Gtk.Label)
                ]
        return [text for text in texts if text]

    # -- any window, as a user works in it

    def open_account_wizard(self) -> None:
        """Open the window that adds an account; it opens by itself at first."""
        self._open_window("AccountWizard")

    @staticmethod
    def _open_window(name: str, **options: Any) -> Any:
        if gajim_1():
            from gajim.gtk.util import open_window
        else:
            from gajim.gtk.util.window import open_window

        return open_window(name, **options)

    def window_class_names(self) -> list[str]:
        """Classes of the open windows, whatever their titles."""
        return [self._class_name(w) for w in self._open_windows()]

    def buttons(self, window: str) -> list[str]:
        """The words on the buttons of a window, which is found by its class."""
        found = [w for w in self._shown(window) if isinstance(w, Gtk.Button)]
        return [self._words(w) for w in found if w.get_sensitive()]

    def press(self, window: str, words: str) -> None:
        """Press the button with these words in a window."""
        for widget in self._shown(window):
            if isinstance(widget, Gtk.Button) and self._words(widget) == words:
                if not widget.get_sensitive():
                    raise LookupError(f"{words!r} cannot be pressed now")
                widget.emit("clicked")
                return
            # No button in GTK 4
            if isinstance(widget, Gtk.CheckButton) and widget.get_label() == words:
                widget.activate()
                return
        raise LookupError(f"no {words!r} in {window}: {self.buttons(window)}")

    def press_in_more(self, window: str, words: str) -> None:
        """Choose an entry in the last menu of a window that has it."""
        for widget in reversed(self._shown(window)):
            menu = isinstance(widget, Gtk.MenuButton) and widget.get_popover()
            for entry in walk(menu) if menu else ():
                if isinstance(entry, Gtk.Button) and self._words(entry) == words:
                    entry.emit("clicked")
                    return
        raise LookupError(f"no menu with {words!r} in {window}")

    def press_in_question(self, words: str) -> bool:
        """Press a button of whatever window has it but the main one. Whether there was
        one."""
        for window in self._open_windows():
            if self._class_name(window) == "MainWindow":
                continue
            for widget in walk(window):
                if isinstance(widget, Gtk.Button) and self._words(widget) == words:
                    widget.emit("clicked")
                    return True
        return False

    def unfold(self, window: str, words: str) -> None:
        """Open what is folded below these words in a window."""
        for widget in self._shown(window):
            if isinstance(widget, Gtk.Expander):
                label = widget.get_label_widget()
                if isinstance(label, Gtk.Label) and label.get_text() == words:
                    widget.set_expanded(True)
                    return
        raise LookupError(f"nothing is folded below {words!r} in {window}")

    def fill_in(self, window: str, texts: list[str]) -> None:
        """Write into the entries of a window, in their order."""
        entries = [w for w in self._shown(window) if isinstance(w, Gtk.Entry)]
        if len(entries) < len(texts):
            raise LookupError(f"{len(entries)} entries in {window}")
        for entry, text in zip(entries, texts, strict=False):
            entry.set_text(text)

    def texts_of(self, window: str) -> list[str]:
        """The texts in a window."""
        return [
            w.get_text()
            for w in self._shown(window)
            if isinstance(w, Gtk.Label) and w.get_text()
        ]

    def _open_windows(self) -> list[Any]:
        return [
            w
            for w in Gtk.Window.list_toplevels()
            if isinstance(w, Gtk.Window) and w.get_visible()
        ]

    def _shown(self, window: str) -> list[Any]:
        for each in self._open_windows():
            if window in (self._class_name(each), each.get_title()):
                return [w for w in walk(each) if w.get_mapped()]
        raise LookupError(f"no {window}: {self.window_class_names()}")

    @staticmethod
    def _class_name(window: Any) -> str:
        """Gajim's class; in Gajim 2 it is around GTK's window."""
        return type(getattr(window, "wrapper", window)).__name__

    @staticmethod
    def _words(button: Any) -> str:
        texts = [w.get_text() for w in walk(button) if isinstance(w, Gtk.Label)]
        return " ".join(text for text in texts if text)

    # -- settings

    def setting(self, scope: str, name: str, account: str = "", jid: str = "") -> Any:
        """A setting of the program, an account, a contact or a room."""
        if scope == "program":
            return app.settings.get_app_setting(name)
        if scope == "account":
            return app.settings.get_account_setting(account, name)
        if scope == "group_chat":
            # Gajim asks the room what kind of room it is
            contacts = app.get_client(account).get_module("Contacts")
            contacts.get_contact(JID.from_string(jid), groupchat=True)
        get = getattr(app.settings, f"get_{scope}_setting")
        return get(account, JID.from_string(jid), name)

    def change_setting(
        self, scope: str, name: str, value: Any, account: str = "", jid: str = ""
    ) -> Any:
        """Change one as the preferences do; return what it is then."""
        if scope == "program":
            app.settings.set_app_setting(name, value)
        elif scope == "account":
            app.settings.set_account_setting(account, name, value)
        else:
            set_ = getattr(app.settings, f"set_{scope}_setting")
            set_(account, JID.from_string(jid), name, value)
        return self.setting(scope, name, account, jid)

    def is_overridden(self, name: str) -> bool:
        """Whether the preferences show a setting of the program greyed out."""
        return bool(app.settings.has_app_override(name))

    def add_account(self, name: str) -> None:
        """Add an account's settings, as the wizard does."""
        app.settings.add_account(name)

    def proxies_of(self, account: str) -> list[list[Any]]:
        """The proxies of an account and of other connections, as Gajim finds them."""
        from gajim.common import helpers

        found = [helpers.get_account_proxy(account), helpers.determine_proxy()]
        return [[] if proxy is None else list(proxy) for proxy in found]

    def proxy_named(self, name: str) -> list[Any]:
        """The settings of a proxy, found by its name."""
        from gajim.common import helpers

        proxy = helpers.get_proxy(name)
        return [] if proxy is None else list(proxy)

    def connection_seconds(self) -> int:
        """The seconds that nbxmpp waits for a connection."""
        from nbxmpp.addresses import ServerAddress
        from nbxmpp.tcp import TCPConnection

        address = ServerAddress("a.test", None, "a.test:1", None, None, None, None)
        connection = TCPConnection("test", address, None, None, None, None)
        return int(connection._client.get_timeout())

    def features(self) -> list[str]:
        """The features that Gajim announces."""
        from gajim.common.const import COMMON_FEATURES

        return [str(feature) for feature in COMMON_FEATURES]

    def try_socket(self, host: str, port: int) -> str:
        """Connect past GLib, as file transfers do; return the error."""
        try:
            socket.create_connection((host, port), 1).close()
        except OSError as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def try_socket_elsewhere(self, host: str, port: int) -> str:
        """Try a socket in a process that Gajim starts for its transfers, since 2.6."""
        pool = getattr(app, "process_pool", None)
        if pool is None:
            return self.try_socket(host, port)
        trying = pool.submit(socket.create_connection, (host, port), 1)
        error = trying.exception(timeout=30)
        return "" if error is None else f"{type(error).__name__}: {error}"

    # -- accounts

    def accounts(self) -> list[str]:
        """Accounts that are enabled."""
        return list(app.settings.get_active_accounts())

    def account_label(self, account: str) -> str:
        """The name of an account, as the user sees it."""
        return str(app.get_account_label(account))

    def account_address(self, account: str) -> str:
        """The bare address Gajim would sign in with."""
        return str(app.get_jid_from_account(account))

    def account_setting(self, account: str, name: str) -> Any:
        """One of an account's settings."""
        return app.settings.get_account_setting(account, name)

    def is_available(self, account: str) -> bool:
        """Whether the account is online and its first presence is out."""
        try:
            client = app.get_client(account)
        except KeyError:
            return False
        return bool(client.state == ClientState.AVAILABLE)

    def is_disconnected(self, account: str) -> bool:
        """Whether there is no connection and none is being made."""
        return bool(app.get_client(account).state == ClientState.DISCONNECTED)

    def own_resource(self, account: str) -> str:
        """The resource the server gave us."""
        return str(app.get_client(account).get_own_jid().resource)

    def proxy(self, account: str) -> list[str] | None:
        """The proxy that the account's connections take: type, host and user."""
        from gajim.common.helpers import get_account_proxy

        found = get_account_proxy(account)
        if found is None:
            return None
        return [found.type, found.host, found.username or ""]

    def set_online(self, account: str, online: bool) -> None:
        """Go online or offline as the status menu does."""
        app.get_client(account).change_status("online" if online else "offline", "")

    def lose_connection(self, account: str) -> None:
        """Drop the connection without saying so to the server."""
        app.get_client(account).connection.disconnect(immediate=True)

    def set_account_enabled(self, account: str, enabled: bool) -> None:
        """Enable or disable the account as the accounts window does."""
        if enabled:
            app.app.enable_account(account)
        else:
            app.app.disable_account(account)

    def own_device(self, account: str) -> int:
        """The id of our plugin's device; 0 while it has none."""
        try:
            module = app.get_client(account).get_module("OmemoPlugin")
        except KeyError:
            # The account is not enabled, or the plugin is off
            return 0
        return int(module.device_id)

    def remove_account(self, account: str) -> None:
        """Open the window that removes an account from Gajim, and press "Remove"."""
        for window in self._open_windows():
            if self._class_name(window) == "RemoveAccount":
                window.close()
        window = self._open_window("RemoveAccount", account=account)
        window.emit("button-clicked", "remove")

    def known_accounts(self) -> list[str]:
        """Accounts that Gajim has, enabled or not."""
        return list(app.settings.get_accounts())

    def contacts(self, account: str) -> list[str]:
        """Bare JIDs of the roster."""
        return sorted(str(c.jid) for c in self._roster(account).iter_contacts())

    # -- plugins

    def plugins(self) -> dict[str, dict[str, Any]]:
        """Every known plugin by its short name."""
        return {
            p.manifest.short_name: {
                "active": bool(p.active),
                "activatable": bool(p.activatable),
                "why_not": str(p.available_text or ""),
                "version": str(p.manifest.version),
                "path": str(p.__path__),
            }
            for p in app.plugin_manager.plugins
        }

    def install_plugin(self, path: str) -> str:
        """Give a zip to the plugin manager; return the plugin's short name."""
        plugin = app.plugin_manager.install_from_zip(path)
        if plugin is None:
            raise RuntimeError("the plugin manager did not load the plugin")
        return str(plugin.manifest.short_name)

    def set_plugin_active(self, short_name: str, active: bool) -> None:
        """Switch a plugin on or off."""
        plugin = app.plugin_manager.get_plugin(short_name)
        if plugin is None:
            raise LookupError(f"no plugin {short_name}")
        if active:
            app.plugin_manager.activate_plugin(plugin)
        else:
            app.plugin_manager.deactivate_plugin(plugin)

    def set_plugin_wanted(self, short_name: str, wanted: bool) -> None:
        """Have Gajim try to switch a plugin on at its next start, or not."""
        app.settings.set_plugin_setting(short_name, "active", wanted)

    def skip_first_page(self) -> None:
        """Let it be as if the user had read it, whether it is open already or not."""
        for client in app.get_clients():
            service = client.get_module("OmemoPlugin").service
            if service is not None:
                service.settings.introduced = True
        self.close_window("Encryption is on")

    def begin_with_new_key(self, account: str) -> None:
        """Answer whether the key from before is kept, if that is asked. Gajim 2 has
        met the contacts' devices before the plugin could be installed."""
        try:
            keys = app.get_client(account).get_module("OmemoPlugin").keys
        except KeyError:
            # The account is not enabled
            return
        if keys is None or keys.offer is None:
            return
        problem = keys.offer.answer(False)
        if problem:
            raise RuntimeError(problem)
        self.close_window("Keep your key?")

    # -- a chat

    def open_chat(self, account: str, jid: str) -> None:
        """Open a chat and show it."""
        address = JID.from_string(jid)
        if address.is_bare:
            app.window.add_chat(account, address, "chat", select=True)
        else:
            app.window.add_private_chat(account, address, select=True)
        app.window.select_chat(account, address)

    def shown_chat(self) -> str | None:
        """The JID of the chat that is shown."""
        control = app.window.get_control()
        return str(control.contact.jid) if control.has_active_chat() else None

    def set_encryption(self, name: str) -> None:
        """Choose in the encryption menu of the shown chat ('' for none)."""
        action = app.window.lookup_action("set-encryption")
        action.change_state(GLib.Variant("s", name))

    def encryption(self) -> str:
        """The encryption of the shown chat."""
        contact = app.window.get_control().contact
        return str(contact.settings.get("encryption") or "")

    def type_text(self, text: str) -> None:
        """Type into the message input of the shown chat."""
        view = self._message_input()
        view.grab_focus()
        view.get_buffer().insert_at_cursor(text, -1)

    def typed_text(self) -> str:
        """The text in the message input."""
        return str(self._message_input().get_text())

    def clear_input(self) -> None:
        """Empty the message input."""
        self._message_input().get_buffer().set_text("", -1)

    def press_send(self) -> None:
        """Send what stands in the input, as Enter does."""
        app.window.lookup_action("send-message").activate(None)

    def follow_notifications(self) -> None:
        """Keep the names of Gajim's notifications from now on."""
        self._notifications: list[str] = []
        send, withdraw = app.app.send_notification, app.app.withdraw_notification

        def sent(name: str, notification: Any) -> None:
            self._notifications.append(name)
            send(name, notification)

        def withdrawn(name: str) -> None:
            self._notifications = [one for one in self._notifications if one != name]
            withdraw(name)

        app.app.send_notification = sent
        app.app.withdraw_notification = withdrawn

    def notifications(self) -> list[str]:
        """The notifications that have been sent, and not been taken back."""
        return self._notifications

    def hide_window(self) -> None:
        """Hide Gajim, as its icon in the notification area does."""
        app.window.hide()

    def show_window(self) -> None:
        """Show it again."""
        app.window.show()

    def rows(self, last: int = 0) -> list[dict[str, Any]]:
        """The rows of the shown chat, oldest first.

        :param last: so many at most, the newest; all if it is 0
        """
        return [
            self._row(row)
            for row in list(self._conversation_view().iter_rows())[-last:]
            if getattr(row, "type", None) not in UNINTERESTING
        ]

    def history(self, account: str, jid: str) -> list[dict[str, Any]]:
        """The messages of a chat in the archive on disk, oldest first."""
        path = Path(configpaths.get("LOG_DB"))
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            if gajim_1():
                return self._history_1(connection, account, jid)
            return self._history_2(connection, account, jid)
        finally:
            connection.close()

    def configure_plugin(self, short_name: str) -> None:
        """Press "configure" in the plugin manager."""
        app.plugin_manager.get_plugin(short_name).config_dialog(app.window)

    def watch_progress(self) -> None:
        """Note from now on what the line above the message input says."""
        self._progress: list[str] = []
        box = app.window.get_chat_stack().get_message_action_box()
        (self._progress_line,) = [
            widget for widget in walk(box) if self._is_progress_line(widget)
        ]
        self._progress_line.connect("notify::label", self._on_progress)

    def progress(self) -> list[str]:
        """The texts of the progress line since it was watched; '' last when it has
        gone."""
        shown = self._progress_line.get_mapped()
        return self._progress if shown else [*self._progress, ""]

    @staticmethod
    def _is_progress_line(widget: Any) -> bool:
        if gajim_1():
            return bool(widget.get_style_context().has_class("omemo-progress"))
        return bool(widget.has_css_class("omemo-progress"))

    def _on_progress(self, line: Any, _property: Any) -> None:
        if line.get_text():
            self._progress.append(line.get_text())

    # -- rooms

    def create_room(self, account: str, room: str, private: bool) -> None:
        """Make a room, as the window for that does, and enter it."""
        config = {
            "muc#roomconfig_publicroom": not private,
            "muc#roomconfig_membersonly": private,
            "muc#roomconfig_whois": "anyone" if private else "moderators",
            "muc#roomconfig_persistentroom": True,
            "muc#roomconfig_changesubject": False,
            "muc#roomconfig_allowinvites": True,
            "muc#roomconfig_enablelogging": True,
        }
        app.get_client(account).get_module("MUC").create(self._jid(room), config)

    def join_room(self, account: str, room: str, nick: str) -> None:
        """Enter a room."""
        app.get_client(account).get_module("MUC").join(self._jid(room), nick=nick)

    def invite(self, account: str, room: str, jid: str) -> None:
        """Invite somebody to a room, as the page for that does."""
        muc = app.get_client(account).get_module("MUC")
        muc.invite(JID.from_string(room), JID.from_string(jid))

    def open_invitation(self, account: str) -> bool:
        """Open the latest invitation, if there is one."""
        if gajim_1():
            app.window.show_account_page(account)
            if "Show" not in self.buttons("MainWindow"):
                return False
            self.press("MainWindow", "Show")
            return True
        app.window.show_activity_page()
        invitations = app.window._chat_page.get_activity_list().get_model()
        if not len(invitations):
            return False
        invitations.set_selected(0)
        return True

    def accept_invitation(self) -> None:
        """Press the button in the one that is open."""
        self.press("GroupChatInvitation" if gajim_1() else "MainWindow", "Join")

    def leave_room(self, account: str, room: str) -> None:
        """Leave a room; one stays a member."""
        app.get_client(account).get_module("MUC").leave(self._jid(room))

    def nicknames(self, account: str, room: str) -> list[str]:
        """The nicknames of those in a room."""
        return [one.name for one in self._contact(account, room).get_participants()]

    def room_is_joined(self, account: str, room: str) -> bool:
        """Whether the room has let us in, and its configuration is known."""
        contact = self._contact(account, room)
        return contact.is_joined and contact.get_disco() is not None

    def set_affiliation(
        self, account: str, room: str, jid: str, affiliation: str
    ) -> None:
        """Make somebody a member, or not any more."""
        muc = app.get_client(account).connection.get_module("MUC")
        users = {JID.from_string(jid): {"affiliation": affiliation}}
        self._affiliation_was_set = False
        muc.set_affiliation(
            JID.from_string(room), users, callback=self._on_affiliation_set
        )

    def _on_affiliation_set(self, task: Any) -> None:
        task.finish()
        self._affiliation_was_set = True

    def affiliation_was_set(self) -> bool:
        """Whether the room has changed the affiliation."""
        return self._affiliation_was_set

    def configure_room(self, account: str, room: str, values: dict[str, str]) -> None:
        """Change a room's configuration."""
        self._muc = app.get_client(account).connection.get_module("MUC")

        self._wanted = room, values
        self._muc.request_config(
            JID.from_string(room), callback=self._on_room_configuration
        )

    def _on_room_configuration(self, task: Any) -> None:
        room, values = self._wanted
        form = task.finish().form
        for name, value in values.items():
            form[name].value = value
        form.type_ = "submit"
        self._muc.set_config(JID.from_string(room), form)

    def open_room(self, account: str, room: str) -> None:
        """Show the chat of a room."""
        address = JID.from_string(room)
        app.window.add_group_chat(account, address, select=True)
        app.window.select_chat(account, address)

    def encryption_can_be_chosen(self) -> bool:
        """Whether the shown chat is one that Gajim would encrypt."""
        return bool(app.window.get_control().contact.encryption_available)

    @staticmethod
    def _contact(account: str, jid: str) -> Any:
        contacts = app.get_client(account).get_module("Contacts")
        return contacts.get_contact(JID.from_string(jid), groupchat=True)

    @staticmethod
    def _jid(text: str) -> Any:
        """A JID in the type that this Gajim's module takes."""
        return text if gajim_1() else JID.from_string(text)

    # -- files

    def send_file(self, account: str, jid: str, path: str) -> None:
        """Send a file, as the window for that does when its button is pressed."""
        contact = app.get_client(account).get_module("Contacts").get_contact(jid)
        upload = app.get_client(account).get_module("HTTPUpload")
        upload.send_file(contact, Path(path))

    def press_download(self) -> bool:
        """Press the button of the last file in the chat, if it is shown."""
        return self._press_in_preview("download_button")

    def press_cancel_download(self) -> bool:
        """Press the button that ends a download."""
        return self._press_in_preview("cancel_download_button")

    def _press_in_preview(self, name: str) -> bool:
        for widget in reversed(walk(self._conversation_view())):
            if type(widget).__name__ == "PreviewWidget":
                parts = getattr(widget, "_ui", None)
                button = getattr(parts, name) if parts else getattr(widget, f"_{name}")
                if not button.get_mapped():
                    return False
                button.emit("clicked")
                return True
        return False

    def shows_picture(self) -> bool:
        """Whether a file in the chat is to be seen as a picture."""
        found = []
        for preview in walk(self._conversation_view()):
            if type(preview).__name__ == "PreviewWidget":
                found += [w for w in walk(preview) if w.get_mapped()]
        if gajim_1():
            images = [w for w in found if isinstance(w, Gtk.Image)]
            kind = Gtk.ImageType.PIXBUF
            return any(image.get_storage_type() == kind for image in images)
        pictures = [w for w in found if isinstance(w, GTK4.Picture)]
        return any(picture.get_paintable() is not None for picture in pictures)

    def press_link(self, text: str) -> None:
        """Press Enter on the link that a message of the shown chat is (Gajim 1)."""
        row = self._find_row(text)
        label = next(
            w
            for w in walk(row)
            if isinstance(w, Gtk.Label) and f'href="{text}' in w.get_label()
        )
        label.emit("activate-link", text)

    def save_as(self, path: str) -> str:
        """Choose a place in the open dialog; return the name it proposed (GTK 3)."""
        dialog = next(
            window
            for window in Gtk.Window.list_toplevels()
            if isinstance(window, Gtk.FileChooserDialog) and window.get_visible()
        )
        proposed = str(dialog.get_current_name())
        dialog.set_current_folder(str(Path(path).parent))
        dialog.set_current_name(Path(path).name)
        dialog.response(Gtk.ResponseType.ACCEPT)
        return proposed

    def choose_file(self, path: str) -> bool:
        """Choose a file in the open dialog, and open it once it is in the list; return
        whether it was."""
        dialog = next(
            window
            for window in self._open_windows()
            if isinstance(window, Gtk.FileChooserDialog)
        )
        dialog.set_file(Gio.File.new_for_path(path))
        chosen = dialog.get_file()
        if chosen is None or chosen.get_path() != path:
            return False
        dialog.response(Gtk.ResponseType.ACCEPT)
        return True

    def files_are_gajims(self) -> bool:
        """Whether Gajim's own function for downloads is in place."""
        owner = getattr(app, "preview_manager", None) or app.ftm
        return not {"download_content", "http_request"} & set(vars(owner))

    def can_send_files(self, account: str) -> bool:
        """Whether the server has a service for uploads."""
        return bool(app.get_client(account).get_module("HTTPUpload").available)

    # -- the desktop

    def dropped_on(self) -> str:
        """The title of the window that would take what is being dragged (GTK 4)."""
        for window in self._open_windows():
            if any(w.get_state_flags() & _DROP_ACTIVE for w in walk(window)):
                return str(window.get_title())
        return ""

    def copy_text(self, text: str) -> None:
        """Put a text into the clipboard."""
        if gajim_1():
            self._clipboard().set_text(text, -1)
        else:
            self._clipboard().set(text)

    def copy_image(self, path: str) -> None:
        """Put an image into the clipboard."""
        if gajim_1():
            from gi.repository import GdkPixbuf

            self._clipboard().set_image(GdkPixbuf.Pixbuf.new_from_file(path))
        else:
            texture = GDK4.Texture.new_from_filename(path)
            self._clipboard().set_content(GDK4.ContentProvider.new_for_value(texture))

    def empty_clipboard(self) -> None:
        """Take out what this Gajim has put into the clipboard."""
        if gajim_1():
            self._clipboard().clear()
        else:
            self._clipboard().set_content(None)

    @staticmethod
    def _clipboard() -> Any:
        display: Any = Gdk.Display.get_default()
        if gajim_1():
            return Gtk.Clipboard.get_default(display)
        return display.get_clipboard()

    def clock(self) -> float:
        """The time that Gajim sees, in seconds since 1970."""
        return time.time()

    def open_link(self, account: str, link: str) -> None:
        """Click on a link in a chat."""
        action = app.app.lookup_action("open-link")
        several = action.get_parameter_type().dup_string() == "as"
        value = GLib.Variant("as", [account, link]) if several else None
        action.activate(value or GLib.Variant("s", link))

    def open_from_desktop(self, link: str) -> None:
        """Open a link as the desktop does: with a second Gajim, which hands it on."""
        subprocess.Popen(["gajim", link])

    # -- other ways in

    def start_remote(self, arguments: list[str]) -> None:
        """Run gajim-remote as a user of this Gajim does. It needs Gajim to go on
        meanwhile."""
        self._remote = subprocess.Popen(
            ["gajim-remote", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def remote_answer(self) -> str:
        """The output of the program, '' while it runs."""
        if self._remote.poll() is None:
            return ""
        answer, _errors = self._remote.communicate()
        return answer

    def lose_encryption_setting(self, account: str, jid: str) -> None:
        """Forget what was chosen for a contact, and tell nobody."""
        contacts = app.settings._account_settings[account]["contact"]
        for address, settings in contacts.items():
            if str(address) == jid:
                settings.pop("encryption", None)
        # Gajim 2 would take the default in its place
        own = app.settings._account_settings[account]["account"]
        if "encryption_default" in own:
            own["encryption_default"] = ""

    # -- memory

    def start_memory_meter(self) -> None:
        """Begin to note the peak of Gajim's memory."""
        self._memory = Memory()

    def memory_growth(self) -> int:
        """The number of bytes by which that is more than before, in the worst of its
        processes."""
        return self._memory.growth()

    # -- time

    def let_time_pass(self, account: str, seconds: float) -> None:
        """Let our plugin believe that it is later."""
        service = app.get_client(account).get_module("OmemoPlugin").service
        core = service.engine._core
        now = core._clock
        core._clock = lambda: now() + seconds

    def measure_sending(self, account: str, count: int) -> None:
        """Send messages in the shown chat, and measure that."""

        def press(text: str) -> None:
            self.type_text(text)
            self.press_send()

        self._send_meter = SendMeter(account, count, press, self.press_send)

    def sending_measured(self) -> dict[str, Any] | None:
        """What was measured; None while it goes on."""
        return self._send_meter.result()

    def watch_steps(self, account: str) -> None:
        """Begin to count the keys that our plugin encrypts in one go."""
        self._steps = Steps(account)

    def steps(self) -> list[int]:
        """The number of devices in each turn of the main loop so far."""
        return self._steps.result()

    def encryption_menu(self) -> list[str]:
        """The entries of the menu with the lock.

        AT-SPI does not have their names in GTK 4.
        """
        return [label for label, _action, _target in self._encryption_entries()]

    def choose_in_encryption_menu(self, label: str) -> None:
        """Choose one of them."""
        for entry, action, target in self._encryption_entries():
            if entry == label:
                app.app.lookup_action(action.removeprefix("app.")).activate(target)
                return
        raise LookupError(label)

    def _encryption_entries(self) -> list[tuple[str, str, Any]]:
        box = app.window.get_chat_stack().get_message_action_box()
        return self._entries(box._ui.encryption_menu_button.get_menu_model())

    def press_row_menu(self, text: str) -> None:
        """Press the button with the menu of a message (Gajim 1)."""
        row = self._find_row(text)
        button = next(w for w in walk(row) if type(w).__name__ == "MoreMenuButton")
        button.emit("clicked")

    def _row_menu(self, text: str) -> Any:
        """The menu that this button opens, which is not shown."""
        rows: Any = importlib.import_module("gajim.gtk.conversation.rows.message")
        found: list[Any] = []

        class Popover:
            def __init__(self, menu: Any, **_options: Any) -> None:
                found.append(menu)

            def popup(self) -> None:
                pass

        theirs, rows.GajimPopover = rows.GajimPopover, Popover
        try:
            self.press_row_menu(text)
        finally:
            rows.GajimPopover = theirs
        return found[0]

    def choose_in_row_menu(self, text: str, label: str) -> None:
        """Choose an entry of the menu of a message (Gajim 2)."""
        menu = self._find_row(text).get_chat_row_menu()
        for entry, action, target in self._entries(menu):
            if entry == label:
                app.app.lookup_action(action.removeprefix("app.")).activate(target)
                return
        raise LookupError(label)

    def ways_to_answer(self, text: str) -> list[str]:
        """How the message with this text can be answered: in its menu, and by buttons
        beside it (Gajim 2)."""
        row = self._find_row(text)
        view = self._conversation_view()
        ways: list[str] = []
        if gajim_1():
            found = self._row_menu(text)
        else:
            actions = view._message_row_actions
            actions.update(0.0, row)
            buttons = [actions._reply_button, *actions._reaction_buttons]
            ways += ["button" for one in buttons if one.get_visible()]
            actions.set_visible(False)
            found = row.get_chat_row_menu()
        names = ("win.quote", "win.reply", "win.correct-message")
        return ways + [name for _, name, _ in self._entries(found) if name in names]

    def reply_by_action(self, text: str) -> bool:
        """Call Gajim's action that replies to the message with this text. Whether that
        began a reply; False also where there is no such action (Gajim 1)."""
        action = app.window.lookup_action("reply")
        if action is None:
            return False
        box = app.window.get_chat_stack().get_message_action_box()
        box._disable_reply_mode()
        action.activate(GLib.Variant("u", self._find_row(text).pk))
        begun = box.get_message_reply() is not None
        box._disable_reply_mode()
        return begun

    def _find_row(self, text: str) -> Any:
        return next(
            row
            for row in self._conversation_view().iter_rows()
            if row.type == "chat" and row.get_text() == text
        )

    def _entries(self, menu: Any) -> list[tuple[str, str, Any]]:
        found = []
        for position in range(menu.get_n_items()):
            section = menu.get_item_link(position, "section")
            if section is not None:
                found += self._entries(section)
                continue
            label, action, target = (
                menu.get_item_attribute_value(position, name, None)
                for name in ("label", "action", "target")
            )
            if action is not None:
                found.append((label.unpack(), action.unpack(), target))
        return found

    def offers(self) -> list[str]:
        """The words on the buttons in lines of the chat."""
        return [button.get_label() for button in self._offers()]

    def press_offer(self, label: str = "") -> None:
        """Press the last button in a line of the chat, of those with a label."""
        buttons = [one for one in self._offers() if label in one.get_label()]
        buttons[-1].emit("clicked")

    def _offers(self) -> list[Any]:
        return [
            widget
            for row in self._conversation_view().iter_rows()
            if row.type == "info"
            for widget in walk(row)
            if isinstance(widget, Gtk.Button)
            and widget.get_label()
            and widget.get_visible()
        ]

    def marked_rows(self) -> list[dict[str, Any]]:
        """The rows that are marked, and what is to be seen in each."""
        return [
            {
                "kind": row.omemo_kind.name,
                "is_shown": row.get_visible(),
                "texts": [
                    text for widget in walk(row) if (text := visible_text(widget, row))
                ],
            }
            for row in self._marked()
        ]

    def press_in_marked_row(self, kind: str, label: str) -> None:
        """Press a button in the last row that is marked so and has it."""
        rows = [one for one in self._marked() if one.omemo_kind.name == kind]
        for widget in (one for row in reversed(rows) for one in walk(row)):
            if isinstance(widget, Gtk.Button) and widget.get_label() == label:
                widget.emit("clicked")
                return
        raise LookupError(label)

    def _marked(self) -> list[Any]:
        return [
            row
            for row in self._conversation_view().iter_rows()
            if getattr(row, "omemo_kind", None) is not None
        ]

    def list_text(self, account: str, jid: str) -> str:
        """The last message of a chat, as the list of chats shows it."""
        stack = app.window._chat_page.get_chat_list_stack()
        chats = stack.find_chat(account, JID.from_string(jid))
        row = chats._chats[account, JID.from_string(jid)]
        nick = row._ui.nick_label
        before = nick.get_text() if nick.get_visible() else ""
        return f"{before}{row._ui.message_label.get_text()}"

    def search(self, text: str) -> None:
        """Search in the shown chat, as one does in its menu."""
        app.window.lookup_action("search-history").activate(None)
        view = self._search_view()
        view._ui.search_entry.set_text(text)
        view._ui.search_entry.emit("activate")

    def search_results(self) -> list[list[str]]:
        """What is to be seen of each message that was found."""
        return [
            [text for one in walk(row) if (text := visible_text(one, row))]
            for row in walk(self._search_view())
            if type(row).__name__ == "ResultRow"
        ]

    def open_result(self) -> None:
        """Go to the first message that was found."""
        view = self._search_view()
        row = next(w for w in walk(view) if type(w).__name__ == "ResultRow")
        view._ui.results_listbox.emit("row-activated", row)

    @staticmethod
    def _search_view() -> Any:
        return next(w for w in walk(app.window) if type(w).__name__ == "SearchView")

    def open_export(self, account: str) -> None:
        """Open the window that exports the history."""
        self._open_window("HistoryExport", account=account)

    def note_messages(self) -> None:
        """Note what Gajim notifies of from now on."""
        self._noted: list[str] = []

        def note(event: Any) -> None:
            self._noted.append(f"{event.title}|{event.text}")

        # Gajim's registry holds no reference to a function
        self._note = note
        app.ged.register_event_handler("notification", 85, note)

    def noted_messages(self) -> list[str]:
        """The notifications about messages, as "title|text"."""
        return self._noted

    def focused(self) -> str:
        """The place of the keyboard: "input", "line", or the words on a button."""
        widget = app.window.get_focus()
        if widget is self._message_input():
            return "input"
        if widget is not None and widget.get_style_context().has_class("omemo-truth"):
            return "line"
        return str(widget.get_label()) if isinstance(widget, Gtk.Button) else ""

    def focused_widget(self) -> int:
        """A number of what has the keyboard; another widget has another one."""
        return hash(app.window.get_focus())

    def padlock_tooltip(self) -> str:
        """The tooltip of the button with the lock."""
        box = app.window.get_chat_stack().get_message_action_box()
        return str(box._ui.encryption_menu_button.get_tooltip_text() or "")

    def dock(self) -> dict[str, list[str]]:
        """The texts above the message input, and the words on buttons there."""
        texts, buttons = texts_and_buttons(self._dock_widgets())
        return {"texts": texts, "buttons": buttons}

    def press_in_dock(self, label: str) -> None:
        """Press a button above the message input."""
        for widget in self._dock_widgets():
            if isinstance(widget, Gtk.Button) and widget.get_label() == label:
                widget.emit("clicked")
                return
        raise LookupError(label)

    def waiting_messages(self) -> list[dict[str, Any]]:
        """The messages that wait above the message input: text, sentence and the
        words on the buttons of each."""
        found = []
        for row in self._waiting_rows():
            texts, buttons = texts_and_buttons(walk(row))
            found.append(
                {
                    "text": "\n".join(texts[:-1]),
                    "sentence": texts[-1],
                    "buttons": buttons,
                }
            )
        return found

    def press_waiting(self, text: str, label: str) -> None:
        """Press a button of the message that waits with this text; '' for the
        first."""
        for row in self._waiting_rows():
            if text and text not in texts_and_buttons(walk(row))[0]:
                continue
            for widget in walk(row):
                if isinstance(widget, Gtk.Button) and widget.get_label() == label:
                    widget.emit("clicked")
                    return
        raise LookupError(f"{label} of {text}")

    def _waiting_rows(self) -> list[Any]:
        return [
            widget
            for widget in self._dock_widgets()
            if widget.get_style_context().has_class("omemo-waiting")
        ]

    @staticmethod
    def _dock_widgets() -> list[Any]:
        box = app.window.get_chat_stack().get_message_action_box()
        for dock in walk(box):
            if dock.get_style_context().has_class("omemo-dock"):
                return list(walk(dock))
        return []

    def clipboard(self) -> str:
        """The text that Gajim has put into the clipboard."""
        if gajim_1():
            clipboard = Gtk.Clipboard.get_default(app.window.get_display())
            return str(clipboard.wait_for_text() or "")
        found: list[str] = []
        app.window.get_clipboard().read_text_async(
            None,
            lambda source, result: found.append(source.read_text_finish(result) or ""),
        )
        while not found:
            GLib.MainContext.default().iteration(True)
        return found[0]

    def show_contact_encryption(self) -> None:
        """Open Gajim 2's own page about the keys of the shown contact."""
        from gajim.gtk.util.window import open_window

        contact = app.window.get_control().contact
        open_window(
            "ContactInfo",
            account=contact.account,
            contact=contact,
            page="encryption-omemo",
        )

    def encrypt_by_default(self, account: str, value: bool) -> None:
        """Choose in the preferences whether chats are encrypted by default."""
        service = app.get_client(account).get_module("OmemoPlugin").service
        service.settings.encrypt_by_default = value

    def set_trust(self, account: str, jid: str, key: str, trust: str) -> None:
        """Decide on the device with this fingerprint, as a window would."""
        service = app.get_client(account).get_module("OmemoPlugin").service
        for info in service.devices(jid):
            if info.fingerprint == key.lower():
                service.device_management.set_trust(
                    info.device, type(info.trust)[trust]
                )
                return
        raise LookupError(key)

    def trust(self, account: str, jid: str) -> dict[str, str]:
        """The trust in an account's devices, by fingerprint."""
        service = app.get_client(account).get_module("OmemoPlugin").service
        return {
            info.fingerprint: info.trust.name
            for info in service.devices(jid)
            if info.fingerprint is not None
        }

    def composer_shield(self) -> str:
        """The tooltip of the shield beside the message input."""
        box = app.window.get_chat_stack().get_message_action_box()
        return str(box._ui.encryption_details_button.get_tooltip_text() or "")

    def labels_of(self, account: str, jid: str) -> list[str | None]:
        """The names that the devices of somebody have given themselves."""
        service = app.get_client(account).get_module("OmemoPlugin").service
        return [info.label for info in service.devices(jid)]

    def known_devices(self, account: str, jid: str) -> list[int]:
        """The ids of all devices of an account that are kept."""
        service = app.get_client(account).get_module("OmemoPlugin").service
        return [info.device.device_id for info in service.devices(jid)]

    def own_fingerprint(self, account: str) -> str:
        service = app.get_client(account).get_module("OmemoPlugin").service
        return str(service.fingerprint)

    def own_code(self, account: str) -> str:
        """The text of a code that names this device alone."""
        service = app.get_client(account).get_module("OmemoPlugin").service
        device = f"omemo-sid-{service.device_id}={service.fingerprint}"
        return f"xmpp:{service.own_jid}?{device}"

    def scan(self, account: str, text: str, expected: str) -> dict[str, Any]:
        """Judge a code as if a camera had seen it, and carry it out."""
        service = app.get_client(account).get_module("OmemoPlugin").service
        package = type(service).__module__.partition(".bridge.")[0]
        source = importlib.import_module(f"{package}.verify.judge").Source.CAMERA
        shown = service.verification.judge(text, source, expected)
        applied = service.verification.apply(shown).applied
        return {"verdict": shown.verdict.name, "applied": applied}

    def compare_protocols(self, account: str, jid: str) -> dict[str, Any]:
        """Compare what our plugin expects of Gajim with what this Gajim has."""
        return Comparison(account, jid).differences()

    # -- tools

    def _roster(self, account: str) -> Any:
        return app.get_client(account).get_module("Roster")

    def _message_input(self) -> Any:
        return app.window.get_chat_stack().get_message_input()

    def _conversation_view(self) -> Any:
        control = app.window.get_control()
        return control._scrolled_view

    def _row(self, row: Any) -> dict[str, Any]:
        if row.type == "chat":
            return self._message_row(row)
        labels = [w.get_text() for w in walk(row) if isinstance(w, Gtk.Label)]
        texts = [text for text in labels if text]
        return {"type": row.type, "text": max(texts, key=len, default="")}

    def _message_row(self, row: Any) -> dict[str, Any]:
        if gajim_1():
            data = row.additional_data
            details = None if data is None else row._get_encryption_details(data)
            encryption = None
            if details is not None:
                name, fingerprint, trust = details
                trust = None if trust is None else trust.name
                encryption = {"name": name, "key": fingerprint, "trust": trust}
            outgoing = row.kind == "outgoing"
        else:
            encryption = self._encryption_2(row.encryption)
            outgoing = row.direction.name == "OUTGOING"
        return {
            "type": "chat",
            "text": row.get_text(),
            "outgoing": outgoing,
            "encryption": encryption,
            "shield": self._shield(row),
            "receipt": bool(row.has_receipt),
        }

    @staticmethod
    def _encryption_2(encryption: Any) -> dict[str, Any] | None:
        if encryption is None:
            return None
        from gajim.common.const import Trust

        trust = Trust(encryption.trust).name
        return {"name": encryption.protocol, "key": encryption.key, "trust": trust}

    @staticmethod
    def _shield(row: Any) -> str:
        """The tooltip of the row's encryption icon: what the user is told."""
        for widget in walk(row):
            if isinstance(widget, Gtk.Image) and widget.get_visible():
                tooltip = widget.get_tooltip_text() or ""
                if tooltip.startswith(SHIELDS):
                    return str(tooltip)
        return ""

    @staticmethod
    def _history_1(
        connection: sqlite3.Connection, account: str, jid: str
    ) -> list[dict[str, Any]]:
        rows = connection.execute(
            "SELECT message, message_id, additional_data, time FROM logs"
            " NATURAL JOIN jids WHERE jid = ? AND message IS NOT NULL"
            " ORDER BY time, log_line_id",
            (jid,),
        )
        return [
            {
                "text": r["message"],
                "id": r["message_id"],
                "time": r["time"],
                "encrypted": '"encrypted"' in (r["additional_data"] or ""),
            }
            for r in rows
        ]

    @staticmethod
    def _history_2(
        connection: sqlite3.Connection, account: str, jid: str
    ) -> list[dict[str, Any]]:
        rows = connection.execute(
            "SELECT m.text, m.id, m.fk_encryption_pk,"
            " m.timestamp AS time FROM message m"
            " JOIN remote r ON r.pk = m.fk_remote_pk"
            " WHERE r.jid = ? AND m.text IS NOT NULL ORDER BY m.timestamp, m.pk",
            (jid,),
        )
        return [
            {
                "text": r["text"],
                "id": r["id"],
                "time": r["time"],
                "encrypted": r["fk_encryption_pk"] is not None,
            }
            for r in rows
        ]
