# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of Gajim 2 with its own list of devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import cast

from ...bridge.gajim.patches import Patches
from ..widgets.toolkit import Widget

if TYPE_CHECKING:
    from ...bridge.gajim.protocols import Contact


# Where Gajim 2 asks for the page: the module, and the name there
_TRUST_PAGES = (
    ("gajim.gtk.contact_info", "OMEMOTrustManager"),
    ("gajim.gtk.groupchat_details", "OMEMOTrustManager"),
    ("gajim.gtk.accounts", "OMEMOTrustManager"),
    ("gajim.gtk.contact_info", "CryptoTrustManager"),
    ("gajim.gtk.groupchat_details", "CryptoTrustManager"),
    ("gajim.gtk.preference.account", "CryptoTrustManager"),
)

TrustPage = Callable[..., Widget]


def replace_trust_pages(
    patches: Patches, make: Callable[[str, Contact | None], Widget | None]
) -> None:
    """
    Args:
        make: gets the account, and the contact or None for the account itself;
            gives the widget.
    """

    def own(theirs: TrustPage) -> TrustPage:
        def page(*args: object) -> Widget:
            values = list(args)
            # Since 2.6 the first says which encryption it is about
            if values and values[0] == "OpenPGP":
                return theirs(*args)
            if values and values[0] == "OMEMO":
                values.pop(0)
            account, who = (*values, None)[:2]
            widget = make(str(account), cast("Contact | None", who))
            return theirs(*args) if widget is None else widget

        return page

    for module, name in _TRUST_PAGES:
        patches.replace_in(module, name, own)
