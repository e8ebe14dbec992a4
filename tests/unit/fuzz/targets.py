# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The targets of fuzzing. Each takes bytes, as they come from the network or from a code,
and fails if they cause anything but the layer's own error, or if accepted input gives a
wrong value. The corpus has a folder for each.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import ParseError
from xml.etree.ElementTree import fromstring

from omemo_plugin.bridge.files.links import build_link
from omemo_plugin.bridge.files.links import name_of
from omemo_plugin.bridge.files.links import parse_link
from omemo_plugin.engine.errors import MalformedStanza
from omemo_plugin.engine.values import Protocol
from omemo_plugin.media.addresses import AddressRefused
from omemo_plugin.media.addresses import check_address
from omemo_plugin.media.addresses import redirected
from omemo_plugin.media.names import alternatives
from omemo_plugin.media.names import name_from_url
from omemo_plugin.media.names import safe_name
from omemo_plugin.media.uri import InvalidMediaUri
from omemo_plugin.media.uri import SharedFile
from omemo_plugin.media.uri import build_media_uri
from omemo_plugin.media.uri import parse_media_body
from omemo_plugin.stanza.envelope import check_envelope
from omemo_plugin.stanza.envelope import parse_envelope
from omemo_plugin.stanza.file_sharing import build_file_sharing
from omemo_plugin.stanza.file_sharing import parse_file_sharing
from omemo_plugin.stanza.file_sharing import urls_of
from omemo_plugin.stanza.message import build_encrypted
from omemo_plugin.stanza.message import find_encrypted
from omemo_plugin.stanza.message import parse_encrypted
from omemo_plugin.stanza.pep import build_bundle
from omemo_plugin.stanza.pep import build_device_list
from omemo_plugin.stanza.pep import parse_bundle
from omemo_plugin.stanza.pep import parse_device_list
from omemo_plugin.stanza.trust_message import build_trust_message
from omemo_plugin.stanza.trust_message import find_trust_message
from omemo_plugin.stanza.trust_message import parse_trust_message
from omemo_plugin.verify.uri import FingerprintUri
from omemo_plugin.verify.uri import InvalidUri
from omemo_plugin.verify.uri import build_fingerprint_uri
from omemo_plugin.verify.uri import parse_uri
from tests.support.encrypted import by_account
from tests.support.trust_uri import build_trust_message_uri

_OWN_DOMAINS = ("example.org",)


def _tree(data: bytes) -> Element | None:
    """Parse a stanza as Gajim's own parser does; None if it refuses."""
    try:
        return fromstring(data)
    except (ParseError, ValueError, LookupError):
        # LookupError: an encoding that does not exist
        return None


def encrypted(data: bytes) -> None:
    tree = _tree(data)
    if tree is None:
        return
    with suppress(MalformedStanza):
        message = parse_encrypted(tree)
        written = parse_encrypted(build_encrypted(message))
        assert by_account(written) == by_account(message)
    with suppress(MalformedStanza):
        assert len(find_encrypted([tree, *tree])) <= 2


def device_list(data: bytes) -> None:
    tree = _tree(data)
    if tree is None:
        return
    for protocol in Protocol:
        with suppress(MalformedStanza):
            found = parse_device_list(tree, protocol)
            assert all(0 < number < 2**31 for number in found.ids)
            assert parse_device_list(build_device_list(found), protocol) == found


def bundle(data: bytes) -> None:
    tree = _tree(data)
    if tree is None:
        return
    for protocol in Protocol:
        with suppress(MalformedStanza):
            found = parse_bundle(tree, protocol)
            assert all(len(key) == 32 for key in found.prekeys.values())
            assert parse_bundle(build_bundle(found), protocol) == found


def envelope(data: bytes) -> None:
    with suppress(MalformedStanza):
        found = parse_envelope(data)
        with suppress(MalformedStanza):
            find_trust_message(found.content)
        for is_groupchat in (True, False):
            with suppress(MalformedStanza):
                check_envelope(
                    found,
                    sender_jid="rita@localhost",
                    recipient_jid="sam@localhost",
                    is_groupchat=is_groupchat,
                )


