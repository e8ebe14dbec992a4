# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The encrypted element of a message: XEP-0384, "Sending a message", in version
0.3.0 (legacy) and 0.9.1 (OMEMO 2).
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement

from ..engine.errors import MalformedStanza
from ..engine.values import EncryptedKey
from ..engine.values import EncryptedMessage
from ..engine.values import Protocol
from ..engine.values import is_key_exchange
from .base import parse_base64
from .base import parse_number
from .base import required_child
from .base import single_child
from .base import to_base64
from .limits import JID_BYTES_MAX
from .limits import KEY_BYTES_MAX
from .limits import KEYS_MAX
from .limits import PAYLOAD_BYTES_MAX

_LEGACY = f"{{{Protocol.LEGACY.namespace}}}"
_OMEMO_2 = f"{{{Protocol.OMEMO_2.namespace}}}"

# Put together once: this is done for every message of a catch-up
_LEGACY_ENCRYPTED = f"{_LEGACY}encrypted"
_LEGACY_HEADER = f"{_LEGACY}header"
_LEGACY_KEY = f"{_LEGACY}key"
_LEGACY_IV = f"{_LEGACY}iv"
_LEGACY_PAYLOAD = f"{_LEGACY}payload"
_OMEMO_2_ENCRYPTED = f"{_OMEMO_2}encrypted"
_OMEMO_2_HEADER = f"{_OMEMO_2}header"
_OMEMO_2_KEYS = f"{_OMEMO_2}keys"
_OMEMO_2_KEY = f"{_OMEMO_2}key"
_OMEMO_2_PAYLOAD = f"{_OMEMO_2}payload"

# AES-GCM is defined for many more; these are what clients send. Twelve is the
# length that GCM was made for, sixteen what the first clients used.
_IV_LENGTHS = (12, 16)


def find_encrypted(children: Iterable[Element]) -> tuple[EncryptedMessage, ...]:
    """
    The encrypted elements among the children of a message: none, one, or one
    of each protocol.

    Raises:
        MalformedStanza: one of them is malformed, or there are two of the
            same protocol. Then none is used: a server may have added one of them
            to hide the other.
    """
    found: dict[Protocol, EncryptedMessage] = {}
    for child in children:
        if child.tag not in (_LEGACY_ENCRYPTED, _OMEMO_2_ENCRYPTED):
            continue
        message = parse_encrypted(child)
        if message.protocol in found:
            raise MalformedStanza("more than one encrypted")
        found[message.protocol] = message
    return tuple(found.values())


def parse_encrypted(element: Element) -> EncryptedMessage:
    """
    Read an encrypted element of either protocol.

    The attributes `kex` and `prekey` are not looked at: clients are known to
    set them wrongly, and the key itself tells. A device id may occur several
    times, because devices of different accounts may have the same; all of the
    keys are kept. Everything else that should be there once must be.

    Raises:
        MalformedStanza: it is not an encrypted element, or has not the form
            that XEP-0384 gives it.
    """
    if element.tag == _LEGACY_ENCRYPTED:
        return _parse_legacy(element)
    if element.tag == _OMEMO_2_ENCRYPTED:
        return _parse_omemo_2(element)
    raise MalformedStanza("not an encrypted element")


def _parse_legacy(element: Element) -> EncryptedMessage:
    header = required_child(element, _LEGACY_HEADER)
    payload = _payload(element, _LEGACY_PAYLOAD)
    iv = _iv(header, empty=payload is None)
    elements = header.findall(_LEGACY_KEY)
    _check_number_of_keys(len(elements))
    return EncryptedMessage(
        Protocol.LEGACY,
        parse_number(header.get("sid")),
        tuple([_key(key) for key in elements]),
        iv,
        payload,
    )


