# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The windows as the plugin sees them: puts the ways to them into Gajim, opens
them, and takes all of it back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..bridge.i18n import _
from ..bridge.presenters import Offer
from ..bridge.presenters import OfferKind
from ..verify.judge import Source
from . import host
from .composer import Composer
from .links import follow_links
from .presenters import recipients
from .presenters.code import Code
from .presenters.details import Details
from .presenters.details import Kind
from .presenters.details import Subject
from .presenters.message import message_of
from .presenters.message import page
from .presenters.phrase import VoicePhrase
from .presenters.progress import catching_up
from .presenters.recipients import Shield
from .presenters.settings import AccountSettings
from .presenters.settings import ContactSettings
from .presenters.verify import Verify
from .toolkit import kit
from .views.code import open_code
from .views.details import DetailsView
from .views.details import open_details
from .views.message import open_message
from .views.phrase import open_phrase
from .views.preferences import open_preferences
from .views.verify import open_verify

log = logging.getLogger("gajim.p.omemo_plugin")


class Shell:
    """All windows of the plugin."""

    def __init__(self, service: Callable[[str], Any]) -> None:
        """
        Args:
            service: gives the `AccountService` of an account, or None.
        """
        self.service = service
        self._patches = host.Patches()
        self._composers: dict[int, Composer] = {}
        self._windows: dict[tuple[str, ...], Any] = {}
        self._followed: dict[str, tuple[Any, Callable[[], None]]] = {}

    def start(self) -> None:
        """Put the ways to the windows into Gajim."""
        kit.start()
        for name, parameter, call in (
            ("omemo-details", "as", self._details_action),
            ("omemo-verify", "as", self._verify_action),
            ("omemo-voice", "as", self._voice_action),
            ("omemo-message", "as", self._message_action),
            ("omemo-own-devices", "s", self._own_devices_action),
            ("omemo-code", "s", self._code_action),
            ("omemo-chat-details", "", self._chat_details_action),
            ("omemo-chat-verify", "", self._chat_verify_action),
            ("omemo-chat-own-devices", "", self._chat_own_devices_action),
        ):
            host.add_action(self._patches, name, parameter, call)
        host.extend_menus(
            self._patches, self._contact_items, self._account_items, self._jid_items
        )
        host.extend_row_menus(self._patches, self._row_items)
        host.replace_trust_pages(self._patches, self._page)
        follow_links(self._patches, self.open_link, self.save_file)

    def stop(self) -> None:
        """Take all back."""
        for window in list(self._windows.values()):
            kit.close(window)
        for composer in list(self._composers.values()):
            composer.stop()
        self._composers.clear()
        for service, unfollow in self._followed.values():
            unfollow()
            service.show_offers(None)
        self._followed.clear()
        self._patches.restore()
        kit.stop()

    # What the plugin passes on

    def composer_made(self, box: Any) -> None:
        """Gajim made the box with the message input."""
        items = [
            host.menu_item(_("Encryption details…"), "omemo-chat-details"),
            host.menu_item(_("Verify contact…"), "omemo-chat-verify"),
            host.menu_item(_("My devices and QR code…"), "omemo-chat-own-devices"),
        ]
        self._composers[id(box)] = Composer(
            box,
            shield=self.shield,
            progress=self.progress,
            show_details=self.show_for,
            items=items,
        )
        self._update_composers()

    def composer_gone(self, box: Any) -> None:
        composer = self._composers.pop(id(box), None)
        if composer is not None:
            composer.stop()

    def chat_opened(self, who: Any) -> None:
        """A chat is on screen now."""
        service = self._follow(who.account)
        if service is not None and service.choices.wants_encryption(who):
            host.choose_encryption(who)
        self._update_composers()

    # Accounts

    def service_started(self, service: Any) -> None:
        """There is a new service whenever an account is enabled."""
        known = self._followed.get(service.account)
        if known is not None:
            if known[0] is service:
                return
            known[1]()
        unfollow = service.follow(self._update_composers)
        self._followed[service.account] = service, unfollow
        service.show_offers(self._show_offer)

    def _follow(self, account: str) -> Any:
        """The service of an account. The plugin may have been started before
        its windows."""
        service = self.service(account)
        if service is not None:
            self.service_started(service)
        return service

    def _update_composers(self) -> None:
        for composer in self._composers.values():
            composer.update()

    def progress(self, who: Any) -> str:
        """What is going on with the account of somebody, or ''."""
        service = self.service(who.account)
        if service is None:
            return ""
        return catching_up(service.catch_up.running, service.catch_up.messages)

    def shield(self, who: Any) -> Shield:
        """What is true of a message that is sent to somebody now."""
        service = self._follow(who.account)
        jids = self.recipients(who)
        if service is None or jids is None:
            # Gajim's own shield would claim more
            return recipients.shield(None, {}, ())
        plan = service.plan(jids)
        readers = () if plan is None else plan.readers
        trust = {
            info.device: info.trust
            for jid in {device.jid for device in readers}
            for info in service.devices(jid)
        }
        return recipients.shield(plan, trust, jids)

    def recipients(self, who: Any) -> tuple[str, ...] | None:
        """The bare JIDs a message to a contact or room is for; None if they
        are not known."""
        if not who.is_groupchat:
            person = self._person(who)
            return None if person is None else (person,)
        service = self.service(who.account)
        if service is None:
            return None
        members: tuple[str, ...] | None = service.room_members(str(who.jid))
        return members

    def _person(self, who: Any) -> str | None:
        """The bare JID of somebody one chats with, who may have a nickname in a
        room; None where the room does not tell."""
        if not host.is_nickname(who):
            return str(who.jid)
        service = self.service(who.account)
        return None if service is None else service.person(str(who.jid))

    def _bare_jid(self, who: Any) -> str | None:
        return str(who.jid) if who.is_groupchat else self._person(who)

    # Windows

    def open_verify(self, account: str, jid: str, parent: Any) -> None:
        """Open the window that verifies somebody, or another own device."""
        self._present_verify(account, jid, parent)

    def show_phrase(self, account: str, jid: str, parent: Any = None) -> None:
        """Open "Compare by voice"."""
        service = self._follow(account)
        if service is not None:
            phrase = VoicePhrase(service, jid, host.name_of(account, jid))
            over = parent or host.main_window()
            self._present(("phrase", account, jid), lambda: open_phrase(phrase, over))

    def open_link(self, text: str, source: Source, account: str | None) -> None:
        """
        A link with keys was opened.

        Args:
            account: None where it is not known.
        """
        chosen = account or self._account_for(text)
        if chosen is not None:
            self._present_verify(chosen, None, None, text, source)

    def save_file(self, link: str, account: str | None) -> None:
        """
        A link to an encrypted file was opened: ask where to save it.

        Args:
            account: None where it is not known.
        """
        accounts = [one for one in host.accounts() if self.service(one) is not None]
        chosen = account or next(iter(accounts), None)
        service = None if chosen is None else self.service(chosen)
        if service is None:
            return
        window = host.main_window()
        name = service.file_name(link)

        def save(path: Path) -> None:
            service.save_file(link, path)

        if name:
            kit.save(window, _("Save encrypted file"), name, save)
        else:
            # It says why not
            service.save_file(link, Path())

    def _account_for(self, text: str) -> str | None:
        """The account that knows whom a link is about, or any."""
        accounts = [one for one in host.accounts() if self._follow(one) is not None]
        for account in accounts:
            judgement = self.service(account).judge(text, Source.DESKTOP, None)
            if judgement.jid and self.service(account).devices(judgement.jid):
                return account
        return accounts[0] if accounts else None

    def _present_verify(
        self,
        account: str,
        jid: str | None,
        parent: Any,
        text: str | None = None,
        source: Source = Source.LINK,
    ) -> None:
        service = self._follow(account)
        if service is None:
            return
        verify = Verify(service, jid, lambda one: host.name_of(account, one))
        # Each link is looked at by itself
        key = ("verify", account, jid or "", text or "")
        over = parent or host.main_window()
        self._present(
            key,
            lambda: open_verify(
                verify,
                over,
                lambda one: self.show_details(account, one, over),
                lambda one: self.show_phrase(account, one, over),
                text,
                source,
            ),
        )

    def show_for(self, who: Any, parent: Any = None) -> None:
        """Open "Encryption details" for a contact or room."""
        jid = self._bare_jid(who)
        if jid is not None:
            self.show_details(who.account, jid, parent)

    def show_details(self, account: str, jid: str, parent: Any = None) -> None:
        """Open "Encryption details" for a contact, a room or an account."""
        self._present(
            ("details", account, jid),
            lambda: self._open_details(account, jid, parent),
        )

    def show_code(self, account: str, parent: Any = None) -> None:
        """Open "My QR code"."""
        service = self._follow(account)
        if service is not None:
            parent = parent or host.main_window()
            self._present(("code", account), lambda: open_code(Code(service), parent))

    def show_preferences(self, parent: Any) -> None:
        """Open the plugin's preferences."""

        def devices(account: str, over: Any) -> None:
            service = self._follow(account)
            if service is not None:
                self.show_details(account, service.own_jid, over)

        accounts = [
            (account, AccountSettings(service.choices))
            for account in host.accounts()
            if (service := self._follow(account)) is not None
        ]
        self._present(
            ("preferences",),
            lambda: open_preferences(
                accounts, parent, show_devices=devices, show_code=self.show_code
            ),
        )

    def _present(self, key: tuple[str, ...], make: Callable[[], Any]) -> None:
        """Each window is there once."""
        window = self._windows.get(key)
        if window is not None:
            kit.present(window)
            return
        window = make()
        if window is not None:
            self._windows[key] = window
            kit.on_close(window, lambda: self._windows.pop(key, None))

    def _open_details(self, account: str, jid: str, parent: Any) -> Any:
        view = self._details_view(account, jid)
        if view is None:
            return None
        return open_details(view, view.title, parent or host.main_window())

    def _details_view(self, account: str, jid: str) -> DetailsView | None:
        service = self._follow(account)
        if service is None:
            return None
        subject = self._subject(service, jid)
        details = Details(service, subject)
        settings = None
        if subject.kind is Kind.CONTACT:
            settings = ContactSettings(service.choices, jid)

        def verify(parent: Any) -> None:
            self.open_verify(account, jid, parent)

        return DetailsView(
            details,
            verify=verify,
            show_code=lambda parent: self.show_code(account, parent),
            settings=settings,
        )

    def _subject(self, service: Any, jid: str) -> Subject:
        account = service.account
        if jid == service.own_jid:
            return Subject(Kind.ACCOUNT, jid, jid)
        name = host.name_of(account, jid)
        if host.is_room(account, jid):
            members = self.recipients(host.contact(account, jid)) or ()
            return Subject(Kind.ROOM, jid, name, members)
        return Subject(Kind.CONTACT, jid, name)

    def _page(self, account: str, who: Any) -> Any:
        """In place of the page of Gajim 2; None to leave that."""
        service = self._follow(account)
        if service is None:
            return None
        jid = service.own_jid if who is None else str(who.jid)
        view = self._details_view(account, jid)
        if view is None:
            return None
        kit.on_gone(view.widget, view.close)
        return kit.expand(view.widget, vertically=True)

    # Lines in a chat

    def _show_offer(self, account: str, jid: str, line: str, offer: Offer) -> bool:
        """A line with a button. Returns whether it was shown."""
        grid = host.add_line(account, jid, line)
        if grid is None:
            return False
        buttons = [
            # A screen reader meets the button alone
            kit.button(label, call, name=f"{label} {line}", classes=("omemo-offer",))
            for label, call in self._offer_buttons(account, offer)
        ]
        kit.attach(grid, kit.row(*buttons), 2, 1)
        return True

    def _offer_buttons(
        self, account: str, offer: Offer
    ) -> list[tuple[str, Callable[[], None]]]:
        jid = offer.jid
        details = (
            _("Encryption details…"),
            lambda: self.show_details(account, jid),
        )
        if offer.kind is OfferKind.VERIFY:
            verify = (
                _("Verify…"),
                lambda: self.open_verify(account, jid, host.main_window()),
            )
            return [verify, details]
        if offer.kind is OfferKind.LEAVE_OUT:
            without = _("Write without them"), lambda: self._leave_out(account, offer)
            return [without, details]
        if offer.kind is OfferKind.REPLACE_SESSION:
            replace = (
                _("Replace the session"),
                lambda: self._replace_session(account, offer),
            )
            return [replace, details]
        if offer.kind is OfferKind.OWN_DEVICES:
            return [(_("Show my devices…"), details[1])]
        return [details]

    def _replace_session(self, account: str, offer: Offer) -> None:
        service = self.service(account)
        if service is not None and offer.device is not None:
            service.replace_broken_session(offer.device)

    def _leave_out(self, account: str, offer: Offer) -> None:
        service = self.service(account)
        if service is not None:
            service.leave_out(offer.jid, offer.members)

    # Menus

    def _contact_items(self, who: Any) -> list[Any]:
        jid = self._bare_jid(who)
        return [] if jid is None else self._jid_items(who.account, jid)

    def _jid_items(self, account: str, jid: str) -> list[Any]:
        if self.service(account) is None:
            return []
        value = host.pair(account, jid)
        items = [host.menu_item(_("Encryption details…"), "omemo-details", value)]
        if not host.is_room(account, jid):
            items.append(host.menu_item(_("Verify…"), "omemo-verify", value))
        return items

    def _row_items(self, who: Any, row: list[str]) -> list[Any]:
        if self.service(who.account) is None or not (row[2] or host.is_encrypted(who)):
            return []
        value = host.texts([who.account, str(who.jid), *row])
        return [host.menu_item(_("Who can read this…"), "omemo-message", value)]

    def _message_action(self, value: list[str]) -> None:
        account, jid, *row = value
        service = self._follow(account)
        if service is None:
            return
        message = message_of(row)
        readers = service.readers_of(message.message_id) if message.outgoing else None
        senders = (service.own_jid,)
        if not message.outgoing:
            senders = self._senders(account, jid)
        shown = page(
            message,
            readers=readers,
            infos=[info for one in senders for info in service.devices(one)],
            own_fingerprint=service.fingerprint,
        )
        open_message(shown, host.main_window())

    def _senders(self, account: str, jid: str) -> tuple[str, ...]:
        """Who may have written in a chat."""
        return self.recipients(host.contact(account, jid)) or ()

    def _account_items(self, account: str) -> list[Any]:
        value = host.text(account)
        return [
            host.menu_item(_("OMEMO devices…"), "omemo-own-devices", value),
            host.menu_item(_("OMEMO QR code…"), "omemo-code", value),
        ]

    def _details_action(self, value: list[str]) -> None:
        self.show_details(*value)

    def _verify_action(self, value: list[str]) -> None:
        account, jid = value
        self.open_verify(account, jid, host.main_window())

    def _voice_action(self, value: list[str]) -> None:
        account, jid = value
        self.show_phrase(account, jid)

    def _own_devices_action(self, account: str) -> None:
        service = self._follow(account)
        if service is not None:
            self.show_details(account, service.own_jid)

    def _code_action(self, account: str) -> None:
        self.show_code(account)

    def _chat_details_action(self, _value: None) -> None:
        who = host.shown_contact()
        if who is not None:
            self.show_for(who)

    def _chat_verify_action(self, _value: None) -> None:
        who = host.shown_contact()
        if who is None or who.is_groupchat:
            return
        jid = self._person(who)
        if jid is not None:
            self.open_verify(who.account, jid, host.main_window())

    def _chat_own_devices_action(self, _value: None) -> None:
        who = host.shown_contact()
        if who is not None:
            self._own_devices_action(who.account)
