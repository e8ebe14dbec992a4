# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words on screen can be translated, and keep to the glossary."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PLUGIN = Path(__file__).parents[3] / "omemo_plugin"

# Where it is said what common names in texts stand for
EXPLANATION = PLUGIN / "i18n.py"

# Digits of a fingerprint are no words
NO_LIST = {"verify/fingerprint.py"}

PLACEHOLDER = re.compile(r"{([^{}]*)}")
COUNTS = frozenset({"count", "number"})

# Words of the field that a reader would have to look up, and what to say instead
AVOIDED = {
    "bundle": "keys",
    "client": "app",
    "decrypt": "open",
    "distrust": "refuse",
    "identity key": "key",
    "in clear": "not encrypted",
    "mismatch": "different key",
    "muc": "group chat",
    "plaintext": "not encrypted",
    "prekey": "key",
    "presented another": "shows a different",
    "ratchet": "keys",
    "room": "group chat",
    "session": "common keys",
    "trust": "refuse, or verify",
}


class Words(NamedTuple):
    """A text that is translated. `plural` is None for one without a number."""

    where: str
    text: str
    plural: str | None


def calls(path: Path) -> Iterator[Words]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id not in ("_", "ngettext"):
            continue
        where = f"{path.relative_to(PLUGIN)}:{node.lineno}"
        texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
        wanted = 2 if node.func.id == "ngettext" else 1
        assert len(texts) >= wanted, f"{where}: a text is put together"
        plural = str(texts[1]) if wanted == 2 else None
        yield Words(where, str(texts[0]), plural)


ALL = [words for path in sorted(PLUGIN.rglob("*.py")) for words in calls(path)]
PLURALS = [words for words in ALL if words.plural is not None]


def placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def test_there_are_words() -> None:
    assert len(ALL) > 200
    assert len(PLURALS) > 20


@pytest.mark.parametrize("words", ALL, ids=lambda words: words.where)
def test_a_text_stands_alone(words: Words) -> None:
    """Sentences are put side by side; parts of sentences never are."""
    for text in filter(None, (words.text, words.plural)):
        assert text == text.strip(), "the beginning or the end of a sentence"
        assert all(name.isidentifier() for name in placeholders(text)), "not named"
        assert not re.search("%[sd]", text)


@pytest.mark.parametrize("words", PLURALS, ids=lambda words: words.where)
def test_a_plural_has_one_number(words: Words) -> None:
    assert words.plural is not None
    one, several = placeholders(words.text), placeholders(words.plural)
    assert len(several & COUNTS) == 1
    assert one - COUNTS == several - COUNTS


@pytest.mark.parametrize("words", ALL, ids=lambda words: words.where)
def test_the_glossary_is_kept(words: Words) -> None:
    said = PLACEHOLDER.sub("", f"{words.text} {words.plural or ''}").lower()
    met = [word for word in AVOIDED if re.search(rf"\b{word}", said)]
    assert not met, f"say {[AVOIDED[word] for word in met]}"


def explained() -> set[str]:
    """The names in texts that translators are told of once."""
    text = ast.get_docstring(ast.parse(EXPLANATION.read_text(encoding="utf-8")))
    lines = [line for line in (text or "").splitlines() if line.startswith("- ")]
    return set(PLACEHOLDER.findall(" ".join(lines)))


@pytest.mark.parametrize("words", ALL, ids=lambda words: words.where)
def test_translators_are_told_what_stands_in_a_text(words: Words) -> None:
    unknown = placeholders(words.text) - explained()
    if not unknown:
        return
    name, _colon, number = words.where.partition(":")
    lines = (PLUGIN / name).read_text(encoding="utf-8").splitlines()
    above = lines[max(0, int(number) - 5) : int(number)]
    assert any("# Translators:" in line for line in above), unknown


def test_what_is_explained_is_used() -> None:
    assert explained() <= {name for words in ALL for name in placeholders(words.text)}


def joins(path: Path) -> Iterator[int]:
    """The lines in which texts are put together with a comma or a word."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "join"
            and isinstance(node.value, ast.Constant)
            and re.search("[,;] | [a-z]+ ", str(node.value.value))
        ):
            yield node.lineno


def test_lists_are_made_in_one_place() -> None:
    """Each language has its own way; `listed` can be translated."""
    found = [
        f"{name}:{line}"
        for path in sorted(PLUGIN.rglob("*.py"))
        if (name := str(path.relative_to(PLUGIN))) not in NO_LIST
        for line in joins(path)
    ]
    assert not found


def glued(path: Path) -> Iterator[int]:
    """The lines in which a translated text is continued without a space."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            sides = [one for one in (node.left, node.right) if is_translated(one)]
            other = [one for one in (node.left, node.right) if one not in sides]
            if len(sides) == 2 or any(
                isinstance(one, ast.Constant) and str(one.value).strip()
                for one in other
                if sides
            ):
                yield node.lineno


def is_translated(node: ast.expr) -> bool:
    """Whether this is a call of `_`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("_", "ngettext")
    )


def test_no_sentence_is_put_together() -> None:
    found = [
        f"{path.relative_to(PLUGIN)}:{line}"
        for path in sorted(PLUGIN.rglob("*.py"))
        for line in glued(path)
    ]
    assert not found
