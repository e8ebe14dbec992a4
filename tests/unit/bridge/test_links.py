# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The links that stand for files of XEP-0448 in Gajim's archive."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from pathlib import Path
from random import Random
from string import ascii_letters
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlparse
from xml.etree import ElementTree

import pytest

from omemo_plugin.bridge.files import links
from omemo_plugin.bridge.files import previews
from omemo_plugin.bridge.files.links import build_link
from omemo_plugin.bridge.files.links import is_link
from omemo_plugin.bridge.files.links import is_valid
from omemo_plugin.bridge.files.links import name_of
from omemo_plugin.bridge.files.links import parse_link
from omemo_plugin.bridge.files.log_filter import without_keys
from omemo_plugin.bridge.files.save import FileSaver
from omemo_plugin.media.uri import EncryptedFile
from omemo_plugin.media.uri import InvalidMediaUri
from omemo_plugin.media.uri import SharedFile
from omemo_plugin.stanza.file_sharing import parse_file_sharing
from tests.support.shared_files import file_sharing
from tests.support.shared_files import source

PLACE = "upload.example.org/slot/k3Zq"
OTHER = "https://mirror.example.org:8443/k3Zq?a=b"
PLAIN = b"attack at dawn"


def shared(name: str = "the plan.png", *urls: str) -> SharedFile:
    text = file_sharing(PLAIN, source(*(urls or (f"https://{PLACE}",))), name=name)
    return parse_file_sharing(ElementTree.fromstring(text))


def with_fragment(data: bytes) -> str:
    return with_packed(links._pack(data))


def with_packed(data: bytes) -> str:
    return f"aesgcm://{PLACE}#sfs.{urlsafe_b64encode(data).decode().rstrip('=')}"


@pytest.mark.parametrize("urls", [[], [OTHER], [OTHER, f"https://{PLACE}"]])
@pytest.mark.parametrize("click", [True, False])
def test_a_link_has_all_of_the_file(urls: list[str], *, click: bool) -> None:
    file = replace(shared("the plan.png", f"https://{PLACE}", *urls), needs_click=click)
    link = build_link(file)
    assert parse_link(link) == file
    assert is_link(link)
    assert is_valid(link)
    assert link.startswith(f"aesgcm://{PLACE}#sfs.")
    assert not any(character.isspace() for character in link)


def test_a_link_of_the_older_kind() -> None:
    link = f"aesgcm://{PLACE}#{'ab' * 44}"
    assert parse_link(link).sources[0].url == f"https://{PLACE}"
    assert name_of(link) == "k3Zq"


def test_the_last_addresses_are_left_out_of_a_link_that_would_be_too_long() -> None:
    # Random, so that they cannot be made shorter
    random = Random(1)
    far = [
        f"https://{number}.example.org/"
        + "".join(random.choices(ascii_letters, k=1900))
        for number in range(5)
    ]
    link = build_link(shared("the plan.png", *far))
    assert len(link) <= 8192
    kept = [one.url for one in parse_link(link).sources]
    assert kept == far[: len(kept)]
    assert 1 <= len(kept) < 5
    many = tuple(replace(one, hashes=()) for one in shared("a", *far).sources)
    path = "".join(random.choices(ascii_letters, k=8000))
    huge = replace(many[0], url=f"https://a.example.org/{path}")
    with pytest.raises(InvalidMediaUri):
        build_link(SharedFile((huge,)))


GOOD = file_sharing(PLAIN, source(f"https://{PLACE}")).encode()


