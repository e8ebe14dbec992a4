# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The window "Encryption details": who can read a conversation, device by device,
and what can be done about each.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from ...bridge.i18n import _
from ...bridge.i18n import ngettext
from ...engine.device_info import DeviceInfo
from ...engine.sending import SendPlan
from ...engine.values import Device
from ...engine.values import Trust
from . import recipients
from .badges import Icon
from .badges import Tone
from .devices import Act
from .devices import Action
from .devices import DeviceCard
from .devices import card
from .devices import title
from .ports import Service


class Kind(Enum):
    """What the window is about."""

    CONTACT = "contact"
    ROOM = "room"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Subject:
    """
    Attributes:
        jid: bare, of the contact, the room or the account itself.
        name: what the user calls it.
        members: for a room, the bare JIDs of all who may read in it, without
            the user.
    """

    kind: Kind
    jid: str
    name: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """
    The devices of one account.

    Attributes:
        note: what there is to know about all of them; '' for nothing.
        icon, tone: None for no picture.
        folded: shown closed; the heading says enough.
        inactive: devices that are in no list any more, shown closed.
        hidden: the words over those.
    """

    jid: str
    heading: str
    note: str = ""
    icon: Icon | None = None
    tone: Tone = Tone.PLAIN
    folded: bool = False
    cards: tuple[DeviceCard, ...] = ()
    inactive: tuple[DeviceCard, ...] = ()
    hidden: str = ""


@dataclass(frozen=True)
class Page:
    """
    All that the window shows.

    Attributes:
        summary: what is true of a message that is written now.
        undo: what the last action was, if it can be undone.
        notice: what the last action was, if it cannot.
        verify: what is written on the button for that; '' for no button.
    """

    heading: str
    summary: str
    icon: Icon
    tone: Tone
    groups: tuple[Group, ...]
    undo: str = ""
    notice: str = ""
    verify: str = ""


@dataclass
class _Undo:
    text: str
    device: Device
    trust: Trust


