# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from omemo_plugin.media.uri import EncryptedFile
from omemo_plugin.media.uri import InvalidMediaUri
from omemo_plugin.media.uri import build_media_uri
from omemo_plugin.media.uri import parse_media_body
from omemo_plugin.media.uri import parse_media_uri

# XEP-0454, "The AESGCM URI scheme"
IV = "8c3d050e9386ec173861778f"
KEY = "68e9af38a97aaf82faa4063b4d0878a61261534410c8a84331eaac851759f587"
PLACE = (
    "download.montague.tld/4a771ac1-f0b2-4a4a-9700-f2a26fa2bb67/tr%C3%A8s%20cool.jpg"
)
URI = f"aesgcm://{PLACE}#{IV}{KEY}"
FILE = EncryptedFile(f"https://{PLACE}", bytes.fromhex(IV), bytes.fromhex(KEY))

JPEG = b"\xff\xd8\xff\xe0" + b"x" * 100


def test_the_example_of_the_xep() -> None:
    assert parse_media_uri(URI) == FILE
    assert build_media_uri(FILE.url, FILE.iv, FILE.key) == URI


def test_the_longer_iv_of_older_clients_and_upper_case() -> None:
    text = f"aesgcm://{PLACE}#{'AB' * 16}{KEY.upper()}"
    found = parse_media_uri(text)
    assert found.iv == b"\xab" * 16
    assert found.key == FILE.key
    assert build_media_uri(found.url, found.iv, found.key) == text.replace(
        text[text.index("#") :], text[text.index("#") :].lower()
    )


def test_case_41_the_key_is_neither_in_the_address_nor_shown() -> None:
    assert "#" not in FILE.url
    assert KEY not in FILE.url
    for shown in (repr(FILE), str(FILE)):
        assert KEY not in shown
        assert repr(FILE.key) not in shown
        assert repr(FILE.iv) not in shown


@pytest.mark.parametrize(
    "place",
    [
        "upload.example.org:5281/file",
        "upload.example.org:443/a/b/c.tar.gz",
        "upload.example.org/",
        "upload.example.org/x?token=a%20b&v=2",
        "localhost/x",
        "under_score.lan/x",
        "xn--bcher-kva.example/x",
        "192.0.2.1/x",
        "[2001:db8::1]/x",
        "[2001:db8::1]:5281/x",
        "abcdefghij234567.onion/x",
    ],
)
def test_places(place: str) -> None:
    found = parse_media_uri(f"aesgcm://{place}#{IV}{KEY}")
    assert found.url == f"https://{place}"
    assert build_media_uri(found.url, found.iv, found.key) == (
        f"aesgcm://{place}#{IV}{KEY}"
    )


@pytest.mark.parametrize(
    "place",
    [
        "",
        "/x",
        ":443/x",
        "host",
        "user@host/x",
        "user:pw@host/x",
        "user%40host/x",
        "host@/x",
        "ho st/x",
        "host/a b",
        "host/a\tb",
        "host/a\nb",
        "host/a\\b",
        "host/<a>",
        "host/%",
        "host/%4",
        "host/%zz",
        'host/a"b',
        "host/ä",
        "hóst/x",
        "host:80/x",
        "host:0/x",
        "host:65536/x",
        "host:99999/x",
        "host:/x",
        "host:+1/x",
        "host:４４３/x",
        "host:443:443/x",
        "[::1/x",
        "::1/x",
        "[]/x",
        "[::g]/x",
        "[1.2.3.4]/x",
        "[1:2:3:4:5:6:7:8:9]/x",
        "[fe80::1%25eth0]/x",
        "host..tld/x",
        ".host/x",
        "-host/x",
        "host-/x",
        f"{'h' * 64}/x",
        f"host/{'x' * 9000}",
        "host?x",
        "host/x\u202egpj.exe",
    ],
)
def test_case_41_invalid_addresses_of_files(place: str) -> None:
    with pytest.raises(InvalidMediaUri):
        parse_media_uri(f"aesgcm://{place}#{IV}{KEY}")
    with pytest.raises(InvalidMediaUri):
        build_media_uri(f"https://{place}", FILE.iv, FILE.key)


@pytest.mark.parametrize('scheme', ['AESGCM://', 'Aesgcm://', 'aesgcm:', 'aesgcm:/',
    'https://', 'http://', 'xaesgcm://', ' aesgcm://', 'aesgcm:///', ''])  # fmt: skip
