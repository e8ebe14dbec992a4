# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The help that ships with the plugin: pages in a small part of Markdown, as pieces
that a window can show one below the other.

A page may have headings, paragraphs, lists, tables of two columns and pictures;
and in a text **bold**, *italic*, `code`, and links to other pages. A line that
begins with a comment's mark is skipped up to the end of the comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from pathlib import Path

from .help_page import HelpPage

FOLDER = Path(__file__).parents[2] / "help"

_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_ITALIC = re.compile(r"\*([^*]+)\*")
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[([^]]+)\]\(([^)]+)\)")
_PICTURE = re.compile(r"!\[([^]]*)\]\(([^)]+)\)")
_HEADING = re.compile(r"(#{1,3}) (.+)")
_ITEM = re.compile(r"(-|\d+\.) (.+)")
_ENTRY = re.compile(r"- \[([^]]+)\]\(([^)]+)\): (.+)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_RULER = re.compile(r"\|[-| ]+\|")


class PieceKind(Enum):
    """What a piece of a page is."""

    HEADING = "heading"
    TEXT = "text"
    ITEM = "item"
    LINE = "line"
    PICTURE = "picture"
    ENTRY = "entry"


@dataclass(frozen=True)
class Piece:
    """
    A piece of a page.

    Attributes:
        text: in Pango's markup. Of a heading and a picture, plain.
        mark: of an item, what stands before it; of a line of a table, its first
            column, in Pango's markup; of an entry of a list of pages, the plain
            name of the page.
        level: of a heading, 1 for that of the page.
        path: of a picture.
        link: of an entry, where it leads.
    """

    kind: PieceKind
    text: str
    mark: str = ""
    level: int = 0
    path: Path | None = None
    link: str = ""


@dataclass(frozen=True)
class Target:
    """Where a link leads: to a page, or to a heading of it."""

    page: HelpPage
    heading: str = ""


def read(page: HelpPage) -> tuple[Piece, ...]:
    """
    The pieces of a page.

    Raises:
        OSError: the file is not there.
    """
    text = (FOLDER / f"{page.value}.md").read_text(encoding="utf-8")
    return tuple(pieces(text))


def pieces(text: str) -> Iterator[Piece]:
    """The pieces of a page's text."""
    lines = _COMMENT.sub("", text).splitlines()
    for is_table, group in groupby(lines, lambda line: line.startswith("|")):
        block = list(group)
        if is_table:
            yield from _table(block)
        else:
            yield from _paragraphs(block)


def _table(lines: list[str]) -> Iterator[Piece]:
    rows = [line for line in lines if not _RULER.fullmatch(line)]
    # The first one says what the columns are
    for row in rows[1:]:
        first, second = (cell.strip() for cell in row.strip("|").split("|"))
        yield Piece(PieceKind.LINE, markup(second), mark=markup(first))


def _paragraphs(lines: list[str]) -> Iterator[Piece]:
    for line in (one.strip() for one in lines):
        if not line:
            continue
        if found := _HEADING.fullmatch(line):
            yield Piece(PieceKind.HEADING, found[2], level=len(found[1]))
        elif found := _PICTURE.fullmatch(line):
            yield Piece(PieceKind.PICTURE, found[1], path=FOLDER / found[2])
        elif found := _ENTRY.fullmatch(line):
            text = markup(found[3])
            yield Piece(PieceKind.ENTRY, text, mark=found[1], link=found[2])
        elif found := _ITEM.fullmatch(line):
            mark = "•" if found[1] == "-" else found[1]
            yield Piece(PieceKind.ITEM, markup(found[2]), mark=mark)
        else:
            yield Piece(PieceKind.TEXT, markup(line))


def markup(text: str) -> str:
    """A text of a page in Pango's markup."""
    made = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    made = _LINK.sub(r'<a href="\2">\1</a>', made)
    made = _CODE.sub(r"<tt>\1</tt>", made)
    made = _BOLD.sub(r"<b>\1</b>", made)
    return _ITALIC.sub(r"<i>\1</i>", made)


def target_of(link: str) -> Target | None:
    """Where a link of a page leads; None for one that leads out of the help."""
    name, _sharp, heading = link.partition("#")
    try:
        return Target(HelpPage(name.removesuffix(".md")), heading)
    except ValueError:
        return None


def anchor(heading: str) -> str:
    """How links name a heading."""
    return re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-"))
