# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Links to encrypted files: XEP-0454, "The AESGCM URI scheme".

The fragment is the key. It must not reach a server, a browser or a log, so a link that
is not exactly as in the XEP is refused, and never tried as an ordinary one.
"""

from __future__ import annotations

import ipaddress
import re
from base64 import b64decode
from dataclasses import dataclass
from dataclasses import field

from ..engine.errors import OmemoError
from .cipher import IV_LENGTHS
from .cipher import KEY_LENGTH
from .cipher import FileCipher
from .hashes import FileHash

_LENGTH_MAX = 8192
_PORT_MAX = 65535
# It would be a web server without TLS
_HTTP_PORT = 80

# RFC 3986, in the parts that a link to a file has: no user, no other characters
# than it allows, no percent sign without its digits
_REST = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)"
    r"(?P<query>\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
_FRAGMENT = re.compile("[0-9A-Fa-f]+")
_LABEL = re.compile("[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")

_SCHEME = "aesgcm://"
_HTTPS = "https://"

# XEP-0454, "Embedded Thumbnails": about 5 KiB
_THUMBNAIL_MAX = 64 * 1024
_THUMBNAIL = re.compile("data:image/jpeg(?:;base64)?,(?P<data>[A-Za-z0-9+/]+={0,2})")
_JPEG = b"\xff\xd8\xff"


class InvalidMediaUri(OmemoError):
    """A text is not a link to an encrypted file. It never quotes the text."""


@dataclass(frozen=True)
class EncryptedFile:
    """
    Where an encrypted file is, and what opens it.

    Attributes:
        url: for the download; https, without the key.
        iv: in a link 12 bytes, from older clients 16.
        key: in a link 32 bytes.
        cipher: in a link AES-256-GCM.
        hashes: of the encrypted file, as far as the sender names them.
    """

    url: str
    iv: bytes = field(repr=False)
    key: bytes = field(repr=False)
    cipher: FileCipher = FileCipher.AES_256_GCM
    hashes: tuple[FileHash, ...] = ()


@dataclass(frozen=True)
class SharedFile:
    """
    A file that was sent, and what its sender says of it. All of it came encrypted.

    Attributes:
        sources: where it is; one or more, the sender's first choice first.
        name: '' if the sender does not say. Not safe as a name on the disk.
        size: in bytes, of the decrypted file; None if the sender does not say.
        hashes: of the decrypted file.
        needs_click: whether it shall not be fetched without a click.
    """

    sources: tuple[EncryptedFile, ...]
    name: str = field(default="", repr=False)
    size: int | None = None
    hashes: tuple[FileHash, ...] = ()
    needs_click: bool = False


def parse_media_uri(text: str) -> EncryptedFile:
    """
    Read a link to an encrypted file.

    Raises:
        InvalidMediaUri: it is anything else. Then nothing is to be downloaded.
    """
    if len(text) > _LENGTH_MAX or not text.startswith(_SCHEME):
        raise InvalidMediaUri("not a link to an encrypted file")
    rest, _, fragment = text[len(_SCHEME) :].partition("#")
    iv, key = _parse_fragment(fragment)
    _check(rest)
    return EncryptedFile(_HTTPS + rest, iv, key)


def parse_media_body(text: str) -> tuple[EncryptedFile, bytes | None]:
    """
    Read the text of a message that is a link to an encrypted file, alone or
    with a thumbnail in the second line.

    Returns:
        The file, and the bytes of the JPEG image.

    Raises:
        InvalidMediaUri: it is anything else, or has more in it.
    """
    first, newline, second = text.partition("\n")
    file = parse_media_uri(first)
    return file, _parse_thumbnail(second) if newline else None


def build_media_uri(url: str, iv: bytes, key: bytes) -> str:
    """
    The link to send.

    Args:
        url: where the file can be downloaded, as the server gave it.

    Raises:
        InvalidMediaUri: it is not an https address, or cannot be sent.
    """
    if not url.startswith(_HTTPS) or len(url) > _LENGTH_MAX - 200:
        raise InvalidMediaUri("not an https address")
    rest = url[len(_HTTPS) :]
    _check(rest)
    if len(iv) not in IV_LENGTHS or len(key) != KEY_LENGTH:
        raise InvalidMediaUri("a key of a wrong length")
    return f"{_SCHEME}{rest}#{iv.hex()}{key.hex()}"


def check_https_url(url: str) -> None:
    """
    Look at an address without a key, as a server names it.

    Raises:
        InvalidMediaUri: it is not an https address, or has more in it.
    """
    if not url.startswith(_HTTPS) or len(url) > _LENGTH_MAX:
        raise InvalidMediaUri("not an https address")
    _check(url[len(_HTTPS) :])


def _parse_fragment(fragment: str) -> tuple[bytes, bytes]:
    if not _FRAGMENT.fullmatch(fragment):
        raise InvalidMediaUri("no key")
    for length in IV_LENGTHS:
        if len(fragment) == 2 * (length + KEY_LENGTH):
            data = bytes.fromhex(fragment)
            return data[:length], data[length:]
    raise InvalidMediaUri("a key of a wrong length")


def _check(rest: str) -> None:
    """Raises where what follows the scheme is not a host and a path."""
    parts = _REST.fullmatch(rest)
    if parts is None:
        raise InvalidMediaUri("not an address")
    if parts["port"] is not None:
        port = int(parts["port"])
        if not 0 < port <= _PORT_MAX or port == _HTTP_PORT:
            raise InvalidMediaUri("not a port for https")
    host = parts["host"]
    if host.startswith("["):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise InvalidMediaUri("not an address") from None
    elif not all(map(_LABEL.fullmatch, host.removesuffix(".").split("."))):
        raise InvalidMediaUri("not a host")


def _parse_thumbnail(text: str) -> bytes:
    match = _THUMBNAIL.fullmatch(text) if len(text) <= 2 * _THUMBNAIL_MAX else None
    if match is None:
        raise InvalidMediaUri("not a thumbnail")
    try:
        data = b64decode(match["data"], validate=True)
    except ValueError:
        raise InvalidMediaUri("not a thumbnail") from None
    if not data.startswith(_JPEG) or len(data) > _THUMBNAIL_MAX:
        raise InvalidMediaUri("not a thumbnail")
    return data
