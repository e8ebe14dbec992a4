# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said when the plugin has been switched off."""

from __future__ import annotations

from collections.abc import Sequence

from ...i18n import _
from ...i18n import listed
from ...i18n import ngettext

# More names than these are counted
_NAMES_MAX = 3


def title() -> str:
    return _("Encryption by this plugin is off")


def sentences(
    *,
    gajim_has_omemo: bool,
    names: Sequence[str] = (),
    other_is_on: bool = False,
    keys_given: bool = False,
) -> tuple[str, ...]:
    """
    What is true now.

    Args:
        gajim_has_omemo: Gajim's own OMEMO takes over, as in Gajim 2.
        names: of those with whom the user has encrypted chats.
        other_is_on: another plugin does OMEMO now.
        keys_given: another program has the keys of all accounts.
    """
    if other_is_on:
        chats = ""
    elif gajim_has_omemo:
        chats = _(
            "Gajim’s own encryption goes on. Your contacts may see another device."
        )
    else:
        chats = _(
            "Encrypted chats send nothing now. To write without encryption, choose "
            "Disabled at the padlock."
        )
    found = [
        chats,
        _names(names),
        _("This plugin does not encrypt new chats any more."),
        ""
        if keys_given
        else _("Your keys stay on this computer, in case you come back."),
    ]
    return tuple(filter(None, found))


def _names(names: Sequence[str]) -> str:
    """Which chats are meant; '' if there are none."""
    if not names:
        return ""
    shown, more = listed(names[:_NAMES_MAX]), len(names) - _NAMES_MAX
    if more <= 0:
        # Translators: {list} are names of contacts and group chats
        return _("Encrypted chats: {list}.").format(list=shown)
    # Translators: {list} are names of contacts and group chats
    return ngettext(
        "Encrypted chats: {list}, and {count} more.",
        "Encrypted chats: {list}, and {count} more.",
        more,
    ).format(list=shown, count=more)
