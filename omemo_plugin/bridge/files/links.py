# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The links of encrypted files: those of XEP-0454, and the longer ones that stand in the
archive for files of XEP-0448.

Gajim keeps a message as a text, and of a file the text is all that it keeps. The key,
the hashes, the name and every address of a file of XEP-0448 are therefore written
behind the `#` of a link of the same scheme, as the `<file-sharing/>` element that
`stanza/file_sharing` reads and writes, compressed. Like every part behind a `#` it
never reaches a server.
"""

from __future__ import annotations

import re
import zlib
from base64 import urlsafe_b64decode
from base64 import urlsafe_b64encode
from dataclasses import replace

from ...engine.errors import MalformedStanza
from ...media.names import name_from_url
from ...media.names import safe_name
from ...media.uri import InvalidMediaUri
from ...media.uri import SharedFile
from ...media.uri import parse_media_uri
from ...stanza.file_sharing import build_file_sharing
from ...stanza.file_sharing import parse_file_sharing
from ...stanza.reader import parse_xml
from ...stanza.writer import write_element

# However it is written: a link that is not exactly right is nothing to download
_LINK = re.compile("aesgcm:", re.IGNORECASE)

_SCHEME = "aesgcm"
_HTTPS = "https"

_LENGTH_MAX = 8192
# No digit of XEP-0454 is an s
_SHARED = re.compile(r"sfs\.([A-Za-z0-9_-]+)")

# More than the element of a link can have, and far less than could stall the program
_ELEMENT_MAX = 32 * 1024

# What most elements have in common. Links are in archives: it must never change
_DICTIONARY = (
    b"</url-data></name><media-type>application/octet-stream</media-type><name>"
    b'.jpg</name>.png</name>.pdf</name><hash xmlns="urn:xmpp:hashes:2" algo="sha3-256">'
    b"urn:xmpp:ciphers:aes-128-gcm-nopadding:0urn:xmpp:ciphers:aes-256-cbc-pkcs7:0"
    b'<file-sharing xmlns="urn:xmpp:sfs:0" disposition="attachment">'
    b'<file-sharing xmlns="urn:xmpp:sfs:0" disposition="inline">'
    b'<file xmlns="urn:xmpp:file:metadata:0"><hash xmlns="urn:xmpp:hashes:2" '
    b'algo="sha-256">=</hash><name></name><size></size></file><sources>'
    b'<encrypted xmlns="urn:xmpp:esfs:0" '
    b'cipher="urn:xmpp:ciphers:aes-256-gcm-nopadding:0"><key>=</key><iv></iv>'
    b'<sources xmlns="urn:xmpp:sfs:0"><url-data '
    b'xmlns="http://jabber.org/protocol/url-data" target="https://"/></sources>'
    b"</encrypted></sources></file-sharing>"
)


def is_link(text: str) -> bool:
    """Whether a text claims to be a link to an encrypted file."""
    return _LINK.match(text) is not None


def is_valid(text: str) -> bool:
    """Whether a text is such a link."""
    try:
        parse_link(text)
    except InvalidMediaUri:
        return False
    return True


def is_shared(fragment: str) -> bool:
    """Whether the part of a link behind the `#` claims to be a file of XEP-0448."""
    return _SHARED.fullmatch(fragment) is not None


def parse_link(text: str) -> SharedFile:
    """
    Read a link of either kind.

    Raises:
        InvalidMediaUri: it is anything else. Then nothing is to be downloaded.
    """
    place, _, fragment = text.partition("#")
    shared = _SHARED.fullmatch(fragment)
    if shared is None:
        return SharedFile((parse_media_uri(text),))
    if len(text) > _LENGTH_MAX:
        raise InvalidMediaUri("too long")
    try:
        padding = "=" * (-len(shared[1]) % 4)
        data = _unpack(urlsafe_b64decode(shared[1] + padding))
        file = parse_file_sharing(parse_xml(data))
    except (ValueError, zlib.error, MalformedStanza):
        raise InvalidMediaUri("not a file") from None
    if place != _place_of(file):
        # What is shown is where it comes from
        raise InvalidMediaUri("a file of another place")
    return file


def build_link(file: SharedFile) -> str:
    """
    The link that stands for a file of XEP-0448. What makes it too long is left out,
    the last addresses first.

    Raises:
        InvalidMediaUri: one address alone makes it too long.
    """
    for count in range(len(file.sources), 0, -1):
        kept = replace(file, sources=file.sources[:count])
        data = urlsafe_b64encode(_pack(write_element(build_file_sharing(kept))))
        link = f"{_place_of(file)}#sfs.{data.decode().rstrip('=')}"
        if len(link) <= _LENGTH_MAX:
            return link
    raise InvalidMediaUri("too long")


def name_of(link: str) -> str:
    """A safe name for the file behind a link, whether it is right or not."""
    try:
        file = parse_link(link)
    except InvalidMediaUri:
        return name_from_url(link)
    return safe_name(file.name) if file.name else name_from_url(file.sources[0].url)


def _place_of(file: SharedFile) -> str:
    return _SCHEME + file.sources[0].url.removeprefix(_HTTPS)


def _pack(data: bytes) -> bytes:
    compressor = zlib.compressobj(level=9, zdict=_DICTIONARY)
    return compressor.compress(data) + compressor.flush()


def _unpack(data: bytes) -> bytes:
    """
    Raises:
        ValueError: it is too large, or followed by something else.
        zlib.error: it was never compressed.
    """
    decompressor = zlib.decompressobj(zdict=_DICTIONARY)
    found = decompressor.decompress(data, _ELEMENT_MAX)
    if not decompressor.eof or decompressor.unused_data:
        raise ValueError("too large, or not whole")
    return found
