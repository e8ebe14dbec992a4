# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Device lists and bundles: XEP-0384, "Announcing support", in version 0.3.0
(legacy) and 0.9.1 (OMEMO 2).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement

from ..engine.errors import MalformedStanza
from ..engine.values import DEVICE_ID_MAX
from ..engine.values import Bundle
from ..engine.values import DeviceList
from ..engine.values import ListedDevice
from ..engine.values import Protocol
from .base import parse_base64
from .base import parse_number
from .base import required_child
from .base import to_base64
from .limits import LABEL_LENGTH_MAX
from .limits import LISTED_DEVICES_MAX
from .limits import PREKEYS_MAX

_KEY_LENGTH = 32
_SIGNATURE_LENGTH = 64

# The type of a Curve25519 key, as libsignal writes it in front of each
_CURVE25519 = b"\x05"

_CURRENT = "current"


def device_list_node(protocol: Protocol) -> str:
    """The PEP node of an account's device list."""
    if protocol is Protocol.LEGACY:
        return f"{protocol.namespace}.devicelist"
    return f"{protocol.namespace}:devices"


def device_list_item_id(protocol: Protocol) -> str:
    """The item of a device list: one for all devices."""
    del protocol  # Version 0.3.0 leaves it open; others use this one as well
    return _CURRENT


def bundle_node(protocol: Protocol, device_id: int) -> str:
    """The PEP node of a device's bundle."""
    if protocol is Protocol.LEGACY:
        return f"{protocol.namespace}.bundles:{device_id}"
    return f"{protocol.namespace}:bundles"


def bundle_item_id(protocol: Protocol, device_id: int) -> str:
    """The item of a device's bundle."""
    return _CURRENT if protocol is Protocol.LEGACY else str(device_id)


# Device lists


def parse_device_list(element: Element, protocol: Protocol) -> DeviceList:
    """
    Read a device list.

    All clients of an account write to its list, so one of them can put
    nonsense beside the others' devices. An entry without a valid id cannot be
    meant by any message and is passed over, a second entry with the same id
    adds nothing, and a label that is not beyond doubt (two of them, unsigned,
    too long) is no label. But a list of nothing but nonsense is refused: an
    empty one would say that the account has stopped using OMEMO.

    At most `LISTED_DEVICES_MAX` devices are returned, the first ones.

    Raises:
        MalformedStanza: it is not a device list of this protocol, or has
            entries and not one of them is valid.
    """
    namespace = f"{{{protocol.namespace}}}"
    name = "list" if protocol is Protocol.LEGACY else "devices"
    if element.tag != f"{namespace}{name}":
        raise MalformedStanza("not a device list")
    entries = element.findall(f"{namespace}device")
    found: dict[int, ListedDevice] = {}
    for entry in entries:
        try:
            device_id = parse_number(entry.get("id"))
        except MalformedStanza:
            continue
        device = _listed_device(entry, device_id, protocol)
        known = found.get(device_id)
        if known is not None and known != device:
            device = ListedDevice(device_id)
        elif known is None and len(found) == LISTED_DEVICES_MAX:
            continue
        found[device_id] = device
    if len(element) and not found:
        raise MalformedStanza("no valid device in a device list")
    return DeviceList(protocol, tuple(found.values()))


def _listed_device(entry: Element, device_id: int, protocol: Protocol) -> ListedDevice:
    label = entry.get("label")
    signature = entry.get("labelsig")
    if (
        protocol is Protocol.LEGACY
        or not label
        or not signature
        or len(label) > LABEL_LENGTH_MAX
    ):
        return ListedDevice(device_id)
    holder = Element("labelsig")
    holder.text = signature
    try:
        data = _parse_exactly(holder, _SIGNATURE_LENGTH)
    except MalformedStanza:
        return ListedDevice(device_id)
    return ListedDevice(device_id, label, data)


def build_device_list(device_list: DeviceList) -> Element:
    """The element that is published for a device list."""
    protocol = device_list.protocol
    namespace = f"{{{protocol.namespace}}}"
    name = "list" if protocol is Protocol.LEGACY else "devices"
    element = Element(f"{namespace}{name}")
    for device in device_list.devices:
        entry = SubElement(element, f"{namespace}device", {"id": str(device.device_id)})
        if (
            protocol is Protocol.OMEMO_2
            and device.label is not None
            and device.label_signature is not None
        ):
            entry.set("label", device.label)
            entry.set("labelsig", to_base64(device.label_signature))
    return element


# Bundles


