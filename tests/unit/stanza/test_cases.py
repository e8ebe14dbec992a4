# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Hostile and broken input, by the numbers of docs/security-cases.md, as far as
it is decided by the form of the XML.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement

import pytest

from omemo_plugin.engine.errors import MalformedStanza
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import is_key_exchange
from omemo_plugin.stanza.envelope import Envelope
from omemo_plugin.stanza.envelope import check_envelope
from omemo_plugin.stanza.envelope import parse_envelope
from omemo_plugin.stanza.limits import KEYS_MAX
from omemo_plugin.stanza.limits import LISTED_DEVICES_MAX
from omemo_plugin.stanza.message import find_encrypted
from omemo_plugin.stanza.message import parse_encrypted
from omemo_plugin.stanza.pep import parse_bundle
from omemo_plugin.stanza.pep import parse_device_list
from tests.support.work import calls_of

from . import samples
from .samples import b64
from .samples import xml

LEGACY = Protocol.LEGACY
OMEMO_2 = Protocol.OMEMO_2

BAD_IDS = [
    "-1",
    "0",
    "+5",
    "７",
    "１２３",
    "²",
    "1_000",
    " 7 ",
    "7\n",
    "007",
    "0x7",
    "7.0",
    "1e3",
    "",
    "2147483648",
    "99999999999999999999",
    "9" * 5000,
    "-" + "9" * 5000,
]

bad_ids = pytest.mark.parametrize(
    "number", BAD_IDS, ids=lambda text: ascii(text)[:12].replace("\\", "%")
)


def refused(text: str) -> None:
    with pytest.raises(MalformedStanza):
        parse_encrypted(xml(text))
    with pytest.raises(MalformedStanza):
        find_encrypted([xml(text)])


def changed(text: str, old: str, new: str) -> str:
    """Replace something that is there, once."""
    assert old in text
    return text.replace(old, new, 1)


def test_case_06_a_broken_element_is_not_no_element() -> None:
    body = xml('<body xmlns="jabber:client">written by the server</body>')
    for broken in (
        f'<encrypted xmlns="{samples.LEGACY_NS}"/>',
        f'<encrypted xmlns="{samples.OMEMO_2_NS}">{"x" * 100}</encrypted>',
    ):
        with pytest.raises(MalformedStanza):
            find_encrypted([body, xml(broken)])
        with pytest.raises(MalformedStanza):
            find_encrypted([xml(samples.OMEMO_2), body, xml(broken)])


def test_case_09_nonsense_is_not_an_empty_list() -> None:
    empty = xml(f'<list xmlns="{samples.LEGACY_NS}"/>')
    assert parse_device_list(empty, LEGACY) == DeviceList(LEGACY)
    for nonsense in ("<device/>", '<device id="0"/>', "<item/>", '<d xmlns="x"/>'):
        element = xml(f'<list xmlns="{samples.LEGACY_NS}">{nonsense}</list>')
        with pytest.raises(MalformedStanza):
            parse_device_list(element, LEGACY)


def test_case_15_only_a_list_of_the_right_protocol() -> None:
    for text, protocol in (
        (samples.LEGACY_LIST, OMEMO_2),
        (samples.OMEMO_2_LIST, LEGACY),
        (samples.LEGACY_BUNDLE, LEGACY),
        (f"<item>{samples.LEGACY_LIST}</item>", LEGACY),
        (changed(samples.LEGACY_LIST, samples.LEGACY_NS, "urn:x"), LEGACY),
        ('<list><device id="1"/></list>', LEGACY),
    ):
        with pytest.raises(MalformedStanza):
            parse_device_list(xml(text), protocol)


# 23: envelopes


def test_case_23_another_sender_or_recipient() -> None:
    envelope = parse_envelope(samples.ENVELOPE_TRUST)

    def check(sender: str, recipient: str | None, *, room: bool = False) -> None:
        check_envelope(
            envelope, sender_jid=sender, recipient_jid=recipient, is_groupchat=room
        )

    check("rita@localhost", "sam@localhost")
    # RFC 7622, 3.2: the dot is not part of the domain
    check("rita@localhost.", "sam@localhost")
    for sender, recipient in (
        ("sam@localhost", "sam@localhost"),
        ("rita@localhost/x", "sam@localhost"),
        ("rita@localhost", "rita@localhost"),
        ("rita@localhost", "sam@localhost/x"),
        ("rita@localhost", "room@conference.localhost"),
    ):
        with pytest.raises(MalformedStanza):
            check(sender, recipient)
        with pytest.raises(MalformedStanza):
            check(sender, recipient, room=True)
    with pytest.raises(MalformedStanza):
        check("rita@localhost", None, room=True)


