# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The question or the warning above the message input: what has to be answered
before something is sent, or sent in another way than before.
"""

from __future__ import annotations

from ...bridge.values import ClearReason
from ...engine.messages.planning import LeftOutReason
from ...i18n import _
from ...i18n import listed
from ...i18n import ngettext
from .alarm_banners import alarm_banner
from .badges import Icon
from .badges import Tone
from .situation import OMEMO
from .situation import Banner
from .situation import Button
from .situation import Chat
from .situation import Question
from .situation import Situation
from .situation import SituationAction

# Nothing helps against these but the user's decision about devices
_DECIDED = frozenset({LeftOutReason.UNDECIDED, LeftOutReason.DISTRUSTED})


def banner_of(now: Situation) -> Banner | None:
    """The worst question that is open and not put aside."""
    if now.problem:
        return None
    asked = _ask_to_switch_off(now)
    alarm = alarm_banner(now)
    if asked is not None:
        return asked
    # One that was put aside stays, and leaves the place to a question
    if now.is_public or (alarm is not None and alarm.text):
        return alarm
    for ask in (_ask_to_encrypt, _ask_about_no_device, _ask_about_members):
        banner = ask(now)
        if banner is not None and banner.question not in now.folded:
            return banner
    return alarm or _offer_to_remove(now)


def _offer_to_remove(now: Situation) -> Banner | None:
    """An own device is not used. That is no warning, and is asked once."""
    if not now.unused:
        return None
    device = now.unused[0]
    return Banner(
        Question.UNUSED_DEVICE,
        Icon.WAITING,
        Tone.PLAIN,
        _("You have not used “{device}” for half a year").format(
            device=now.device_name(device)
        ),
        _("It still gets everything. You can remove it from your account."),
        (
            Button(SituationAction.KEEP_DEVICE, _("Not now"), suggested=True),
            Button(SituationAction.OWN_DEVICES, _("My devices…")),
        ),
        devices=(device,),
    )


def _ask_to_switch_off(now: Situation) -> Banner | None:
    if now.encryption != OMEMO or not now.asked_to_switch_off:
        return None
    return Banner(
        Question.SWITCH_OFF,
        Icon.OPEN,
        Tone.CAUTION,
        _("Switch encryption off for {name}?").format(name=now.name),
        _("The servers could read what you send from now on."),
        (
            Button(SituationAction.KEEP_ON, _("Keep it on"), suggested=True),
            Button(SituationAction.SWITCH_OFF, _("Switch it off")),
        ),
    )


def _ask_to_encrypt(now: Situation) -> Banner | None:
    if now.encryption or now.clear_reason is not ClearReason.UNANSWERED:
        return None
    return Banner(
        Question.THEY_ENCRYPT,
        Icon.OPEN,
        Tone.CAUTION,
        _("{name} writes encrypted, you do not").format(name=now.name),
        _("You switched encryption off here."),
        (
            Button(SituationAction.SWITCH_ON, _("Switch on"), suggested=True),
            Button(SituationAction.STAY_WITHOUT, _("Stay without encryption")),
        ),
    )


def _ask_about_no_device(now: Situation) -> Banner | None:
    if now.encryption != OMEMO or now.chat is not Chat.CONTACT or not now.missing:
        return None
    (jid,) = now.missing[:1]
    if now.reasons_of(jid):
        # SECURITY: also where keys did not come. A server that holds them back
        # would be answered with a text in clear
        return None
    return Banner(
        Question.NO_DEVICE,
        Icon.OPEN,
        Tone.CAUTION,
        _("{name}’s app offers no encryption").format(name=now.name),
        _(
            "The servers between you could read what you send. {name} can switch on "
            "OMEMO, or use an app that has it, such as Conversations or Gajim."
        ).format(name=now.name),
        (
            Button(SituationAction.FOLD, _("Do not send"), suggested=True),
            Button(
                SituationAction.SEND_WITHOUT,
                _("Send to {name} without encryption").format(name=now.name),
            ),
        ),
    )


def _ask_about_members(now: Situation) -> Banner | None:
    if now.encryption != OMEMO or now.chat is not Chat.ROOM or not now.missing:
        return None
    names = [now.name_of(jid) for jid in now.missing]
    reasons = [now.reasons_of(jid) for jid in now.missing]
    decided = any(one & _DECIDED for one in reasons)
    if len(names) == 1:
        title = _("{name} cannot read this group chat").format(name=names[0])
        text = _("{name}’s app offers no encryption.")
        if decided:
            text = _("You refused {name}’s devices, or have not decided yet.")
        elif LeftOutReason.NO_BUNDLE in reasons[0]:
            text = _("The keys of {name}’s devices did not come.")
        text = text.format(name=names[0])
    else:
        title = ngettext(
            "{count} person cannot read this group chat",
            "{count} people cannot read this group chat",
            len(names),
        ).format(count=len(names))
        text = _("Their apps offer no encryption: {list}.")
        if decided:
            text = _(
                "Their apps offer no encryption, or you have not decided about their "
                "devices: {list}."
            )
        elif any(reasons):
            text = _("Their keys did not come, or their apps have none: {list}.")
        text = text.format(list=listed(names))
    return Banner(
        Question.NOT_ALL_MEMBERS,
        Icon.UNDECIDED,
        Tone.CAUTION,
        title,
        text,
        (
            Button(SituationAction.FOLD, _("Do not send"), suggested=True),
            Button(SituationAction.LEAVE_OUT, _("Send without them")),
            Button(SituationAction.DETAILS, _("Who can read this…")),
        ),
        members=now.missing,
    )
