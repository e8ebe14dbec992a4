# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files in the form that QXmpp sends, and malformed ones."""

from __future__ import annotations

import hashlib
from xml.etree import ElementTree

import pytest

from omemo_plugin.engine.errors import MalformedStanza
from omemo_plugin.media.cipher import FileCipher
from omemo_plugin.media.hashes import FileHash
from omemo_plugin.media.uri import EncryptedFile
from omemo_plugin.media.uri import SharedFile
from omemo_plugin.stanza.file_sharing import build_file_sharing
from omemo_plugin.stanza.file_sharing import parse_file_sharing
from omemo_plugin.stanza.file_sharing import urls_of
from omemo_plugin.stanza.writer import write_element
from tests.support.shared_files import CBC_256
from tests.support.shared_files import CBC_IV
from tests.support.shared_files import GCM_128
from tests.support.shared_files import GCM_256
from tests.support.shared_files import GCM_IV
from tests.support.shared_files import KEY
from tests.support.shared_files import base64
from tests.support.shared_files import file_sharing
from tests.support.shared_files import hash_of
from tests.support.shared_files import source

PLAIN = b"attack at dawn"
URL = "https://upload.example.org/slot/k3Zq"
OTHER_URL = "https://mirror.example.org/k3Zq"


def parse(text: str) -> SharedFile:
    return parse_file_sharing(ElementTree.fromstring(text))


def test_what_qxmpp_sends() -> None:
    """
    Its default cipher is AES-256-CBC, with an IV of 32 bytes, and the only hashes are
    those of the file itself.
    """
    file = parse(
        '<file-sharing xmlns="urn:xmpp:sfs:0" disposition="inline">'
        '<file xmlns="urn:xmpp:file:metadata:0"><date>2026-11-20T10:00:00Z</date>'
        '<hash xmlns="urn:xmpp:hashes:2" algo="sha-256">'
        "1QKBDHGusX5eocv5MLRrh7tkWnXfRfUAIw0GGZKuuQo=</hash>"
        "<media-type>text/plain</media-type><name>plan.txt</name><size>14</size>"
        "</file><sources>"
        '<encrypted xmlns="urn:xmpp:esfs:0" '
        'cipher="urn:xmpp:ciphers:aes-256-cbc-pkcs7:0">'
        "<key>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=</key>"
        "<iv>ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM=</iv>"
        '<sources xmlns="urn:xmpp:sfs:0">'
        '<url-data xmlns="http://jabber.org/protocol/url-data" '
        f'target="{URL}"/></sources></encrypted></sources></file-sharing>'
    )
    digest = bytes.fromhex(
        "d502810c71aeb17e5ea1cbf930b46b87bb645a75df45f500230d061992aeb90a"
    )
    assert file == SharedFile(
        (EncryptedFile(URL, CBC_IV, KEY, FileCipher.AES_256_CBC),),
        "plan.txt",
        14,
        (FileHash("sha-256", digest),),
    )


@pytest.mark.parametrize("cipher", [CBC_256, GCM_256, GCM_128])
def test_each_cipher(cipher: str) -> None:
    file = parse(file_sharing(PLAIN, source(URL, cipher=cipher)))
    (found,) = file.sources
    assert found.cipher.value == cipher
    assert len(found.key) == found.cipher.key_length
    assert found.url == URL
    assert [one.algorithm for one in file.hashes] == ["sha-256", "sha3-256"]
    assert file.hashes[0].digest == hashlib.sha256(PLAIN).digest()


def test_several_sources_keep_their_order() -> None:
    file = parse(
        file_sharing(
            PLAIN,
            source(URL, OTHER_URL),
            source("https://third.example.org/f", cipher=GCM_256),
        )
    )
    assert [(one.url, one.cipher.value) for one in file.sources] == [
        (URL, CBC_256),
        (OTHER_URL, CBC_256),
        ("https://third.example.org/f", GCM_256),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        source(URL, cipher="urn:xmpp:ciphers:rot13:0"),
        source("http://upload.example.org/f"),
        source("aesgcm://upload.example.org/f"),
        source("https://user@upload.example.org/f"),
        source("https://upload.example.org/f#fragment"),
        source("https://upload.example.org/" + "f" * 2048),
        source(URL).replace("<key>", "<key>AAAA"),
        source(URL).replace("<iv>", "<iv>AAAA"),
        source(URL).replace("<iv>", "<iv>AAAA</iv><iv>"),
        source(URL).replace("<key>", "<key>AAAA</key><key>"),
        source(URL).replace("<key>", "<secret>").replace("</key>", "</secret>"),
        source(URL).replace("sfs:0", "sfs:1"),
        source(URL, hashes=hash_of(PLAIN).replace("=<", "<")),
        source(URL, hashes=hash_of(PLAIN) + hash_of(b"other")),
        source(URL, hashes=hash_of(PLAIN) * 17),
        source(),
        f'<url-data xmlns="http://jabber.org/protocol/url-data" target="{URL}"/>',
        '<jinglepub xmlns="urn:xmpp:jinglepub:1" from="a@b/c" id="1"/>',
    ],
)
def test_case_75_a_bad_source_costs_that_source(bad: str) -> None:
    file = parse(file_sharing(PLAIN, bad, source(OTHER_URL)))
    assert [one.url for one in file.sources] == [OTHER_URL]
    with pytest.raises(MalformedStanza):
        parse(file_sharing(PLAIN, bad))


