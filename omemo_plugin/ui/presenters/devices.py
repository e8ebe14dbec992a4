# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A device as a row in a window."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from enum import Enum

from ...device_names import title
from ...engine.keys.device_info import DeviceInfo
from ...engine.values import Device
from ...engine.values import Protocol
from ...engine.values import Trust
from ...i18n import _
from ...verify.fingerprint import groups
from ...verify.fingerprint import spoken
from . import badges
from .badges import Badge
from .times import day


class DeviceAction(Enum):
    """An action on a device."""

    VERIFY = "verify"
    COMPARE = "compare"
    TRUST = "trust"
    DISTRUST = "distrust"
    REPLACE_SESSION = "replace session"
    WRITE_AGAIN = "write again"
    KEEP = "keep"
    ACCEPT_KEY = "accept key"
    UNDO_REFUSAL = "undo refusal"
    RENAME = "rename"
    REMOVE = "remove"


@dataclass(frozen=True)
class Confirmation:
    """A question before an action. The safe answer is the one that Escape gives."""

    title: str
    text: str
    yes: str
    no: str = field(default_factory=lambda: _("Cancel"))


@dataclass(frozen=True)
class Action:
    """
    A button of a device.

    Attributes:
        label: what is written on it.
        name: what a screen reader says: the label alone would be the same on
            every device.
        main: it is the one most people want.
        question: to be asked before; None if it can be undone.
    """

    act: DeviceAction
    device: Device
    label: str
    name: str
    main: bool = False
    question: Confirmation | None = None


@dataclass(frozen=True)
class DeviceCard:
    """
    Attributes:
        title: its label, or a number.
        facts: id and protocols, in one line.
        seen: first seen and last active, in one line.
        unheard: that it has not been heard for long, and what follows; or ''.
        fingerprint: eight groups, or none while the key is not known.
        spoken: the fingerprint for a screen reader.
        summary: what it is and whether it is trusted, for a screen reader.
        is_open: facts and fingerprint are shown at once, because something is to be
            decided, or others compare them.
    """

    device: Device
    title: str
    facts: str
    seen: str
    unheard: str
    badge: Badge
    fingerprint: tuple[str, ...]
    spoken: str
    summary: str
    active: bool
    actions: tuple[Action, ...]
    is_open: bool


def protocols(info: DeviceInfo) -> str:
    """The versions of OMEMO a device is listed for."""
    both = {Protocol.LEGACY, Protocol.OMEMO_2}
    if both <= set(info.protocols):
        return _("OMEMO 0.3 and 2")
    if Protocol.LEGACY in info.protocols:
        return "OMEMO 0.3"
    if Protocol.OMEMO_2 in info.protocols:
        return "OMEMO 2"
    return _("no longer listed")


def changeable(info: DeviceInfo) -> str:
    """
    The warning that others could change the texts of a device that uses OMEMO 0.3
    alone; '' for other devices.

    SECURITY: in OMEMO 0.3 all readers of a message get the same key, with which each
    of them finds another text that has the same tag. A server has to help.
    """
    if tuple(info.protocols) != (Protocol.LEGACY,):
        return ""
    return _(
        "It uses the older OMEMO: somebody else who gets a message, and a server, "
        "could change its words for you."
    )


def card(
    info: DeviceInfo,
    *,
    now: float,
    this_device: bool = False,
    own: bool = False,
    earlier: bool = False,
    silent: bool = False,
    owner: str = "",
) -> DeviceCard:
    """
    The row of a device.

    Args:
        now: seconds since 1970.
        this_device: it is the one this program runs on.
        own: it is one of the user's own.
        earlier: it is the one that another OMEMO of this Gajim has left.
        silent: it gets no keys, because it has not been heard for long.
        owner: what the user calls the owner; '' for the address.
    """
    badge = badges.of_this_device() if this_device else badges.of_device(info)
    if silent:
        badge = badges.silent(info.trust)
    name = title(info, owner)
    if earlier and not info.name:
        name = _("Gajim’s earlier key on this computer")
    # Translators: {id} is a number, {protocols} such as “OMEMO 2”
    facts = _("Number {id} · {protocols}").format(
        id=info.device.device_id, protocols=protocols(info)
    )
    unheard = _unheard(info, now, silent=silent)
    digits = info.fingerprint or ""
    actions: tuple[Action, ...] = ()
    if not this_device:
        actions = tuple(_actions(info, name, own=own))
        if silent:
            actions = (_write_again(info, name), *actions)
        if earlier:
            actions = (_remove_earlier(info, name),)
    return DeviceCard(
        info.device,
        name,
        facts,
        _seen(info, now, this_device=this_device),
        unheard,
        badge,
        groups(digits) if digits else (),
        _("Fingerprint: {digits}").format(digits=spoken(digits)) if digits else "",
        " ".join(filter(None, (f"{name}. {badge.text}.", unheard))),
        info.active,
        actions,
        is_open=this_device or info.trust is Trust.UNDECIDED or info.key_changed,
    )


