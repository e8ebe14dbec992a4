# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The desktop's portal, which asks the user before a program sees the camera or
the screen: XDG Desktop Portal, interfaces Camera and Screenshot.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote
from urllib.parse import urlsplit

from gi.repository import Gio
from gi.repository import GLib

log = logging.getLogger("gajim.p.omemo_plugin")

_NAME = "org.freedesktop.portal.Desktop"
_PATH = "/org/freedesktop/portal/desktop"
_CAMERA = "org.freedesktop.portal.Camera"
_SCREENSHOT = "org.freedesktop.portal.Screenshot"
_REQUEST = "org.freedesktop.portal.Request"

# Whether something is there is answered at once or not at all
_PATIENCE_MS = 2000

# The answer's first value: 0 yes, 1 the user said no, 2 it ended otherwise
_YES = 0
_NO = 1

Answered = Callable[[int, dict[str, object]], None]


def has_camera() -> bool:
    """Whether there is a portal, and it knows of a camera."""
    return bool(_property(_CAMERA, "IsCameraPresent", False))


def has_screenshot() -> bool:
    """Whether there is a portal that takes pictures of the screen."""
    return bool(_property(_SCREENSHOT, "version", 0))


def open_camera(answered: Callable[[int, bool], None]) -> None:
    """
    Ask for the camera.

    Args:
        answered: gets a file descriptor for PipeWire, that is the caller's to
            close, or -1; and whether the user said no.
    """

    def accessed(response: int, _results: dict[str, object]) -> None:
        if response != _YES:
            answered(-1, response == _NO)
            return
        try:
            answered(_open_remote(), False)
        except GLib.Error as error:
            log.warning("No camera by the portal: %s", error.message)
            answered(-1, False)

    _request(_CAMERA, "AccessCamera", "(a{sv})", (), {}, accessed)


def _open_remote() -> int:
    result, descriptors = _bus().call_with_unix_fd_list_sync(
        _NAME,
        _PATH,
        _CAMERA,
        "OpenPipeWireRemote",
        GLib.Variant("(a{sv})", ({},)),
        GLib.VariantType("(h)"),
        Gio.DBusCallFlags.NONE,
        _PATIENCE_MS,
        None,
        None,
    )
    if descriptors is None:
        # As if the portal had answered with an error
        raise GLib.Error("no file descriptor")
    return int(descriptors.get(result.unpack()[0]))


def take_screenshot(answered: Callable[[bytes | None], None]) -> None:
    """
    Let the user choose what of the screen is looked at.

    Args:
        answered: gets the content of an image file, or None.
    """

    def taken(response: int, results: dict[str, object]) -> None:
        answered(_take(results.get("uri")) if response == _YES else None)

    options = {"interactive": GLib.Variant("b", True)}
    _request(_SCREENSHOT, "Screenshot", "(sa{sv})", ("",), options, taken)


def _take(uri: object) -> bytes | None:
    """Read the file that was made for us, and leave nothing of it."""
    parts = urlsplit(uri if isinstance(uri, str) else "")
    if parts.scheme != "file":
        return None
    path = Path(unquote(parts.path))
    try:
        data = path.read_bytes()
        path.unlink()
    except OSError as error:
        log.warning("The picture of the screen: %s", type(error).__name__)
        return None
    return data


def _bus() -> Gio.DBusConnection:
    return Gio.bus_get_sync(Gio.BusType.SESSION, None)


def _property(interface: str, name: str, otherwise: object) -> object:
    try:
        result = _bus().call_sync(
            _NAME,
            _PATH,
            "org.freedesktop.DBus.Properties",
            "Get",
            GLib.Variant("(ss)", (interface, name)),
            GLib.VariantType("(v)"),
            Gio.DBusCallFlags.NONE,
            _PATIENCE_MS,
            None,
        )
    except GLib.Error:
        return otherwise
    return result.unpack()[0]


def _request(
    interface: str,
    method: str,
    signature: str,
    arguments: tuple[object, ...],
    options: Mapping[str, object],
    answered: Answered,
) -> None:
    """A call that the user answers: the reply comes as a signal."""
    bus = _bus()
    token = f"omemo_{secrets.token_hex(8)}"
    sender = (bus.get_unique_name() or "").removeprefix(":").replace(".", "_")
    path = f"{_PATH}/request/{sender}/{token}"
    subscription = 0

    def finish(response: int, results: dict[str, object]) -> None:
        bus.signal_unsubscribe(subscription)
        answered(response, results)

    def on_signal(
        _bus: Gio.DBusConnection,
        _sender: str | None,
        _path: str,
        _interface: str,
        _signal: str,
        parameters: GLib.Variant,
    ) -> None:
        finish(*parameters.unpack())

    def on_called(_bus: object, result: Gio.AsyncResult) -> None:
        try:
            bus.call_finish(result)
        except GLib.Error as error:
            log.warning("%s of the portal failed: %s", method, error.message)
            finish(2, {})

    # Before the call, or the answer could come too early
    subscription = bus.signal_subscribe(
        _NAME, _REQUEST, "Response", path, None, Gio.DBusSignalFlags.NONE, on_signal
    )
    options = {"handle_token": GLib.Variant("s", token), **options}
    bus.call(
        _NAME,
        _PATH,
        interface,
        method,
        GLib.Variant(signature, (*arguments, options)),
        GLib.VariantType("(o)"),
        Gio.DBusCallFlags.NONE,
        -1,
        None,
        on_called,
    )
