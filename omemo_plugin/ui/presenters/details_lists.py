# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many people and devices in one window: their order, and looking for some of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ...i18n import _
from .badges import Tone
from .details_values import Group

# So many people or devices can be looked at one by one
SEARCH_FROM = 10


class Order:
    """
    The order of people while a window is open. Who is left out comes first when it
    opens. From then on nobody moves: who comes later is added at the end.
    """

    def __init__(self) -> None:
        self._jids: list[str] = []

    def sort(self, groups: list[Group]) -> list[Group]:
        first = not self._jids
        by_jid = {group.jid: group for group in groups}
        self._jids = [jid for jid in self._jids if jid in by_jid]
        new = [group for group in groups if group.jid not in self._jids]
        new.sort(key=lambda group: group.tone is not Tone.ALARM)
        known = [by_jid[jid] for jid in self._jids]
        if first:
            self._jids = [group.jid for group in new]
        elif new:
            new[0] = replace(new[0], section=_("Just added"))
        return [*known, *new]


def can_search(groups: Collection[Group]) -> bool:
    """Whether there are so many people or devices that one may look for them."""
    devices = sum(len(group.cards) + len(group.inactive) for group in groups)
    return max(len(groups), devices) >= SEARCH_FROM


def found(groups: tuple[Group, ...], search: str) -> tuple[Group, ...]:
    """The people and devices with the letters that the user typed."""
    letters = search.strip().casefold()
    if not letters:
        return groups
    kept: list[Group] = []
    for group in groups:
        if letters in f"{group.heading} {group.jid}".casefold():
            kept.append(group)
            continue
        cards = tuple(one for one in group.cards if letters in one.title.casefold())
        if cards:
            # A device that the user searched for is not folded away
            kept.append(replace(group, cards=cards, folded=False, inactive=()))
    return tuple(kept)
