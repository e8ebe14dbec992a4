# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Who would get a message: what the shield at the message input says, and who
would be left out, and why.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ...bridge.i18n import _
from ...bridge.i18n import ngettext
from ...engine.sending import LeftOut
from ...engine.sending import LeftOutReason
from ...engine.sending import SendPlan
from ...engine.values import Device
from ...engine.values import Trust
from .badges import Icon
from .badges import Tone


class Safety(Enum):
    """What is true of a message that would be sent now, from best to worst."""

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
    What the shield at the message input shows.

    Args:
        plan: None if there are no keys of our own.
        trust: of the plan's readers.
        recipients: the bare JIDs it is about; our own devices are readers too.
    """
    if plan is None:
        return _shield(Safety.NOBODY, [_("Nothing can be encrypted.")], 0)
    readers = plan.readers
    verified = sum(trust.get(device) is Trust.VERIFIED for device in readers)
    others = [device for device in readers if device.jid in recipients]
    lines: list[str] = []
    if not others and plan.waiting:
        return _shield(Safety.WAITING, [_("Keys are being fetched.")], 0)
    if not others:
        lines.append(_("Nobody can read what you write here."))
        lines += reasons(plan.left_out)
        return _shield(Safety.NOBODY, lines, 0)
    lines.append(_readers_line(len(readers), verified))
    news = [entry for entry in plan.left_out if entry.reason in _NEWS]
    missing = [jid for jid in plan.unreachable if jid in recipients]
    if news or missing:
        lines += [_cannot_read(jid) for jid in missing]
        lines += reasons(news)
        return _shield(Safety.SOME_LEFT_OUT, lines, len(readers))
    if verified == len(readers):
        return _shield(Safety.ALL_VERIFIED, lines, len(readers))
    return _shield(Safety.NOT_VERIFIED, lines, len(readers))


def _shield(safety: Safety, lines: Iterable[str], readers: int) -> Shield:
    icon, tone = _LOOKS[safety]
    return Shield(safety, icon, tone, "\n".join(lines), readers)


def _readers_line(count: int, verified: int) -> str:
    if verified == count:
        return ngettext(
            "{count} device can read this. It is verified.",
            "{count} devices can read this. All of them are verified.",
            count,
        ).format(count=count)
    if not verified:
        return ngettext(
            "{count} device can read this. It is not verified.",
            "{count} devices can read this. None of them is verified.",
            count,
        ).format(count=count)
    return ngettext(
        "{count} device can read this.",
        "{count} devices can read this. Of these, {verified} verified.",
        count,
    ).format(count=count, verified=verified)


def _cannot_read(jid: str) -> str:
    return _("{who} cannot read this.").format(who=jid)


def reasons(left_out: Iterable[LeftOut]) -> list[str]:
    """Why devices get nothing: a sentence for each reason and number."""
    counts: dict[LeftOutReason, int] = {}
    for entry in left_out:
        counts[entry.reason] = counts.get(entry.reason, 0) + 1
    return [_reason(reason, count) for reason, count in counts.items()]


def _reason(reason: LeftOutReason, count: int) -> str:
    texts = {
        LeftOutReason.UNDECIDED: ngettext(
            "{count} device gets nothing until you decide whether to trust it.",
            "{count} devices get nothing until you decide whether to trust them.",
            count,
        ),
        LeftOutReason.DISTRUSTED: ngettext(
            "{count} device gets nothing because you do not trust it.",
            "{count} devices get nothing because you do not trust them.",
            count,
        ),
        LeftOutReason.KEY_CHANGED: ngettext(
            "{count} device gets nothing because its key has changed.",
            "{count} devices get nothing because their keys have changed.",
            count,
        ),
        LeftOutReason.NO_BUNDLE: ngettext(
            "{count} device gets nothing because it has published no key.",
            "{count} devices get nothing because they have published no keys.",
            count,
        ),
        LeftOutReason.BUNDLE_REFUSED: ngettext(
            "{count} device gets nothing because its key cannot be used.",
            "{count} devices get nothing because their keys cannot be used.",
            count,
        ),
        LeftOutReason.LIST_WITHDRAWN: ngettext(
            "{count} device gets nothing because it is no longer listed.",
            "{count} devices get nothing because they are no longer listed.",
            count,
        ),
        LeftOutReason.PROTOCOL: ngettext(
            "{count} device gets nothing because it speaks another OMEMO.",
            "{count} devices get nothing because they speak another OMEMO.",
            count,
        ),
    }
    return texts[reason].format(count=count)


def why_left_out(jid: str, plan: SendPlan) -> str:
    """Why somebody cannot read what is sent now; '' if they can, or if that is
    still being found out."""
    if any(device.jid == jid for device in plan.readers):
        return ""
    if any(device.jid == jid for device in plan.waiting):
        return ""
    told = reasons(entry for entry in plan.left_out if entry.device.jid == jid)
    if told:
        return "\n".join(told)
    if jid in plan.unreachable:
        return _("No device that uses OMEMO is known.")
    return ""
