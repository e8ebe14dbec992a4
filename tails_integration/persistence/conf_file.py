# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of persistence.conf, and our lines in it.

Tails reads each line with shlex: a target and options. Lines that it does not
understand, comments and blank ones are the user's, and stay as they are.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..base.errors import Refused
from ..base.i18n import _
from .bindings import Binding


class Conflict(Refused):
    """A line of the user's wants something else with one of our folders."""

    def __init__(self, line: str) -> None:
        super().__init__(
            _(
                "A line in persistence.conf is in the way: “{line}”. Remove it, then"
                " try again."
            ).format(line=line)
        )


@dataclass(frozen=True)
class ConfEntry:
    """A line that Tails understands."""

    target: PurePosixPath
    source: PurePosixPath
    options: frozenset[str]


def parse_line(line: str) -> ConfEntry | None:
    """Read a line; None for one that binds nothing."""
    try:
        fields = shlex.split(line, comments=True)
    except ValueError:
        return None
    if len(fields) != 2:
        return None
    target, options = fields
    source = None
    others = set()
    for option in options.split(","):
        key, equals, value = option.partition("=")
        if key == "source" and equals:
            source = value
        else:
            others.add(option)
    if not source or not target.startswith("/"):
        return None
    return ConfEntry(PurePosixPath(target), PurePosixPath(source), frozenset(others))


def entries(text: str) -> list[ConfEntry]:
    """All lines that bind something."""
    return [entry for line in text.splitlines() if (entry := parse_line(line))]


def has(text: str, binding: Binding) -> bool:
    """Whether a binding is there."""
    return any(_is(entry, binding) for entry in entries(text))


def with_bindings(text: str, bindings: Iterable[Binding]) -> str:
    """The text with the lines that are missing, at its end.

    Raises:
        Conflict: A line of the user's is about the same folder, one above or below
            it, or the same place on the storage.
    """
    wanted = list(bindings)
    for line in text.splitlines():
        entry = parse_line(line)
        if entry is None:
            continue
        for binding in wanted:
            if not _is(entry, binding) and _collide(entry, binding):
                raise Conflict(line.strip())
    if text and not text.endswith("\n"):
        text += "\n"
    return text + "".join(
        f"{binding.line}\n" for binding in wanted if not has(text, binding)
    )


def without_bindings(text: str, bindings: Iterable[Binding]) -> str:
    """The text without these lines."""
    ours = list(bindings)
    return "".join(
        line
        for line in text.splitlines(keepends=True)
        if (entry := parse_line(line)) is None
        or not any(_is(entry, binding) for binding in ours)
    )


def _is(entry: ConfEntry, binding: Binding) -> bool:
    return (
        entry.target == binding.target
        and entry.source == binding.source
        and not entry.options
    )


def _collide(entry: ConfEntry, binding: Binding) -> bool:
    if "link" in entry.options:
        # Dotfiles: single files become links, where no folder is in their way
        return entry.source == binding.source
    return _overlap(entry.target, binding.target) or _overlap(
        entry.source, binding.source
    )


def _overlap(one: PurePosixPath, other: PurePosixPath) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
