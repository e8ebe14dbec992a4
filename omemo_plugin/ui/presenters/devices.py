# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A device as a row in a window."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...bridge.i18n import _
from ...engine.device_info import DeviceInfo
from ...engine.values import Device
from ...engine.values import Protocol
from ...engine.values import Trust
from ...verify.fingerprint import groups
from ...verify.fingerprint import spoken
from . import badges
from .badges import Badge
from .times import day


class Act(Enum):
    """What can be done about a device."""

    VERIFY = "verify"
    COMPARED = "compared"
    TRUST = "trust"
    DISTRUST = "distrust"
    REPLACE_SESSION = "replace session"
    ACCEPT_KEY = "accept key"
    REMOVE = "remove"


@dataclass(frozen=True)
class Question:
    """What the user is asked before something that cannot be undone."""

    title: str
    text: str
    yes: str


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

    act: Act
    device: Device
    label: str
    name: str
    main: bool = False
    question: Question | None = None


@dataclass(frozen=True)
class DeviceCard:
    """
    Attributes:
        title: its label, or a number.
        facts: id and protocols, in one line.
        seen: first seen and last active, in one line.
        fingerprint: eight groups, or none while the key is not known.
        spoken: the fingerprint for a screen reader.
        summary: all of it but the fingerprint, for a screen reader.
    """

    device: Device
    title: str
    facts: str
    seen: str
    badge: Badge
    fingerprint: tuple[str, ...]
    spoken: str
    summary: str
    active: bool
    actions: tuple[Action, ...]


def title(info: DeviceInfo) -> str:
    """What a device is called."""
    if info.label and info.label.strip():
        return info.label.strip()
    return _("Device {id}").format(id=info.device.device_id)


def protocols(info: DeviceInfo) -> str:
    """The versions of OMEMO a device is listed for."""
    names = []
    if Protocol.LEGACY in info.protocols:
        names.append("0.3")
    if Protocol.OMEMO_2 in info.protocols:
        names.append("2")
    if not names:
        return _("no longer listed")
    return _("OMEMO {versions}").format(versions=_(" and ").join(names))


def card(
    info: DeviceInfo,
    *,
    now: float,
    this_device: bool = False,
    own: bool = False,
) -> DeviceCard:
    """
    The row of a device.

    Args:
        now: seconds since 1970.
        this_device: it is the one this program runs on.
        own: it is one of the user's own.
    """
    badge = badges.of_this_device() if this_device else badges.of_device(info)
    name = title(info)
    facts = protocols(info)
    if info.label and info.label.strip():
        facts = _("Device {id} · {protocols}").format(
            id=info.device.device_id, protocols=facts
        )
    if this_device:
        seen = _("First used {first}").format(first=day(info.first_seen, now))
    else:
        seen = _("First seen {first} · Last active {last}").format(
            first=day(info.first_seen, now), last=day(info.last_seen, now)
        )
    digits = info.fingerprint or ""
    summary = ". ".join((name, badge.text, facts, seen))
    actions: tuple[Action, ...] = ()
    if not this_device:
        actions = tuple(_actions(info, name, own=own))
    return DeviceCard(
        info.device,
        name,
        facts,
        seen,
        badge,
        groups(digits) if digits else (),
        _("Fingerprint: {digits}").format(digits=spoken(digits)) if digits else "",
        summary,
        info.active,
        actions,
    )


def _actions(info: DeviceInfo, name: str, *, own: bool) -> list[Action]:
    """In the order in which they are shown; the first three are buttons."""
    device = info.device
    known = info.fingerprint is not None and not info.key_changed
    found: list[Action] = []
    if info.key_changed:
        found.append(_accept_key(device, name))
    if known and info.active and info.trust is not Trust.VERIFIED:
        found.append(
            Action(
                Act.VERIFY,
                device,
                _("Verify…"),
                _("Verify {device}").format(device=name),
                main=True,
            )
        )
    compare = known and info.active and info.trust is not Trust.VERIFIED
    if compare and info.trust is not Trust.UNDECIDED:
        found.append(_compared(info, name))
    if known and info.trust in (Trust.UNDECIDED, Trust.DISTRUSTED):
        found.append(
            Action(
                Act.TRUST,
                device,
                _("Trust without verifying"),
                _("Trust {device} without verifying it").format(device=name),
            )
        )
    if known and info.trust is not Trust.DISTRUSTED:
        found.append(
            Action(
                Act.DISTRUST,
                device,
                _("Do not trust"),
                _("Do not trust {device}").format(device=name),
            )
        )
    if compare and info.trust is Trust.UNDECIDED:
        # Whoever is asked to decide sees what there is to decide
        found.append(_compared(info, name))
    if known and info.active and info.trust.may_receive:
        found.append(
            Action(
                Act.REPLACE_SESSION,
                device,
                _("Replace broken session"),
                _("Replace the session with {device}").format(device=name),
            )
        )
    if own or not info.active:
        found.append(_remove(info, name, own=own))
    return found


def _compared(info: DeviceInfo, name: str) -> Action:
    all_groups = groups(info.fingerprint or "")
    digits = f"{' '.join(all_groups[:4])}\n{' '.join(all_groups[4:])}"
    return Action(
        Act.COMPARED,
        info.device,
        _("Compare by hand…"),
        _("Compare the fingerprint of {device} by hand").format(device=name),
        question=Question(
            _("Is this the fingerprint?"),
            _(
                "Let {who} read out the fingerprint that is shown on the device "
                "itself, in person or on the phone:\n\n{digits}\n\n"
                "If one digit differs, do not trust the device."
            ).format(who=info.device.jid, digits=digits),
            _("It Is the Same"),
        ),
    )


def _accept_key(device: Device, name: str) -> Action:
    return Action(
        Act.ACCEPT_KEY,
        device,
        _("Accept the new key…"),
        _("Accept the new key of {device}").format(device=name),
        question=Question(
            _("Accept the new key?"),
            _(
                "Only do this if {who} has told you, in person or on the phone, "
                "that OMEMO was set up anew there. Otherwise somebody may be "
                "reading along. What was known about the device is deleted."
            ).format(who=device.jid),
            _("Accept the New Key"),
        ),
    )


def _remove(info: DeviceInfo, name: str, *, own: bool) -> Action:
    if own and info.active:
        text = _(
            "It is taken off the list of your devices, and nobody sends to it "
            "any more. If it is still in use it will come back by itself. If it "
            "is not yours, change your password first."
        )
    else:
        text = _(
            "Its key and its session are deleted. If the device comes back you "
            "will be told, as with a new one."
        )
    return Action(
        Act.REMOVE,
        info.device,
        _("Remove…"),
        _("Remove {device}").format(device=name),
        question=Question(
            _("Remove “{device}”?").format(device=name), text, _("Remove")
        ),
    )