@pytest.mark.parametrize(
    "hashes",
    [
        "",
        '<hash xmlns="urn:xmpp:hashes:2" algo="md5">1B2M2Y8AsgTpgAmY7PhCfg==</hash>',
        '<hash xmlns="urn:xmpp:hashes:2" algo="sha-1">'
        "2jmj7l5rSw0yVb/vlWAYkK/YBwk=</hash>",
        '<hash xmlns="urn:xmpp:hashes:2">AAAA</hash>',
        hash_of(PLAIN).replace("urn:xmpp:hashes:2", "urn:xmpp:hashes:1"),
    ],
)
def test_case_75_a_cipher_that_proves_nothing_needs_a_strong_hash(hashes: str) -> None:
    with pytest.raises(MalformedStanza):
        parse(file_sharing(PLAIN, source(URL), hashes=hashes))
    text = file_sharing(PLAIN, source(URL), source(URL, cipher=GCM_256), hashes=hashes)
    file = parse(text)
    assert [one.cipher for one in file.sources] == [FileCipher.AES_256_GCM]
    assert file.hashes == ()


GOOD = file_sharing(PLAIN, source(URL))


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("<size>14", "<size>-1"),
        GOOD.replace("<size>14", "<size>014"),
        GOOD.replace("<size>14", "<size>99999999999999999999"),
        GOOD.replace("<size>14", f"<size>{1 << 63}"),
        GOOD.replace("<size>14", "<size>14</size><size>15"),
        GOOD.replace("<name>", "<name>other</name><name>"),
        GOOD.replace(hash_of(PLAIN), hash_of(PLAIN) + hash_of(b"other")),
        GOOD.replace(hash_of(PLAIN), hash_of(PLAIN).replace(">", ">A", 1)),
        GOOD.replace(hash_of(PLAIN), hash_of(PLAIN) * 17),
        GOOD.replace('"sha-256"', '"sha-512"'),
        GOOD.replace("</file-sharing>", "<sources/></file-sharing>"),
        GOOD.replace(
            "<sources>", '<file xmlns="urn:xmpp:file:metadata:0"/><sources>', 1
        ),
        GOOD.replace("urn:xmpp:file:metadata:0", "urn:xmpp:file:metadata:1"),
        GOOD.replace("urn:xmpp:sfs:0", "urn:xmpp:sfs:1"),
    ],
)
def test_case_75_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    assert parse(GOOD)
    with pytest.raises(MalformedStanza):
        parse(text)


def test_case_75_more_sources_than_there_may_be() -> None:
    many = [source(*[f"{URL}{a}{b}" for b in range(9)]) for a in range(300)]
    file = parse(file_sharing(PLAIN, *many))
    assert [one.url for one in file.sources] == [f"{URL}0{b}" for b in range(5)]
    assert len(parse(file_sharing(PLAIN, source(URL), name="n" * 9999)).name) == 255


def test_a_largest_size_and_none() -> None:
    largest = parse(GOOD.replace("<size>14", f"<size>{(1 << 63) - 1}"))
    assert largest.size == (1 << 63) - 1
    without = parse(GOOD.replace("<size>14</size>", "").replace("plan.txt", ""))
    assert (without.size, without.name) == (None, "")


def test_an_attachment_waits_for_a_click() -> None:
    assert not parse(GOOD).needs_click
    assert parse(GOOD.replace("inline", "attachment")).needs_click
    assert not parse(GOOD.replace(' disposition="inline"', "")).needs_click


def test_white_space_in_base64() -> None:
    key = base64(KEY)
    folded = f"\n  {key[:20]}\n  {key[20:]}\n"
    assert parse(GOOD.replace(key, folded)).sources[0].key == KEY


def test_what_is_written_is_read() -> None:
    file = SharedFile(
        (
            EncryptedFile(URL, GCM_IV, KEY, hashes=(FileHash("sha-256", b"e" * 32),)),
            EncryptedFile(OTHER_URL, CBC_IV, KEY, FileCipher.AES_256_CBC),
        ),
        'a <plan> & "more".txt',
        14,
        (FileHash("sha-256", b"d" * 32),),
        needs_click=True,
    )
    written = write_element(build_file_sharing(file, "text/plain"))
    assert parse(written.decode()) == file
    least = SharedFile((EncryptedFile(URL, GCM_IV, KEY),))
    written = write_element(build_file_sharing(least))
    assert parse(written.decode()) == least
    assert b"media-type" not in written


def test_the_bytes_that_are_sent() -> None:
    """In the order of QXmpp's own, and every namespace where QXmpp writes it."""
    file = SharedFile(
        (EncryptedFile(URL, GCM_IV, KEY),),
        "plan.txt",
        14,
        (FileHash("sha-256", hashlib.sha256(PLAIN).digest()),),
    )
    written = write_element(build_file_sharing(file, "text/plain")).decode()
    assert written == (
        '<file-sharing xmlns="urn:xmpp:sfs:0" disposition="inline">'
        f'<file xmlns="urn:xmpp:file:metadata:0">{hash_of(PLAIN)}'
        "<media-type>text/plain</media-type><name>plan.txt</name><size>14</size>"
        f"</file><sources>{source(URL, cipher=GCM_256)}</sources></file-sharing>"
    )


def test_all_addresses() -> None:
    plain = (
        '<url-data xmlns="http://jabber.org/protocol/url-data" '
        'target="https://plain.example.org/f"/>'
    )
    element = ElementTree.fromstring(file_sharing(PLAIN, plain, source(URL, OTHER_URL)))
    ElementTree.SubElement(element, "reference", {"target": "https://other.org/"})
    assert urls_of(element) == {"https://plain.example.org/f", URL, OTHER_URL}


def test_no_key_in_what_a_log_could_show() -> None:
    file = parse(GOOD)
    assert "plan.txt" not in repr(file)
    assert repr(KEY) not in repr(file)