def test_case_23_a_room_must_be_named() -> None:
    envelope = Envelope((), "rita@localhost")
    check_envelope(
        envelope,
        sender_jid="rita@localhost",
        recipient_jid="sam@localhost",
        is_groupchat=False,
    )
    with pytest.raises(MalformedStanza):
        check_envelope(
            envelope,
            sender_jid="rita@localhost",
            recipient_jid="room@conference.localhost",
            is_groupchat=True,
        )


@pytest.mark.parametrize(
    "forbidden",
    [
        '<stanza-id xmlns="urn:xmpp:sid:0" by="a" id="b"/>',
        '<store xmlns="urn:xmpp:hints"/>',
        '<no-store xmlns="urn:xmpp:hints"/>',
        '<made-up xmlns="urn:xmpp:hints"/>',
        '<addresses xmlns="http://jabber.org/protocol/address"/>',
        '<encryption xmlns="urn:xmpp:eme:0" namespace="x"/>',
        "<body>of the envelope's namespace, kept but not a jabber:client one</body>",
        '<body xmlns="">of no namespace</body>',
        samples.ENVELOPE_TRUST.decode(),
        samples.LEGACY,
        samples.OMEMO_2,
    ],
)
def test_case_23_forbidden_elements_in_an_envelope(forbidden: str) -> None:
    start = b"<content>"
    data = samples.ENVELOPE_STATE.replace(start, start + forbidden.encode())
    kept = [
        element.tag
        for element in parse_envelope(data).content
        if not element.tag.startswith("{urn:xmpp:sce:1}body")
    ]
    assert kept == ["{http://jabber.org/protocol/chatstates}active"]


def test_case_23_long_padding_is_accepted() -> None:
    data = samples.ENVELOPE_CONVERSE.replace(b"<rpad>", b"<rpad>" + b"x" * 500_000)
    assert len(parse_envelope(data).content) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Hello",
        b"<envelope/>",
        b'<envelope xmlns="urn:xmpp:sce:0"><content/></envelope>',
        b'<envelope xmlns="urn:xmpp:sce:1"/>',
        b'<envelope xmlns="urn:xmpp:sce:1"><content xmlns="urn:x"/></envelope>',
        b'<content xmlns="urn:xmpp:sce:1"/>',
        b'<envelope xmlns="urn:xmpp:sce:1"><content/></envelope><x/>',
        b'<envelope xmlns="urn:xmpp:sce:1"><content/>',
        samples.ENVELOPE_TRUST.replace(b"<content>", b"<content/><content>"),
        samples.ENVELOPE_TRUST.replace(b"<rpad>", b"<rpad/><rpad>"),
        samples.ENVELOPE_TRUST.replace(b"<to ", b'<to jid="a@b"/><to '),
        samples.ENVELOPE_TRUST.replace(b"<from ", b'<from jid="a@b"/><from '),
        samples.ENVELOPE_TRUST.replace(b'<to jid="sam@localhost"/>', b"<to/>"),
        samples.ENVELOPE_TRUST.replace(b'"rita@localhost"', b'""', 1),
        samples.ENVELOPE_TRUST.replace(b'"sam@', b'"s\xff\xfem@'),
        samples.ENVELOPE_TRUST.decode().encode("utf-16"),
        samples.ENVELOPE_TRUST.decode().encode("utf-16-le"),
        samples.ENVELOPE_TRUST.decode().encode("utf-16-be"),
        samples.ENVELOPE_TRUST.decode().encode("utf-32"),
    ],
    ids=lambda data: ascii(data)[-30:].replace("\\", "%"),
)
def test_case_23_invalid_envelopes(data: bytes) -> None:
    with pytest.raises(MalformedStanza):
        parse_envelope(data)