def trust_message(data: bytes) -> None:
    tree = _tree(data)
    if tree is None:
        return
    with suppress(MalformedStanza):
        decisions = parse_trust_message(tree)
        if decisions:
            again = parse_trust_message(build_trust_message(decisions))
            assert set(again) == set(decisions)


def media_uri(data: bytes) -> None:
    text = data.decode(errors="replace")
    try:
        file, _thumbnail = parse_media_body(text)
    except InvalidMediaUri:
        return
    link = text.partition("\n")[0]
    fragment = link.rpartition("#")[2]
    assert file.url.startswith("https://")
    assert "#" not in file.url
    assert fragment not in file.url
    assert fragment.lower() not in repr(file)
    assert len(file.key) == 32
    assert parse_media_body(build_media_uri(file.url, file.iv, file.key))[0] == file
    _check_name(name_from_url(file.url))
    with suppress(AddressRefused):
        check_address(file.url, _OWN_DOMAINS, before=None, direct=True)


def file_sharing(data: bytes) -> None:
    tree = _tree(data)
    if tree is None:
        return
    urls_of(tree)
    try:
        file = parse_file_sharing(tree)
    except MalformedStanza:
        return
    _check_file(file)
    assert parse_file_sharing(build_file_sharing(file)) == file
    with suppress(InvalidMediaUri):
        assert parse_link(build_link(file)).sources[0] == file.sources[0]


def file_link(data: bytes) -> None:
    text = data.decode(errors="replace")
    _check_name(name_of(text))
    with suppress(InvalidMediaUri):
        file = parse_link(text)
        _check_file(file)
        assert text.startswith("aesgcm" + file.sources[0].url.removeprefix("https"))


def _check_file(file: SharedFile) -> None:
    assert 1 <= len(file.sources) <= 5
    for source in file.sources:
        assert source.url.startswith("https://")
        assert "#" not in source.url
        assert len(source.key) == source.cipher.key_length
        assert source.cipher.proves or file.hashes
        with suppress(AddressRefused):
            check_address(source.url, _OWN_DOMAINS, before=None, direct=True)


def redirect(data: bytes) -> None:
    text = data.decode(errors="replace")
    with suppress(AddressRefused):
        target = redirected("https://files.example.org/a", text)
        check_address(
            target, _OWN_DOMAINS, before="https://files.example.org/a", direct=True
        )
        assert target.startswith("https://")


def name(data: bytes) -> None:
    text = data.decode(errors="replace")
    found = safe_name(text)
    _check_name(found)
    assert safe_name(found) == found
    choices = alternatives(found)
    for _ in range(3):
        _check_name(next(choices))
    _check_name(name_from_url(f"https://example.org/{text}"))


def _check_name(found: str) -> None:
    assert found
    assert len(found.encode()) <= 255
    assert "/" not in found
    assert "\0" not in found
    assert "\u202e" not in found
    assert not found.startswith(".")


def verification_uri(data: bytes) -> None:
    text = data.decode(errors="replace")
    try:
        found = parse_uri(text)
    except InvalidUri:
        return
    if isinstance(found, FingerprintUri):
        assert all(len(one) == 64 for one in found.fingerprints.values())
        again = build_fingerprint_uri(found.jid, found.fingerprints)
    else:
        assert not found.trusted & found.distrusted
        again = build_trust_message_uri(
            found.jid, found.protocol, found.trusted, found.distrusted
        )
    assert parse_uri(again) == found


TARGETS: dict[str, Callable[[bytes], None]] = {
    "encrypted": encrypted,
    "device-list": device_list,
    "bundle": bundle,
    "envelope": envelope,
    "trust-message": trust_message,
    "media-uri": media_uri,
    "file-sharing": file_sharing,
    "file-link": file_link,
    "redirect": redirect,
    "name": name,
    "verification-uri": verification_uri,
}
