# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers what an AppArmor profile allows on the buses, and reads what a program has
said and heard there.

A bus asks for each message but for answers, which go back as the call came: for its
path, interface and member, and for the name that it is addressed to as it stands in the
message. A program that has found out who owns a name may write to that connection's own
name (:1.5), so a rule that names the service does not allow all calls of it; GIO's
proxies write so.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass

from .apparmor import Profile

# Whom a message without an address is for, and who owns the names
BUS = "org.freedesktop.DBus"

# Of all that Gajim talks to on a bus
LABEL = "unconfined"

_RULE = re.compile(
    r"^(?P<deny>deny\s+)?dbus(?P<access>\s+\([^)]*\)|\s+(?:send|receive|bind)\b)?"
    r"(?P<rest>.*)$"
)
_CONDITION = re.compile(r'(\w+)\s*=\s*(\([^)]*\)|"[^"]*"|\S+)')
_NO_NAME = "<none>"


@dataclass(frozen=True)
class Message:
    """A message as AppArmor is asked about it."""

    access: str
    """send or receive."""
    bus: str
    path: str
    interface: str
    member: str
    peer: str
    """Whom it is addressed to, or who has sent it."""


@dataclass(frozen=True)
class BusRule:
    """A rule of a profile about messages; what is not named may be anything."""

    access: frozenset[str]
    deny: bool
    conditions: tuple[tuple[str, str], ...]


def rules(profile: Profile) -> list[BusRule]:
    """The profile's rules about buses."""
    found = filter(None, map(_RULE.match, profile.others))
    return [
        BusRule(
            frozenset(re.findall(r"\w+", one["access"] or "send receive bind")),
            bool(one["deny"]),
            tuple(_conditions(one["rest"])),
        )
        for one in found
    ]


def _conditions(text: str) -> Iterator[tuple[str, str]]:
    for key, value in _CONDITION.findall(text):
        if key == "peer":
            for inner, name in _CONDITION.findall(value[1:-1]):
                yield f"peer {inner}", name.rstrip(",").strip('"')
        else:
            yield key, value.strip('"')


def allows(profile: Profile, message: Message) -> bool:
    """Whether a message may be sent or received."""
    matching = [rule for rule in rules(profile) if _matches(profile, rule, message)]
    return bool(matching) and not any(rule.deny for rule in matching)


def _matches(profile: Profile, rule: BusRule, message: Message) -> bool:
    if message.access not in rule.access:
        return False
    values = {
        "bus": message.bus,
        "path": message.path,
        "interface": message.interface,
        "member": message.member,
        "peer name": message.peer,
        "peer label": LABEL,
    }
    return all(
        profile.pattern(wanted).fullmatch(values.get(key, "")) is not None
        for key, wanted in rule.conditions
    )


def may_own(profile: Profile, bus: str, name: str) -> bool:
    """Whether a program may be known by a name."""
    return any(
        "bind" in rule.access
        and not rule.deny
        and profile.pattern(dict(rule.conditions).get("bus", "**")).fullmatch(bus)
        and profile.pattern(dict(rule.conditions).get("name", "**")).fullmatch(name)
        for rule in rules(profile)
    )


def messages(
    lines: Iterable[str], bus: str, names: Collection[str]
) -> Iterator[Message]:
    """What a program has sent, and what was sent to it by its name.

    :param lines: what dbus-monitor --profile has printed
    :param names: all names of the program's connections
    """
    for line in lines:
        words = line.rstrip("\n").split("\t")
        # Calls and signals; a line may be incomplete still
        if words[0] not in ("mc", "sig") or len(words) != 8:
            continue
        _kind, _time, _serial, sender, target, path, interface, member = words
        if sender in names:
            peer = BUS if target == _NO_NAME else target
            yield Message("send", bus, path, interface, member, peer)
        if target in names:
            yield Message("receive", bus, path, interface, member, sender)
