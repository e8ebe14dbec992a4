# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The warnings above the message input: one for each alarm that the engine keeps, until
the user has answered it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...engine.values import Alarm
from ...engine.values import AlarmKind
from ...engine.values import Device
from ...foreign_text import shortened
from ...i18n import _
from ...i18n import listed
from .alarm_words import members_without_keys
from .alarm_words import once_more
from .alarm_words import words_of
from .badges import Tone
from .situation import OMEMO
from .situation import Banner
from .situation import Button
from .situation import Chat
from .situation import Question
from .situation import Situation
from .situation import SituationAction
from .times import day

# The worst comes first
_ORDER = (
    AlarmKind.KEY_CHANGED,
    AlarmKind.NOT_THE_VERIFIED_KEY,
    AlarmKind.BORROWED_KEY,
    AlarmKind.CHECK_FAILED,
    AlarmKind.LIST_WITHDRAWN,
    AlarmKind.OWN_DEVICE,
    AlarmKind.NEW_DEVICE,
    AlarmKind.OLDER_PROTOCOL,
    AlarmKind.DEVICE_RETURNED,
    AlarmKind.MEMBERS_ADDED,
    AlarmKind.VERIFIED_DEVICE_GONE,
    AlarmKind.OLD_KEYS,
)

# They are about the user's own account, and shown in every chat
_OWN = frozenset({AlarmKind.OWN_DEVICE, AlarmKind.OLD_KEYS})


def alarms_of(now: Situation) -> list[Alarm]:
    """The open alarms of a conversation, the worst one first."""
    unnamed = set(now.unnamed)

    def rank(alarm: Alarm) -> tuple[bool, int]:
        # SECURITY: nothing is sent before the user has seen who was added
        return (not unnamed.intersection(alarm.members), _ORDER.index(alarm.kind))

    return sorted((one for one in now.alarms if _belongs(now, one)), key=rank)


def _belongs(now: Situation, alarm: Alarm) -> bool:
    if alarm.kind in _OWN:
        return True
    if now.encryption != OMEMO or now.is_public:
        return False
    # In a room the others can be written to
    return alarm.kind is not AlarmKind.LIST_WITHDRAWN or now.chat is not Chat.ROOM


def alarm_banner(now: Situation) -> Banner | None:
    """The alarm whose turn it is; None if there is none."""
    alarms = alarms_of(now)
    if not alarms:
        return None
    turn = now.turn % len(alarms)
    if set(now.unnamed).intersection(alarms[0].members):
        # Nothing is sent before this one was shown
        turn = 0
    banner = _banner(now, alarms[turn])
    if len(alarms) > 1:
        following = Button(SituationAction.NEXT, _("Next"))
        # Translators: the second of three warnings, for example
        position = _("{number} of {count}").format(number=turn + 1, count=len(alarms))
        banner = replace(
            banner, position=position, buttons=(*banner.buttons, following)
        )
    if banner.alarm in now.folded:
        # It stays until it is answered, only smaller
        kept = banner.buttons[:1] + banner.buttons[len(banner.buttons) - 1 :]
        kept = kept if len(alarms) > 1 else banner.buttons[:1]
        banner = replace(banner, text="", buttons=kept)
    return banner


def alarm_title(
    alarm: Alarm, name_of: Callable[[str], str], device_name: Callable[[Device], str]
) -> str:
    """The event behind an alarm, in one line."""
    now = Situation(Chat.CONTACT, "", OMEMO, name_of=name_of, device_name=device_name)
    return _banner(now, alarm).title


def _banner(now: Situation, alarm: Alarm) -> Banner:
    words = words_of(alarm.kind, len(alarm.members))
    unable = () if now.plan is None else now.plan.unreachable
    if alarm.members and set(alarm.members) <= set(unable):
        words = members_without_keys(words, len(alarm.members))
    if alarm in now.asked:
        words = once_more(alarm.kind)
    people = [shortened(now.name_of(jid)) for jid in alarm.members]
    fields = {
        "name": now.name_of(alarm.device.jid),
        "device": now.device_name(alarm.device),
        "owner": shortened(alarm.owner),
        "who": people[0] if people else "",
        "address": shortened(alarm.members[0]) if people else "",
        "count": len(people),
        "when": day(alarm.since, now.time),
        "reads": _reads(now, alarm),
        "list": listed(_named(*one) for one in zip(people, alarm.members, strict=True)),
    }
    return Banner(
        Question.ALARM,
        words.icon,
        Tone.ALARM,
        words.title.format(**fields),
        words.text.format(**fields),
        tuple(
            Button(act, label.format(**fields), suggested=number == 0)
            for number, (act, label) in enumerate(words.buttons)
        ),
        devices=(alarm.device,) if alarm.device.device_id else (),
        members=alarm.members,
        alarm=alarm,
    )


def _reads(now: Situation, alarm: Alarm) -> str:
    if alarm.kind is not AlarmKind.OWN_DEVICE:
        return ""
    plan = now.plan
    # Also if only its keys are still on their way
    if plan is not None and alarm.device in (*plan.recipients, *plan.waiting):
        return _("It can read your messages.")
    return _("It cannot read your messages.")


def _named(name: str, address: str) -> str:
    address = shortened(address)
    return name if name == address else f"{name} ({address})"
