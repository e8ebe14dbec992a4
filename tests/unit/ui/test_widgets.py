# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The widgets for GTK 3 and for GTK 4 offer the same functions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import omemo_plugin

WIDGETS = Path(omemo_plugin.__file__).parent / "ui" / "widgets"


def signatures(name: str) -> dict[str, str]:
    """Public functions and their parameters. The source is read, because one
    process can load one GTK only."""
    tree = ast.parse((WIDGETS / name).read_text(encoding="utf-8"))
    return {
        node.name: f"({ast.unparse(node.args)}) -> {ast.unparse(node.returns or node)}"
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


@pytest.mark.parametrize("part", ["", "_desktop", "_embedding", "_reading", "_theme"])
def test_both_toolkits_have_the_same_functions(part: str) -> None:
    with_gtk_3 = signatures(f"gtk3{part}.py")
    assert with_gtk_3
    assert signatures(f"gtk4{part}.py") == with_gtk_3