def _parse_omemo_2(element: Element) -> EncryptedMessage:
    header = required_child(element, _OMEMO_2_HEADER)
    payload = _payload(element, _OMEMO_2_PAYLOAD)
    accounts = header.findall(_OMEMO_2_KEYS)
    _check_number_of_keys(len(accounts))
    groups = [(_jid(account), account.findall(_OMEMO_2_KEY)) for account in accounts]
    _check_number_of_keys(sum(len(elements) for _, elements in groups))
    return EncryptedMessage(
        Protocol.OMEMO_2,
        parse_number(header.get("sid")),
        tuple([_key(key, jid) for jid, elements in groups for key in elements]),
        None,
        payload,
    )


def _payload(element: Element, tag: str) -> bytes | None:
    payload = single_child(element, tag)
    if payload is None:
        return None
    data = parse_base64(payload, PAYLOAD_BYTES_MAX)
    if not data:
        # Not the same as none: it would be neither a text nor an empty message
        raise MalformedStanza("an empty payload")
    return data


def _iv(header: Element, *, empty: bool) -> bytes | None:
    """
    A message with a payload needs an IV. Without one nothing is done with it,
    and clients differ in whether they send one.
    """
    element = single_child(header, _LEGACY_IV)
    if element is None:
        if empty:
            return None
        raise MalformedStanza("no iv")
    data = parse_base64(element, _IV_LENGTHS[-1])
    if not data and empty:
        return None
    if len(data) not in _IV_LENGTHS:
        raise MalformedStanza("an iv of a wrong length")
    return data


def _key(element: Element, jid: str | None = None) -> EncryptedKey:
    data = parse_base64(element, KEY_BYTES_MAX)
    if not data:
        raise MalformedStanza("an empty key")
    return EncryptedKey(parse_number(element.get("rid")), data, jid)


def _jid(element: Element) -> str:
    jid = element.get("jid")
    if not jid or len(jid.encode(errors="replace")) > JID_BYTES_MAX or "/" in jid:
        raise MalformedStanza("keys without a recipient")
    return jid


def _check_number_of_keys(number: int) -> None:
    if number == 0:
        raise MalformedStanza("no keys")
    if number > KEYS_MAX:
        raise MalformedStanza("too many keys")


def build_encrypted(message: EncryptedMessage) -> Element:
    """
    The encrypted element of a message.

    Raises:
        ValueError: a key of an OMEMO 2 message does not say whose it is.
    """
    if message.protocol is Protocol.LEGACY:
        return _build_legacy(message)
    return _build_omemo_2(message)


def _build_legacy(message: EncryptedMessage) -> Element:
    element = Element(_LEGACY_ENCRYPTED)
    header = SubElement(element, _LEGACY_HEADER, {"sid": str(message.sender_device_id)})
    for key in message.keys:
        _add_key(header, _LEGACY_KEY, "prekey", message.protocol, key)
    if message.iv is not None:
        SubElement(header, _LEGACY_IV).text = to_base64(message.iv)
    if message.payload is not None:
        SubElement(element, _LEGACY_PAYLOAD).text = to_base64(message.payload)
    return element


def _build_omemo_2(message: EncryptedMessage) -> Element:
    element = Element(_OMEMO_2_ENCRYPTED)
    header = SubElement(
        element, _OMEMO_2_HEADER, {"sid": str(message.sender_device_id)}
    )
    groups: dict[str, Element] = {}
    for key in message.keys:
        if key.jid is None:
            raise ValueError("a key without a recipient")
        group = groups.get(key.jid)
        if group is None:
            group = SubElement(header, _OMEMO_2_KEYS, {"jid": key.jid})
            groups[key.jid] = group
        _add_key(group, _OMEMO_2_KEY, "kex", message.protocol, key)
    if message.payload is not None:
        SubElement(element, _OMEMO_2_PAYLOAD).text = to_base64(message.payload)
    return element


def _add_key(
    parent: Element, tag: str, mark: str, protocol: Protocol, key: EncryptedKey
) -> None:
    element = SubElement(parent, tag, {"rid": str(key.device_id)})
    if is_key_exchange(protocol, key.data):
        element.set(mark, "true")
    element.text = to_base64(key.data)
