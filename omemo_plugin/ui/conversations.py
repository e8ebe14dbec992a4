# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of the conversation on screen, and the user's actions in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..bridge.gajim.contacts import is_nickname
from ..device_names import title
from ..engine.messages.planning import SendPlan
from ..engine.values import Alarm
from ..engine.values import AlarmKind
from ..engine.values import Device
from ..engine.values import Trust
from .gajim_windows import screen
from .help_window import open_help
from .presenters import recipients
from .presenters.devices import changeable
from .presenters.dock import content_of
from .presenters.help_page import HelpPage
from .presenters.recipients import Shield
from .presenters.situation import OMEMO
from .presenters.situation import Banner
from .presenters.situation import Chat
from .presenters.situation import Content
from .presenters.situation import Question
from .presenters.situation import Situation
from .presenters.situation import SituationAction
from .presenters.waiting import WaitingAction
from .presenters.waiting import rows_of

if TYPE_CHECKING:
    from ..bridge.gajim.protocols import Contact
    from .presenters.ports import ConversationService

_ABOUT_ALARMS = (
    SituationAction.ACCEPT,
    SituationAction.REFUSE,
    SituationAction.CHECK,
    SituationAction.OWN_DEVICES,
    SituationAction.ASK_ONCE_MORE,
    SituationAction.CANCEL,
    SituationAction.ASK_SWITCH_OFF,
)

# Where the device itself has to be looked at first
_LOOK_AT_DEVICE = (AlarmKind.NOT_THE_VERIFIED_KEY,)

# Account and JID of a conversation
_Key = tuple[str, str]


