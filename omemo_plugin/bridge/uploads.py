# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Files on their way out: encrypted before they are uploaded (XEP-0454), and
never uploaded otherwise from an encrypted conversation.

Gajim 1.7 and 2.1 ask the plugin to encrypt; since 2.6 they do it themselves, and
would tell the server the file's name.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gi.repository import GLib

from ..media.cipher import Encryptor
from ..media.cipher import new_key
from ..media.files import hidden_name
from ..media.uri import build_media_uri
from . import messages
from .failures import report

_CHUNK = 1 << 18

# What kind of file it is; receivers show pictures by it
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")

_SEND = "send_file"
_REQUEST = "request_slot"

_UNKNOWN_KIND = "application/octet-stream"


def anonymous_name(path: Path) -> str:
    """What the server is told in place of a file's name."""
    suffix = path.suffix.lower()
    known = suffix if _SUFFIX.fullmatch(suffix) else ""
    return f"{secrets.token_hex(8)}{known}"


class Uploads:
    """The uploads of one account."""

    def __init__(
        self,
        client: Any,
        why_not: Callable[[Any], str],
        tell: Callable[[str, str], None],
        folder: Callable[[], Path],
    ) -> None:
        """
        Args:
            why_not: why no file may be sent to a contact as it is, or ''.
            tell: shows a line in a chat.
            folder: where there is room for what is encrypted and not yet uploaded.
        """
        self._client = client
        self._module = client.get_module("HTTPUpload")
        # nbxmpp's module that is asked for places
        self._slots: Any = None
        self._why_not = why_not
        self._tell = tell
        self._folder = folder
        setattr(self._module, _SEND, self._send_file)

    def remove(self) -> None:
        if self._module.__dict__.get(_SEND) == self._send_file:
            delattr(self._module, _SEND)
        if getattr(self._slots, "__dict__", {}).get(_REQUEST) == self._request_slot:
            delattr(self._slots, _REQUEST)

    def _send_file(self, contact: Any, path: Any) -> None:
        """
        In front of Gajim's own. SECURITY: the gate would hold the message with
        the link, but by then the file would be on the server.
        """
        try:
            reason = self._why_not(contact)
        except Exception as error:
            report("sending a file", error)
            reason = messages.internal_error()
        if reason:
            self._tell(str(contact.jid), messages.not_sent(reason, None))
            return
        # Another one with each connection
        self._slots = self._client.connection.get_module("HTTPUpload")
        setattr(self._slots, _REQUEST, self._request_slot)
        getattr(type(self._module), _SEND)(self._module, contact, path)

    def _request_slot(self, **request: Any) -> Any:
        """
        In front of nbxmpp's own. Where Gajim encrypts files itself, it tells the
        server what they are called and of what kind they are.
        """
        transfer = request["user_data"]
        if getattr(transfer, "get_encryption_data", lambda: None)() is not None:
            transfer._mime = _UNKNOWN_KIND
            request["content_type"] = _UNKNOWN_KIND
            request["filename"] = anonymous_name(Path(request["filename"]))
        return getattr(type(self._slots), _REQUEST)(self._slots, **request)

    def encrypt(self, transfer: Any, callback: Callable[[Any], None]) -> None:
        """
        Encrypt a file into the place from which Gajim uploads it. That is not the
        one that Gajim has chosen: since Debian 13 it would be in the memory.

        Args:
            transfer: Gajim's `HTTPFileTransfer`.
            callback: goes on with the upload.
        """
        transfer._temp_path = self._folder() / hidden_name()
        thread = threading.Thread(
            target=self._work, args=(transfer, callback), daemon=True
        )
        thread.start()

    def _work(self, transfer: Any, callback: Callable[[Any], None]) -> None:
        iv, key = new_key()
        target = Path(transfer.payload_path)
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _encrypt_file(Path(transfer.path), target, Encryptor(iv, key))
        except Exception as error:
            report("encrypting a file", error)
            target.unlink(missing_ok=True)
            GLib.idle_add(self._failed, transfer)
            return
        GLib.idle_add(self._go_on, transfer, callback, iv, key)

    def _go_on(
        self, transfer: Any, callback: Callable[[Any], None], iv: bytes, key: bytes
    ) -> bool:
        try:
            if transfer.state.is_cancelled:
                Path(transfer.payload_path).unlink(missing_ok=True)
            else:
                self._hand_over(transfer, iv, key)
                callback(transfer)
        except Exception as error:
            report("uploading a file", error)
            self._failed(transfer)
        return bool(GLib.SOURCE_REMOVE)

    def _hand_over(self, transfer: Any, iv: bytes, key: bytes) -> None:
        # What it says of the file goes to the server
        transfer._path = transfer.path.with_name(anonymous_name(transfer.path))
        transfer._mime = _UNKNOWN_KIND
        transfer._is_encrypted = True
        transfer.set_uri_transform_func(lambda url: build_media_uri(url, iv, key))
        # Gajim takes methods only
        transfer.connect("state-changed", self._tidy)

    def _tidy(self, transfer: Any, _signal: str, state: Any) -> None:
        """Gajim 1.7 leaves the encrypted file where it was."""
        if state.is_finished or state.is_error or state.is_cancelled:
            Path(transfer.payload_path).unlink(missing_ok=True)

    @staticmethod
    def _failed(transfer: Any) -> bool:
        transfer.set_error("encryption-not-available", messages.file_not_encrypted())
        return bool(GLib.SOURCE_REMOVE)


def _encrypt_file(source: Path, target: Path, encryptor: Encryptor) -> None:
    """In pieces: it may be larger than the memory."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with (
        source.open("rb") as plain,
        os.fdopen(os.open(target, flags, 0o600), "wb") as encrypted,
    ):
        while piece := plain.read(_CHUNK):
            encrypted.write(encryptor.update(piece))
        encrypted.write(encryptor.finish())
