# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folders and the names of an account's files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

# Of the 255 bytes of a file name, the endings below need some
_NAME_MAX = 200


@dataclass(frozen=True)
class Folders:
    """
    The folders of the files.

    Attributes:
        data: the plugin's own folder.
        config: where Gajim's plugins keep their settings.
    """

    data: Path
    config: Path


def file_stem(jid: str) -> str:
    """
    A file name for an account that no address can make leave its folder, and
    that is different for different addresses.
    """
    # A dot is harmless inside, and '.' and '..' never are the whole name
    name = quote(jid, safe="@.")
    if name.startswith("."):
        name = "%2E" + name[1:]
    if len(name) > _NAME_MAX:
        digest = hashlib.sha256(jid.encode()).hexdigest()
        name = f"{name[: _NAME_MAX - 65]}-{digest}"
    return name


def store_path(folder: Path, jid: str) -> Path:
    """The key store of an account."""
    return folder / f"{file_stem(jid)}.db"


def rollback_marker_path(folder: Path, jid: str) -> Path:
    """The generation that the key store had reached; not in the folder of the store
    itself."""
    return folder / f"omemo_plugin.{file_stem(jid)}.generation"


def settings_path(folder: Path, jid: str) -> Path:
    """The user's settings for an account."""
    return folder / f"{file_stem(jid)}.preferences.json"


def recipients_path(folder: Path, jid: str) -> Path:
    """The devices that could read an account's messages."""
    return folder / f"{file_stem(jid)}.readers.db"


def drafts_path(folder: Path, jid: str) -> Path:
    """An account's texts that wait to be sent."""
    return folder / f"{file_stem(jid)}.unsent.json"


def encrypted_chats_path(folder: Path, jid: str) -> Path:
    """The list of an account's encrypted conversations."""
    return folder / f"{file_stem(jid)}.encrypted.json"


def leaving_path(folder: Path, jid: str) -> Path:
    """What is still to be done after an account's identity was ended."""
    return folder / f"{file_stem(jid)}.leaving.json"


def departed_path(folder: Path, jid: str) -> Path:
    """The encrypted file of an identity that goes to another computer, until it is
    where the user wants it."""
    return folder / f"{file_stem(jid)}.moved.kdbx"


def arriving_path(folder: Path, jid: str) -> Path:
    """The key store of an identity that comes from another computer, until it is
    known whether it is used."""
    return folder / f"{file_stem(jid)}.arriving.db"
