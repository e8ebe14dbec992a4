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
from typing import TYPE_CHECKING

from ...device_names import title
from ...engine.keys.device_info import DeviceInfo
from ...engine.messages.planning import SendPlan
from ...engine.values import Device
from ...engine.values import Trust
from ...i18n import _
from ...i18n import ngettext
from . import recipients
from .badges import Icon
from .badges import Tone
from .details_lists import Order
from .details_lists import can_search
from .details_lists import found
from .details_values import Group
from .details_values import Page
from .details_values import Subject
from .details_values import SubjectKind
from .devices import Action
from .devices import DeviceAction
from .devices import DeviceCard
from .devices import card
from .history import LastCheck

if TYPE_CHECKING:
    from .ports import Service


@dataclass
class _Undo:
    text: str
    device: Device
    trust: Trust


class Details:
    """
    The content of the window "Encryption details". It changes nothing but on the user's
    behalf.

    Attributes:
        changed: called when `page` would say something new.
        search: only people and devices with these letters are shown.
    """

    def __init__(
        self,
        service: Service,
        subject: Subject,
        *,
        members: Callable[[], Collection[str]] = tuple,
        history: Callable[[], tuple[str, ...]] = tuple,
        check: LastCheck | None = None,
        first: Device | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            members: the bare JIDs of all who may read in a room now, without
                the user. The window asks again with every change, because
                people join and leave while it is open.
            history: what has happened to the devices, newest first.
            check: what of it can be undone.
            first: the device that is to be looked at.
            clock: seconds since 1970.
        """
        self._service = service
        self.subject = subject
        self._members = members
        self._history = history
        self._check = check
        self._first = first
        self._clock = clock
        self._undo: _Undo | None = None
        self._notice = ""
        self._order = Order()
        self.search = ""
        self.changed: Callable[[], None] = lambda: None
        self._unfollow = service.follow(self._tell)

    def _tell(self) -> None:
        self.changed()

    def close(self) -> None:
        """The window is gone."""
        self._unfollow()

    @property
    def title(self) -> str:
        """The title of the window."""
        return _("Encryption details: {name}").format(name=self.subject.name)

    # The content

    def page(self) -> Page:
        """The window's content as of now."""
        problem = self._service.problem
        heading = self._heading()
        if problem:
            text = f"{_('Encryption does not work.')} {problem}"
            return Page(heading, text, Icon.DISTRUSTED, Tone.ALARM, ())
        subject = self.subject
        if subject.kind is SubjectKind.ACCOUNT:
            return self._page(heading, *self._about_account(), self._own_groups())
        jids = self._recipients()
        plan = self._service.plan(jids) if jids else None
        shield = recipients.shield(plan, self._trust_of(plan), jids)
        look = (shield.text, shield.icon, shield.tone)
        if subject.kind is SubjectKind.ROOM and not jids:
            empty = _("Nobody else is known to be in this group chat.")
            look = (empty, Icon.UNDECIDED, Tone.PLAIN)
        many = subject.kind is SubjectKind.ROOM
        groups = [self._group(jid, plan, folded=many) for jid in jids]
        groups = self._order.sort(groups)
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
        can_verify = self.subject.kind is not SubjectKind.ROOM and any(
            info.active
            and info.fingerprint is not None
            and not info.key_changed
            and info.trust is not Trust.VERIFIED
            for info in self._service.devices(self.subject.jid)
        )
        return Page(
            heading,
            summary,
            icon,
            tone,
            found(groups, self.search),
            undo="" if self._undo is None else self._undo.text,
            notice=self._notice,
            verify=self._verify_label() if can_verify else "",
            can_search=can_search(groups),
            history=self._history(),
            undoable=None if self._check is None else self._check.place(),
        )

    def _verify_label(self) -> str:
        if self.subject.kind is SubjectKind.ACCOUNT:
            return _("Verify another device of yours…")
        return _("Verify {name}…").format(name=self.subject.name)

    def _heading(self) -> str:
        name = self.subject.name
        if self.subject.kind is SubjectKind.ACCOUNT:
            return _("Your devices")
        if self.subject.kind is SubjectKind.ROOM:
            return _("Who can read {name}").format(name=name)
        return _("Who can read your chat with {name}").format(name=name)

    def _recipients(self) -> tuple[str, ...]:
        if self.subject.kind is SubjectKind.ROOM:
            own = self._service.own_jid
            return tuple(sorted({jid for jid in self._members() if jid != own}))
        return (self.subject.jid,)

    def _trust_of(self, plan: SendPlan | None) -> dict[Device, Trust]:
        if plan is None:
            return {}
        return {
            info.device: info.trust
            for jid in {device.jid for device in plan.recipients}
            for info in self._service.devices(jid)
        }

    def _group(self, jid: str, plan: SendPlan | None, *, folded: bool) -> Group:
        infos = self._service.devices(jid)
        left_out = () if plan is None else plan.left_out
        silent = {one.device for one in left_out if recipients.is_silent(one, (jid,))}
        cards, inactive = self._cards(infos, own=False, silent=silent)
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
            note = _("No device with encryption is known.")
        return Group(
            jid,
            heading,
            note,
            icon,
            tone,
            # Members who get nothing are never folded away
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
            text = _("You use encryption on this device only.")
            return text, Icon.VERIFIED, Tone.GOOD
        icon, tone = _worst(others)
        if tone is Tone.ALARM and not any(info.key_changed for info in others):
            # The user has seen to it
            tone = Tone.PLAIN
        text = ngettext(
            "You use encryption on this device and on {count} other. It can read "
            "what you write, unless you refused it.",
            "You use encryption on this device and on {count} others. They can read "
            "what you write, unless you refused them.",
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
        self,
        infos: Collection[DeviceInfo],
        *,
        own: bool,
        silent: Collection[Device] = (),
    ) -> tuple[tuple[DeviceCard, ...], tuple[DeviceCard, ...]]:
        now = self._clock()
        ordered = sorted(
            infos, key=lambda one: (one.device != self._first, _order(one))
        )
        is_earlier = self._service.is_earlier
        cards = [
            card(
                info,
                now=now,
                own=own,
                earlier=own and is_earlier(info),
                silent=info.device in silent,
                owner=self._owner(info.device.jid),
            )
            for info in ordered
        ]
        return (
            tuple(one for one in cards if one.active),
            tuple(one for one in cards if not one.active),
        )

    # The user's actions

    def do(self, action: Action) -> None:
        """
        Carry out an action, `VERIFY`, `COMPARE` and `RENAME` excepted: they are
        windows of their own.
        Its question has been asked.
        """
        self._undo = None
        self._notice = ""
        device = action.device
        if action.act is DeviceAction.TRUST:
            self._set_trust(
                device, Trust.BLIND, _("“{device}” is used without checking.")
            )
        elif action.act is DeviceAction.DISTRUST:
            self._set_trust(
                device, Trust.DISTRUSTED, _("“{device}” is refused. It gets nothing.")
            )
        elif action.act is DeviceAction.UNDO_REFUSAL:
            self._undo_refusal(device)
        elif action.act is DeviceAction.REPLACE_SESSION:
            self._service.device_management.replace_session(device)
            self._notice = _(
                "“{device}” is repaired as soon as its key is there."
            ).format(device=self._name(device))
        elif action.act is DeviceAction.WRITE_AGAIN:
            self._service.device_management.write_again(device)
            self._notice = _("“{device}” gets keys again.").format(
                device=self._name(device)
            )
        elif action.act is DeviceAction.KEEP:
            self._service.device_management.keep(device)
            self._notice = _("“{device}” stays. You are not asked again.").format(
                device=self._name(device)
            )
        elif action.act in (DeviceAction.REMOVE, DeviceAction.ACCEPT_KEY):
            self._remove(action)
        self.changed()

    def rename(self, device: Device, name: str) -> None:
        """The user gives a device a name; '' for the one it gives itself."""
        self._undo = None
        self._service.device_management.rename(device, name)
        self._notice = _("It is called “{device}” from now on.").format(
            device=self._name(device)
        )
        self.changed()

    def name_of(self, device: Device) -> str:
        """The name of a device, as it is now."""
        return self._name(device)

    def undo(self) -> None:
        """Take the last decision back."""
        undo, self._undo = self._undo, None
        self._notice = ""
        if undo is not None:
            self._service.device_management.undo(undo.device, undo.trust)
        self.changed()

    def undo_check(self) -> None:
        """Take the outcome of the last check back."""
        self._undo = None
        self._notice = ""
        if self._check is not None and self._check.undo():
            self._notice = _("Undone.")
        self.changed()

    def _set_trust(self, device: Device, trust: Trust, text: str) -> None:
        before = self._info(device)
        if before is None:
            return
        self._service.device_management.set_trust(device, trust)
        name = title(before, self._owner(device.jid))
        self._undo = _Undo(text.format(device=name), device, before.trust)

    def _undo_refusal(self, device: Device) -> None:
        before = self._info(device)
        if before is None:
            return
        self._service.device_management.undo_refusal(device)
        text = _("“{device}” gets nothing until you decide.")
        name = title(before, self._owner(device.jid))
        self._undo = _Undo(text.format(device=name), device, before.trust)

    def _remove(self, action: Action) -> None:
        device = action.device
        name = self._name(device)
        if action.act is DeviceAction.ACCEPT_KEY:
            self._notice = _("The key of “{device}” is being fetched.")
        else:
            self._notice = _("“{device}” has been removed.")
        self._notice = self._notice.format(device=name)
        management = self._service.device_management
        if action.act is DeviceAction.ACCEPT_KEY:
            management.accept_key(device)
        elif device.jid == self._service.own_jid:
            management.remove_own(device)
        else:
            management.forget(device)

    def _info(self, device: Device) -> DeviceInfo | None:
        for info in self._service.devices(device.jid):
            if info.device == device:
                return info
        return None

    def _name(self, device: Device) -> str:
        info = self._info(device)
        if info is None:
            return _("A device")
        return title(info, self._owner(device.jid))

    def _owner(self, jid: str) -> str:
        """The name of the owner of devices."""
        return self.subject.name if jid == self.subject.jid else jid


def _order(info: DeviceInfo) -> tuple[int, int, int]:
    """The sort key of a device: those that need a decision first, then by when they
    were last seen."""
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
    if any(info.trust is Trust.UNDECIDED or info.key_changed for info in active):
        text = ngettext(
            "{count} device, not decided",
            "{count} devices, not decided about all",
            count,
        )
    elif count and verified == count:
        text = ngettext(
            "{count} device, verified", "{count} devices, all verified", count
        )
    elif verified:
        text = ngettext(
            "{count} device, verified", "{count} devices, not all verified", count
        )
    else:
        text = ngettext(
            "{count} device, not verified", "{count} devices, none verified", count
        )
    return text.format(count=count)


def _hidden(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "{count} device no longer in use", "{count} devices no longer in use", count
    ).format(count=count)
