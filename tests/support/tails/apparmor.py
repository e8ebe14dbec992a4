# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers what an AppArmor profile allows, without a kernel that enforces it.

`apparmor_parser --preprocess` inserts the abstractions; this module expands the
variables and matches paths as apparmor.d(5) describes. It knows file and exec rules,
and keeps the other rules as text; bus_rules.py knows those about D-Bus.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PARSER = "/sbin/apparmor_parser"

_FILE = re.compile(
    r'^(?P<deny>deny\s+)?(?P<owner>owner\s+)?(?P<path>"[^"]+"|[/@{]\S*)\s+'
    r"(?P<modes>[rwaklmixupcPUC]+)(?:\s*->.*)?$"
)
# Modes of execution that end the confinement, or leave it to another profile
_ESCAPING = frozenset("uUpPcC")


@dataclass(frozen=True)
class Rule:
    """A rule about files."""

    path: str
    modes: str
    deny: bool = False
    owner: bool = False

    @property
    def escapes(self) -> bool:
        """Whether a program that it starts is not confined by this profile."""
        return "x" in self.modes and bool(_ESCAPING & set(self.modes))


class Profile:
    """One profile, with all that it includes."""

    def __init__(
        self,
        rules: Iterable[Rule],
        others: Iterable[str],
        variables: Mapping[str, Sequence[str]],
    ) -> None:
        """Take what `parse` has found."""
        self.rules = tuple(rules)
        self.others = tuple(others)
        self._variables = variables

    @cached_property
    def _patterns(self) -> list[tuple[Rule, re.Pattern[str]]]:
        return [
            (rule, re.compile(_regex(rule.path, self._variables)))
            for rule in self.rules
        ]

    def pattern(self, glob: str) -> re.Pattern[str]:
        """A regular expression for what stands in a rule."""
        return re.compile(_regex(glob, self._variables))

    def matching(self, path: str, *, owner: bool) -> list[Rule]:
        """The rules that apply to a path."""
        return [
            rule
            for rule, pattern in self._patterns
            if (owner or not rule.owner) and pattern.fullmatch(path)
        ]

    def modes(self, path: str, *, owner: bool = True) -> str:
        """
        The permitted kinds of access to a file, as a sorted string of modes.

        :param owner: whether it belongs to the user that runs the program
        """
        allowed: set[str] = set()
        denied: set[str] = set()
        for rule in self.matching(path, owner=owner):
            (denied if rule.deny else allowed).update(rule.modes)
        return "".join(sorted(allowed - denied))

    def allows(self, path: str, modes: str, *, owner: bool = True) -> bool:
        """Whether all of these may be done with a file."""
        return set(modes) <= set(self.modes(path, owner=owner))


def preprocess(profile: Path, base: Path | None = None) -> str:
    """Let the parser of this machine insert what a profile includes.

    :param base: a folder in the place of /etc/apparmor.d
    """
    more = [] if base is None else ["--base", str(base)]
    done = subprocess.run(
        [PARSER, *more, "--skip-kernel-load", "--preprocess", str(profile)],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def parse(text: str) -> Profile:
    """Read what `apparmor_parser --preprocess` has printed; there is one profile."""
    variables: dict[str, list[str]] = {}
    statements: list[str] = []
    inside = False
    pending = ""
    for raw in text.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        if not line:
            continue
        if not inside:
            assigned = re.match(r"(@\{\w+\})\s*(\+?)=\s*(.*)", line)
            if assigned is not None:
                name, _plus, values = assigned.groups()
                variables.setdefault(name, []).extend(values.replace('"', "").split())
            inside = line.startswith("profile ")
            continue
        if line == "}":
            break
        pending = f"{pending} {line}".strip()
        if pending.endswith(","):
            statements.append(" ".join(pending[:-1].split()))
            pending = ""
    assert inside, "there is no profile"
    variables["@{profile_name}"] = ["tails-gajim"]
    return _sort(statements, variables)


def _sort(statements: Iterable[str], variables: Mapping[str, Sequence[str]]) -> Profile:
    rules, others = [], []
    for statement in statements:
        found = _FILE.match(statement.removeprefix("file "))
        if found is None:
            others.append(statement)
            continue
        rules.append(
            Rule(
                found["path"].strip('"'),
                found["modes"].replace("a", "w"),
                bool(found["deny"]),
                bool(found["owner"]),
            )
        )
    return Profile(rules, others, variables)


def _regex(path: str, variables: Mapping[str, Sequence[str]]) -> str:
    return _translate(re.sub("//+", "/", _expand(path, variables)))


def _expand(path: str, variables: Mapping[str, Sequence[str]]) -> str:
    while (found := re.search(r"@\{\w+\}", path)) is not None:
        values = variables[found[0]]
        text = values[0] if len(values) == 1 else "{" + ",".join(values) + "}"
        path = path[: found.start()] + text + path[found.end() :]
        # The values of @{HOME} end with a slash
        path = path.replace("/,", ",").replace("/}/", "}/").replace("//", "/")
    return path


def _translate(glob: str) -> str:
    """A regular expression for what apparmor.d(5) calls globbing."""
    parts: list[str] = []
    depth = 0
    position = 0
    while position < len(glob):
        character = glob[position]
        if character == "*":
            double = glob[position + 1 : position + 2] == "*"
            length = 2 if double else 1
            after = glob[position + length : position + length + 1]
            whole = glob[position - 1] == "/" and after in ("", "/")
            first = "[^/]" if whole else ""
            parts.append(first + (".*" if double else "[^/]*"))
            position += length
            continue
        if character == "[":
            end = glob.index("]", position)
            parts.append(glob[position : end + 1])
            position = end + 1
            continue
        depth += {"{": 1, "}": -1}.get(character, 0)
        special = {"{": "(?:", "}": ")", "?": "[^/]"}
        if character == "," and depth:
            parts.append("|")
        else:
            parts.append(special.get(character, re.escape(character)))
        position += 1
    return "".join(parts)