# 24 to 31: the encrypted element


@pytest.mark.parametrize("mark", ["", ' kex="false"', ' kex="true"', ' kex="maybe"'])
def test_case_24_a_key_exchange_is_known_by_its_content(mark: str) -> None:
    text = changed(
        samples.OMEMO_2_UNMARKED, '<key rid="31415">', f'<key rid="31415"{mark}>'
    )
    (key,) = parse_encrypted(xml(text)).keys
    assert is_key_exchange(OMEMO_2, key.data)
    text = changed(text, b64(samples.EXCHANGE_2), b64(samples.RATCHET_2))
    (key,) = parse_encrypted(xml(text)).keys
    assert not is_key_exchange(OMEMO_2, key.data)


@pytest.mark.parametrize("mark", ["", ' prekey="false"', ' prekey="1"', ' prekey="x"'])
def test_case_24_the_same_in_the_legacy_protocol(mark: str) -> None:
    text = changed(samples.LEGACY, ' prekey="true"', mark)
    first, second = parse_encrypted(xml(text)).keys
    assert not is_key_exchange(LEGACY, first.data)
    assert is_key_exchange(LEGACY, second.data)


@pytest.mark.parametrize("length", [12, 16])
def test_case_26_an_iv_of_a_usual_length(length: int) -> None:
    text = changed(samples.LEGACY, b64(b"i" * 12), b64(b"j" * length))
    assert parse_encrypted(xml(text)).iv == b"j" * length


@pytest.mark.parametrize("length", [0, 1, 8, 11, 13, 15, 17, 128, 129, 2001])
def test_case_26_an_iv_of_another_length(length: int) -> None:
    refused(changed(samples.LEGACY, b64(b"i" * 12), b64(b"j" * length)))


def test_case_27_a_key_transport() -> None:
    message = parse_encrypted(xml(samples.LEGACY_EMPTY))
    assert message.payload is None
    assert message.iv == b"i" * 12
    for iv in ("", "<iv/>", "<iv></iv>"):
        text = changed(samples.LEGACY_EMPTY, f"<iv>{b64(b'i' * 12)}</iv>", iv)
        message = parse_encrypted(xml(text))
        assert message.payload is None
        assert message.iv is None
    assert parse_encrypted(xml(samples.OMEMO_2_EMPTY)).payload is None
    refused(changed(samples.LEGACY_EMPTY, b64(b"i" * 12), "AA=="))


LEGACY_HEADER = samples.LEGACY[
    samples.LEGACY.index("<header") : samples.LEGACY.index("</header>") + 9
]
OMEMO_2_HEADER = samples.OMEMO_2[
    samples.OMEMO_2.index("<header") : samples.OMEMO_2.index("</header>") + 9
]
PAYLOAD = f"<payload>{b64(b'ciphertext')}</payload>"


@pytest.mark.parametrize(
    "text",
    [
        changed(samples.LEGACY, PAYLOAD, "<payload/>"),
        changed(samples.LEGACY, PAYLOAD, "<payload>  </payload>"),
        changed(samples.LEGACY, PAYLOAD, PAYLOAD + PAYLOAD),
        changed(samples.LEGACY, PAYLOAD, "<payload>AAAA<x/>AAAA</payload>"),
        changed(samples.LEGACY, LEGACY_HEADER, ""),
        changed(samples.LEGACY, LEGACY_HEADER, LEGACY_HEADER * 2),
        changed(samples.LEGACY, LEGACY_HEADER, '<header sid="1"/>'),
        changed(samples.LEGACY, "<iv>", "<iv>AAAA</iv><iv>"),
        changed(samples.LEGACY, f"<iv>{b64(b'i' * 12)}</iv>", ""),
        changed(samples.LEGACY, b64(samples.RATCHET), ""),
        changed(samples.LEGACY, 'sid="27183"', ""),
        changed(samples.LEGACY, 'rid="31415"', ""),
        changed(samples.LEGACY, "<header ", '<header xmlns="" '),
        changed(samples.LEGACY, samples.LEGACY_NS, samples.OMEMO_2_NS),
        changed(samples.OMEMO_2, samples.OMEMO_2_NS, samples.LEGACY_NS),
        changed(samples.OMEMO_2, OMEMO_2_HEADER, ""),
        changed(samples.OMEMO_2, OMEMO_2_HEADER, OMEMO_2_HEADER * 2),
        changed(samples.OMEMO_2, b64(b"c" * 272), ""),
        changed(samples.OMEMO_2, b64(samples.RATCHET_2), ""),
        changed(samples.OMEMO_2, ' jid="juliet@capulet.lit"', ""),
        changed(samples.OMEMO_2, "juliet@capulet.lit", ""),
        changed(samples.OMEMO_2, "juliet@capulet.lit", "juliet@capulet.lit/phone"),
        changed(samples.OMEMO_2, "juliet@capulet.lit", "j" * 4000),
        samples.OMEMO_2.replace("<key ", "<clef ").replace("</key>", "</clef>"),
    ],
)
def test_case_28_missing_or_doubled(text: str) -> None:
    refused(text)