@dataclass(frozen=True)
class _BundleForm:
    """
    The names of one protocol, and what is written in front of its keys.

    There are clients that number from 0, and in the legacy protocol, which gives
    no range, others that use all 32 bits for a signed prekey.
    """

    protocol: Protocol
    signed_prekey: str
    signed_prekey_id: str
    signed_prekey_ids: tuple[int, int]
    signature: str
    identity_key: str
    prekey: str
    prekey_id: str
    key_prefix: bytes

    def tag(self, name: str) -> str:
        return f"{{{self.protocol.namespace}}}{name}"


_FORMS = {
    Protocol.LEGACY: _BundleForm(
        protocol=Protocol.LEGACY,
        signed_prekey="signedPreKeyPublic",
        signed_prekey_id="signedPreKeyId",
        signed_prekey_ids=(0, 2**32 - 1),
        signature="signedPreKeySignature",
        identity_key="identityKey",
        prekey="preKeyPublic",
        prekey_id="preKeyId",
        key_prefix=_CURVE25519,
    ),
    Protocol.OMEMO_2: _BundleForm(
        protocol=Protocol.OMEMO_2,
        signed_prekey="spk",
        signed_prekey_id="id",
        signed_prekey_ids=(0, DEVICE_ID_MAX),
        signature="spks",
        identity_key="ik",
        prekey="pk",
        prekey_id="id",
        key_prefix=b"",
    ),
}


def parse_bundle(element: Element, protocol: Protocol) -> Bundle:
    """
    Read a bundle. Whether the keys are points of the curve and the signature is
    right is for the engine to find out.

    One prekey is enough for a session: others that are not valid, or not
    unique, are left out, and do not cost the contact.

    Raises:
        MalformedStanza: it is not a bundle of this protocol, something in it
            but a prekey is missing, doubled or of a wrong length, or it has no
            valid prekey, or more of them than `PREKEYS_MAX`.
    """
    form = _FORMS[protocol]
    if element.tag != form.tag("bundle"):
        raise MalformedStanza("not a bundle")
    signed_prekey = required_child(element, form.tag(form.signed_prekey))
    signature = required_child(element, form.tag(form.signature))
    identity_key = required_child(element, form.tag(form.identity_key))
    prekeys = required_child(element, form.tag("prekeys"))
    return Bundle(
        protocol,
        _parse_key(identity_key, form),
        parse_number(signed_prekey.get(form.signed_prekey_id), *form.signed_prekey_ids),
        _parse_key(signed_prekey, form),
        _parse_exactly(signature, _SIGNATURE_LENGTH),
        _parse_prekeys(prekeys.findall(form.tag(form.prekey)), form),
    )


def _parse_prekeys(elements: list[Element], form: _BundleForm) -> dict[int, bytes]:
    if len(elements) > PREKEYS_MAX:
        raise MalformedStanza("too many prekeys")
    found: list[tuple[int, bytes]] = []
    for element in elements:
        try:
            prekey_id = parse_number(element.get(form.prekey_id), lowest=0)
            found.append((prekey_id, _parse_key(element, form)))
        except MalformedStanza:
            continue
    ids = Counter(prekey_id for prekey_id, _prekey in found)
    keys = Counter(prekey for _prekey_id, prekey in found)
    # Nobody can tell which one the owner of the bundle means by an id
    prekeys = {
        prekey_id: prekey
        for prekey_id, prekey in found
        if ids[prekey_id] == keys[prekey] == 1
    }
    if not prekeys:
        raise MalformedStanza("no valid prekey")
    return prekeys


def _parse_key(element: Element, form: _BundleForm) -> bytes:
    prefix = form.key_prefix
    data = _parse_exactly(element, len(prefix) + _KEY_LENGTH)
    if not data.startswith(prefix):
        raise MalformedStanza("a key of another kind")
    return data[len(prefix) :]


def _parse_exactly(element: Element, length: int) -> bytes:
    data = parse_base64(element, length)
    if len(data) != length:
        raise MalformedStanza(f"{len(data)} bytes instead of {length}")
    return data


def build_bundle(bundle: Bundle) -> Element:
    """The element that is published for a bundle."""
    form = _FORMS[bundle.protocol]

    def add(parent: Element, name: str, data: bytes) -> Element:
        child = SubElement(parent, form.tag(name))
        child.text = to_base64(data)
        return child

    element = Element(form.tag("bundle"))
    signed_prekey = add(
        element, form.signed_prekey, form.key_prefix + bundle.signed_prekey
    )
    signed_prekey.set(form.signed_prekey_id, str(bundle.signed_prekey_id))
    add(element, form.signature, bundle.signature)
    add(element, form.identity_key, form.key_prefix + bundle.identity_key)
    prekeys = SubElement(element, form.tag("prekeys"))
    for prekey_id, prekey in bundle.prekeys.items():
        child = add(prekeys, form.prekey, form.key_prefix + prekey)
        child.set(form.prekey_id, str(prekey_id))
    return element
