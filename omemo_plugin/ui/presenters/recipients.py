# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The recipients of a message: the shield at the message input, the devices that get
nothing, and the reasons.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ...engine.messages.planning import LeftOut
from ...engine.messages.planning import LeftOutReason
from ...engine.messages.planning import SendPlan
from ...engine.values import Device
from ...engine.values import Trust
from ...i18n import _
from ...i18n import ngettext
from ...left_out import reasons
from .badges import Icon
from .badges import Tone


class Safety(Enum):
    """The safety of a message that would be sent now, from best to worst."""

    ALL_VERIFIED = "all verified"
    NOT_VERIFIED = "not verified"
    SOME_LEFT_OUT = "some left out"
    WAITING = "waiting"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Shield:
    """
    Attributes:
        text: one sentence, then one for each thing to know.
        readers: how many devices can read it.
    """

    safety: Safety
    icon: Icon
    tone: Tone
    text: str
    readers: int


_LOOKS = {
    Safety.ALL_VERIFIED: (Icon.VERIFIED, Tone.GOOD),
    Safety.NOT_VERIFIED: (Icon.TRUSTED, Tone.PLAIN),
    Safety.SOME_LEFT_OUT: (Icon.UNDECIDED, Tone.CAUTION),
    Safety.WAITING: (Icon.UNDECIDED, Tone.PLAIN),
    Safety.NOBODY: (Icon.DISTRUSTED, Tone.ALARM),
}

# What a user has to know of. That a device has never published a key, or one
# that cannot be used, is so common with devices long gone that it is no news.
_NEWS = frozenset(
    {
        LeftOutReason.UNDECIDED,
        LeftOutReason.KEY_CHANGED,
        LeftOutReason.LIST_WITHDRAWN,
    }
)


def shield(
    plan: SendPlan | None,
    trust: Mapping[Device, Trust],
    recipients: Collection[str],
) -> Shield:
    """
    The shield at the message input.

    Args:
        plan: None if there are no keys of our own.
        trust: of the plan's readers.
        recipients: the bare JIDs it is about; our own devices are readers too.
    """
    if plan is None:
        return _shield(Safety.NOBODY, [_("Nothing can be encrypted.")], 0)
    readers = plan.recipients
    verified = sum(trust.get(device) is Trust.VERIFIED for device in readers)
    others = [device for device in readers if device.jid in recipients]
    lines: list[str] = []
    if not others and plan.waiting:
        return _shield(Safety.WAITING, [_("Keys are being fetched.")], 0)
    if not others:
        lines.append(_("Nobody can read what you write here."))
        lines += reasons(plan.left_out)
        return _shield(Safety.NOBODY, lines, 0)
    lines.append(count_recipients(len(readers), verified))
    news = [entry for entry in plan.left_out if entry.reason in _NEWS]
    missing = [jid for jid in plan.unreachable if jid in recipients]
    silent = reasons(one for one in plan.left_out if is_silent(one, recipients))
    if news or missing:
        lines += [_cannot_read(jid) for jid in missing]
        lines += reasons(news)
        return _shield(Safety.SOME_LEFT_OUT, [*lines, *silent], len(readers))
    lines += silent
    if verified == len(readers):
        return _shield(Safety.ALL_VERIFIED, lines, len(readers))
    return _shield(Safety.NOT_VERIFIED, lines, len(readers))


def is_silent(entry: LeftOut, recipients: Collection[str]) -> bool:
    """Whether it is a recipient's device that has not been heard for long. That is said
    wherever the readers are counted, and needs no decision."""
    return entry.reason is LeftOutReason.SILENT and entry.device.jid in recipients


def _shield(safety: Safety, lines: Iterable[str], readers: int) -> Shield:
    icon, tone = _LOOKS[safety]
    return Shield(safety, icon, tone, "\n".join(lines), readers)


def count_recipients(count: int, verified: int) -> str:
    """
    The number of devices that can read a message, and of those that are verified, in a
    sentence.

    Args:
        count: all but this one, the user's own ones included.
    """
    if verified == count:
        return ngettext(
            "{count} device can read this. It is verified.",
            "{count} devices can read this. All are verified.",
            count,
        ).format(count=count)
    if not verified:
        return ngettext(
            "{count} device can read this. It is not verified.",
            "{count} devices can read this. None is verified.",
            count,
        ).format(count=count)
    return ngettext(
        "{count} device can read this. Not all are verified.",
        "{count} devices can read this. Not all are verified.",
        count,
    ).format(count=count)


def _cannot_read(jid: str) -> str:
    return _("{who} cannot read this.").format(who=jid)


def why_left_out(jid: str, plan: SendPlan) -> str:
    """Why somebody cannot read what is sent now; '' if they can, or if that is
    still being found out."""
    if any(device.jid == jid for device in plan.recipients):
        return ""
    if any(device.jid == jid for device in plan.waiting):
        return ""
    told = reasons(entry for entry in plan.left_out if entry.device.jid == jid)
    if told:
        return "\n".join(told)
    if jid in plan.unreachable:
        return _("No device with encryption is known.")
    return ""