def test_case_28_two_elements_of_one_protocol() -> None:
    for text in (samples.LEGACY, samples.OMEMO_2):
        with pytest.raises(MalformedStanza):
            find_encrypted([xml(text), xml(text)])
    both = [xml(samples.LEGACY), xml(samples.OMEMO_2)]
    assert len(find_encrypted(both)) == 2
    with pytest.raises(MalformedStanza):
        find_encrypted([*both, xml(samples.LEGACY_EMPTY)])


def test_case_28_every_key_of_a_doubled_device_id_is_kept() -> None:
    text = changed(samples.LEGACY, 'rid="12321"', 'rid="31415"')
    assert [(key.device_id, key.data) for key in parse_encrypted(xml(text)).keys] == [
        (31415, samples.RATCHET),
        (31415, samples.EXCHANGE),
    ]
    text = samples.OMEMO_2.replace('rid="12321"', 'rid="1337"')
    keys = parse_encrypted(xml(text)).keys
    assert [key.device_id for key in keys] == [31415, 1337, 1337]
    text = samples.OMEMO_2.replace("romeo@montague.lit", "juliet@capulet.lit")
    assert {key.jid for key in parse_encrypted(xml(text)).keys} == {
        "juliet@capulet.lit"
    }


@bad_ids
def test_case_29_ids_in_a_message(number: str) -> None:
    attribute = number.replace("\n", "&#10;")
    refused(changed(samples.LEGACY, 'sid="27183"', f'sid="{attribute}"'))
    refused(changed(samples.LEGACY, 'rid="31415"', f'rid="{attribute}"'))
    refused(changed(samples.OMEMO_2, 'sid="27183"', f'sid="{attribute}"'))
    refused(changed(samples.OMEMO_2, 'rid="1337"', f'rid="{attribute}"'))


@bad_ids
def test_case_29_a_prekey_with_a_bad_id_does_not_hide_the_others(number: str) -> None:
    attribute = number.replace("\n", "&#10;")
    for text, old, protocol in (
        (samples.LEGACY_BUNDLE, 'preKeyId="2"', LEGACY),
        (samples.OMEMO_2_BUNDLE, 'pk id="2"', OMEMO_2),
    ):
        whole = parse_bundle(xml(text), protocol)
        bad = changed(text, old, old.replace("2", attribute))
        found = parse_bundle(xml(bad), protocol)
        # There are clients that count from 0
        left_out = {2} if number != "0" else set()
        assert set(found.prekeys.values()) == {
            key for number, key in whole.prekeys.items() if number not in left_out
        }


@bad_ids
def test_case_29_a_device_with_a_bad_id_does_not_hide_the_others(number: str) -> None:
    attribute = number.replace("\n", "&#10;")
    text = changed(samples.LEGACY_LIST, "12345", attribute)
    found = parse_device_list(xml(text), LEGACY)
    assert found.devices == (ListedDevice(4223),)


@pytest.mark.parametrize("number", [1, 2**31 - 1])
def test_case_29_the_limits_are_valid(number: int) -> None:
    text = changed(samples.LEGACY, "31415", str(number))
    assert parse_encrypted(xml(text)).keys[0].device_id == number


