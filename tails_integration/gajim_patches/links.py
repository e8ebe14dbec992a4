# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens links and files through the desktop's portal.

Gajim would start the program itself (`webbrowser` and `Gio.AppInfo`). Confined by
AppArmor it can start none, and a rule that allows one would let it start any:
whichever helper runs the browser can be made to run something else. The portal
(org.freedesktop.portal.OpenURI) runs outside, and opens the default application.
"""

from __future__ import annotations

import os
from urllib.parse import unquote
from urllib.parse import urlsplit

from .patching import log
from .patching import replace_function
from .patching import replace_method

NAME = "org.freedesktop.portal.Desktop"
_PATH = "/org/freedesktop/portal/desktop"
_INTERFACE = "org.freedesktop.portal.OpenURI"


def install() -> None:
    """Replace the two ways in which Gajim opens something."""
    import webbrowser

    from gi.repository import Gio

    replace_function(webbrowser, "open", open_in_browser)
    replace_method(Gio.AppInfo, "launch_default_for_uri", staticmethod(open_uri))


def open_in_browser(url: str, new: int = 0, autoraise: bool = True) -> bool:
    """Stand for `webbrowser.open`."""
    return open_uri(url)


def open_uri(uri: str, context: object = None) -> bool:
    """Stand for `Gio.AppInfo.launch_default_for_uri`: open a link, or a local file.

    :returns: whether the portal was asked; it reports nothing that happens later
    """
    from gi.repository import Gio
    from gi.repository import GLib

    is_file = urlsplit(uri).scheme == "file"
    descriptors = Gio.UnixFDList.new() if is_file else None
    try:
        if descriptors is None:
            method, parameters = "OpenURI", GLib.Variant("(ssa{sv})", ("", uri, {}))
        else:
            index = _add_file(descriptors, unquote(urlsplit(uri).path))
            method = "OpenFile"
            parameters = GLib.Variant("(sha{sv})", ("", index, {}))
        bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        bus.call_with_unix_fd_list(
            NAME, _PATH, _INTERFACE, method, parameters, None,
            Gio.DBusCallFlags.NONE, -1, descriptors, None, _answered,
        )  # fmt: skip
    except (GLib.Error, OSError) as error:
        log.warning("A link or a file could not be opened: %s", error)
        return False
    return True


def _add_file(descriptors: object, path: str) -> int:
    """Open a file for the portal, and return its number in the list."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        number: int = descriptors.append(descriptor)  # type: ignore[attr-defined]
    finally:
        os.close(descriptor)
    return number


def _answered(bus: object, result: object) -> None:
    from gi.repository import GLib

    try:
        bus.call_with_unix_fd_list_finish(result)  # type: ignore[attr-defined]
    except GLib.Error as error:
        log.warning("The portal did not open a link or a file: %s", error.message)