@pytest.mark.parametrize(
    "link",
    [
        with_fragment(GOOD)[:-4],
        with_fragment(GOOD) + "=",
        with_fragment(GOOD) + "/",
        with_fragment(GOOD) + "\n",
        with_fragment(GOOD).replace("#sfs.", "#SFS."),
        with_fragment(GOOD).replace("#sfs.", "#"),
        with_fragment(GOOD).replace("aesgcm:", "AESGCM:"),
        with_fragment(GOOD).replace("aesgcm:", "https:"),
        with_fragment(GOOD).replace(PLACE, "other.example.org/f"),
        with_fragment(GOOD).replace("upload.", "UPLOAD."),
        with_fragment(b""),
        with_fragment(b"<a"),
        with_fragment(b"\xff"),
        with_fragment(b"<file-sharing xmlns='urn:xmpp:sfs:0'/>"),
        with_fragment(b"<!DOCTYPE a><a/>"),
        with_fragment(GOOD.replace(b"<size>14", b"<size>" + b"1" * 8000)),
        with_fragment(GOOD.replace(b"https://", b"http://")),
        with_packed(GOOD),
        with_packed(b""),
        with_packed(links._pack(GOOD) + b"x"),
        with_packed(links._pack(GOOD)[:-1]),
        # A kilobyte that would be a megabyte
        with_fragment(GOOD.replace(b"plan.txt", b"a" * (1 << 20))),
    ],
)
def test_case_41_75_anything_else_is_no_link(link: str) -> None:
    assert is_valid(with_fragment(GOOD))
    assert not is_valid(link)
    assert FileSaver.name_of(link) == ""
    with pytest.raises(InvalidMediaUri) as caught:
        parse_link(link)
    assert PLACE not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("the plan.png", "the plan.png"),
        ("../../.bashrc", "bashrc"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("a.desktop", "a.desktop.txt"),
        ("", "k3Zq"),
    ],
)
def test_case_43_a_name_is_made_safe(name: str, shown: str) -> None:
    link = build_link(shared(name))
    assert name_of(link) == shown
    assert FileSaver.name_of(link) == shown


def test_no_log_shows_the_key() -> None:
    link = build_link(shared())
    assert without_keys(f"got {link} now") == f"got aesgcm://{PLACE}#… now"


def test_gajim_is_given_the_name_for_a_path() -> None:
    """Of which it takes the kind of a file, too."""
    asked: list[Any] = []

    def before(_uri: str, parts: Any, *_others: Any) -> Any:
        asked.append(parts.path)
        return Path("/a/x.png"), Path("/b/x.png")

    link = build_link(shared())
    previews._Paths(before)(link, urlparse(link), 100, "/a", "/b")
    previews._Paths(before)("https://a/b.c", urlparse("https://a/b.c"), 100, "", "")
    assert asked == ["/the%20plan.png", "/b.c"]


def test_gajim_2_6_describes_a_file_by_its_name() -> None:
    from dataclasses import dataclass

    @dataclass
    class Data:
        uri: str
        file_name: str
        text: str

    asked: list[str] = []

    def before(uri: str, *_others: Any) -> Data:
        asked.append(uri)
        return Data(uri, "the plan.png", "Image (the plan.png)")

    link = build_link(shared())
    data: Any = previews._PreviewData(before)(link, SimpleNamespace())
    assert (data.uri, data.file_name) == (link, "the plan.png")
    assert data.text == "Image (the plan.png)"
    assert asked == ["aesgcm://localhost/the%20plan.png"]


def test_a_link_of_an_archive_is_read_by_later_versions() -> None:
    """Neither the element nor what it is compressed with may change its meaning."""
    link = (
        "aesgcm://upload.example.org/slot/k3Zq#sfs.ePmw1wdFzdNNT4MwAMbxD2QyqUDY"
        "xUN5KwsQUxaE9VZbOpRC6ygv-_YmxpjtuMOMH-A5_X_Pf2sIcOqHCZrG2m0Um908K06tZ7"
        "pqqEUhSrhbLIRIOk1Y_ea-8UALd728Os-geYdsZFvHrABXexGy7CCk9cFT-6T3pAQRvhal"
        "JR02ZjVXsoBzR1sXV_1xBWEUwAXH_pHtAqyyEFov4QqLqM3LuDjUyO8oWheetNsLggS99u"
        "Sp1bQ341vlziyJz8wuAB-409TaEwl4EE7gH1X-_IdcJy0V5Ztmpb2WzfdqlMo8djb5vJ3y"
        "Fzxx-Cc"
    )
    file = parse_link(link)
    assert file.name == "plan.txt"
    assert file.sources[0].url == f"https://{PLACE}"
    assert file.hashes == shared().hashes


def test_gajim_reports_no_error_for_a_file() -> None:
    def before(fragment: str) -> tuple[bytes, bytes]:
        raise ValueError(fragment)

    fragment = previews._Fragment(before)
    assert fragment(build_link(shared()).partition("#")[2]) == (b"", b"")
    with pytest.raises(ValueError, match="x"):
        fragment("x")


def test_a_place_is_compared_to_the_letter() -> None:
    file = SharedFile((EncryptedFile("https://a.example.org/f", b"i" * 12, b"k" * 32),))
    assert parse_link(build_link(file)) == file