@pytest.mark.parametrize(
    "junk",
    [
        "QU!!JD",
        "QUJ",
        "QUJDR",
        "QUJD=",
        "QUJD====",
        "QUI==",
        "QUI=====",
        "QUI=\u200b",
        "QU=JD",
        "=QUJD",
        "====",
        "QUI=QUI=",
        "QUJD-_",
        "QUJD\xa0",
        "QUJD\u2003",
        "QUJD\u0085",
        "QÜJD",
        "ＱＵＪＤ",
    ],
)
def test_case_30_invalid_base64(junk: str) -> None:
    refused(changed(samples.LEGACY, b64(samples.RATCHET), junk))
    refused(changed(samples.LEGACY, b64(b"i" * 12), junk))
    refused(changed(samples.LEGACY, b64(b"ciphertext"), junk))
    refused(changed(samples.OMEMO_2, b64(samples.EXCHANGE_2), junk))
    bundle = changed(samples.OMEMO_2_BUNDLE, b64(b"I" * 32), junk)
    with pytest.raises(MalformedStanza):
        parse_bundle(xml(bundle), OMEMO_2)


def test_case_30_white_space_of_xml_is_no_junk() -> None:
    spaced = " \n\t\r".join(b64(samples.RATCHET))
    text = changed(samples.LEGACY, b64(samples.RATCHET), f"\n  {spaced}\n")
    assert parse_encrypted(xml(text)).keys[0].data == samples.RATCHET


def test_case_30_ten_megabytes() -> None:
    huge = b64(bytes(10_000_000))
    for old in (b64(samples.RATCHET), b64(b"i" * 12), b64(b"ciphertext")):
        element = xml(changed(samples.LEGACY, old, huge))

        def parse(element: Element = element) -> None:
            with pytest.raises(MalformedStanza):
                parse_encrypted(element)

        assert calls_of(parse) < 1000


@pytest.mark.parametrize("length", [0, 2049, 1 << 20])
def test_case_31_a_key_of_an_absurd_size(length: int) -> None:
    refused(changed(samples.LEGACY, b64(samples.RATCHET), b64(bytes(length))))
    refused(changed(samples.OMEMO_2, b64(samples.RATCHET_2), b64(bytes(length))))


# 35, 36: what is published

BUNDLE_PARTS = {
    LEGACY: ("identityKey", "signedPreKeyPublic", "signedPreKeySignature", "prekeys"),
    OMEMO_2: ("ik", "spk", "spks", "prekeys"),
}
BUNDLES = {LEGACY: samples.LEGACY_BUNDLE, OMEMO_2: samples.OMEMO_2_BUNDLE}

both_protocols = pytest.mark.parametrize("protocol", [LEGACY, OMEMO_2])


def bundle_refused(element: Element, protocol: Protocol) -> None:
    with pytest.raises(MalformedStanza):
        parse_bundle(element, protocol)


@both_protocols
@pytest.mark.parametrize("number", range(4))
def test_case_35_a_part_of_a_bundle_missing_or_doubled(
    protocol: Protocol, number: int
) -> None:
    tag = f"{{{protocol.namespace}}}{BUNDLE_PARTS[protocol][number]}"
    element = xml(BUNDLES[protocol])
    part = element.find(tag)
    assert part is not None
    element.append(part)
    bundle_refused(element, protocol)
    element.remove(part)
    parse_bundle(element, protocol)
    element.remove(part)
    bundle_refused(element, protocol)


@both_protocols
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("length", [0, 16, 31, 34, 63, 65, 10_000])
def test_case_35_keys_of_a_wrong_length(
    protocol: Protocol, number: int, length: int
) -> None:
    tag = f"{{{protocol.namespace}}}{BUNDLE_PARTS[protocol][number]}"
    element = xml(BUNDLES[protocol])
    part = element.find(tag)
    assert part is not None
    part.text = b64(b"\x05" * length)
    bundle_refused(element, protocol)


def test_case_35_keys_without_or_with_a_type() -> None:
    for letter in (b"I", b"S"):
        bare, typed = b64(letter * 32), samples.key(letter * 32)
        bundle_refused(xml(changed(samples.LEGACY_BUNDLE, typed, bare)), LEGACY)
        bundle_refused(xml(changed(samples.OMEMO_2_BUNDLE, bare, typed)), OMEMO_2)


