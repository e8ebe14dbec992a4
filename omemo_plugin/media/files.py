# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Decrypting received files: into a hidden file in the target folder, which gets its name
when its tag and its hashes have proved right.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from types import TracebackType

from ..engine.errors import OmemoError
from .cipher import CbcDecryptor
from .cipher import FileCipher
from .cipher import FileDamaged
from .cipher import FileDecryptor
from .cipher import encrypted_size
from .hashes import HashCheck
from .names import alternatives
from .names import safe_name
from .uri import EncryptedFile
from .uri import SharedFile

_PREFIX = ".omemo-"


class FileTooLarge(OmemoError):
    """A file is larger than it may be."""


def hidden_name() -> str:
    """A name for a file on its way, which `discard_leftovers` finds."""
    return f"{_PREFIX}{secrets.token_hex(8)}"


def discard_leftovers(folder: Path) -> None:
    """
    Delete the hidden files that a killed process has left behind. No download to the
    folder may be running.

    Raises:
        OSError: the folder cannot be read.
    """
    for path in folder.glob(f"{_PREFIX}*"):
        path.unlink(missing_ok=True)


class DecryptedFile:
    """
    A file that is being decrypted into a folder. Use it as a context manager: unless
    `finish` has returned when the block is left, nothing remains.

        with DecryptedFile(folder, name, source, shared, most=size) as file:
            for chunk in download:
                file.write(chunk)
            path = file.finish()
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        source: EncryptedFile,
        shared: SharedFile,
        *,
        most: int,
    ) -> None:
        """
        Args:
            folder: where the file shall be; it exists.
            name: a wish, made safe here. A file that has it already stays as
                it is, and this one gets a number.
            source: what is decrypted.
            shared: what is known of the decrypted file.
            most: the largest number of bytes the decrypted file may have.

        Raises:
            ValueError: the IV or the key has a wrong length, or nothing would
                prove that the file is the one that was sent.
            OSError: the folder cannot be written to.
        """
        if not (source.cipher.proves or shared.hashes):
            raise ValueError("nothing proves what this cipher decrypts")
        self._decryptor = _new_decryptor(source, shared)
        self._encrypted_hashes = HashCheck(source.hashes)
        self._hashes = HashCheck(shared.hashes)
        self._folder = folder
        self._name = safe_name(name)
        self._left = encrypted_size(most, source.cipher)
        # What is longer than it should be is cut off (XEP-0448, "Receiving a file")
        self._room = shared.size
        # Only the user may read it
        number, path = tempfile.mkstemp(prefix=_PREFIX, dir=folder)
        self._temporary: Path | None = Path(path)
        self._file = os.fdopen(number, "wb")

    def __enter__(self) -> DecryptedFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.abort()

    def write(self, data: bytes) -> None:
        """
        Take the next bytes of the encrypted file.

        Raises:
            FileTooLarge: they are more than there may be.
            OSError: they cannot be written.
        """
        self._left -= len(data)
        if self._left < 0:
            raise FileTooLarge("more than expected")
        self._encrypted_hashes.update(data)
        self._put(self._decryptor.update(data))

    def _put(self, data: bytes) -> None:
        if self._room is not None:
            data = data[: self._room]
            self._room -= len(data)
        self._hashes.update(data)
        self._file.write(data)

    def finish(self) -> Path:
        """
        Check the file and put it in its place.

        Returns:
            Where it is now.

        Raises:
            FileDamaged: it is not what was sent.
            OSError: it cannot be written.
        """
        if self._temporary is None:
            raise ValueError("there is no file any more")
        if not self._encrypted_hashes.matches():
            raise FileDamaged("a wrong hash")
        self._put(self._decryptor.finish())
        if not self._hashes.matches():
            raise FileDamaged("a wrong hash")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        target = self._reserve()
        try:
            self._temporary.replace(target)
        except OSError:
            target.unlink()
            raise
        self._temporary = None
        return target

    def abort(self) -> None:
        """Give up. Nothing remains of a file that is not finished."""
        if self._temporary is None:
            return
        try:
            self._temporary.unlink(missing_ok=True)
        finally:
            self._temporary = None
            self._file.close()

    def _reserve(self) -> Path:
        """
        Create an empty file of a name that is free. The one that is renamed
        over it can then not replace another one, even if other programs create
        files there. Links are not followed.
        """
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
        for name in alternatives(self._name):
            path = self._folder / name
            try:
                os.close(os.open(path, flags, 0o600))
            except FileExistsError:
                continue
            return path
        raise FileExistsError("too many files of one name")


def _new_decryptor(
    source: EncryptedFile, shared: SharedFile
) -> FileDecryptor | CbcDecryptor:
    if source.cipher is FileCipher.AES_256_CBC:
        return CbcDecryptor(source.iv, source.key)
    size = shared.size if shared.hashes else None
    return FileDecryptor(source.iv, source.key, source.cipher, size_without_tag=size)
