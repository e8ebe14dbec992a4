# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The line above the message input: who will read what is sent now."""

from __future__ import annotations

from ...bridge.values import ClearReason
from ...engine.messages.planning import LeftOutReason
from ...engine.messages.planning import SendPlan
from ...engine.values import Trust
from ...i18n import _
from ...i18n import ngettext
from ...left_out import reasons
from .badges import Icon
from .badges import Tone
from .recipients import count_recipients
from .recipients import is_silent
from .situation import OMEMO
from .situation import Button
from .situation import Chat
from .situation import Situation
from .situation import SituationAction
from .situation import Truth


def truth_of(now: Situation) -> Truth:
    if now.encryption == OMEMO and now.problem:
        # Translators: {reason} is a whole sentence
        text = _("Encryption does not work, so nothing is sent. {reason}")
        text = text.format(reason=now.problem)
        help_ = Button(SituationAction.HELP, _("Help…"))
        return Truth(Icon.DISTRUSTED, Tone.ALARM, text, blocked=True, button=help_)
    if now.is_public:
        return _public(now)
    if not now.encryption:
        return _in_clear(now)
    if not now.is_online:
        # Gajim sends nothing of what is typed now
        text = _("You are offline. What you write stays here until you are back.")
        return Truth(Icon.WAITING, Tone.PLAIN, text)
    looking = Truth(Icon.WAITING, Tone.PLAIN, _looking(now))
    if now.recipients is None or now.plan is None:
        return looking
    if now.missing:
        return _blocked(now)
    if now.waits_for_answer:
        text = _("Nothing is sent until you answer the warning above.")
        return Truth(Icon.UNDECIDED, Tone.ALARM, text, blocked=True)
    readers = [one for one in now.plan.recipients if one.jid in now.recipients]
    if now.recipients and not readers:
        return looking
    return _encrypted(now, now.recipients, now.plan)


def _looking(now: Situation) -> str:
    if now.chat is Chat.ROOM:
        return _("Asking the server who is in this group chat. You can write already.")
    return _(
        "Checking whether {name} can read encrypted messages. You can write already."
    ).format(name=now.name)


def _public(now: Situation) -> Truth:
    if now.encryption or now.has_to_be_encrypted:
        text = _("Nothing is sent: anyone can join this group chat now.")
        why = Button(SituationAction.DETAILS, _("Why…"))
        return Truth(Icon.OPEN, Tone.ALARM, text, blocked=True, button=why)
    text = _("Not encrypted: anyone can join this group chat and read it.")
    return Truth(Icon.OPEN, Tone.CAUTION, text)


def _in_clear(now: Situation) -> Truth:
    on = Button(SituationAction.SWITCH_ON, _("Switch on"))
    if now.clear_reason is ClearReason.UNANSWERED:
        text = _("Nothing is sent to {name} until you answer the question above.")
        text = text.format(name=now.name)
        return Truth(Icon.OPEN, Tone.CAUTION, text, blocked=True)
    if now.clear_reason is ClearReason.NO_DEVICE:
        text = _("Not encrypted: {name}’s app cannot do it. The servers can read this.")
        on = Button(SituationAction.SWITCH_ON, _("Change…"))
    elif now.clear_reason is not None:
        text = _(
            "Not encrypted: you switched it off for {name}. The servers can read this."
        )
    else:
        text = _("Not encrypted. The servers can read this.")
    return Truth(Icon.OPEN, Tone.CAUTION, text.format(name=now.name), button=on)