@both_protocols
def test_case_35_number_of_prekeys(protocol: Protocol) -> None:
    prefix = b"\x05" if protocol is LEGACY else b""
    element = xml(BUNDLES[protocol])
    prekeys = element.find(f"{{{protocol.namespace}}}prekeys")
    assert prekeys is not None
    tag = prekeys[0].tag
    name = "preKeyId" if protocol is LEGACY else "id"

    def fill(count: int) -> None:
        prekeys.clear()
        for number in range(1, count + 1):
            child = SubElement(prekeys, tag, {name: str(number)})
            child.text = b64(prefix + number.to_bytes(32, "big"))

    fill(0)
    bundle_refused(element, protocol)
    fill(1000)
    assert len(parse_bundle(element, protocol).prekeys) == 1000
    fill(1001)
    bundle_refused(element, protocol)
    fill(100_000)
    assert calls_of(lambda: bundle_refused(element, protocol)) < 5000


def test_case_35_a_prekey_twice() -> None:
    """Neither of both is used, the others are."""
    text = samples.LEGACY_BUNDLE
    same_id = changed(text, 'preKeyId="2"', 'preKeyId="1"')
    same_key = changed(text, samples.key(b"2" * 32), samples.key(b"1" * 32))
    for changed_text in (same_id, same_key):
        found = parse_bundle(xml(changed_text), LEGACY)
        assert found.prekeys == {16777214: b"3" * 32}
    # No other is left
    text = changed(samples.OMEMO_2_BUNDLE, 'pk id="2"', 'pk id="1"')
    bundle_refused(xml(text), OMEMO_2)


@both_protocols
def test_case_35_a_prekey_that_is_none_does_not_hide_the_others(
    protocol: Protocol,
) -> None:
    whole = parse_bundle(xml(BUNDLES[protocol]), protocol)
    element = xml(BUNDLES[protocol])
    prekeys = element.find(f"{{{protocol.namespace}}}prekeys")
    assert prekeys is not None
    prekeys[0].text = b64(b"short")
    assert len(parse_bundle(element, protocol).prekeys) == len(whole.prekeys) - 1
    for prekey in prekeys:
        prekey.text = b64(b"short")
    bundle_refused(element, protocol)


def test_case_35_a_hollow_bundle() -> None:
    bundle_refused(xml(samples.OMEMO_2_BUNDLE_HOLLOW), OMEMO_2)


def test_case_35_a_bundle_of_the_other_protocol_or_in_another_element() -> None:
    bundle_refused(xml(samples.LEGACY_BUNDLE), OMEMO_2)
    bundle_refused(xml(samples.OMEMO_2_BUNDLE), LEGACY)
    bundle_refused(xml(f"<item>{samples.LEGACY_BUNDLE}</item>"), LEGACY)
    bundle_refused(xml(samples.LEGACY_LIST), LEGACY)


@both_protocols
def test_case_36_twenty_thousand_devices(protocol: Protocol) -> None:
    name = "list" if protocol is LEGACY else "devices"
    element = Element(f"{{{protocol.namespace}}}{name}")
    for number in range(1, 20_001):
        SubElement(element, f"{{{protocol.namespace}}}device", {"id": str(number)})
    found: list[DeviceList] = []
    assert (
        calls_of(lambda: found.append(parse_device_list(element, protocol))) < 2_000_000
    )
    assert [device.device_id for device in found[0].devices] == list(
        range(1, LISTED_DEVICES_MAX + 1)
    )


@pytest.mark.parametrize("one_account", [True, False])
@both_protocols
def test_case_36_twenty_thousand_keys(protocol: Protocol, one_account: bool) -> None:
    namespace = f"{{{protocol.namespace}}}"

    def message(count: int) -> Element:
        element = Element(f"{namespace}encrypted")
        header = SubElement(element, f"{namespace}header", {"sid": "1"})
        parent = header
        for number in range(1, count + 1):
            if protocol is OMEMO_2 and (number == 1 or not one_account):
                parent = SubElement(header, f"{namespace}keys", {"jid": f"{number}@a"})
            key = SubElement(parent, f"{namespace}key", {"rid": str(number)})
            key.text = b64(samples.EXCHANGE_2)
        return element

    element = message(KEYS_MAX)
    assert len(parse_encrypted(element).keys) == KEYS_MAX
    assert calls_of(lambda: parse_encrypted(element)) < 1_000_000
    element = message(20_000)

    def parse() -> None:
        with pytest.raises(MalformedStanza):
            parse_encrypted(element)

    assert calls_of(parse) < 1000