class Conversations:
    """The conversations of all accounts."""

    def __init__(
        self,
        service: Callable[[str], ConversationService | None],
        show_details: Callable[[str, str, Device | None], None],
        verify: Callable[[str, str, Device | None], None],
    ) -> None:
        """
        Args:
            service: gives the service of an account.
            show_details, verify: open those windows for an account and a JID, at one
                of the devices if one is given.
        """
        self._service = service
        self._show_details = show_details
        self._verify = verify
        self._folded: dict[_Key, set[Question | Alarm]] = {}
        # Alarms with an answer that the user is asked about once more
        self._asked: set[Alarm] = set()
        # Which alarm of a chat is shown
        self._turns: dict[_Key, int] = {}
        self._asked_to_switch_off: set[_Key] = set()

    # Readers

    def recipients(self, who: Contact) -> tuple[str, ...] | None:
        """The bare JIDs a message to a contact or room is for; None if they
        are not known."""
        service = self._service(who.account)
        if who.is_groupchat:
            return None if service is None else service.rooms.members(str(who.jid))
        person = self.person(who)
        return None if person is None else (person,)

    def person(self, who: Contact) -> str | None:
        """The bare JID of somebody one chats with, who may have a nickname in a
        room; None where the room does not tell."""
        if not is_nickname(who):
            return str(who.jid)
        service = self._service(who.account)
        return None if service is None else service.rooms.person(str(who.jid))

    def bare_jid(self, who: Contact) -> str | None:
        """The bare JID of the room, or of the person; None if it is not known."""
        return str(who.jid) if who.is_groupchat else self.person(who)

    def shield(self, who: Contact) -> Shield:
        """How safe a message is that is sent to a contact now."""
        service = self._service(who.account)
        jids = self.recipients(who)
        if service is None or jids is None:
            # Gajim's own shield would claim more
            return recipients.shield(None, {}, ())
        plan = service.plan(jids)
        return recipients.shield(plan, _trust(service, plan), jids)

    # Rows

    def is_concerned(self, who: Contact) -> bool:
        """Whether what is not encrypted is to be marked in a chat: it is
        encrypted, or was, or would be."""
        service = self._service(who.account)
        if service is None:
            return screen.encryption(who) != ""
        jid = str(who.jid)
        if who.is_groupchat and service.rooms.is_exposed(jid):
            return service.is_encrypted(jid)
        return True

    def device_name(self, who: Contact, key: str) -> str:
        """The name of the device with a key; '' if it is not known. If the device is
        verified, a second line says which protection verification does not give."""
        service = self._service(who.account)
        if service is None:
            return ""
        jids = [*(self.recipients(who) or ()), service.own_jid]
        if key.lower() == service.fingerprint:
            # Of each message that was sent from here, also to many members
            jids = [service.own_jid]
        for jid in jids:
            for info in service.devices(jid):
                if info.fingerprint == key.lower():
                    limit = changeable(info) if info.trust is Trust.VERIFIED else ""
                    name = title(info, screen.name_of(who.account, jid))
                    return "\n".join(one for one in (name, limit) if one)
        return ""

    # The dock

    def content(self, who: Contact) -> Content:
        """The content of the dock above the input."""
        service = self._service(who.account)
        if service is None:
            return Content()
        content = content_of(self._situation(service, who))
        waiting = service.waiting.of(str(who.jid))
        if not waiting:
            return content
        rows = rows_of(
            waiting,
            screen.shown_name(who),
            is_room=who.is_groupchat,
            is_blocked=content.truth is not None and content.truth.blocked,
        )
        return replace(content, waiting=rows)

    def is_public(self, who: Contact) -> bool:
        """Whether it is a room that everybody may enter."""
        service = self._service(who.account)
        return (
            service is not None
            and who.is_groupchat
            and service.rooms.is_exposed(str(who.jid))
        )

    def is_blocked(self, who: Contact) -> bool:
        """Whether nothing can be sent before the user has done something."""
        service = self._service(who.account)
        if service is None:
            return False
        if not service.is_online:
            # Gajim 1 would empty the input and send nothing
            return True
        truth = content_of(self._situation(service, who)).truth
        return truth is not None and truth.blocked

    def _situation(self, service: ConversationService, who: Contact) -> Situation:
        jid = str(who.jid)
        account = who.account
        members = self.recipients(who)
        left_out: tuple[str, ...] = ()
        if who.is_groupchat:
            chat = Chat.ROOM
            without = service.rooms.left_out(jid)
            left_out = tuple(one for one in members or () if one in without)
            jids = service.rooms.recipients(jid)
        else:
            nickname = is_nickname(who)
            chat = Chat.NICKNAME if nickname else Chat.CONTACT
            jids = members
        encryption = screen.encryption(who)
        plan = None
        if encryption == OMEMO and jids is not None:
            plan = service.plan(jids)
        key = (account, jid)
        return Situation(
            chat,
            screen.shown_name(who),
            encryption,
            address=(members or ("",))[0] if chat is Chat.NICKNAME else "",
            has_to_be_encrypted=service.is_encrypted(jid),
            clear_reason=service.default_encryption.why_in_clear(who),
            problem=service.problem,
            is_online=service.is_online,
            is_public=who.is_groupchat and service.rooms.is_exposed(jid),
            recipients=jids,
            left_out=left_out,
            plan=plan,
            trust=_trust(service, plan),
            name_of=lambda one: screen.name_of(account, one),
            device_name=lambda one: _device_name(
                service, one, screen.name_of(account, one.jid)
            ),
            asked_to_switch_off=key in self._asked_to_switch_off,
            folded=frozenset(self._folded.get(key, ())),
            alarms=service.alarms.open((jid, *(members or ()))),
            time=time.time(),
            asked=frozenset(self._asked),
            turn=self._turns.get(key, 0),
            unnamed=service.rooms.unnamed(jid) if who.is_groupchat else (),
            unanswered=service.rooms.unanswered(jid),
            unused=_unused(service),
        )

    def shown(self, who: Contact, content: Content) -> None:
        """The dock shows this now. It is only then that added members count as
        named to the user."""
        service = self._service(who.account)
        if service is None or not who.is_groupchat:
            return
        if not screen.is_window_visible():
            return
        banner = content.banner
        members: tuple[str, ...] = ()
        if banner is not None and banner.alarm is not None and banner.text:
            members = banner.members
        service.new_members.on_screen(str(who.jid), members)

    def must_ask_to_switch_off(self, who: Contact) -> bool:
        """The user has chosen "Disabled" at the padlock. Returns whether that is
        asked about first."""
        service = self._service(who.account)
        if service is None or screen.encryption(who) != OMEMO:
            return False
        self._asked_to_switch_off.add((who.account, str(who.jid)))
        return True

    def press(
        self, who: Contact, act: SituationAction, banner: Banner | None = None
    ) -> None:
        """
        A button above the input was pressed.

        Args:
            banner: the one that was shown. By now there may be another one, which
                the user has not answered.
        """
        service = self._service(who.account)
        if service is None:
            return
        jid = str(who.jid)
        key = (who.account, jid)
        if act in (SituationAction.DETAILS, SituationAction.VERIFY):
            self._open(who, act)
        elif act is SituationAction.FOLD and banner is not None:
            self._folded.setdefault(key, set()).add(banner.alarm or banner.question)
        elif act is SituationAction.HELP:
            open_help(HelpPage.TROUBLE, "nothing-can-be-encrypted")
        elif act is SituationAction.NEXT:
            self._turns[key] = self._turns.get(key, 0) + 1
        elif act is SituationAction.CHOOSE:
            self._folded.pop(key, None)
        elif act is SituationAction.LEAVE_OUT and banner is not None:
            service.leave_out(jid, banner.members)
        elif banner is not None and banner.question is Question.UNUSED_DEVICE:
            self._press_unused(service, act, banner)
        elif act in _ABOUT_ALARMS and banner is not None and banner.alarm is not None:
            self._press_alarm(service, who, act, banner.alarm)
        else:
            self._choose(service, who, act)

    def _press_unused(
        self, service: ConversationService, act: SituationAction, banner: Banner
    ) -> None:
        """A button of the offer to remove an own device was pressed."""
        if act is SituationAction.OWN_DEVICES:
            device = next(iter(banner.devices), None)
            self._show_details(service.account, service.own_jid, device)
            return
        for device in banner.devices:
            service.device_management.keep(device)

    def _press_alarm(
        self,
        service: ConversationService,
        who: Contact,
        act: SituationAction,
        alarm: Alarm,
    ) -> None:
        """A button of an alarm was pressed."""
        jid = alarm.device.jid
        device = alarm.device if alarm.device.device_id else None
        if act is SituationAction.CHECK and alarm.kind not in _LOOK_AT_DEVICE:
            self._verify(who.account, jid, device)
        elif act in (SituationAction.CHECK, SituationAction.OWN_DEVICES):
            self._show_details(who.account, jid, device)
        elif act is SituationAction.ASK_ONCE_MORE:
            self._asked.add(alarm)
        elif act is SituationAction.CANCEL:
            self._asked.discard(alarm)
        elif act is SituationAction.ASK_SWITCH_OFF:
            self.must_ask_to_switch_off(who)
        else:
            service.alarms.answer(alarm, accept=act is SituationAction.ACCEPT)
            self._asked.discard(alarm)
            if alarm.kind is AlarmKind.OWN_DEVICE and act is SituationAction.REFUSE:
                screen.change_password(who.account)

    def _open(self, who: Contact, act: SituationAction) -> None:
        """Open a window about a conversation."""
        if act is SituationAction.DETAILS:
            about = self.bare_jid(who)
            if about is not None:
                self._show_details(who.account, about, None)
        else:
            person = None if who.is_groupchat else self.person(who)
            if person is not None:
                self._verify(who.account, person, None)

    def press_waiting(self, who: Contact, act: WaitingAction, number: int) -> None:
        """A button of a message that has not been sent was pressed."""
        service = self._service(who.account)
        if service is None:
            return
        waiting = service.waiting
        if act is WaitingAction.SEND_AGAIN:
            waiting.send_again(number, who)
        else:
            {
                WaitingAction.CANCEL: waiting.cancel,
                WaitingAction.EDIT: waiting.edit,
                WaitingAction.DELETE: waiting.delete,
                WaitingAction.UNDO: waiting.undo,
            }[act](number)

    def _choose(
        self, service: ConversationService, who: Contact, act: SituationAction
    ) -> None:
        """Choose whether the conversation is encrypted from now on."""
        jid = str(who.jid)
        self._asked_to_switch_off.discard((who.account, jid))
        if act is SituationAction.SWITCH_ON:
            service.default_encryption.switch_on(jid)
        elif act is SituationAction.SWITCH_OFF:
            service.default_encryption.switch_off(jid)
        elif act is SituationAction.SEND_WITHOUT:
            service.default_encryption.send_without(jid)
        elif act is SituationAction.STAY_WITHOUT:
            service.default_encryption.stay_without(jid)


def _trust(service: ConversationService, plan: SendPlan | None) -> dict[Device, Trust]:
    if plan is None:
        return {}
    return {
        info.device: info.trust
        for jid in {device.jid for device in plan.recipients}
        for info in service.devices(jid)
    }


def _unused(service: ConversationService) -> tuple[Device, ...]:
    infos = service.devices(service.own_jid)
    return tuple(info.device for info in infos if info.unused)


def _device_name(service: ConversationService, device: Device, owner: str) -> str:
    for info in service.devices(device.jid):
        if info.device == device:
            return title(info, owner)
    return ""
