# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""One name means one class, in the plugin and in the integration into Tails."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PACKAGES = ("omemo_plugin", "tails_integration")


def class_names(source: str) -> list[str]:
    """The public classes of a module; a class in a function has its name to itself."""
    return [
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]


def names_that_stand_twice(sources: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """
    :param sources: names of modules, and what is in them
    """
    found = defaultdict(list)
    for module, source in sources:
        for name in class_names(source):
            found[name].append(module)
    return {name: modules for name, modules in found.items() if len(modules) > 1}


def test_no_two_classes_have_one_name() -> None:
    paths = [
        path
        for package in PACKAGES
        for path in sorted((REPOSITORY / package).rglob("*.py"))
    ]
    assert len(paths) > 100
    sources = [(str(path.relative_to(REPOSITORY)), path.read_text()) for path in paths]
    assert names_that_stand_twice(sources) == {}


def test_a_name_that_stands_twice_is_found() -> None:
    sources = [("one", "class Room: pass"), ("two", "class Room: pass\nclass A: pass")]
    assert names_that_stand_twice(sources) == {"Room": ["one", "two"]}
