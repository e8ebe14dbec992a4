# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys of its ratchets a device has used, as everybody sees on the wire."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path

from omemo_plugin.engine.values import Protocol
from tests.support.engine.ratchets import step_of

_ENCRYPTED = re.compile(r"<encrypted xmlns='([^']+)'>.*?</encrypted>")
_SENDER = re.compile(r"<header[^>]* sid='(\d+)'")
_KEY = re.compile(r"<key [^>]*rid='(\d+)'[^>]*>([^<]+)</key>")


# The device that it is for, the ratchet key, and the number in its chain
Use = tuple[Protocol, str, bytes, int]


def uses_of_keys(log: Path, sender: str) -> dict[Use, set[bytes]]:
    """What a device has encrypted with each key of its ratchets, as the server has seen
    it."""
    protocols = {protocol.namespace: protocol for protocol in Protocol}
    uses: dict[Use, set[bytes]] = {}
    for element in _ENCRYPTED.finditer(log.read_text(errors="replace")):
        protocol, sid = protocols[element[1]], _SENDER.search(element[0])
        if sid is None or sid[1] != sender:
            continue
        for receiver, text in _KEY.findall(element[0]):
            data = b64decode(text)
            _, ratchet_key, number = step_of(protocol, data)
            use = (protocol, receiver, ratchet_key, number)
            uses.setdefault(use, set()).add(data)
    return uses


def check_used_once(log: Path, sender: str, at_least: int) -> None:
    """Check that no key of a device has encrypted two things.

    :param log: what the server has seen
    :param at_least: how many keys it has used, or nothing is proved
    """
    uses = uses_of_keys(log, sender)
    assert len(uses) >= at_least
    assert all(len(texts) == 1 for texts in uses.values()), "a key was used twice"
