# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The help that ships with the plugin: it can be shown, and leads nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from omemo_plugin.ui.presenters.help_page import HelpPage
from omemo_plugin.ui.presenters.help_pages import FOLDER
from omemo_plugin.ui.presenters.help_pages import Piece
from omemo_plugin.ui.presenters.help_pages import PieceKind
from omemo_plugin.ui.presenters.help_pages import anchor
from omemo_plugin.ui.presenters.help_pages import pieces
from omemo_plugin.ui.presenters.help_pages import read
from omemo_plugin.ui.presenters.help_pages import target_of

each_page = pytest.mark.parametrize("page", HelpPage)


def links(page: HelpPage) -> Iterator[str]:
    for piece in read(page):
        if piece.link:
            yield piece.link
        if piece.kind not in (PieceKind.HEADING, PieceKind.PICTURE):
            for text in (piece.text, piece.mark):
                # It is markup that Pango reads
                for one in ElementTree.fromstring(f"<p>{text}</p>").iter("a"):
                    yield one.attrib["href"]


def headings(page: HelpPage) -> list[str]:
    return [anchor(one.text) for one in read(page) if one.kind is PieceKind.HEADING]


@each_page
def test_a_page_begins_with_its_title(page: HelpPage) -> None:
    first, *rest = read(page)
    assert first.kind is PieceKind.HEADING
    assert first.level == 1
    assert rest
    assert not [one for one in rest if one.level == 1]


@each_page
def test_links_lead_to_what_is_there(page: HelpPage) -> None:
    """Nothing is fetched from a network: there is no other link."""
    for link in links(page):
        target = target_of(link)
        assert target is not None, link
        assert not target.heading or target.heading in headings(target.page)


@each_page
def test_pictures_are_there_and_have_words(page: HelpPage) -> None:
    for piece in read(page):
        if piece.kind is PieceKind.PICTURE:
            assert piece.path is not None
            assert piece.path.is_file()
            assert piece.text


@each_page
def test_nothing_of_the_notation_is_left(page: HelpPage) -> None:
    for piece in read(page):
        for text in (piece.text, piece.mark):
            assert not re.search(r"\*|`|\]\(|^\||^#", text), text


def test_every_page_can_be_found_and_every_file_is_used() -> None:
    listed = {target_of(link) for link in links(HelpPage.CONTENTS)}
    pages = {target.page for target in listed if target is not None}
    assert pages == set(HelpPage) - {HelpPage.CONTENTS}
    assert {path.stem for path in FOLDER.glob("*.md")} == {
        one.value for one in pages
    } | {HelpPage.CONTENTS.value}
    used = {one.path for page in HelpPage for one in read(page) if one.path is not None}
    assert used == set((FOLDER / "images").iterdir())


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        (HelpPage.FIRST_STEPS, "settings"),
        (HelpPage.TROUBLE, "nothing-can-be-encrypted"),
    ],
)
def test_headings_that_buttons_lead_to(page: HelpPage, heading: str) -> None:
    assert heading in headings(page)


def test_what_a_page_can_have() -> None:
    text = """<!--
# no heading
-->
# Title

A **bold** and *italic* `a<b` & [link](reading.md#shields).

- one
- [Page](reading.md): what it *is*
1. first

| Column | Other |
|---|---|
| *a* | b |

![words](images/x.png)
"""
    assert list(pieces(text)) == [
        Piece(PieceKind.HEADING, "Title", level=1),
        Piece(
            PieceKind.TEXT,
            "A <b>bold</b> and <i>italic</i> <tt>a&lt;b</tt> &amp; "
            '<a href="reading.md#shields">link</a>.',
        ),
        Piece(PieceKind.ITEM, "one", mark="•"),
        Piece(PieceKind.ENTRY, "what it <i>is</i>", mark="Page", link="reading.md"),
        Piece(PieceKind.ITEM, "first", mark="1."),
        Piece(PieceKind.LINE, "b", mark="<i>a</i>"),
        Piece(PieceKind.PICTURE, "words", path=FOLDER / "images/x.png"),
    ]


@pytest.mark.parametrize("link", ["https://example.org", "file:///etc", "other.md", ""])
def test_no_link_leads_out(link: str) -> None:
    assert target_of(link) is None
