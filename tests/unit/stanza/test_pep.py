# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from omemo_plugin.engine.errors import MalformedStanza
from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza import pep
from omemo_plugin.stanza.writer import write_element

from . import samples
from .samples import b64
from .samples import key
from .samples import xml

PROTOCOLS = {"legacy": Protocol.LEGACY, "omemo2": Protocol.OMEMO_2}
OMEMO_2 = Protocol.OMEMO_2


def devices(inside: str) -> tuple[ListedDevice, ...]:
    text = f'<devices xmlns="{samples.OMEMO_2_NS}">{inside}</devices>'
    return pep.parse_device_list(xml(text), OMEMO_2).devices


def test_names_of_nodes_and_items() -> None:
    legacy = Protocol.LEGACY
    ns = "eu.siacs.conversations.axolotl"
    assert pep.device_list_node(legacy) == f"{ns}.devicelist"
    assert pep.device_list_node(OMEMO_2) == "urn:xmpp:omemo:2:devices"
    assert pep.device_list_item_id(legacy) == "current"
    assert pep.device_list_item_id(OMEMO_2) == "current"
    assert pep.bundle_node(legacy, 7) == f"{ns}.bundles:7"
    assert pep.bundle_node(OMEMO_2, 7) == "urn:xmpp:omemo:2:bundles"
    assert pep.bundle_item_id(legacy, 7) == "current"
    assert pep.bundle_item_id(OMEMO_2, 7) == "7"


# Device lists


def test_legacy_list() -> None:
    found = pep.parse_device_list(xml(samples.LEGACY_LIST), Protocol.LEGACY)
    assert found == DeviceList(
        Protocol.LEGACY, (ListedDevice(12345), ListedDevice(4223))
    )


def test_omemo_2_list() -> None:
    found = pep.parse_device_list(xml(samples.OMEMO_2_LIST), OMEMO_2)
    labelled = ListedDevice(4223, "Gajim on Ubuntu Linux", b"s" * 64)
    assert found == DeviceList(OMEMO_2, (ListedDevice(12345), labelled))


@pytest.mark.parametrize("name", samples.LISTS)
def test_list_round_trip(name: str) -> None:
    protocol = PROTOCOLS[name]
    found = pep.parse_device_list(xml(samples.LISTS[name]), protocol)
    element = pep.build_device_list(found)
    assert pep.parse_device_list(element, protocol) == found
    written = xml(write_element(element).decode())
    assert pep.parse_device_list(written, protocol) == found


@pytest.mark.parametrize(
    ("name", "protocol"),
    [("list", Protocol.LEGACY), ("devices", OMEMO_2)],
)
def test_an_empty_list_is_a_list(name: str, protocol: Protocol) -> None:
    element = xml(f'<{name} xmlns="{protocol.namespace}"/>')
    assert pep.parse_device_list(element, protocol) == DeviceList(protocol)
    assert write_element(pep.build_device_list(DeviceList(protocol))).decode() == (
        f'<{name} xmlns="{protocol.namespace}"/>'
    )


@pytest.mark.parametrize(
    "attributes",
    [
        'label="Phone"',
        f'labelsig="{b64(b"s" * 64)}"',
        f'label="" labelsig="{b64(b"s" * 64)}"',
        f'label="Phone" labelsig="{b64(b"s" * 63)}"',
        'label="Phone" labelsig="not base64"',
        f'label="{"x" * 257}" labelsig="{b64(b"s" * 64)}"',
    ],
)
def test_a_label_that_cannot_be_checked_is_none(attributes: str) -> None:
    assert devices(f'<device id="1" {attributes}/>') == (ListedDevice(1),)


def test_a_label_as_long_as_it_may_be() -> None:
    label = "x" * 256
    (device,) = devices(f'<device id="1" label="{label}" labelsig="{b64(b"s" * 64)}"/>')
    assert device.label == label


def test_legacy_devices_have_no_label() -> None:
    text = samples.OMEMO_2_LIST.replace("devices", "list").replace(
        samples.OMEMO_2_NS, samples.LEGACY_NS
    )
    found = pep.parse_device_list(xml(text), Protocol.LEGACY)
    assert found.devices == (ListedDevice(12345), ListedDevice(4223))


def test_a_label_without_its_signature_is_not_published() -> None:
    element = pep.build_device_list(DeviceList(OMEMO_2, (ListedDevice(1, "Phone"),)))
    assert b"Phone" not in write_element(element)


def test_a_device_listed_twice_counts_once() -> None:
    signature = b64(b"s" * 64)
    one = f'<device id="1" label="one" labelsig="{signature}"/>'
    two = f'<device id="1" label="two" labelsig="{signature}"/>'
    assert devices(one + one) == (ListedDevice(1, "one", b"s" * 64),)
    assert devices(one + two) == (ListedDevice(1),)
    assert devices(one + two + one) == (ListedDevice(1),)


# Bundles