def _seen(info: DeviceInfo, now: float, *, this_device: bool) -> str:
    first, last = day(info.first_seen, now), day(info.last_seen, now)
    if this_device:
        # Translators: {first} is a day, such as “today” or a date
        return _("First used {first}").format(first=first)
    # Translators: {first} and {last} are days, such as “today” or a date
    return _("First seen {first} · Last active {last}").format(first=first, last=last)


def _unheard(info: DeviceInfo, now: float, *, silent: bool) -> str:
    heard = day(max(info.first_seen, info.last_seen), now)
    if silent:
        # Translators: {day} is a day, such as “today” or a date
        return _("No longer gets keys: not heard since {day}.").format(day=heard)
    if info.unused:
        # Translators: {day} is a day, such as “today” or a date
        return _("Not used since {day}. You can remove it.").format(day=heard)
    return ""


def _actions(info: DeviceInfo, name: str, *, own: bool) -> list[Action]:
    """
    The actions on a device in the order in which they are shown: the answer that is
    due, refusing or the end of it, comparing, and the rest, which begins with the name.
    """
    device = info.device
    known = info.fingerprint is not None and not info.key_changed
    current = known and info.active
    refused = info.trust is Trust.DISTRUSTED
    found: list[Action] = []
    if info.unused:
        label = _("Keep {device}").format(device=name)
        found.append(Action(DeviceAction.KEEP, device, _("Not now"), label))
        found.append(_remove(info, name, own=own))
    if current and info.trust is Trust.UNDECIDED:
        label = _("Verify {device}").format(device=name)
        found.append(
            Action(DeviceAction.VERIFY, device, _("Verify…"), label, main=True)
        )
    if refused and (known or info.key_changed):
        label = _("Undo the refusal of {device}").format(device=name)
        found.append(
            Action(DeviceAction.UNDO_REFUSAL, device, _("Undo refusal"), label)
        )
    elif known:
        label = _("Refuse {device}").format(device=name)
        found.append(Action(DeviceAction.DISTRUST, device, _("Refuse"), label))
    if current:
        found.append(_compared(info, name))
    found.append(_rename(info, name))
    if known and info.trust in (Trust.UNDECIDED, Trust.DISTRUSTED):
        found.append(_use_without_checking(device, name))
    if info.key_changed:
        found.append(_accept_key(device, name))
    if current and info.trust.may_receive:
        label = _("Repair the connection with {device}").format(device=name)
        found.append(Action(DeviceAction.REPLACE_SESSION, device, _("Repair"), label))
    if (own or not info.active) and not info.unused:
        found.append(_remove(info, name, own=own))
    return found


def _write_again(info: DeviceInfo, name: str) -> Action:
    label = _("Write for {device} again").format(device=name)
    return Action(DeviceAction.WRITE_AGAIN, info.device, _("Write for it again"), label)


def _rename(info: DeviceInfo, name: str) -> Action:
    label = _("Rename {device}").format(device=name)
    return Action(DeviceAction.RENAME, info.device, _("Rename…"), label)


def _compared(info: DeviceInfo, name: str) -> Action:
    again = info.trust is Trust.VERIFIED
    return Action(
        DeviceAction.COMPARE,
        info.device,
        _("Compare again…") if again else _("Compare by hand…"),
        _("Compare the fingerprint of {device} by hand").format(device=name),
    )


def _use_without_checking(device: Device, name: str) -> Action:
    return Action(
        DeviceAction.TRUST,
        device,
        _("Use without checking…"),
        _("Use {device} without checking").format(device=name),
        question=Confirmation(
            _("Use “{device}” without checking?").format(device=name),
            _("It gets your messages from now on. Nobody has checked whose it is."),
            _("Use it"),
        ),
    )


def _accept_key(device: Device, name: str) -> Action:
    return Action(
        DeviceAction.ACCEPT_KEY,
        device,
        _("Accept without checking…"),
        _("Accept the key of {device} without checking").format(device=name),
        question=Confirmation(
            _("Accept a key that nobody has checked?"),
            _(
                "If somebody pretends to be {who}, they can read what you send from "
                "now on."
            ).format(who=device.jid),
            _("Accept"),
            no=_("Do not accept"),
        ),
    )


def _remove_earlier(info: DeviceInfo, name: str) -> Action:
    """The action that removes an earlier device. It needs no question: nothing uses the
    device, and it can come back by itself."""
    return Action(
        DeviceAction.REMOVE,
        info.device,
        _("Remove"),
        _("Remove {device}").format(device=name),
        main=True,
    )


def _remove(info: DeviceInfo, name: str, *, own: bool) -> Action:
    if own and info.active:
        text = _(
            "Its keys are deleted. If it is still in use, it comes back by itself. "
            "If it is not yours, change your password first."
        )
    else:
        text = _(
            "Its keys are deleted. If it comes back, you are asked about it as a new "
            "one."
        )
    return Action(
        DeviceAction.REMOVE,
        info.device,
        _("Remove…"),
        _("Remove {device}").format(device=name),
        question=Confirmation(
            _("Remove “{device}”?").format(device=name),
            text,
            _("Remove"),
            no=_("Keep"),
        ),
    )