class Details:
    """
    Behind the window. It changes nothing but on the user's behalf.

    Attributes:
        changed: called when `page` would say something new.
    """

    def __init__(
        self,
        service: Service,
        subject: Subject,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            clock: seconds since 1970.
        """
        self._service = service
        self.subject = subject
        self._clock = clock
        self._undo: _Undo | None = None
        self._notice = ""
        self.changed: Callable[[], None] = lambda: None
        self._unfollow = service.follow(self._tell)

    def _tell(self) -> None:
        self.changed()

    def close(self) -> None:
        """The window is gone."""
        self._unfollow()

    def set_members(self, members: Collection[str]) -> None:
        """Somebody came into a room, or left it."""
        subject = self.subject
        self.subject = Subject(subject.kind, subject.jid, subject.name, tuple(members))
        self.changed()

    @property
    def title(self) -> str:
        """Of the window."""
        return _("Encryption details: {name}").format(name=self.subject.name)

    # What is shown

    def page(self) -> Page:
        """The window's content as of now."""
        problem = self._service.problem
        heading = self._heading()
        if problem:
            text = _("OMEMO does not work: {reason}").format(reason=problem)
            return Page(heading, text, Icon.DISTRUSTED, Tone.ALARM, ())
        subject = self.subject
        if subject.kind is Kind.ACCOUNT:
            return self._page(heading, *self._about_account(), self._own_groups())
        jids = self._recipients()
        plan = self._service.plan(jids) if jids else None
        shield = recipients.shield(plan, self._trust_of(plan), jids)
        look = (shield.text, shield.icon, shield.tone)
        if subject.kind is Kind.ROOM and not jids:
            empty = _("Nobody else is known to be a member of this room.")
            look = (empty, Icon.UNDECIDED, Tone.PLAIN)
        many = subject.kind is Kind.ROOM
        groups = [self._group(jid, plan, folded=many) for jid in jids]
        own = self._own_group(folded=True)
        return self._page(heading, *look, (*groups, *own))

    def _page(
        self,
        heading: str,
        summary: str,
        icon: Icon,
        tone: Tone,
        groups: tuple[Group, ...],
    ) -> Page:
        can_verify = any(
            action.act is Act.VERIFY
            for group in groups
            for one in group.cards
            for action in one.actions
            if self.subject.kind is not Kind.ROOM and one.device.jid == self.subject.jid
        )
        return Page(
            heading,
            summary,
            icon,
            tone,
            groups,
            undo="" if self._undo is None else self._undo.text,
            notice=self._notice,
            verify=self._verify_label() if can_verify else "",
        )

    def _verify_label(self) -> str:
        if self.subject.kind is Kind.ACCOUNT:
            return _("Verify another device of yours…")
        return _("Verify {name}…").format(name=self.subject.name)

    def _heading(self) -> str:
        name = self.subject.name
        if self.subject.kind is Kind.ACCOUNT:
            return _("Your devices")
        if self.subject.kind is Kind.ROOM:
            return _("Who can read the room {name}").format(name=name)
        return _("Who can read your chat with {name}").format(name=name)

    def _recipients(self) -> tuple[str, ...]:
        if self.subject.kind is Kind.ROOM:
            own = self._service.own_jid
            return tuple(sorted({jid for jid in self.subject.members if jid != own}))
        return (self.subject.jid,)

    def _trust_of(self, plan: SendPlan | None) -> dict[Device, Trust]:
        if plan is None:
            return {}
        return {
            info.device: info.trust
            for jid in {device.jid for device in plan.readers}
            for info in self._service.devices(jid)
        }

    def _group(self, jid: str, plan: SendPlan | None, *, folded: bool) -> Group:
        infos = self._service.devices(jid)
        cards, inactive = self._cards(infos, own=False)
        why = "" if plan is None else recipients.why_left_out(jid, plan)
        icon, tone = _worst(infos)
        heading = jid
        note = ""
        if why:
            icon, tone = Icon.DISTRUSTED, Tone.ALARM
            heading = _("{who}: left out").format(who=jid)
            note = why
        elif folded:
            heading = _("{who}: {state}").format(who=jid, state=_state(infos))
        elif not cards:
            note = _("No device that uses OMEMO is known.")
        return Group(
            jid,
            heading,
            note,
            icon,
            tone,
            # Whoever gets nothing is never folded away
            folded=folded and not why,
            cards=cards,
            inactive=inactive,
            hidden=_hidden(len(inactive)),
        )

    # Our own account

    def _about_account(self) -> tuple[str, Icon, Tone]:
        others = [
            info
            for info in self._service.devices(self._service.own_jid)
            if info.active and info.device.device_id != self._service.device_id
        ]
        if not others:
            text = _("You use OMEMO on this device only.")
            return text, Icon.VERIFIED, Tone.GOOD
        icon, tone = _worst(others)
        if tone is Tone.ALARM and not any(info.key_changed for info in others):
            # The user has seen to it
            tone = Tone.PLAIN
        text = ngettext(
            "You use OMEMO on this device and on {count} other. It can read "
            "what you write, unless you do not trust it.",
            "You use OMEMO on this device and on {count} others. They can read "
            "what you write, unless you do not trust them.",
            len(others),
        ).format(count=len(others))
        return text, icon or Icon.UNDECIDED, tone

    def _own_groups(self) -> tuple[Group, ...]:
        service = self._service
        this = [
            card(info, now=self._clock(), this_device=True)
            for info in service.devices(service.own_jid)
            if info.device.device_id == service.device_id
        ]
        first = Group(service.own_jid, service.own_jid, cards=tuple(this))
        return (first, *self._own_group(folded=False))

    def _own_group(self, *, folded: bool) -> tuple[Group, ...]:
        """Our other devices, if there are any: they read everything too."""
        service = self._service
        infos = [
            info
            for info in service.devices(service.own_jid)
            if info.device.device_id != service.device_id
        ]
        if not infos:
            return ()
        cards, inactive = self._cards(infos, own=True)
        icon, tone = _worst(infos)
        heading = _("Your other devices")
        if folded:
            heading = _("Your other devices: {state}").format(state=_state(infos))
        return (
            Group(
                service.own_jid,
                heading,
                "",
                icon,
                tone,
                folded=folded,
                cards=cards,
                inactive=inactive,
                hidden=_hidden(len(inactive)),
            ),
        )

    def _cards(
        self, infos: Collection[DeviceInfo], *, own: bool
    ) -> tuple[tuple[DeviceCard, ...], tuple[DeviceCard, ...]]:
        now = self._clock()
        ordered = sorted(infos, key=_order)
        cards = [card(info, now=now, own=own) for info in ordered]
        return (
            tuple(one for one in cards if one.active),
            tuple(one for one in cards if not one.active),
        )

    # What the user does

    def do(self, action: Action) -> None:
        """
        Carry out an action, `VERIFY` excepted: that is a window of its own.
        Its question has been asked.
        """
        self._undo = None
        self._notice = ""
        device = action.device
        if action.act is Act.TRUST:
            self._set_trust(device, Trust.BLIND, _("“{device}” is trusted now."))
        elif action.act is Act.COMPARED:
            self._set_trust(device, Trust.VERIFIED, _("“{device}” is verified now."))
        elif action.act is Act.DISTRUST:
            self._set_trust(
                device, Trust.DISTRUSTED, _("“{device}” gets nothing from now on.")
            )
        elif action.act is Act.REPLACE_SESSION:
            self._service.replace_session(device)
            self._notice = _(
                "A new session with “{device}” begins as soon as its key has been "
                "fetched."
            ).format(device=self._name(device))
        elif action.act in (Act.REMOVE, Act.ACCEPT_KEY):
            self._remove(action)
        self.changed()

    def undo(self) -> None:
        """Take the last decision back."""
        undo, self._undo = self._undo, None
        self._notice = ""
        if undo is not None:
            self._service.set_trust(undo.device, undo.trust)
        self.changed()

    def _set_trust(self, device: Device, trust: Trust, text: str) -> None:
        before = self._info(device)
        if before is None:
            return
        self._service.set_trust(device, trust)
        self._undo = _Undo(text.format(device=title(before)), device, before.trust)

    def _remove(self, action: Action) -> None:
        device = action.device
        name = self._name(device)
        if action.act is Act.ACCEPT_KEY:
            self._notice = _("The new key of “{device}” is being fetched.")
        else:
            self._notice = _("“{device}” has been removed.")
        self._notice = self._notice.format(device=name)
        if device.jid == self._service.own_jid and action.act is Act.REMOVE:
            self._service.remove_own_device(device)
        else:
            self._service.forget_device(device)

    def _info(self, device: Device) -> DeviceInfo | None:
        for info in self._service.devices(device.jid):
            if info.device == device:
                return info
        return None

    def _name(self, device: Device) -> str:
        info = self._info(device)
        return str(device.device_id) if info is None else title(info)


def _order(info: DeviceInfo) -> tuple[int, int, int]:
    """What needs a decision first, then who was there last."""
    urgent = info.key_changed or info.trust is Trust.UNDECIDED
    return (0 if urgent else 1, -info.last_seen, info.device.device_id)


def _worst(infos: Collection[DeviceInfo]) -> tuple[Icon | None, Tone]:
    """The picture for all active devices of an account."""
    active = [info for info in infos if info.active]
    if not active:
        return None, Tone.PLAIN
    if any(info.key_changed for info in active):
        return Icon.DISTRUSTED, Tone.ALARM
    levels = {info.trust for info in active}
    if Trust.UNDECIDED in levels:
        return Icon.UNDECIDED, Tone.CAUTION
    if levels <= {Trust.VERIFIED, Trust.DISTRUSTED} and Trust.VERIFIED in levels:
        return Icon.VERIFIED, Tone.GOOD
    if levels == {Trust.DISTRUSTED}:
        return Icon.DISTRUSTED, Tone.ALARM
    return Icon.TRUSTED, Tone.PLAIN


def _state(infos: Collection[DeviceInfo]) -> str:
    """The active devices of an account in a few words."""
    active = [info for info in infos if info.active]
    count = len(active)
    verified = sum(info.trust is Trust.VERIFIED for info in active)
    undecided = sum(
        info.trust is Trust.UNDECIDED or info.key_changed for info in active
    )
    if undecided:
        return ngettext(
            "{count} device, {undecided} to be decided",
            "{count} devices, {undecided} to be decided",
            count,
        ).format(count=count, undecided=undecided)
    return ngettext(
        "{count} device, {verified} verified",
        "{count} devices, {verified} verified",
        count,
    ).format(count=count, verified=verified)


def _hidden(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "{count} device no longer in use", "{count} devices no longer in use", count
    ).format(count=count)
