# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Files on their way. Those that are received are decrypted beside the place where
they will be, and put there only when they have turned out to be what was sent.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from types import TracebackType

from ..engine.errors import OmemoError
from .cipher import Decryptor
from .cipher import encrypted_size
from .names import alternatives
from .names import safe_name

_PREFIX = ".omemo-"


class FileTooLarge(OmemoError):
    """A file is larger than it may be."""


def hidden_name() -> str:
    """A name for a file on its way, which `discard_leftovers` finds."""
    return f"{_PREFIX}{secrets.token_hex(8)}"


def discard_leftovers(folder: Path) -> None:
    """
    Delete what a process that was killed has left behind. Nobody else may have
    files on their way to the folder meanwhile.

    Raises:
        OSError: the folder cannot be read.
    """
    for path in folder.glob(f"{_PREFIX}*"):
        path.unlink(missing_ok=True)


class DecryptedFile:
    """
    A file on its way to a folder. Use it as a context manager: unless `finish`
    has returned when the block is left, nothing remains.

        with DecryptedFile(folder, name, iv, key, most=size) as file:
            for chunk in download:
                file.write(chunk)
            path = file.finish()
    """

    def __init__(
        self, folder: Path, name: str, iv: bytes, key: bytes, *, most: int
    ) -> None:
        """
        Args:
            folder: where the file shall be; it exists.
            name: a wish, made safe here. A file that has it already stays as
                it is, and this one gets a number.
            most: the largest number of bytes the decrypted file may have.

        Raises:
            ValueError: the IV or the key has a wrong length.
            OSError: the folder cannot be written to.
        """
        self._decryptor = Decryptor(iv, key)
        self._folder = folder
        self._name = safe_name(name)
        self._left = encrypted_size(most)
        # With the permissions of nobody but the user
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
        self._file.write(self._decryptor.update(data))

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
        self._decryptor.finish()
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
        over it can then not be renamed over another one, whoever else creates
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
