# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is replaced in modules of Gajim, also in those that it imports later."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omemo_plugin.bridge.gajim.patches import Patches

NAME = "window_of_somebody"
OTHER = "window_of_somebody_else"

Greet = Callable[[], str]


@pytest.fixture(autouse=True)
def _modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    source = 'def greet():\n    return "hello"\n\nclass Row:\n    def name(self):\n'
    (tmp_path / f"{NAME}.py").write_text(f'{source}        return "row"\n')
    (tmp_path / f"{OTHER}.py").write_text(f"from {NAME} import greet\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in (NAME, OTHER):
        sys.modules.pop(name, None)


def louder(theirs: Greet) -> Greet:
    return lambda: f"{theirs()}!"


def imported(name: str = NAME) -> Any:
    return importlib.import_module(name)


def test_nothing_is_imported_for_it() -> None:
    patches = Patches()
    patches.replace_in(NAME, "greet", louder)
    assert NAME not in sys.modules
    patches.restore()


def test_a_function_is_replaced_when_its_module_is_imported() -> None:
    patches = Patches()
    patches.replace_in(NAME, "greet", louder)
    assert imported().greet() == "hello!"
    patches.restore()
    assert imported().greet() == "hello"


def test_a_function_of_a_module_that_is_there_is_replaced_at_once() -> None:
    module = imported()
    patches = Patches()
    patches.replace_in(NAME, "greet", louder)
    assert module.greet() == "hello!"
    patches.restore()
    assert module.greet() == "hello"


def test_a_method_is_replaced_when_its_module_is_imported() -> None:
    patches = Patches()

    def make(theirs: Callable[[object], str]) -> Callable[[object], str]:
        return lambda row: f"our {theirs(row)}"

    patches.replace_in_class(NAME, "Row", "name", make)
    patches.replace_in_class(NAME, "NoSuchRow", "name", make)
    row = imported().Row
    assert row().name() == "our row"
    patches.restore()
    assert row().name() == "row"


def test_what_another_module_has_taken_over_is_replaced_once() -> None:
    patches = Patches()
    for name in (NAME, OTHER):
        patches.replace_in(name, "greet", louder)
    assert imported(OTHER).greet() == "hello!"
    patches.restore()
    assert imported(OTHER).greet() == imported(NAME).greet() == "hello"


def test_a_function_can_be_replaced_in_two_ways() -> None:
    patches = Patches()
    patches.replace_in(NAME, "greet", louder)
    patches.replace_in(NAME, "greet", louder)
    patches.replace_in(OTHER, "greet", lambda theirs: lambda: f"oh, {theirs()}")
    assert imported(OTHER).greet() == "oh, hello!!"
    patches.restore()
    assert imported(OTHER).greet() == imported(NAME).greet() == "hello"


def test_nothing_is_replaced_any_more_after_restoring() -> None:
    before = list(sys.meta_path)
    patches = Patches()
    patches.replace_in(NAME, "greet", louder)
    assert sys.meta_path != before
    patches.restore()
    assert sys.meta_path == before
    assert imported().greet() == "hello"


def test_an_error_of_ours_leaves_the_module_as_it_is() -> None:
    def fail(_theirs: Greet) -> Greet:
        raise ValueError("of ours")

    patches = Patches()
    patches.replace_in(NAME, "greet", fail)
    patches.replace_in(NAME, "greet", louder)
    assert imported().greet() == "hello!"
    patches.restore()


def test_a_module_that_is_not_there_is_not_there() -> None:
    patches = Patches()
    patches.replace_in("no_such_window", "greet", louder)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_window")
    patches.restore()
