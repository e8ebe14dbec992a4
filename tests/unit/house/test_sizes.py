# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file, a function and a constructor that a reader takes in at once, with types."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
FILES = [
    path
    for package in ("omemo_plugin", "tails_integration")
    for path in sorted((REPOSITORY / package).rglob("*.py"))
]

LINES_MAX = 500
FUNCTION_MAX = 60
PARAMETERS_MAX = 7
ANY_MAX = 20

# Sentences, one after the other
CATALOGUES = {"omemo_plugin/bridge/notices/texts.py"}

# The types of Gajim's objects are there
OF_GAJIM = ("omemo_plugin/bridge/gajim/", "omemo_plugin/ui/gajim_windows/")

Function = ast.FunctionDef | ast.AsyncFunctionDef

each_file = pytest.mark.parametrize(
    "path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY))
)


def functions(source: str) -> Iterator[Function]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Function):
            yield node


def lines_of(function: Function) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def parameters_of(function: Function) -> list[str]:
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [one.arg for one in given if one.arg != "self"]


def uses_of_any(source: str) -> list[int]:
    """The lines in which `Any` is used for a type, by number."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and node.id == "Any"
    ]


def has_reason(source: str, number: int) -> bool:
    """Whether a comment says why there is no better type: in the line, or above it."""
    lines = source.splitlines()
    if re.search(r"# noqa: ANN401 - ", lines[number - 1]):
        return True
    return any(
        re.search(r"#.*\bAny: ", line) for line in lines[max(0, number - 4) : number]
    )


@each_file
def test_a_file_is_short(path: Path) -> None:
    if str(path.relative_to(REPOSITORY)) not in CATALOGUES:
        assert len(path.read_text().splitlines()) < LINES_MAX


@each_file
def test_a_function_is_short(path: Path) -> None:
    long = [
        f"{one.name}: {lines_of(one)}"
        for one in functions(path.read_text())
        if lines_of(one) > FUNCTION_MAX
    ]
    assert long == []


@each_file
def test_a_constructor_takes_few_parameters(path: Path) -> None:
    greedy = [
        parameters_of(one)
        for one in functions(path.read_text())
        if one.name == "__init__" and len(parameters_of(one)) > PARAMETERS_MAX
    ]
    assert greedy == []


@each_file
def test_any_has_a_reason(path: Path) -> None:
    source = path.read_text()
    without = [
        number for number in uses_of_any(source) if not has_reason(source, number)
    ]
    assert without == []


def test_there_is_little_of_any() -> None:
    uses = {
        name: len(uses_of_any(path.read_text()))
        for path in FILES
        if not (name := str(path.relative_to(REPOSITORY))).startswith(OF_GAJIM)
    }
    assert sum(uses.values()) <= ANY_MAX, {name: n for name, n in uses.items() if n}


def test_the_checks_find_long_functions_and_any() -> None:
    source = (
        "def f(a, /, b, *, c):\n    # Any: JSON\n    x: Any = 1\n\n\n\ny: Any = 2\n"
    )
    function = next(functions(source))
    assert lines_of(function) == 3
    assert parameters_of(function) == ["a", "b", "c"]
    assert uses_of_any(source) == [7, 3]
    assert has_reason(source, 3)
    assert not has_reason(source, 7)
