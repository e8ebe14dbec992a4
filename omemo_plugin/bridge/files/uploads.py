# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Encrypting files before they are uploaded (XEP-0454), and refusing any other upload
from an encrypted conversation.

Gajim 1.7 and 2.1 ask the plugin to encrypt; Gajim 2.6 encrypts by itself, and would
tell the server the file's name.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from typing import cast

from ...media.cipher import IV_LENGTHS
from ...media.cipher import KEY_LENGTH
from ...media.cipher import FileEncryptor
from ...media.cipher import new_key
from ...media.files import hidden_name
from ...media.hashes import FileFacts
from ...media.uri import InvalidMediaUri
from ...media.uri import build_media_uri
from ..gajim.patches import Patches
from ..log import guard
from ..log import report
from ..notices import texts
from ..timers import later

if TYPE_CHECKING:
    from ..gajim.protocols import Client
    from ..gajim.protocols import Contact
    from ..gajim.protocols import GajimUpload
    from ..gajim.protocols import TransferState
    from ..gajim.protocols import UploadTransfer

log = logging.getLogger("gajim.p.omemo_plugin")

_CHUNK = 1 << 18

# The ending, by which receivers recognise pictures
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")

_UNKNOWN_KIND = "application/octet-stream"


def anonymous_name(path: Path) -> str:
    """The name that the server is told in place of the file's own."""
    suffix = path.suffix.lower()
    known = suffix if _SUFFIX.fullmatch(suffix) else ""
    return f"{secrets.token_hex(8)}{known}"


class Uploads:
    """The uploads of one account."""

    def __init__(
        self,
        client: Client,
        why_not: Callable[[Contact], str],
        show: Callable[[str, str], None],
        folder: Callable[[], Path],
        encrypted: Callable[[bytes, bytes, FileFacts], None],
    ) -> None:
        """
        Args:
            why_not: why no file may be sent to a contact as it is, or ''.
            show: shows a line in a chat.
            folder: gives a place for files that are encrypted and not yet uploaded.
            encrypted: is given the IV and the key of each file, and what is known of
                it.
        """
        self._client = client
        self._why_not = why_not
        self._show = show
        self._folder = folder
        self._encrypted = encrypted
        self._patches = Patches()
        # In nbxmpp's module, which is another one for each connection
        self._slot_patches = Patches()
        module = client.get_module("HTTPUpload")
        self._patches.replace(module, "send_file", self._in_front_of_send_file)

    def remove(self) -> None:
        """Put the methods of Gajim and nbxmpp back."""
        self._patches.restore()
        self._slot_patches.restore()

    def _in_front_of_send_file(
        self, send_file: Callable[[Contact, Path], None]
    ) -> Callable[[Contact, Path], None]:
        """
        SECURITY: the gate would hold the message with the link, but by then the
        file would be on the server.
        """

        def check(contact: Contact, path: Path) -> None:
            try:
                reason = self._why_not(contact)
            except Exception as error:  # noqa: BLE001 - the file stays here
                report("sending a file", error)
                reason = texts.internal_error()
            if reason:
                self._show(str(contact.jid), texts.not_sent(reason))
                return
            self._slot_patches.restore()
            slots = self._client.connection.get_module("HTTPUpload")
            self._slot_patches.replace(slots, "request_slot", self._in_front_of_request)
            send_file(contact, path)

        return check

    def encrypt(
        self, transfer: UploadTransfer, callback: Callable[[UploadTransfer], object]
    ) -> None:
        """
        Encrypt a file into the place from which Gajim uploads it. Gajim's own
        choice of a place would be in memory since Debian 13.

        Args:
            callback: goes on with the upload.
        """
        transfer._temp_path = self._folder() / hidden_name()
        thread = threading.Thread(
            target=self._work, args=(transfer, callback), daemon=True
        )
        thread.start()

    def _work(
        self, transfer: UploadTransfer, callback: Callable[[UploadTransfer], object]
    ) -> None:
        iv, key = new_key()
        source, target = Path(transfer.path), Path(transfer.payload_path)
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            facts = _encrypt_file(source, target, FileEncryptor(iv, key))
        except Exception as error:  # noqa: BLE001 - the user is told
            report("encrypting a file", error)
            target.unlink(missing_ok=True)
            later(self._failed, transfer)
            return
        later(self._encrypted, iv, key, facts)
        later(self._go_on, transfer, callback, iv, key)

    def _go_on(
        self,
        transfer: UploadTransfer,
        callback: Callable[[UploadTransfer], object],
        iv: bytes,
        key: bytes,
    ) -> None:
        with guard("uploading a file") as guarded:
            if transfer.state.is_cancelled:
                Path(transfer.payload_path).unlink(missing_ok=True)
            else:
                self._hand_over(transfer, iv, key)
                callback(transfer)
        if guarded.error is not None:
            self._failed(transfer)

    def _hand_over(self, transfer: UploadTransfer, iv: bytes, key: bytes) -> None:
        # Gajim tells the server the name and the kind
        transfer._path = transfer.path.with_name(anonymous_name(transfer.path))
        transfer._mime = _UNKNOWN_KIND
        transfer._is_encrypted = True
        transfer.set_uri_transform_func(lambda url: build_media_uri(url, iv, key))
        _check_address(transfer)
        # Gajim takes methods only
        transfer.connect("state-changed", self._tidy)

    def _tidy(
        self, transfer: UploadTransfer, _signal: str, state: TransferState
    ) -> None:
        """Gajim 1.7 leaves the encrypted file where it was."""
        if state.is_finished or state.is_error or state.is_cancelled:
            Path(transfer.payload_path).unlink(missing_ok=True)

    @staticmethod
    def _failed(transfer: UploadTransfer | GajimUpload) -> None:
        transfer.set_error("encryption-not-available", texts.file_not_encrypted())

    # Gajim 2.6

    def _in_front_of_request(
        self, request_slot: Callable[..., object]
    ) -> Callable[..., object]:
        """Where Gajim encrypts files itself, it tells the server their name and their
        kind; they are replaced. The file is read once before, for its hash."""

        def request(**arguments: object) -> object:
            transfer = cast("GajimUpload", arguments["user_data"])
            if getattr(transfer, "get_encryption_data", lambda: None)() is None:
                return request_slot(**arguments)
            transfer._mime = _UNKNOWN_KIND
            arguments["content_type"] = _UNKNOWN_KIND
            arguments["filename"] = anonymous_name(Path(str(arguments["filename"])))
            work = partial(self._look_at, transfer, partial(request_slot, **arguments))
            threading.Thread(target=work, daemon=True).start()
            return None

        return request

    def _look_at(self, transfer: GajimUpload, go_on: Callable[[], object]) -> None:
        facts: FileFacts | None = None
        try:
            facts = _facts_of(Path(transfer.path))
        except Exception as error:  # noqa: BLE001 - the link alone is sent
            report("reading a file", error)
        later(self._looked_at, transfer, facts, go_on)

    def _looked_at(
        self,
        transfer: GajimUpload,
        facts: FileFacts | None,
        go_on: Callable[[], object],
    ) -> None:
        with guard("uploading a file") as guarded:
            _check_address(transfer)
            encryption = transfer.get_encryption_data()
            if facts is not None and encryption is not None:
                self._encrypted(encryption.iv, encryption.key, facts)
            if not transfer.state.is_cancelled:
                go_on()
        if guarded.error is not None:
            self._failed(transfer)


