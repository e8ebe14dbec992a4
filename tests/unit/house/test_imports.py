# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The permitted imports (docs/architecture.md), compared with the sources."""

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
# Windows see of the bridge the values that are made for them, and the modules that
# know Gajim as the windows have to: what a contact is, how to replace one of Gajim's
# functions, and the types of its objects
FOR_WINDOWS = (
    f"{PLUGIN}.bridge.values",
    f"{PLUGIN}.bridge.gajim.contacts",
    f"{PLUGIN}.bridge.gajim.patches",
    f"{PLUGIN}.bridge.gajim.protocols",
)

# The floors of the bridge, from the top. A module imports from the rooms of lower
# floors and from its own room, never from another room of its own floor
BRIDGE_FLOORS = (
    ("module",),
    ("setting_changes",),
    ("account", "without_identity"),
    (
        "alarms",
        "default_encryption",
        "device_management",
        "gone_devices",
        "identity_move",
        "new_members",
        "trust_undo",
    ),
    ("giving_back", "account_removal"),
    (
        "settings",
        "verification",
        "outgoing",
        "takeover",
        "identity_end",
        "off_reader",
    ),
    ("incoming", "pep"),
    ("state", "xml", "files"),
    ("rooms", "notices"),
    ("gajim",),
    ("session_lock", "signals", "timers"),
    ("values", "log"),
)


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


def floor(room: str) -> int:
    """The floor of a room of the bridge, counted from the top."""
    return next(i for i, rooms in enumerate(BRIDGE_FLOORS) if room in rooms)


def goes_down(room: str, target: str) -> bool:
    """Whether one room of the bridge may import from another."""
    return room == target or floor(room) < floor(target)


def allowed(module: str, name: str) -> bool:
    """Whether a module may import a name."""
    parts = module.split(".")
    if parts[0] == "tails_integration":
        return not is_in(name, (PLUGIN,))
    if is_in(name, ("tails_integration", "tests")):
        return False
    room = parts[1] if len(parts) > 1 else ""
    # The target: a room of the plugin, or something from outside
    target = name.split(".") if is_in(name, (PLUGIN,)) else []
    target_room = target[1] if len(target) > 1 else ""
    if room in PURE:
        if is_in(name, GAJIM) or target_room in ("bridge", "ui", "plugin"):
            return False
        return (room, target_room) != ("engine", "stanza")
    if room == "bridge":
        if is_in(name, WIDGETS) or target_room in ("ui", "plugin"):
            return False
        return target_room != "bridge" or goes_down(parts[2], target[2])
    if room == "ui":
        if target_room == "bridge":
            return is_in(name, FOR_WINDOWS)
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
        ("omemo_plugin.engine.state.core", "import gi"),
        ("omemo_plugin.engine.state.core", "from gi.repository import GLib"),
        ("omemo_plugin.verify.qr", "from gajim.common import app"),
        ("omemo_plugin.stanza.pep", "import nbxmpp.structs"),
        ("omemo_plugin.engine.engine", "from ..stanza import message"),
        ("omemo_plugin.engine.engine", "from .. import stanza"),
        ("omemo_plugin.engine.engine", "from omemo_plugin.stanza.pep import x"),
        ("omemo_plugin.engine.engine", "def f():\n    from ..bridge import rooms"),
        ("omemo_plugin.media.cipher", "from ..ui.capture import camera"),
        ("omemo_plugin.bridge.rooms", "from gi.repository import Gtk"),
        ("omemo_plugin.bridge.rooms", "from gajim.gtk import util"),
        ("omemo_plugin.bridge.rooms", "from ..ui.windows import Windows"),
        ("omemo_plugin.bridge.rooms", "from .pep.client import PepClient"),
        ("omemo_plugin.bridge.rooms", "from .notices import texts"),
        ("omemo_plugin.bridge.log", "from .values import Offer"),
        ("omemo_plugin.bridge.pep.effects", "from ..incoming import catch_up"),
        ("omemo_plugin.bridge.pep.effects", "from ..outgoing.gate import Gate"),
        ("omemo_plugin.bridge.account", "from .module import OmemoModule"),
        ("omemo_plugin.ui.windows", "from ..bridge.outgoing.gate import Gate"),
        ("omemo_plugin.ui.windows", "from ..bridge import account"),
        ("omemo_plugin.ui.windows", "from ..bridge.gajim import archive"),
        ("omemo_plugin.ui.windows", "from .. import plugin"),
        ("omemo_plugin.plugin", "import tails_integration.policy"),
        ("omemo_plugin.plugin", "from tests.support.engine import fake_network"),
        ("tails_integration.policy", "import omemo_plugin"),
        ("tails_integration.policy", "from omemo_plugin.engine import values"),
    ],
)
def test_imports_upwards_are_found(module: str, line: str) -> None:
    assert any(not allowed(module, name) for name in imports(line, module))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("omemo_plugin.engine.state.core", "from ..values import Device"),
        ("omemo_plugin.stanza.message", "from ..engine.values import Device"),
        ("omemo_plugin.bridge.rooms", "from gi.repository import GLib"),
        ("omemo_plugin.bridge.xml.nodes", "from ...stanza.message import build"),
        ("omemo_plugin.bridge.pep.effects", "from .client import PepClient"),
        ("omemo_plugin.bridge.pep.effects", "from ..rooms import Rooms"),
        ("omemo_plugin.ui.windows", "from gi.repository import Gtk"),
        ("omemo_plugin.ui.windows", "from ..bridge.values import Offer"),
        ("omemo_plugin.ui.windows", "from ..bridge.gajim.patches import Patches"),
        ("omemo_plugin.ui.windows", "from ..engine.values import Trust"),
        ("omemo_plugin.plugin", "from .bridge import module"),
    ],
)
def test_imports_downwards_are_allowed(module: str, line: str) -> None:
    assert all(allowed(module, name) for name in imports(line, module))


def test_every_room_of_the_bridge_has_a_floor() -> None:
    rooms = {
        path.stem if path.parent.name == "bridge" else path.parent.name
        for path in modules(f"{PLUGIN}/bridge")
    } - {"__init__"}
    known = [room for rooms in BRIDGE_FLOORS for room in rooms]
    assert len(known) == len(set(known))
    assert rooms == set(known)