# 39, 40: the second parser

BOMB = (
    '<!DOCTYPE envelope [<!ENTITY a0 "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    + "]>"
)


@pytest.mark.parametrize(
    "front",
    [
        BOMB,
        "<!DOCTYPE envelope>",
        '<!DOCTYPE envelope SYSTEM "http://localhost:1/x.dtd">',
        '<!DOCTYPE envelope [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE envelope [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]>',
        '<!DOCTYPE envelope [<!ATTLIST from jid CDATA "mallory@localhost">]>',
        '<?xml-stylesheet href="http://localhost:1/"?>',
        "<!-- a comment -->",
    ],
)
def test_case_39_dtd_entities_instructions_comments(front: str) -> None:
    # Refused as such, before any entity is used
    with pytest.raises(MalformedStanza, match="forbids"):
        parse_envelope(front.encode() + samples.ENVELOPE_TRUST)


@pytest.mark.parametrize(
    "inside", ["&x;", "&a9;", "&nbsp;", "<?x?>", "<!-- x -->", "&#0;", "&#x1b;", "\x00"]
)
def test_case_39_within_the_text(inside: str) -> None:
    for front in ("", '<!DOCTYPE envelope [<!ENTITY x "y">]>'):
        data = front.encode() + samples.ENVELOPE_CONVERSE.replace(
            b"Hello", inside.encode()
        )
        with pytest.raises(MalformedStanza):
            parse_envelope(data)


def test_case_39_another_encoding_is_not_followed() -> None:
    front = b"<?xml version='1.0' encoding='UTF-7'?>"
    data = front + samples.ENVELOPE_CONVERSE.replace(b"Hello", b"+ADw-x/+AD4-")
    (body,) = parse_envelope(data).content
    assert "+ADw-x/+AD4-" in (body.text or "")
    assert len(body) == 0


def test_case_39_the_error_tells_nothing_of_the_text() -> None:
    data = samples.ENVELOPE_CONVERSE.replace(b"</content>", b"")
    with pytest.raises(MalformedStanza) as caught:
        parse_envelope(data)
    assert "Hello" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_case_40_ten_megabytes() -> None:
    data = samples.ENVELOPE_CONVERSE.replace(b"Hello", b"x" * 10_000_000)

    def parse() -> None:
        with pytest.raises(MalformedStanza):
            parse_envelope(data)

    assert calls_of(parse) < 1000


@pytest.mark.parametrize("levels", [30, 5000])
def test_case_40_many_levels(levels: int) -> None:
    deep = b'<x xmlns="urn:x">' + b"<x>" * levels + b"</x>" * levels + b"</x>"
    data = samples.ENVELOPE_STATE.replace(b"<content>", b"<content>" + deep)
    with pytest.raises(MalformedStanza):
        parse_envelope(data)


def test_case_40_many_elements_and_attributes() -> None:
    many = b'<x xmlns="urn:x"/>' * 50_000
    data = samples.ENVELOPE_STATE.replace(b"<content>", b"<content>" + many)
    with pytest.raises(MalformedStanza):
        parse_envelope(data)
    attributes = b" ".join(b'a%d=""' % n for n in range(90_000))
    wide = b'<x xmlns="urn:x" ' + attributes + b"/>"
    data = samples.ENVELOPE_STATE.replace(b"<content>", b"<content>" + wide)
    assert calls_of(lambda: parse_envelope(data)) < 2_000_000


def test_case_40_depth_of_an_encrypted_element() -> None:
    header = Element(f"{{{samples.LEGACY_NS}}}header", {"sid": "1"})
    element = Element(f"{{{samples.LEGACY_NS}}}encrypted")
    element.append(header)
    parent = header
    for _ in range(5000):
        parent = SubElement(parent, f"{{{samples.LEGACY_NS}}}header")
    with pytest.raises(MalformedStanza):
        parse_encrypted(element)
