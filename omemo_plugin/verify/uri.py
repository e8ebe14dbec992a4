# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The URIs in QR codes and links that verify devices, in both forms that clients
use:

    xmpp:romeo@montague.lit?omemo-sid-123=FINGERPRINT;omemo-sid-456=FINGERPRINT
    xmpp:romeo@montague.lit?trust-message;encryption=urn:xmpp:omemo:2;trust=KEY

Conversations uses the first form (also with `message;` in front), XEP-0434, "URI Query
Types", defines the second. A verification decides on the user's trust, so a URI that
can be read in two ways is refused as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from types import MappingProxyType
from urllib.parse import quote
from urllib.parse import unquote_to_bytes

from ..engine.errors import OmemoError
from ..engine.values import DEVICE_ID_MAX
from ..engine.values import Protocol
from .fingerprint import InvalidFingerprint
from .fingerprint import parse_fingerprint
from .jid import prepare_bare_jid

# The largest QR code has 2953 bytes
_LENGTH_MAX = 8192

_SCHEME = "xmpp:"
_SID = "omemo-sid-"
_TRUST_MESSAGE = "trust-message"

_DEVICE_ID = re.compile("[1-9][0-9]{0,9}")
_BASE16 = re.compile("[0-9a-fA-F]{64}")
_BAD_PERCENT = re.compile("%(?![0-9a-fA-F]{2})")
# RFC 3986, 2: none of these is in a URI, and neither is anything invisible.
# Letters of other scripts are let through: people write them unencoded. What is
# invisible among them is found after decoding.
_NOT_URI = re.compile(r'[\x00-\x20\x7f"<>\\^`{|}#]')

# RFC 5122, 2.2: what a node may have unencoded
_UNENCODED = "@!$()*+,='~"


class InvalidUri(OmemoError):
    """A text is not a URI that verifies devices."""


class NothingToVerify(InvalidUri):
    """
    It is the URI of an account, but names no keys.

    Attributes:
        jid: whose it is.
    """

    def __init__(self, jid: str) -> None:
        super().__init__("a URI without keys")
        self.jid = jid


@dataclass(frozen=True)
class FingerprintUri:
    """
    Devices and their fingerprints.

    Attributes:
        jid: the bare JID; compare it with `same_account`.
        fingerprints: device id to 64 lower-case hex digits (Curve25519).
    """

    jid: str
    fingerprints: Mapping[int, str] = field(hash=False)


@dataclass(frozen=True)
class TrustMessageUri:
    """
    Keys to trust and keys to distrust.

    Attributes:
        jid: the bare JID; compare it with `same_account`.
        protocol: the one the keys are used with.
        trusted: 64 lower-case hex digits each. The XEP says "key identifier"
            and not in which form the identity key is, so compare with both.
    """

    jid: str
    protocol: Protocol
    trusted: frozenset[str]
    distrusted: frozenset[str] = frozenset()


VerificationUri = FingerprintUri | TrustMessageUri


def parse_uri(text: str) -> VerificationUri:
    """
    Read a URI from a code, a link or the clipboard.

    Raises:
        NothingToVerify: it names an account and no keys.
        InvalidUri: it is another URI, or anything in it is not as it should
            be: a device or key twice, a resource, a wrong length.
    """
    text = text.strip(" \t\r\n")
    if len(text) > _LENGTH_MAX:
        raise InvalidUri("too long")
    if text[: len(_SCHEME)].lower() != _SCHEME or _NOT_URI.search(text):
        raise InvalidUri("not an XMPP URI")
    if _BAD_PERCENT.search(text):
        raise InvalidUri("bad percent-encoding")
    path, _, query = text[len(_SCHEME) :].partition("?")
    jid = _parse_jid(path)
    if "?" in query:
        raise InvalidUri("two queries")
    pairs = [_parse_pair(pair) for pair in query.split(";")] if query else []
    if pairs and pairs[0][0] == _TRUST_MESSAGE:
        return _parse_trust_message(jid, pairs)
    return _parse_fingerprints(jid, pairs)


def _parse_jid(path: str) -> str:
    try:
        # Refuses slashes as well: neither is a resource meant, nor an authority
        # ("xmpp://"), which would be the account to use
        return prepare_bare_jid(_decode(path))
    except ValueError as error:
        raise InvalidUri("not an address") from error


def _parse_pair(pair: str) -> tuple[str, str | None]:
    key, equals, value = pair.partition("=")
    return _decode(key).lower(), _decode(value) if equals else None


def _decode(text: str) -> str:
    try:
        decoded = unquote_to_bytes(text).decode("utf-8")
    except UnicodeError as error:
        raise InvalidUri("bad percent-encoding") from error
    if not decoded.isprintable():
        raise InvalidUri("invisible characters")
    return decoded


def _parse_fingerprints(
    jid: str, pairs: list[tuple[str, str | None]]
) -> FingerprintUri:
    found: dict[int, str] = {}
    for key, value in pairs:
        if key in (_TRUST_MESSAGE, "trust", "distrust"):
            raise InvalidUri("two forms in one")
        if not key.startswith(_SID):
            # RFC 5122 wants unknown keys ignored: a name, a body
            continue
        number = key[len(_SID) :]
        if not _DEVICE_ID.fullmatch(number) or int(number) > DEVICE_ID_MAX:
            raise InvalidUri("not a device id")
        if int(number) in found:
            raise InvalidUri("a device twice")
        found[int(number)] = _fingerprint(value)
    if not found:
        raise NothingToVerify(jid)
    if len(set(found.values())) != len(found):
        raise InvalidUri("two devices with one key")
    return FingerprintUri(jid, MappingProxyType(found))


def _fingerprint(value: str | None) -> str:
    try:
        return parse_fingerprint(value or "")
    except InvalidFingerprint as error:
        raise InvalidUri("not a fingerprint") from error


def _parse_trust_message(
    jid: str, pairs: list[tuple[str, str | None]]
) -> TrustMessageUri:
    if pairs[0][1] is not None or len(pairs) < 2 or pairs[1][0] != "encryption":
        raise InvalidUri("no encryption at its place")
    protocol = next((p for p in Protocol if p.namespace == pairs[1][1]), None)
    if protocol is None:
        raise InvalidUri("keys of another encryption")
    found: dict[str, set[str]] = {"trust": set(), "distrust": set()}
    for key, value in pairs[2:]:
        if key not in found:
            raise InvalidUri("neither trust nor distrust")
        if value is None or not _BASE16.fullmatch(value):
            raise InvalidUri("not a key")
        if any(value.lower() in keys for keys in found.values()):
            raise InvalidUri("a key twice")
        found[key].add(value.lower())
    if not found["trust"] and not found["distrust"]:
        raise NothingToVerify(jid)
    return TrustMessageUri(
        jid, protocol, frozenset(found["trust"]), frozenset(found["distrust"])
    )


def build_fingerprint_uri(jid: str, fingerprints: Mapping[int, str]) -> str:
    """
    The URI that Conversations and most others read.

    Args:
        jid: a bare JID.
        fingerprints: device id to 64 hex digits, in the order to be written.
    """
    pairs = [f"{_SID}{number}={value}" for number, value in fingerprints.items()]
    return f"{_build_path(jid)}?{';'.join(pairs)}"


def _build_path(jid: str) -> str:
    return _SCHEME + quote(jid, safe=_UNENCODED)