def _check_address(transfer: UploadTransfer | GajimUpload) -> None:
    """
    Have Gajim refuse a place for which no link can be written.

    SECURITY: the server chooses the address, and Gajim sends it encrypted as the
    user's own text. With a line break in it the server could write a text in the
    user's name, or a link that gives the key to a web page.
    """
    process_result = transfer.process_result

    def process(result: object) -> None:
        process_result(result)
        try:
            build_media_uri(
                transfer.get_uri or "", bytes(IV_LENGTHS[0]), bytes(KEY_LENGTH)
            )
        except InvalidMediaUri:
            log.warning("The server named a place for a file that is no address")
            # Gajim says that it is not secure, and uploads nothing
            transfer.get_uri = None

    transfer.process_result = process


def _encrypt_file(source: Path, target: Path, encryptor: FileEncryptor) -> FileFacts:
    """In pieces: it may be larger than the memory."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    size, digest = 0, hashlib.sha256()
    with (
        source.open("rb") as plain,
        os.fdopen(os.open(target, flags, 0o600), "wb") as encrypted,
    ):
        while piece := plain.read(_CHUNK):
            size += len(piece)
            digest.update(piece)
            encrypted.write(encryptor.update(piece))
        encrypted.write(encryptor.finish())
    return FileFacts(source.name, size, digest.digest())


def _facts_of(path: Path) -> FileFacts:
    size, digest = 0, hashlib.sha256()
    with path.open("rb") as plain:
        while piece := plain.read(_CHUNK):
            size += len(piece)
            digest.update(piece)
    return FileFacts(path.name, size, digest.digest())
