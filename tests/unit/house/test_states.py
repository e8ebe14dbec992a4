# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/states.md: each state has words of the plugin and a test that leads to it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).parents[3]
TABLE = REPOSITORY / "docs" / "states.md"

LINE = re.compile(r"\| (?P<state>[^|]+) \| (?P<words>[^|]+) \| `(?P<test>[\w:]+)` \|")

STATES = [
    *(f"T{number}" for number in range(1, 18)),
    "T11b",
    *(f"B{number}" for number in range(1, 5)),
    *(f"W{number}" for number in range(1, 8)),
    *(f"E{number}" for number in range(1, 10)),
    # What follows from an answer
    "E1, checked",
    "E4, all verified",
    # Received messages
    "not opened",
    "not opened, several",
    "not opened, for others",
    "not opened, lost keys",
    "not opened, repaired",
    "not opened, own text",
    "not opened, own text in a chat",
    "not opened, no keys",
    "not opened, unknown sender",
    "not opened, a bug",
    "not opened, damaged",
    "not opened, not valid",
    "not opened, key gone",
    "not opened, too many missing",
    "not opened, another key",
    "not opened, started anew",
    "not decided",
    "refused",
    # How a check can end
    "all match",
    "some devices not in the code",
    "not met yet",
    "another key",
    "code of somebody else",
    "own code",
    "no keys",
    "unreadable",
    "something differs",
]


class State(NamedTuple):
    """A line of the table."""

    name: str
    words: str
    test: str


def table() -> list[State]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    found = [LINE.fullmatch(line) for line in lines]
    return [State(*match.groups()) for match in found if match]


@cache
def texts(path: Path) -> tuple[str, ...]:
    """The texts in a source file, with … for what is put into them."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = [
                str(one.value) if isinstance(one, ast.Constant) else "…"
                for one in node.values
            ]
            found.append("".join(parts))
    return tuple(found)


def say(words: str, paths: list[Path]) -> bool:
    pattern = re.compile(".+?".join(map(re.escape, words.split("…"))))
    return any(pattern.search(text) for path in paths for text in texts(path))


def test_each_state_is_in_the_table_once() -> None:
    assert sorted(one.name for one in table()) == sorted(STATES)


@pytest.mark.parametrize("state", table(), ids=lambda state: state.name)
def test_a_test_leads_there(state: State) -> None:
    module, _, name = state.test.partition("::")
    path = REPOSITORY / "tests" / "e2e" / f"{module}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert name in functions
    assert say(state.words, [path]), "the test does not look for these words"
    plugin = sorted((REPOSITORY / "omemo_plugin").rglob("*.py"))
    assert say(state.words, plugin), "the plugin does not say this any more"
