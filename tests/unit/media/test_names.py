# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import unicodedata
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from omemo_plugin.media.names import alternatives
from omemo_plugin.media.names import name_from_url
from omemo_plugin.media.names import safe_name
from omemo_plugin.media.names import safe_path


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("photo.jpg", "photo.jpg"),
        ("tr%C3%A8s%20cool.jpg", "très cool.jpg"),
        ("a/b/photo.jpg?x=../y", "photo.jpg"),
        ("..%2f..%2fx", "x"),
        ("..%2F..%2F.bashrc", "bashrc"),
        ("..%5c..%5cx.txt", "x.txt"),
        ("%2e%2e", "file"),
        ("%2e%2e%2f", "file"),
        ("..%252f..%252fx", "%2f..%2fx"),
        ("photo%00.jpg", "photo.jpg"),
        ("photo.exe%00.jpg", "photo.exe.jpg"),
        ("photo%E2%80%AEgpj.exe", "photogpj.exe"),
        ("a%0Ab%09c.txt", "abc.txt"),
        ("%20%20x%20%20", "x"),
        ("x...", "x"),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("~", "file"),
        ("", "slot"),
        ("x.desktop", "x.desktop.txt"),
        ("x.DESKTOP", "x.DESKTOP.txt"),
        ("x.desktop%E2%80%8B", "x.desktop.txt"),
        ("x.desktop.", "x.desktop.txt"),
        ("x.lnk", "x.lnk.txt"),
        (".desktop", "desktop"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("a:b%3C%7C%3E.txt", "a_b___.txt"),
        ("%FF%FE.txt", "\ufffd\ufffd.txt"),
        ("re%CC%81sume%CC%81.pdf", "résumé.pdf"),
    ],
)
def test_case_43_names_out_of_addresses(path: str, name: str) -> None:
    assert name_from_url(f"https://upload.example.org/slot/{path}") == name


@pytest.mark.parametrize("url", ["", "https://[/x", "https://host", "#", "?", "\0"])
def test_case_43_an_address_without_a_name(url: str) -> None:
    assert name_from_url(url) == "file"


@pytest.mark.parametrize("letter", ["x", "ü", "語", "😺"])
def test_case_43_three_hundred_bytes(letter: str) -> None:
    name = safe_name(letter * 300 + ".jpg")
    assert name.endswith(f"{letter}.jpg")
    assert 120 < len(name.encode()) <= 143
    assert len(safe_name("x." + letter * 300).encode()) <= 143
    for other in islice(alternatives(name), 12):
        assert len(other.encode()) <= 143


def test_case_43_a_name_that_is_cut_is_still_safe() -> None:
    for length in range(100, 150):
        for end in (".desktop", " ", ".", " .", ".lnk"):
            name = safe_name("x" * length + end + "y" * 40)
            assert not name.endswith((".desktop", ".lnk", " ", "."))


def test_alternatives() -> None:
    assert list(islice(alternatives("a.jpg"), 3)) == ["a.jpg", "a (1).jpg", "a (2).jpg"]
    assert list(islice(alternatives("a"), 2)) == ["a", "a (1)"]
    assert len(set(islice(alternatives("x" * 143), 20))) == 20


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=400))
def test_case_43_any_name_is_one_visible_file(text: str) -> None:
    for name in (safe_name(text), name_from_url(f"https://host/{text}")):
        assert name
        assert name == name.strip()
        assert name[0] not in ".-~"
        assert name[-1] != "."
        assert Path(name).name == name
        assert len(name.encode()) <= 143
        assert not any(unicodedata.category(c).startswith("C") for c in name)
        assert not name.lower().endswith((".desktop", ".lnk"))


@pytest.mark.parametrize(
    "name", ["x.desktop", ".hidden", "a\u202egpj.exe", "a" * 300 + ".jpg", "a\0b.png"]
)
def test_case_43_a_bad_name_gives_way_to_one_of_the_link(name: str) -> None:
    folder = Path("/downloads")
    path = safe_path(folder / name, "aesgcm://a/b#c")
    assert path.parent == folder
    assert safe_name(path.name) == path.name
    assert path == safe_path(folder / name, "aesgcm://a/b#c")
    assert path != safe_path(folder / name, "aesgcm://a/b#d")


def test_a_good_name_stays() -> None:
    path = Path("/downloads/holiday_0123.jpg")
    assert safe_path(path, "aesgcm://a/b#c") == path
