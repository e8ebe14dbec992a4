#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for Tails' Persistent Storage in a test machine, under the same rules.

    tpscli is-created | is-unlocked | get-features
    tpscli is-active FEATURE | is-enabled FEATURE
    tpscli activate FEATURE | deactivate FEATURE
    tpscli reload          what "systemctl reload" of its service does
    tpscli describe FEATURE   what D-Bus says its Description is, as busctl prints it
    tpscli boot            what the Welcome Screen does

It knows no feature but those that lines in persistence.conf make: the i-th line
that is valid is CustomFeature<i>, as in Tails.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

STORAGE = Path("/live/persistence/TailsData_unlocked")
CONF = STORAGE / "persistence.conf"
OWNER = (115, 122)
USER = (1000, 1000)
HOME = Path("/home/amnesia")
STATE = Path("/run/tps-test-state")


class Refused(Exception):
    """The Persistent Storage does not do it; the text says why."""


@dataclass(frozen=True)
class Line:
    """One binding."""

    target: Path
    source: Path
    link: bool

    @property
    def active(self) -> bool:
        """Whether the source is mounted at the target, or linked there."""
        if self.link:
            return self.target.is_symlink()
        return str(self.target) in {
            line.split()[4] for line in Path("/proc/self/mountinfo").open()
        }

    def activate(self) -> None:
        """Put the source in the place of the target."""
        if self.active:
            return
        for part in (self.target, *self.target.parents):
            if part.is_symlink():
                raise Refused(f"{part} is a symlink")
        if not self.source.exists():
            self.source.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.target.exists():
                subprocess.run(["cp", "-a", self.target, self.source], check=True)
            else:
                self.source.mkdir(mode=0o700)
                os.chown(self.source, *USER)
        missing = [p for p in (self.target, *self.target.parents) if not p.exists()]
        for part in reversed(missing):
            part.mkdir(mode=0o700)
            if part.is_relative_to(HOME):
                os.chown(part, *USER)
        if self.link:
            for path in self.source.iterdir():
                (self.target / path.name).unlink(missing_ok=True)
                (self.target / path.name).symlink_to(path)
        else:
            subprocess.run(["mount", "--bind", self.source, self.target], check=True)

    def deactivate(self) -> None:
        """Take it away again; the source stays."""
        if self.active:
            subprocess.run(["umount", self.target], check=True)


def parse(text: str) -> list[Line]:
    """The valid lines; the others are left out, as Tails does."""
    lines = []
    for raw in text.splitlines():
        fields = shlex.split(raw, comments=True)
        if len(fields) != 2:
            continue
        options = fields[1].split(",")
        sources = [o.removeprefix("source=") for o in options if "=" in o]
        known = {"link", "file"} | {f"source={s}" for s in sources}
        if len(sources) != 1 or not set(options) <= known:
            continue
        source = Path(os.path.normpath(STORAGE / sources[0]))
        if source != STORAGE and source.is_relative_to(STORAGE):
            lines.append(Line(Path(fields[0]), source, "link" in options))
    return lines


def load() -> list[Line]:
    """Read persistence.conf; one that is not as it should be is put aside."""
    state = CONF.lstat()
    good = (
        stat.S_ISREG(state.st_mode)
        and stat.S_IMODE(state.st_mode) == 0o600
        and (state.st_uid, state.st_gid) == OWNER
        and "system.posix_acl_access" not in os.listxattr(CONF, follow_symlinks=False)
    )
    if not good:
        CONF.rename(CONF.with_suffix(".conf.invalid"))
        CONF.touch(0o600)
        os.chown(CONF, *OWNER)
        print("persistence.conf was invalid", file=sys.stderr)
    return parse(CONF.read_text())


def save(lines: list[Line]) -> None:
    """Write the file as Tails does: sorted, and without anybody's comments."""
    texts = {
        f"{line.target}\tsource={line.source.relative_to(STORAGE)}"
        + (",link" if line.link else "")
        for line in lines
    }
    CONF.write_text("".join(f"{text}\n" for text in sorted(texts)))


def features() -> dict[str, Line]:
    """The features by their names."""
    return {f"CustomFeature{i}": line for i, line in enumerate(load())}


def main(argv: list[str]) -> int:
    """Do one command; return the exit code."""
    command, *names = argv
    if os.geteuid() != 0:
        return ask(command, names)
    if command in ("is-created", "is-unlocked"):
        return 0 if CONF.exists() else 1
    if not CONF.exists():
        raise Refused("the Persistent Storage is locked, or there is none")
    known = features()
    if command == "boot":
        for line in known.values():
            line.activate()
    elif command in ("activate", "deactivate", "describe"):
        (name,) = names
        if name not in known:
            raise Refused(f"no feature {name}")
        if command == "describe":
            print(f's "Custom Feature ({known[name].target})"')
            return 0
        getattr(known[name], command)()
        if command == "deactivate":
            left = [line for other, line in known.items() if other != name]
        else:
            left = list(known.values())
        save(left)
    elif command != "reload":
        return ask(command, names)
    STATE.write_text("\n".join(n for n, line in known.items() if line.active))
    return 0


def ask(command: str, names: list[str]) -> int:
    """Answer the questions that everybody may ask by D-Bus in Tails."""
    unlocked = STATE.exists()
    if command in ("is-created", "is-unlocked"):
        return 0 if unlocked else 1
    active = STATE.read_text().split() if unlocked else []
    if command == "get-features":
        print("\n".join(active))
        return 0
    if command in ("is-active", "is-enabled"):
        return 0 if names[0] in active else 1
    raise Refused(f"no command {command}, or not for you")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(1)