def _blocked(now: Situation) -> Truth:
    """Somebody who is to read it cannot."""
    reasons = frozenset[LeftOutReason]().union(
        *(now.reasons_of(jid) for jid in now.missing)
    )
    details = Button(SituationAction.DETAILS, _("Details…"))
    if now.chat is Chat.ROOM:
        return _members_cannot_read(now)
    if reasons & {LeftOutReason.KEY_CHANGED, LeftOutReason.LIST_WITHDRAWN}:
        text = _("Nothing is sent to {name} until you answer the warning above.")
        answer = Button(SituationAction.CHOOSE, _("Warning…"))
        text = text.format(name=now.name)
        return Truth(Icon.DISTRUSTED, Tone.ALARM, text, blocked=True, button=answer)
    if LeftOutReason.UNDECIDED in reasons:
        text = _("Nothing is sent until you decide about {name}’s devices.")
        decide = Button(SituationAction.DETAILS, _("Decide…"))
        text = text.format(name=now.name)
        return Truth(Icon.UNDECIDED, Tone.ALARM, text, blocked=True, button=decide)
    if LeftOutReason.DISTRUSTED in reasons:
        text = _("Nothing is sent: you refused all devices of {name}.")
        text = text.format(name=now.name)
        return Truth(Icon.DISTRUSTED, Tone.ALARM, text, blocked=True, button=details)
    if LeftOutReason.BUNDLE_REFUSED in reasons:
        text = _(
            "Nothing is sent: the keys of {name}’s app cannot be used. Ask {name} to "
            "restart or update it."
        )
        text = text.format(name=now.name)
        return Truth(Icon.DISTRUSTED, Tone.ALARM, text, blocked=True, button=details)
    if LeftOutReason.NO_BUNDLE in reasons:
        text = _("Nothing is sent yet: the keys of {name}’s devices did not come.")
        text = text.format(name=now.name)
        return Truth(Icon.WAITING, Tone.CAUTION, text, blocked=True, button=details)
    text = _("Nothing is sent yet: {name}’s app offers no encryption.")
    choose = Button(SituationAction.CHOOSE, _("Choose…"))
    text = text.format(name=now.name)
    return Truth(Icon.OPEN, Tone.CAUTION, text, blocked=True, button=choose)


def _members_cannot_read(now: Situation) -> Truth:
    if len(now.missing) == 1:
        text = _("Nothing is sent yet: {name} cannot read this group chat.")
        text = text.format(name=now.name_of(now.missing[0]))
    else:
        text = ngettext(
            "Nothing is sent yet: {count} person cannot read this group chat.",
            "Nothing is sent yet: {count} people cannot read this group chat.",
            len(now.missing),
        ).format(count=len(now.missing))
    choose = Button(SituationAction.CHOOSE, _("Choose…"))
    return Truth(Icon.UNDECIDED, Tone.CAUTION, text, blocked=True, button=choose)


def _encrypted(now: Situation, recipients: tuple[str, ...], plan: SendPlan) -> Truth:
    first = _for_whom(now, recipients)
    silent = reasons(one for one in plan.left_out if is_silent(one, recipients))
    if now.chat is Chat.ROOM and now.left_out:
        who = Button(SituationAction.DETAILS, _("Who…"))
        text = " ".join((first, _cannot_read(now), *silent))
        return Truth(Icon.UNDECIDED, Tone.CAUTION, text, button=who)
    held_back = len(now.left_out_for(LeftOutReason.UNDECIDED))
    held_back += len(now.left_out_for(LeftOutReason.KEY_CHANGED))
    if held_back:
        decide = Button(SituationAction.DETAILS, _("Decide…"))
        second = ngettext(
            "{count} device gets nothing until you decide.",
            "{count} devices get nothing until you decide.",
            held_back,
        ).format(count=held_back)
        text = " ".join((first, second, *silent))
        return Truth(Icon.UNDECIDED, Tone.CAUTION, text, button=decide)
    readers = plan.recipients
    verified = sum(now.trust.get(device) is Trust.VERIFIED for device in readers)
    text = " ".join((first, count_recipients(len(readers), verified), *silent))
    if verified == len(readers):
        return Truth(Icon.VERIFIED, Tone.GOOD, text)
    verify = Button(SituationAction.VERIFY, _("Verify…"))
    if now.chat is not Chat.CONTACT:
        verify = Button(SituationAction.DETAILS, _("Who…"))
    return Truth(Icon.TRUSTED, Tone.PLAIN, text, button=verify)


def _for_whom(now: Situation, recipients: tuple[str, ...]) -> str:
    if now.chat is Chat.ROOM:
        count = len(recipients)
        return ngettext(
            "Encrypted for {count} person.", "Encrypted for {count} people.", count
        ).format(count=count)
    if now.chat is Chat.NICKNAME:
        # Translators: {nickname} is what somebody is called in a group chat
        return _("Encrypted for {address}, here “{nickname}”.").format(
            address=now.address, nickname=now.name
        )
    return _("Encrypted for {name}.").format(name=now.name)


def _cannot_read(now: Situation) -> str:
    count = len(now.left_out)
    if count == 1:
        return _("{name} cannot read this.").format(name=now.name_of(now.left_out[0]))
    return ngettext(
        "{count} other cannot read this.", "{count} others cannot read this.", count
    ).format(count=count)