def test_case_41_another_scheme(scheme: str) -> None:
    with pytest.raises(InvalidMediaUri):
        parse_media_uri(f"{scheme}{PLACE}#{IV}{KEY}")


@pytest.mark.parametrize("count", [0, 1, 12, 32, 43, 45, 46, 47, 49, 64, 4096])
def test_case_41_a_key_of_a_wrong_length(count: int) -> None:
    with pytest.raises(InvalidMediaUri):
        parse_media_uri(f"aesgcm://{PLACE}#{'ab' * count}")
    for odd in ("a", "abc"):
        with pytest.raises(InvalidMediaUri):
            parse_media_uri(f"aesgcm://{PLACE}#{'ab' * count}{odd}")


@pytest.mark.parametrize(
    "fragment",
    [
        f"{IV}{KEY[:-1]}g",
        f"{IV}{KEY[:-1]}１",
        f"{IV}{KEY[:-2]} f",
        f"{IV}{KEY[:-2]}%6",
        f"{IV}#{KEY[1:]}",
        f"{IV}{KEY}\n",
        f" {IV}{KEY}",
        f"0x{IV}{KEY[2:]}",
    ],
)
def test_case_41_invalid_keys_of_files(fragment: str) -> None:
    with pytest.raises(InvalidMediaUri) as caught:
        parse_media_uri(f"aesgcm://{PLACE}#{fragment}")
    assert KEY[:-2] not in str(caught.value)
    assert caught.value.__cause__ is None


def test_case_41_without_a_key() -> None:
    for text in (f"aesgcm://{PLACE}", f"aesgcm://{PLACE}#"):
        with pytest.raises(InvalidMediaUri):
            parse_media_uri(text)


def test_only_https_is_converted() -> None:
    for url in (f"http://{PLACE}", f"HTTPS://{PLACE}", PLACE, f"https://{PLACE}#x", ""):
        with pytest.raises(InvalidMediaUri):
            build_media_uri(url, FILE.iv, FILE.key)
    for iv, key in ((FILE.iv[1:], FILE.key), (FILE.iv, FILE.key[1:]), (b"", b"")):
        with pytest.raises(InvalidMediaUri):
            build_media_uri(FILE.url, iv, key)


# The text of a message


@pytest.mark.parametrize("front", ["data:image/jpeg,", "data:image/jpeg;base64,"])
def test_a_thumbnail(front: str) -> None:
    text = f"{URI}\n{front}{b64encode(JPEG).decode()}"
    assert parse_media_body(text) == (FILE, JPEG)
    assert parse_media_body(URI) == (FILE, None)


@pytest.mark.parametrize(
    "rest",
    [
        "\n",
        " ",
        "\nlook at this",
        "\ndata:image/jpeg,",
        "\ndata:image/png," + b64encode(JPEG).decode(),
        "\ndata:text/html," + b64encode(JPEG).decode(),
        "\ndata:image/jpeg," + b64encode(b"<svg>").decode(),
        "\ndata:image/jpeg," + b64encode(JPEG).decode()[:-1],
        "\ndata:image/jpeg," + b64encode(JPEG).decode() + "\n",
        "\ndata:image/jpeg," + b64encode(JPEG * 1000).decode(),
        "\r\ndata:image/jpeg," + b64encode(JPEG).decode(),
        f"\n{URI}",
        f" {URI}",
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_a_link_with_anything_beside_it_is_no_file(rest: str) -> None:
    with pytest.raises(InvalidMediaUri):
        parse_media_body(URI + rest)
    with pytest.raises(InvalidMediaUri):
        parse_media_body(f"look: {URI}")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=50), st.text(max_size=100))
def test_arbitrary_text(place: str, fragment: str) -> None:
    for text in (place, f"aesgcm://{place}#{IV}{KEY}", f"aesgcm://{place}#{fragment}"):
        with suppress(InvalidMediaUri):
            parse_media_body(text)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 200),
            st.integers(0, 9),
            st.text("0aAgG%:/?#@[]. \n\\<&\u202e", max_size=6),
        ),
        max_size=4,
    ),
)
def test_mutated_uris(changes: list[tuple[int, int, str]]) -> None:
    text = URI
    for start, length, new in changes:
        text = text[:start] + new + text[start + length :]
    with suppress(InvalidMediaUri):
        found = parse_media_uri(text)
        assert found.url.startswith("https://")
        assert "#" not in found.url
        assert parse_media_uri(build_media_uri(found.url, found.iv, found.key)) == found
