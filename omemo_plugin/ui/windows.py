# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The windows as the plugin sees them: puts the ways to them into Gajim, opens
them, and takes all of it back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from gi.repository import Gio
from gi.repository import GLib

from ..bridge.gajim.patches import Patches
from ..engine.values import Device
from ..i18n import _
from . import row_answers
from . import row_archive_texts
from .alarm_notifications import AlarmNotifications
from .composer import Composer
from .conversations import Conversations
from .gajim_windows import error_reports
from .gajim_windows import menus
from .gajim_windows import notifications
from .gajim_windows import pages
from .gajim_windows import rows
from .gajim_windows import screen
from .help_window import close_help
from .help_window import open_help
from .introduction import Introduction
from .links import follow_links
from .offers import Offers
from .open_windows import OpenWindows
from .opened_links import OpenedLinks
from .presenters.help_page import HelpPage
from .presenters.progress import catching_up
from .row_keyboard import RowKeyboard
from .row_list_texts import ListTexts
from .row_marks import RowMarks
from .row_remedies import RowRemedies
from .row_runs import RowRuns
from .row_shields import RowShields
from .widgets.toolkit import Widget
from .widgets.toolkit import Window
from .widgets.toolkit import theme
from .widgets.toolkit import widgets

if TYPE_CHECKING:
    from ..bridge.gajim.protocols import Contact
    from ..verify.judge import Source
    from .details_windows import DetailsWindows
    from .gajim_windows.protocols import NewInputBox
    from .gajim_windows.protocols import OldInputBox
    from .preference_windows import PreferenceWindows
    from .presenters.earlier_key import KeyOffer
    from .presenters.moving import MovingService
    from .presenters.window_service import WindowService
    from .verify_windows import VerifyWindows

log = logging.getLogger("gajim.p.omemo_plugin")

# Gajim has other uses for none of them
_KEYS = {
    "omemo-chat-dock": "<Control><Shift>a",
    "omemo-chat-details": "<Control><Shift>d",
    "omemo-chat-verify": "<Control><Shift>k",
}


