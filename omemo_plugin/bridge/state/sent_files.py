# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is known of files that were uploaded, until the messages with their links are
encrypted. Programs of OMEMO 2 read it in the envelope (XEP-0447, XEP-0448); no server
reads any of it. Nothing of it is written to the disk: of a message that waits over a
restart the link alone is sent.
"""

from __future__ import annotations

import mimetypes
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement

from ...media.hashes import SENT_ALGORITHM
from ...media.hashes import FileFacts
from ...media.hashes import FileHash
from ...media.uri import EncryptedFile
from ...media.uri import InvalidMediaUri
from ...media.uri import SharedFile
from ...media.uri import parse_media_uri
from ...stanza.file_sharing import NAMESPACE
from ...stanza.file_sharing import build_file_sharing

# Uploads whose messages have not been encrypted; the oldest are forgotten first
_MOST = 200

_FALLBACK = "{urn:xmpp:fallback:0}"

# What other programs show beside the text, as Gajim does
_SHOWN = ("image/", "audio/", "video/")


class SentFiles:
    """The files of one account that are on their way."""

    def __init__(self) -> None:
        self._facts: dict[tuple[bytes, bytes], FileFacts] = {}

    def note(self, iv: bytes, key: bytes, facts: FileFacts) -> None:
        """A file was encrypted with a key that no other file has."""
        while len(self._facts) >= _MOST:
            del self._facts[next(iter(self._facts))]
        self._facts[iv, key] = facts

    def elements_for(self, text: str) -> list[Element]:
        """
        The elements that go into the envelope beside the link of a file.

        Args:
            text: the text of a message; if it is anything else than the link of a
                file that was uploaded here, there are none.
        """
        try:
            source = parse_media_uri(text)
        except InvalidMediaUri:
            return []
        facts = self._facts.get((source.iv, source.key))
        return [] if facts is None else [_shared(source, facts), _fallback()]


def _shared(source: EncryptedFile, facts: FileFacts) -> Element:
    media_type = mimetypes.guess_type(facts.name)[0] or ""
    file = SharedFile(
        (source,),
        facts.name,
        facts.size,
        (FileHash(SENT_ALGORITHM, facts.digest),),
        needs_click=not media_type.startswith(_SHOWN),
    )
    return build_file_sharing(file, media_type)


def _fallback() -> Element:
    """Says that the whole text stands for the file (XEP-0428)."""
    fallback = Element(f"{_FALLBACK}fallback", {"for": NAMESPACE})
    SubElement(fallback, f"{_FALLBACK}body")
    return fallback
