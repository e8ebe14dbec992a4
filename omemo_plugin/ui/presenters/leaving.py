# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said when the plugin has been switched off."""

from __future__ import annotations

from ...i18n import _


def title() -> str:
    return _("Encryption by this plugin is off")


def sentences(*, gajim_has_omemo: bool) -> tuple[str, ...]:
    """
    Args:
        gajim_has_omemo: Gajim's own OMEMO takes over, as in Gajim 2.
    """
    if gajim_has_omemo:
        chats = _(
            "Gajim’s own encryption goes on. Your contacts may see another device."
        )
    else:
        chats = _(
            "Encrypted chats send nothing now. To write without encryption, choose "
            "Disabled at the padlock."
        )
    return (
        chats,
        _("This plugin does not encrypt new chats any more."),
        _("Your keys stay on this computer, in case you come back."),
    )