class Windows:
    """All windows of the plugin."""

    def __init__(
        self,
        service: Callable[[str], WindowService | None],
        identity: Callable[[str], MovingService | None],
    ) -> None:
        """
        Args:
            service: gives the service of an account; None if it has none.
            identity: gives what ends and moves its identity.
        """
        self.service = service
        self._patches = Patches()
        self._composers: dict[int, Composer] = {}
        self._windows = OpenWindows()
        self._present = self._windows.present
        self._identity = identity
        self._conversations = Conversations(
            self._follow,
            lambda account, jid, device: self._details.show(
                account, jid, device=device
            ),
            lambda account, jid, device: self.open_verify(account, jid, None, device),
        )
        self._offers = Offers(
            self.service,
            self.show_details,
            lambda account, jid: self.open_verify(account, jid, None),
        )
        self._runs = RowRuns()
        self._remedies = RowRemedies(
            self.service, self.show_for, self._runs.row_changed
        )
        self._notifications = AlarmNotifications()
        self._made_preferences: PreferenceWindows | None = None
        self._followed: dict[str, tuple[WindowService, Callable[[], None]]] = {}
        self._introduction = Introduction(
            lambda: [
                service.settings
                for service, _end in self._followed.values()
                if not service.problem
            ],
            self._refresh_preferences,
            self._bring_identity,
        )

    # Below, the code of a window is read when the first one of its kind is opened. Most
    # runs of Gajim open none, and would start later and be larger with it

    @cached_property
    def _details(self) -> DetailsWindows:
        from .details_windows import DetailsWindows

        return DetailsWindows(
            self._follow, self._present, self.open_verify, self.show_code
        )

    @cached_property
    def _verify(self) -> VerifyWindows:
        from .verify_windows import VerifyWindows

        return VerifyWindows(self._follow, self._present, self._details.show)

    @property
    def _preferences(self) -> PreferenceWindows:
        if self._made_preferences is None:
            from .preference_windows import PreferenceWindows

            self._made_preferences = PreferenceWindows(
                self._follow,
                self._identity,
                self._present,
                show_devices=self._show_own_devices,
                show_code=self.show_code,
                show_first_page=self._introduction.show_again,
            )
        return self._made_preferences

    def _bring_identity(self) -> None:
        self._preferences.bring_identity()

    def _refresh_preferences(self) -> None:
        if self._made_preferences is not None:
            self._made_preferences.refresh()

    def start(self) -> None:
        """Put the ways to the windows into Gajim."""
        theme.start()
        self._add_actions()
        menus.extend_menus(
            self._patches, self._contact_items, self._account_items, self._jid_items
        )
        RowShields(
            self._conversations.is_concerned, self._conversations.device_name
        ).install(self._patches)
        RowKeyboard().install(self._patches)
        self._runs.install(self._patches)
        RowMarks(self.show_for, self._runs.row_changed, self._remedies).install(
            self._patches
        )
        ListTexts().install(self._patches)
        row_archive_texts.install(self._patches)
        error_reports.install(self._patches)
        row_answers.install(self._patches)
        rows.extend_row_menus(self._patches, self._row_items)
        pages.replace_trust_pages(self._patches, self._page)
        links = OpenedLinks(self._follow, self._verify_link)
        follow_links(self._patches, links.open_keys, links.save_file)

    def _add_actions(self) -> None:
        for name, call in (
            ("omemo-details", self._details_action),
            ("omemo-verify", self._verify_action),
            ("omemo-voice", self._voice_action),
            ("omemo-message", self._message_action),
            (notifications.OPEN, lambda value: screen.open_chat(*value)),
        ):
            menus.add_texts_action(self._patches, name, call)
        for name, about_account in (
            ("omemo-own-devices", self._show_own_devices),
            ("omemo-code", self._code_action),
        ):
            menus.add_text_action(self._patches, name, about_account)
        for name, about_chat in (
            ("omemo-chat-details", self._chat_details_action),
            ("omemo-chat-verify", self._chat_verify_action),
            ("omemo-chat-own-devices", self._chat_own_devices_action),
            ("omemo-chat-dock", self._chat_dock_action),
            ("omemo-help", self._help_action),
        ):
            menus.add_action(self._patches, name, about_chat)
        for name, key in _KEYS.items():
            menus.add_key(self._patches, name, key)

    def stop(self) -> None:
        """Take all back."""
        self._windows.close_all()
        close_help()
        self._introduction.stop()
        for composer in list(self._composers.values()):
            composer.stop()
        self._composers.clear()
        for service, unfollow in self._followed.values():
            unfollow()
            service.notices.show_offers_with(None)
        self._followed.clear()
        self._notifications.stop()
        self._patches.restore()
        theme.stop()

    # Calls that the plugin passes on

    def composer_made(self, box: OldInputBox | NewInputBox) -> None:
        """Gajim made the box with the message input."""
        items = [
            menus.menu_item(_("Encryption details…"), "omemo-chat-details"),
            menus.menu_item(_("Verify contact…"), "omemo-chat-verify"),
            menus.menu_item(_("My devices and QR code…"), "omemo-chat-own-devices"),
            menus.menu_item(_("Help on encryption…"), "omemo-help"),
        ]
        self._composers[id(box)] = Composer(
            box,
            progress=self.progress,
            conversations=self._conversations,
            items=items,
        )
        self._update_composers()

    def composer_gone(self, box: OldInputBox | NewInputBox) -> None:
        composer = self._composers.pop(id(box), None)
        if composer is not None:
            composer.stop()

    def chat_opened(self, who: Contact) -> None:
        """A chat is on screen now."""
        service = self._follow(who.account)
        if service is not None and service.default_encryption.wants(who):
            screen.choose_encryption(who)
        self._update_composers()

    # Accounts

    def service_started(self, service: WindowService) -> None:
        """There is a new service whenever an account is enabled."""
        known = self._followed.get(service.account)
        if known is not None:
            if known[0] is service:
                return
            known[1]()

        def changed() -> None:
            self._update_composers()
            self._notifications.update(service)

        unfollow = service.follow(changed)
        unfollow_rows = service.unopened.follow(
            lambda: self._remedies.look_again(service.account)
        )

        def end() -> None:
            unfollow()
            unfollow_rows()

        self._followed[service.account] = service, end
        self._notifications.update(service)
        service.notices.show_offers_with(self._offers.show)
        self._refresh_preferences()
        self._introduction.account_started()

    def service_stopped(self, account: str) -> None:
        """The service of an account has ended: so do the windows about it."""
        self._windows.close_about(account, but="end")
        known = self._followed.pop(account, None)
        if known is not None:
            known[1]()
        self._update_composers()
        self._refresh_preferences()

    def ask_about_key(self, offer: KeyOffer) -> None:
        """Ask whether the key that Gajim used before is kept."""
        if screen.main_window() is None:
            # Gajim is starting
            GLib.timeout_add(500, self.ask_about_key, offer)
            return
        from .presenters.earlier_key import EarlierKeyQuestion
        from .views.earlier_key import open_earlier_key

        self._present(
            ("earlier key", offer.account),
            lambda: open_earlier_key(EarlierKeyQuestion(offer), screen.main_window()),
        )

    def _follow(self, account: str) -> WindowService | None:
        """The service of an account. The plugin may have been started before
        its windows."""
        service = self.service(account)
        if service is not None:
            self.service_started(service)
        return service

    def _update_composers(self) -> None:
        for composer in self._composers.values():
            composer.update()

    def progress(self, who: Contact) -> str:
        """The work that goes on for an account, in a sentence; '' for none."""
        service = self.service(who.account)
        if service is None:
            return ""
        return catching_up(service.catch_up.running, service.catch_up.messages)

    # Windows

    def open_verify(
        self,
        account: str,
        jid: str,
        parent: Window | None,
        device: Device | None = None,
    ) -> None:
        """Open the window that verifies somebody; see `VerifyWindows.show`."""
        self._verify.show(account, jid, parent, device)

    def _verify_link(self, account: str, text: str, source: Source) -> None:
        self._verify.show_link(account, text, source)

    def show_for(self, who: Contact, parent: Window | None = None) -> None:
        """Open "Encryption details" for a contact or room."""
        jid = self._conversations.bare_jid(who)
        if jid is not None:
            self.show_details(who.account, jid, parent)

    def show_details(
        self, account: str, jid: str, parent: Window | None = None
    ) -> None:
        """Open "Encryption details" for a contact, a room or an account."""
        self._details.show(account, jid, parent)

    def show_code(self, account: str, parent: Window | None = None) -> None:
        """Open "My QR code"."""
        self._verify.show_code(account, parent)

    def show_preferences(self, parent: Window | None) -> None:
        """Open the plugin's preferences."""
        self._preferences.show(parent)

    def _show_own_devices(self, account: str, over: Window | None = None) -> None:
        service = self._follow(account)
        if service is not None:
            self.show_details(account, service.own_jid, over)

    def _page(self, account: str, who: Contact | None) -> Widget | None:
        """The window in place of the page of Gajim 2; None to leave the page."""
        service = self._follow(account)
        if service is None:
            return None
        jid = service.own_jid if who is None else str(who.jid)
        view = self._details.view(account, jid)
        if view is None:
            return None
        widgets.on_gone(view.widget, view.close)
        return widgets.expand(view.widget, vertically=True)

    # Menus

    def _contact_items(self, who: Contact) -> list[Gio.MenuItem]:
        jid = self._conversations.bare_jid(who)
        return [] if jid is None else self._jid_items(who.account, jid)

    def _jid_items(self, account: str, jid: str) -> list[Gio.MenuItem]:
        if self.service(account) is None:
            return []
        value = menus.pair(account, jid)
        items = [menus.menu_item(_("Encryption details…"), "omemo-details", value)]
        if not screen.is_room(account, jid):
            items.append(menus.menu_item(_("Verify…"), "omemo-verify", value))
        return items

    def _row_items(self, who: Contact, row: list[str]) -> list[Gio.MenuItem]:
        if self.service(who.account) is None or not (
            row[2] or screen.is_encrypted(who)
        ):
            return []
        value = menus.texts([who.account, str(who.jid), *row])
        return [menus.menu_item(_("Who could read this…"), "omemo-message", value)]

    def _message_action(self, value: list[str]) -> None:
        account, jid, *row = value
        service = self._follow(account)
        if service is None:
            return
        from .presenters.message_of_row import page_of
        from .views.message import open_message

        def writers() -> tuple[str, ...]:
            who = screen.contact(account, jid)
            return self._conversations.recipients(who) or ()

        open_message(page_of(service, row, writers), screen.main_window())

    def _account_items(self, account: str) -> list[Gio.MenuItem]:
        value = menus.text(account)
        return [
            menus.menu_item(_("OMEMO devices…"), "omemo-own-devices", value),
            menus.menu_item(_("OMEMO QR code…"), "omemo-code", value),
        ]

    def _details_action(self, value: list[str]) -> None:
        account, jid = value
        self.show_details(account, jid)

    def _verify_action(self, value: list[str]) -> None:
        account, jid = value
        self.open_verify(account, jid, None)

    def _voice_action(self, value: list[str]) -> None:
        account, jid = value
        self._verify.show_words(account, jid)

    def _code_action(self, account: str) -> None:
        self.show_code(account)

    def _help_action(self) -> None:
        who = screen.shown_contact()
        banner = None if who is None else self._conversations.content(who).banner
        is_warning = banner is not None and banner.alarm is not None
        page = HelpPage.WARNINGS if is_warning else HelpPage.CONTENTS
        open_help(page)

    def _chat_dock_action(self) -> None:
        for composer in self._composers.values():
            composer.focus_banner()

    def _chat_details_action(self) -> None:
        who = screen.shown_contact()
        if who is not None:
            self.show_for(who)

    def _chat_verify_action(self) -> None:
        who = screen.shown_contact()
        if who is None or who.is_groupchat:
            return
        jid = self._conversations.person(who)
        if jid is not None:
            self.open_verify(who.account, jid, None)

    def _chat_own_devices_action(self) -> None:
        who = screen.shown_contact()
        if who is not None:
            self._show_own_devices(who.account)
