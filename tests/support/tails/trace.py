# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads from strace which files a program has used, and how.

Only what succeeded counts: a file that is not there needs no rule. AppArmor asks for
no permission to look at a file's attributes, so these calls are not traced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path

# Options that go before the command; a trace is written for all its processes
STRACE = (
    'strace', '--follow-forks', '--quiet=all', '--decode-fds=path',
    '--seccomp-bpf', '--string-limit=4096', '--pidns-translation',
    '--trace=open,openat,creat,execve,mkdir,mkdirat,rmdir,unlink,unlinkat,rename,'
    'renameat,renameat2,link,linkat,symlink,symlinkat,truncate,chmod,fchmodat,'
    'connect,bind,clone,clone3,fork,vfork',
)  # fmt: skip

# The program with which the profile begins
CONFINED = "/usr/share/tails-gajim/tails_integration/bin/gajim"

_CALL = re.compile(r"^(?P<pid>\d+) +(?P<name>\w+)\((?P<arguments>.*)$")
# Its number out here is in a comment where it has another one to its parent
_CHILD = re.compile(
    r"^(?P<pid>\d+) +(?:<\.\.\. )?v?(?:fork|clone3?)[( ].*\) += (?P<child>\d+)"
    r"(?: /\* (?P<outside>\d+) in strace's PID NS \*/)?$"
)
_RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. \w+ resumed>(?P<rest>.*)$")
_UNFINISHED = " <unfinished ...>"
_RESULT = re.compile(r"\) += (?P<result>-?\d+)(?:<(?P<path>[^>]*)>)?[^=]*$")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_FOLDER = re.compile(r"^(?:AT_FDCWD|\d+)<(?P<path>[^>]*)>")
_UNIX_PATH = re.compile(r'sun_path="([^"]+)"')


@dataclass(frozen=True)
class Access:
    """A file that was used, and the modes that AppArmor wants for it."""

    path: str
    modes: str
    process: str = field(default="", compare=False)


def accesses(lines: Iterable[str]) -> Iterator[Access]:
    """Parse the lines of a trace, in their order."""
    waiting: dict[str, str] = {}
    for line in lines:
        text = line.rstrip("\n")
        resumed = _RESUMED.match(text)
        if resumed is not None:
            text = waiting.pop(resumed["pid"], "") + resumed["rest"]
        found = _CALL.match(text)
        if found is None:
            continue
        if text.endswith(_UNFINISHED):
            waiting[found["pid"]] = text.removesuffix(_UNFINISHED)
            continue
        result = _RESULT.search(found["arguments"])
        # A socket's connection may go on behind the program's back
        in_progress = result is not None and "EINPROGRESS" in found["arguments"]
        if result is None or (int(result["result"]) < 0 and not in_progress):
            continue
        for access in _of_call(found["name"], found["arguments"], result["path"]):
            yield replace(access, process=found["pid"])


def confined_accesses(lines: Sequence[str]) -> Iterator[Access]:
    """The accesses of Gajim and its processes; the others are not confined."""
    found = accesses(lines)
    family: set[str] = set()
    for access in found:
        if access == Access(CONFINED, "x"):
            family = _family(lines, access.process)
            break
    yield from (access for access in found if access.process in family)


def _family(lines: Iterable[str], first: str) -> set[str]:
    """A process, and all that descend from it, threads too."""
    children: dict[str, list[str]] = {}
    for found in filter(None, map(_CHILD.match, lines)):
        number = found["outside"] or found["child"]
        children.setdefault(found["pid"], []).append(number)
    family = {first}
    new = [first]
    while new:
        new = [one for parent in new for one in children.get(parent, ())]
        new = [one for one in new if one not in family]
        family.update(new)
    return family


def _of_call(name: str, arguments: str, opened: str | None) -> Iterator[Access]:
    if name in ("open", "openat", "creat"):
        if opened is not None:
            yield from _of_open(opened, name, arguments)
        return
    if name in ("connect", "bind"):
        found = _UNIX_PATH.search(arguments)
        if found is not None:
            yield Access(found[1], "rw" if name == "connect" else "w")
        return
    paths = [_join(arguments, text) for text in _TEXT.findall(arguments)]
    if name == "execve":
        yield Access(paths[0], "x")
    elif name in ("mkdir", "mkdirat", "rmdir") or "AT_REMOVEDIR" in arguments:
        yield Access(paths[0].rstrip("/") + "/", "w")
    elif name.startswith("link"):
        yield Access(paths[-1], "l")
    elif name.startswith("symlink"):
        yield Access(paths[-1], "w")
    else:
        for path in paths:
            yield Access(path, "w")


def _of_open(path: str, name: str, arguments: str) -> Iterator[Access]:
    if not path.startswith("/") or "O_PATH" in arguments:
        return
    path = path.removesuffix(" (deleted)").removesuffix("(deleted)")
    if "O_DIRECTORY" in arguments:
        yield Access(path.rstrip("/") + "/", "r")
        return
    modes = "r"
    if name == "creat" or "O_WRONLY" in arguments:
        modes = "w"
    elif "O_RDWR" in arguments or "O_CREAT" in arguments:
        modes = "rw"
    if re.search(r"\.so(\.[\d.]+)?$", path):
        # The dynamic linker maps it to execute it
        modes += "m"
    if re.search(r"\.(db|sqlite)$", path) and "w" in modes:
        # SQLite locks it
        modes += "k"
    yield Access(path, modes)


def _join(arguments: str, path: str) -> str:
    if path.startswith("/"):
        return path
    folder = _FOLDER.match(arguments)
    return path if folder is None else str(Path(folder["path"], path))
