#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, and operate, a program by way of AT-SPI, as a screen reader does.

Run by accessible.py on the bus of that program. Each line of the input is a request,
and each line of the output an answer, in JSON.

Each request has a process of its own, as what libatspi has once seen of a program it
does not ask for again. Loading the libraries takes longer than most answers; so that is
done once, before the first of these processes begins.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import gi

gi.require_version("Atspi", "2.0")

from gi.repository import Atspi  # noqa: E402
from gi.repository import GLib  # noqa: E402

# Controls that one operates by the keyboard where they have no action
CHOICES = ("check box", "radio button")

STATES = {
    "focusable": Atspi.StateType.FOCUSABLE,
    "focused": Atspi.StateType.FOCUSED,
    "showing": Atspi.StateType.SHOWING,
    "expanded": Atspi.StateType.EXPANDED,
    "checked": Atspi.StateType.CHECKED,
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
    text = ""
    try:
        content = node.get_text_iface()
        if content is not None:
            count = Atspi.Text.get_character_count(content)
            text = Atspi.Text.get_text(content, 0, count)
    except GLib.Error:
        pass
    return {
        "depth": depth,
        "role": node.get_role_name(),
        "name": node.get_name() or "",
        "description": node.get_description() or "",
        "text": text or "",
        "states": [name for name, one in STATES.items() if states.contains(one)],
    }


def read(title: str) -> list[dict[str, Any]]:
    found = []
    for node, depth in walk(find_window(title)):
        # A widget that disappears meanwhile counts as not there
        with contextlib.suppress(GLib.Error):
            found.append(describe(node, depth))
    return found


def find_window(title: str) -> Any:
    """Some dialogs of GTK 4 have no title."""
    for window in windows():
        name = window.get_name() or ""
        if title in name if title else not name:
            return window
    raise SystemExit(f"no window {title!r}")


def press(title: str, name: str) -> bool:
    """Do what a click on the first control of this name would do.

    Returns whether that is done. A radio button of GTK 4 has no action: the
    keyboard has to be used.

    GTK 3 has the tooltip as the description of a button that has no name. In
    GTK 4 a button with a menu has a button of the same name in it, and labels
    have actions too.
    """
    found = None
    is_choice = False
    for node, depth in walk(find_window(title)):
        if found is not None and depth <= found[1]:
            break
        action = node.get_action_iface()
        if node.get_role_name() in CHOICES and name == node.get_name():
            is_choice = True
        if (
            name in (node.get_name(), node.get_description())
            and node.get_role_name() != "label"
            and action is not None
            and Atspi.Action.get_n_actions(action)
        ):
            found = action, depth
    if found is not None:
        Atspi.Action.do_action(found[0], 0)
        return True
    if not is_choice:
        raise SystemExit(f"nothing to press is called {name!r}")
    return False


COMMANDS: dict[str, Callable[..., Any]] = {
    "windows": lambda: [window.get_name() or "" for window in windows()],
    "read": read,
    "press": press,
}

# Seconds that an answer may take
PATIENCE = 60


def answer(request: list[str]) -> str:
    """What a request leads to, one line of JSON."""
    command, *arguments = request
    try:
        Atspi.init()
        return json.dumps({"value": COMMANDS[command](*arguments)})
    except (Exception, SystemExit) as error:  # whoever asked is told
        return json.dumps({"error": str(error)})


def answer_in_child(request: list[str]) -> str:
    """The same, from a process that has seen nothing yet."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        with os.fdopen(write_end, "w") as answers:
            answers.write(answer(request))
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as answers:
        said = answers.read()
    _child, status = os.waitpid(child, 0)
    if status:
        ended = f"the reader ended with {os.waitstatus_to_exitcode(status)}"
        return json.dumps({"error": ended})
    return said


def main() -> None:
    for line in sys.stdin:
        sys.stdout.write(answer_in_child(json.loads(line)) + "\n")
        sys.stdout.flush()


main()
