# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Encrypted files as OMEMO 2 carries them: `<file-sharing/>` (XEP-0447) with encrypted
sources (XEP-0448). It has the key of the file, so it stands in envelopes only.

One bad source costs that source, and not the file, as long as another one is good.
Sources that are not encrypted, thumbnails and descriptions are passed over.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement

from ..engine.errors import MalformedStanza
from ..media.cipher import FileCipher
from ..media.hashes import FileHash
from ..media.hashes import digest_length
from ..media.uri import EncryptedFile
from ..media.uri import InvalidMediaUri
from ..media.uri import SharedFile
from ..media.uri import check_https_url
from .base import parse_base64
from .base import parse_number
from .base import required_child
from .base import single_child
from .base import to_base64
from .limits import FILE_HASHES_MAX
from .limits import FILE_NAME_MAX
from .limits import FILE_SIZE_MAX
from .limits import FILE_SOURCES_MAX
from .limits import FILE_URL_MAX

NAMESPACE = "urn:xmpp:sfs:0"
FILE_SHARING = f"{{{NAMESPACE}}}file-sharing"

_SOURCES = f"{{{NAMESPACE}}}sources"
_URL_DATA = "{http://jabber.org/protocol/url-data}url-data"

_METADATA = "{urn:xmpp:file:metadata:0}"
_HASH = "{urn:xmpp:hashes:2}hash"

_ESFS = "{urn:xmpp:esfs:0}"
_CIPHERS = {cipher.value: cipher for cipher in FileCipher}

_INLINE = "inline"
_ATTACHMENT = "attachment"

_HASH_BYTES_MAX = 64
_SECRET_BYTES_MAX = 32


def parse_file_sharing(element: Element) -> SharedFile:
    """
    Read a file that was sent. Of more sources than there may be the first ones
    count.

    Raises:
        MalformedStanza: something is doubled or out of range, or there is no
            encrypted source that can be used and proved.
    """
    if element.tag != FILE_SHARING:
        raise MalformedStanza("not a file")
    metadata = required_child(element, f"{_METADATA}file")
    hashes = _parse_hashes(metadata)
    sources: list[EncryptedFile] = []
    for encrypted in required_child(element, _SOURCES).findall(f"{_ESFS}encrypted"):
        try:
            sources += _parse_encrypted(encrypted, has_hashes=bool(hashes))
        except MalformedStanza:
            continue
        if len(sources) >= FILE_SOURCES_MAX:
            break
    if not sources:
        raise MalformedStanza("no source that can be used")
    size = single_child(metadata, f"{_METADATA}size")
    name = single_child(metadata, f"{_METADATA}name")
    return SharedFile(
        tuple(sources[:FILE_SOURCES_MAX]),
        "" if name is None else (name.text or "")[:FILE_NAME_MAX],
        None if size is None else parse_number(size.text, 0, FILE_SIZE_MAX, digits=19),
        hashes,
        element.get("disposition") == _ATTACHMENT,
    )


def urls_of(element: Element) -> set[str]:
    """
    All addresses in a `<file-sharing/>`, whatever they are: programs write one of
    them into the text for those that do not know XEP-0447.
    """
    found = (source.get("target") for source in element.iter(_URL_DATA))
    return {url for url in found if url}


def build_file_sharing(file: SharedFile, media_type: str = "") -> Element:
    """
    Write a file to send.

    Args:
        media_type: '' to say nothing of it.
    """
    disposition = _ATTACHMENT if file.needs_click else _INLINE
    root = Element(FILE_SHARING, {"disposition": disposition})
    metadata = SubElement(root, f"{_METADATA}file")
    _add_hashes(metadata, file.hashes)
    if media_type:
        SubElement(metadata, f"{_METADATA}media-type").text = media_type
    if file.name:
        SubElement(metadata, f"{_METADATA}name").text = file.name
    if file.size is not None:
        SubElement(metadata, f"{_METADATA}size").text = str(file.size)
    sources = SubElement(root, _SOURCES)
    for source in file.sources:
        encrypted = SubElement(
            sources, f"{_ESFS}encrypted", {"cipher": source.cipher.value}
        )
        SubElement(encrypted, f"{_ESFS}key").text = to_base64(source.key)
        SubElement(encrypted, f"{_ESFS}iv").text = to_base64(source.iv)
        _add_hashes(encrypted, source.hashes)
        inner = SubElement(encrypted, _SOURCES)
        SubElement(inner, _URL_DATA, {"target": source.url})
    return root


def _add_hashes(parent: Element, hashes: tuple[FileHash, ...]) -> None:
    for one in hashes:
        child = SubElement(parent, _HASH, {"algo": one.algorithm})
        child.text = to_base64(one.digest)


def _parse_hashes(parent: Element) -> tuple[FileHash, ...]:
    """The hashes of algorithms that are known and strong enough."""
    found = parent.findall(_HASH)
    if len(found) > FILE_HASHES_MAX:
        raise MalformedStanza("too many hashes")
    hashes: dict[str, FileHash] = {}
    for element in found:
        algorithm = element.get("algo") or ""
        length = digest_length(algorithm)
        if length is None:
            continue
        digest = parse_base64(element, _HASH_BYTES_MAX)
        if len(digest) != length:
            raise MalformedStanza("a hash of a wrong length")
        if hashes.setdefault(algorithm, FileHash(algorithm, digest)).digest != digest:
            raise MalformedStanza("two hashes of one kind")
    return tuple(hashes.values())


def _parse_encrypted(element: Element, *, has_hashes: bool) -> list[EncryptedFile]:
    """One file on several servers, or on one."""
    cipher = _CIPHERS.get(element.get("cipher") or "")
    if cipher is None:
        raise MalformedStanza("an unknown cipher")
    if not (cipher.proves or has_hashes):
        # SECURITY: whoever has the server could change the file
        raise MalformedStanza("a cipher that needs a hash")
    key = parse_base64(required_child(element, f"{_ESFS}key"), _SECRET_BYTES_MAX)
    iv = parse_base64(required_child(element, f"{_ESFS}iv"), _SECRET_BYTES_MAX)
    if len(key) != cipher.key_length or len(iv) not in cipher.iv_lengths:
        raise MalformedStanza("a key of a wrong length")
    hashes = _parse_hashes(element)
    inner = required_child(element, _SOURCES)
    return [
        EncryptedFile(url, iv, key, cipher, hashes)
        for one in inner.findall(_URL_DATA)[:FILE_SOURCES_MAX]
        if _is_usable(url := one.get("target") or "")
    ]


def _is_usable(url: str) -> bool:
    if len(url) > FILE_URL_MAX:
        return False
    try:
        check_https_url(url)
    except InvalidMediaUri:
        return False
    return True
