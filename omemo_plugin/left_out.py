# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Why devices get nothing of a message, in the user's words: counted, where others can
read it, and with what to do about it, where nobody can.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable

from .engine.messages.planning import LeftOut
from .engine.messages.planning import LeftOutReason
from .i18n import _
from .i18n import listed
from .i18n import ngettext


def reasons(left_out: Iterable[LeftOut]) -> list[str]:
    """Why devices get nothing: a sentence for each reason and number."""
    counts: dict[LeftOutReason, int] = {}
    for entry in left_out:
        counts[entry.reason] = counts.get(entry.reason, 0) + 1
    return [_reason(reason, count) for reason, count in counts.items()]


def _reason(reason: LeftOutReason, count: int) -> str:
    texts = {
        LeftOutReason.UNDECIDED: ngettext(
            "{count} device gets nothing until you decide.",
            "{count} devices get nothing until you decide.",
            count,
        ),
        LeftOutReason.DISTRUSTED: ngettext(
            "{count} device gets nothing because you refused it.",
            "{count} devices get nothing because you refused them.",
            count,
        ),
        LeftOutReason.KEY_CHANGED: ngettext(
            "{count} device gets nothing because it shows a different key.",
            "{count} devices get nothing because they show different keys.",
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
        LeftOutReason.SILENT: ngettext(
            "{count} device gets nothing: it has not been heard for long.",
            "{count} devices get nothing: they have not been heard for long.",
            count,
        ),
        LeftOutReason.PROTOCOL: ngettext(
            "{count} device gets nothing: its app is too old or too new.",
            "{count} devices get nothing: their apps are too old or too new.",
            count,
        ),
    }
    return texts[reason].format(count=count)


def no_recipient(names: Collection[str], reasons: Collection[LeftOutReason]) -> str:
    """Why nobody could receive a message.

    Args:
        names: what the user calls the recipients.
        reasons: why their devices get nothing.
    """
    who = listed(sorted(names))
    if not reasons:
        text = _("The app of {who} offers no encryption.")
    elif LeftOutReason.KEY_CHANGED in reasons:
        text = _(
            "A device of {who} shows a different key than before. Ask {who} face to "
            "face or by phone, not in this chat."
        )
    elif LeftOutReason.LIST_WITHDRAWN in reasons:
        text = _(
            "The app of {who} no longer offers encryption. Ask {who} by phone before "
            "you send anything."
        )
    elif LeftOutReason.UNDECIDED in reasons:
        text = _("You have not decided about the devices of {who} yet.")
    elif LeftOutReason.DISTRUSTED in reasons:
        text = _("You refused all devices of {who}.")
    elif LeftOutReason.BUNDLE_REFUSED in reasons:
        text = _(
            "The keys of the app of {who} cannot be used. Ask {who} to restart or "
            "update it."
        )
    else:
        text = _("The keys of the devices of {who} did not come.")
    return text.format(who=who)
