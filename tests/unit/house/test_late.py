# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is not read while Gajim starts: types, and windows that nobody has opened."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from collections.abc import Sequence

from tests.unit.house.test_imports import PLUGIN
from tests.unit.house.test_imports import REPOSITORY
from tests.unit.house.test_imports import imports

# There is nothing in these but the types of what others have
TYPES = {
    f"{PLUGIN}.bridge.gajim.nbxmpp_protocols",
    f"{PLUGIN}.bridge.gajim.preview_protocols",
    f"{PLUGIN}.bridge.gajim.protocols",
    f"{PLUGIN}.ui.gajim_windows.protocols",
    f"{PLUGIN}.ui.presenters.ports",
    f"{PLUGIN}.ui.presenters.window_service",
}

# Where Gajim's start begins: the plugin, its module on an account, and its windows
START = (f"{PLUGIN}.plugin", f"{PLUGIN}.bridge.module", f"{PLUGIN}.ui.windows")

# Are in a chat
SHOWN_AT_ONCE = {f"{PLUGIN}.ui.views.dock", f"{PLUGIN}.ui.views.waiting"}

SOURCES = {
    ".".join(path.relative_to(REPOSITORY).with_suffix("").parts): path
    for path in (REPOSITORY / PLUGIN).rglob("*.py")
}


def at_once(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The imports that are done when a module is."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from at_once(node.orelse)
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.ClassDef):
            for part in ("body", "orelse", "handlers", "finalbody"):
                yield from at_once(getattr(node, part, []))
        elif isinstance(node, ast.ExceptHandler):
            yield from at_once(node.body)


def read_with(module: str) -> set[str]:
    """The modules of the plugin that are imported with one of them."""
    source = SOURCES[module].read_text()
    lines = "\n".join(ast.unparse(node) for node in at_once(ast.parse(source).body))
    found = imports(lines, module, is_package=module.endswith(".__init__"))
    # What is imported is a module, or a name in one
    return {
        name
        for one in found
        for name in (one, one.rpartition(".")[0])
        if name in SOURCES
    }


def read_at_start() -> set[str]:
    found: set[str] = set()
    new = set(START)
    while new:
        module = new.pop()
        found.add(module)
        new |= read_with(module) - found
    return found


def test_types_are_for_the_type_checker_alone() -> None:
    wrong = {
        module: found
        for module in SOURCES
        if module not in TYPES and (found := read_with(module) & TYPES)
    }
    assert not wrong, "import them where TYPE_CHECKING is true"


def test_windows_are_read_when_they_are_opened() -> None:
    views = f"{PLUGIN}.ui.views."
    found = {name for name in read_at_start() if name.startswith(views)}
    assert found == SHOWN_AT_ONCE


def test_the_start_is_followed() -> None:
    found = read_at_start()
    assert f"{PLUGIN}.bridge.outgoing.gate" in found
    assert f"{PLUGIN}.ui.composer" in found
    assert f"{PLUGIN}.ui.details_windows" not in found


def test_an_import_is_seen_where_it_is_done_at_once() -> None:
    source = (
        "if TYPE_CHECKING:\n    import a\nelse:\n    import b\n"
        "try:\n    import c\nexcept ImportError:\n    import d\n"
        "def late():\n    import e\n"
    )
    found = [ast.unparse(node) for node in at_once(ast.parse(source).body)]
    assert found == ["import b", "import c", "import d"]
