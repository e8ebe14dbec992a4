# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Safe names for received files. The sender or the server chooses the address, so a name
taken from it may point to another folder, start a program, or look like another name.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote
from urllib.parse import urlsplit

# Most file systems; some encrypted ones have less
_BYTES_MAX = 143

_DEFAULT = "file"

# Not on every file system, or with a meaning to a shell
_REPLACED = str.maketrans(dict.fromkeys('<>:"|?*\x7f', "_"))

# To a file manager these are a program or a link to one, whatever they say
_ACTIVE = (".desktop", ".directory", ".lnk", ".url", ".scf", ".pif")
_AS_TEXT = ".txt"

# Windows takes them for devices, also with a suffix
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul"]
    + [f"{name}{number}" for name in ("com", "lpt") for number in range(10)]
)


def name_from_url(url: str) -> str:
    """
    A safe name for what is at an address.

    The path is decoded once and only then cut into its parts, so that an
    encoded slash separates them as well.
    """
    try:
        path = urlsplit(url).path
    except ValueError:
        return _DEFAULT
    return safe_name(unquote(path, errors="replace"))


def safe_name(text: str) -> str:
    """
    The last part of a path, such that it can be created in any folder: visible,
    not hidden, no longer than the file system allows, and without characters
    that change how the rest is shown.
    """
    name = text.replace("\\", "/").rstrip("/").rpartition("/")[2]
    # Afterwards, because what is left out may have stood between two that join
    name = unicodedata.normalize("NFC", "".join(filter(_is_shown, name)))
    name = name.translate(_REPLACED)
    name = " ".join(name.split()).lstrip(".-~ ").rstrip(". ")
    if name.partition(".")[0].strip().lower() in _DEVICES:
        name = f"_{name}"
    most = _BYTES_MAX - len(_AS_TEXT)
    # First, because a long name could have such an end where it is cut
    if len(name.encode()) > _BYTES_MAX:
        name = _shorten(name, "", most).rstrip(". ")
    if name.lower().endswith(_ACTIVE):
        name = f"{_shorten(name, '', most)}{_AS_TEXT}"
    return name or _DEFAULT


def safe_path(path: Path, link: str) -> Path:
    """
    A path as it is, or, where its name is not safe, one with a name made of
    the link. The same link always leads to the same path, and no other one to
    it.
    """
    name = safe_name(path.name)
    if name == path.name:
        return path
    _stem, dot, suffix = _split(name)
    digest = hashlib.sha256(link.encode(errors="surrogatepass")).hexdigest()
    return path.with_name(f"{digest}{dot}{suffix}" if dot else digest)


def alternatives(name: str) -> Iterator[str]:
    """The name itself, then `name (1).jpg`, `name (2).jpg` and so on."""
    yield name
    stem, dot, suffix = _split(name)
    for number in range(1, 10_000):
        yield _shorten(f"{stem}{dot}{suffix}", f" ({number})")


def _is_shown(character: str) -> bool:
    # Control, format (such as U+202E), surrogate, private, not assigned, and
    # line and paragraph separators
    category = unicodedata.category(character)
    return not category.startswith("C") and category not in ("Zl", "Zp")


def _split(name: str) -> tuple[str, str, str]:
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > 16:
        return name, "", ""
    return stem, dot, suffix


def _shorten(name: str, number: str, most: int = _BYTES_MAX) -> str:
    """Put the number before the suffix, and cut the stem to what fits."""
    stem, dot, suffix = _split(name)
    room = most - len(f"{number}{dot}{suffix}".encode())
    stem = stem.encode()[:room].decode(errors="ignore")
    return f"{stem}{number}{dot}{suffix}"
