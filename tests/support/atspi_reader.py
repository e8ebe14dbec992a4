#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, and operate, a program by way of AT-SPI, as a screen reader does.

Run by accessible.py on the bus of that program. Prints JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import gi

gi.require_version('Atspi', '2.0')

from gi.repository import Atspi  # noqa: E402
from gi.repository import GLib  # noqa: E402

STATES = {
    'focusable': Atspi.StateType.FOCUSABLE,
    'focused': Atspi.StateType.FOCUSED,
    'showing': Atspi.StateType.SHOWING,
    'expanded': Atspi.StateType.EXPANDED,
    'checked': Atspi.StateType.CHECKED,
}


def windows() -> list[Any]:
    """All windows of all programs on this bus: there is only one program."""
    desktop = Atspi.get_desktop(0)
    return [window for program in children(desktop) for window in children(program)]


def children(node: Any) -> list[Any]:
    try:
        found = [node.get_child_at_index(n) for n in range(node.get_child_count())]
    except GLib.Error:
        return []
    return [child for child in found if child is not None]


def walk(node: Any, depth: int = 0) -> Any:
    yield node, depth
    if depth < 40:
        for child in children(node):
            yield from walk(child, depth + 1)


def describe(node: Any, depth: int) -> dict[str, Any]:
    states = node.get_state_set()
    text = ''
    try:
        content = node.get_text_iface()
        if content is not None:
            count = Atspi.Text.get_character_count(content)
            text = Atspi.Text.get_text(content, 0, count)
    except GLib.Error:
        pass
    return {
        'depth': depth,
        'role': node.get_role_name(),
        'name': node.get_name() or '',
        'description': node.get_description() or '',
        'text': text or '',
        'states': [name for name, one in STATES.items() if states.contains(one)],
    }


def find_window(title: str) -> Any:
    for window in windows():
        if title in (window.get_name() or ''):
            return window
    raise SystemExit(f'no window {title!r}')


def press(title: str, name: str) -> None:
    """Do what a click on the first control of this name would do."""
    for node, _depth in walk(find_window(title)):
        if (node.get_name() or '') == name and node.get_action_iface() is not None:
            Atspi.Action.do_action(node.get_action_iface(), 0)
            return
    raise SystemExit(f'nothing to press is called {name!r}')


def main() -> None:
    Atspi.init()
    command, *arguments = sys.argv[1:]
    result: Any = None
    if command == 'windows':
        result = [window.get_name() or '' for window in windows()]
    elif command == 'read':
        result = [describe(*pair) for pair in walk(find_window(*arguments))]
    elif command == 'press':
        press(*arguments)
    json.dump(result, sys.stdout)


main()
