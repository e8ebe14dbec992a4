# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window that gives a device a name."""

from __future__ import annotations

from collections.abc import Callable

from ...i18n import _
from ..widgets.toolkit import Window
from ..widgets.toolkit import embedding
from ..widgets.toolkit import widgets


def open_rename(
    name: str, parent: Window | None, chosen: Callable[[str], None]
) -> Window:
    """
    Ask for a name.

    Args:
        name: what the device is called now.
        chosen: gets the name; '' for the one that the device gives itself.
    """
    return _open(
        _("Rename “{device}”").format(device=name),
        _("The name is kept on this computer. Nobody else sees it."),
        name,
        parent,
        chosen,
    )


def open_public_name(
    name: str, parent: Window | None, chosen: Callable[[str], None]
) -> Window:
    """
    Ask for the name of this device that others see.

    Args:
        name: the present one; '' for none.
        chosen: gets the new one; '' for none.
    """
    return _open(
        _("Name this device"),
        _(
            "Your contacts and the servers can see the name. Apps that read only the "
            "older OMEMO show none. Leave it empty to have no name."
        ),
        name,
        parent,
        chosen,
    )


def _open(
    heading: str,
    explanation: str,
    name: str,
    parent: Window | None,
    chosen: Callable[[str], None],
) -> Window:
    window = widgets.window(heading, parent, 400, 200)

    def take(text: str) -> None:
        widgets.close(window)
        chosen(text.strip())

    entry = widgets.entry(_("Name of the device"), name, take)
    content = widgets.column(
        widgets.label(explanation),
        entry,
        embedding.flow(
            widgets.button(_("Rename"), lambda: take(widgets.text_of(entry))),
            widgets.button(_("Cancel"), lambda: widgets.close(window)),
        ),
        spacing=12,
        classes=("omemo-page",),
    )
    widgets.set_content(window, content)
    widgets.focus(entry)
    widgets.present(window)
    return window
