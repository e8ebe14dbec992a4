# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may import whom (docs/architecture.md), read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
PLUGIN = "omemo_plugin"

PURE = ("engine", "stanza", "media", "verify")
GAJIM = ("gi", "gajim", "nbxmpp")
WIDGETS = ("gi.repository.Gtk", "gi.repository.Gdk", "gi.repository.Adw", "gajim.gtk")
# Windows see of the bridge what is made for them, and no more
FOR_WINDOWS = ("presenters", "i18n")


def imports(source: str, module: str, *, is_package: bool = False) -> Iterator[str]:
    """Every dotted name that a module imports, wherever in it, made absolute.

    `from a import b` counts as `a.b`: it may be a module.
    """
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # One dot is the package itself
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *(node.module or "").split(".")]
            for alias in node.names:
                yield ".".join([part for part in base if part] + [alias.name])


def is_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == p or name.startswith(f"{p}.") for p in packages)


def allowed(module: str, name: str) -> bool:
    """Whether a module may import a name."""
    parts = module.split(".")
    if parts[0] == "tails_integration":
        return not is_in(name, (PLUGIN,))
    if is_in(name, ("tails_integration", "tests")):
        return False
    room = parts[1] if len(parts) > 1 else ""
    # What is imported: a room of the plugin, or something from outside
    target = name.split(".") if is_in(name, (PLUGIN,)) else []
    target_room = target[1] if len(target) > 1 else ""
    if room in PURE:
        if is_in(name, GAJIM) or target_room in ("bridge", "ui", "plugin"):
            return False
        return (room, target_room) != ("engine", "stanza")
    if room == "bridge":
        return not is_in(name, WIDGETS) and target_room not in ("ui", "plugin")
    if room == "ui":
        if target_room == "bridge":
            return target[2:3] != [] and target[2] in FOR_WINDOWS
        return target_room != "plugin"
    return True


def modules(folder: str) -> list[Path]:
    return sorted((REPOSITORY / folder).rglob("*.py"))


@pytest.mark.parametrize(
    "path",
    [*modules(PLUGIN), *modules("tails_integration")],
    ids=lambda path: str(path.relative_to(REPOSITORY)),
)
def test_imports_go_down_only(path: Path) -> None:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    module = ".".join(parts[:-1] if is_package else parts)
    names = imports(path.read_text(), module, is_package=is_package)
    assert [name for name in names if not allowed(module, name)] == []


def test_every_room_was_read() -> None:
    rooms = {path.parent.name for path in modules(PLUGIN)}
    assert {"bridge", "ui", *PURE} <= rooms
    assert modules("tails_integration")


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("omemo_plugin.engine.core", "import gi"),
        ("omemo_plugin.engine.core", "from gi.repository import GLib"),
        ("omemo_plugin.verify.qr", "from gajim.common import app"),
        ("omemo_plugin.stanza.pep", "import nbxmpp.structs"),
        ("omemo_plugin.engine.core", "from ..stanza import message"),
        ("omemo_plugin.engine.core", "from .. import stanza"),
        ("omemo_plugin.engine.core", "from omemo_plugin.stanza.pep import x"),
        ("omemo_plugin.engine.core", "def f():\n    from ..bridge import send"),
        ("omemo_plugin.media.cipher", "from ..ui import camera"),
        ("omemo_plugin.bridge.send", "from gi.repository import Gtk"),
        ("omemo_plugin.bridge.send", "from gajim.gtk import util"),
        ("omemo_plugin.bridge.send", "from ..ui.windows import Window"),
        ("omemo_plugin.ui.windows", "from ..bridge.send import Sender"),
        ("omemo_plugin.ui.windows", "from ..bridge import account"),
        ("omemo_plugin.ui.windows", "from .. import plugin"),
        ("omemo_plugin.plugin", "import tails_integration.policy"),
        ("omemo_plugin.plugin", "from tests.support import world"),
        ("tails_integration.policy", "import omemo_plugin"),
        ("tails_integration.policy", "from omemo_plugin.engine import values"),
    ],
)
def test_what_goes_up_is_found(module: str, line: str) -> None:
    assert any(not allowed(module, name) for name in imports(line, module))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("omemo_plugin.engine.core", "from .values import Device"),
        ("omemo_plugin.stanza.message", "from ..engine.values import Device"),
        ("omemo_plugin.bridge.send", "from gi.repository import GLib"),
        ("omemo_plugin.bridge.send", "from ..stanza.message import build_encrypted"),
        ("omemo_plugin.ui.windows", "from gi.repository import Gtk"),
        ("omemo_plugin.ui.windows", "from ..bridge.presenters import Rows"),
        ("omemo_plugin.ui.windows", "from ..engine.values import Trust"),
        ("omemo_plugin.plugin", "from .bridge import module"),
    ],
)
def test_what_goes_down_is_not(module: str, line: str) -> None:
    assert all(allowed(module, name) for name in imports(line, module))