def test_legacy_bundle() -> None:
    found = pep.parse_bundle(xml(samples.LEGACY_BUNDLE), Protocol.LEGACY)
    assert found == Bundle(
        Protocol.LEGACY,
        identity_key=b"I" * 32,
        signed_prekey_id=1,
        signed_prekey=b"S" * 32,
        signature=b"s" * 64,
        prekeys={1: b"1" * 32, 2: b"2" * 32, 16777214: b"3" * 32},
    )


def test_omemo_2_bundle() -> None:
    found = pep.parse_bundle(xml(samples.OMEMO_2_BUNDLE), OMEMO_2)
    assert found == Bundle(
        OMEMO_2,
        identity_key=b"I" * 32,
        signed_prekey_id=1,
        signed_prekey=b"S" * 32,
        signature=b"s" * 64,
        prekeys={1: b"1" * 32, 2: b"2" * 32},
    )


@pytest.mark.parametrize("name", samples.BUNDLES)
def test_bundle_round_trip(name: str) -> None:
    protocol = PROTOCOLS[name]
    found = pep.parse_bundle(xml(samples.BUNDLES[name]), protocol)
    element = pep.build_bundle(found)
    assert pep.parse_bundle(element, protocol) == found
    written = xml(write_element(element).decode())
    assert pep.parse_bundle(written, protocol) == found


def test_a_built_legacy_bundle_has_the_form_that_others_read() -> None:
    bundle = Bundle(Protocol.LEGACY, b"I" * 32, 1, b"S" * 32, b"s" * 64, {7: b"1" * 32})
    assert write_element(pep.build_bundle(bundle)).decode() == (
        f'<bundle xmlns="{samples.LEGACY_NS}">'
        '<signedPreKeyPublic signedPreKeyId="1">'
        f"{key(b'S' * 32)}</signedPreKeyPublic>"
        f"<signedPreKeySignature>{b64(b's' * 64)}</signedPreKeySignature>"
        f"<identityKey>{key(b'I' * 32)}</identityKey>"
        '<prekeys><preKeyPublic preKeyId="7">'
        f"{key(b'1' * 32)}</preKeyPublic></prekeys></bundle>"
    )


@pytest.mark.parametrize("name", samples.BUNDLES)
def test_what_is_not_known_in_a_bundle_is_passed_over(name: str) -> None:
    protocol = PROTOCOLS[name]
    text = samples.BUNDLES[name]
    more = text
    for tag in ("bundle ", "preKeyPublic ", "pk ", "identityKey", "ik", "prekeys"):
        more = more.replace(f"<{tag}", f'<{tag.strip()} later="yes" ')
    more = more.replace("<prekeys", '<new xmlns="urn:new"/><other/><prekeys')
    assert more.count("later") >= 5
    assert pep.parse_bundle(xml(more), protocol) == pep.parse_bundle(
        xml(text), protocol
    )


def test_one_prekey_is_enough_and_none_is_not() -> None:
    bundle = Bundle(OMEMO_2, b"I" * 32, 1, b"S" * 32, b"s" * 64, {7: b"1" * 32})
    element = pep.build_bundle(bundle)
    assert pep.parse_bundle(element, OMEMO_2) == bundle
    (prekeys,) = element.iter(f"{{{samples.OMEMO_2_NS}}}prekeys")
    prekeys.clear()
    with pytest.raises(MalformedStanza):
        pep.parse_bundle(element, OMEMO_2)


@pytest.mark.parametrize("number", [0, 2**32 - 2])
def test_signed_prekey_ids_of_older_clients(number: int) -> None:
    # Lurch uses 0, libsignal for iOS all 32 bits
    text = samples.LEGACY_BUNDLE.replace(
        'signedPreKeyId="1"', f'signedPreKeyId="{number}"'
    )
    found = pep.parse_bundle(xml(text), Protocol.LEGACY)
    assert found.signed_prekey_id == number


@pytest.mark.parametrize("name", samples.BUNDLES)
def test_ids_from_0(name: str) -> None:
    """Converse 14 numbers its prekeys so, and its signed prekey."""
    protocol = PROTOCOLS[name]
    text = samples.BUNDLES[name]
    for attribute in ("signedPreKeyId", "preKeyId", "spk id", "pk id"):
        text = text.replace(f'{attribute}="1"', f'{attribute}="0"')
    found = pep.parse_bundle(xml(text), protocol)
    assert found.signed_prekey_id == 0
    assert 0 in found.prekeys
    assert 1 not in found.prekeys


@pytest.mark.parametrize("number", ["2147483648", "-1", ""])
def test_signed_prekey_ids_that_omemo_2_does_not_have(number: str) -> None:
    text = samples.OMEMO_2_BUNDLE.replace('spk id="1"', f'spk id="{number}"')
    with pytest.raises(MalformedStanza):
        pep.parse_bundle(xml(text), OMEMO_2)


def test_a_key_of_another_kind_is_refused() -> None:
    text = samples.LEGACY_BUNDLE.replace(key(b"I" * 32), b64(b"\x06" + b"I" * 32))
    with pytest.raises(MalformedStanza):
        pep.parse_bundle(xml(text), Protocol.LEGACY)
