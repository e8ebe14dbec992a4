# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The elements that a message can have besides its text, and their places: in the
envelope of OMEMO 2, or beside the encrypted element.

A part is an element's name with its namespace.
"""

from __future__ import annotations

from nbxmpp.namespaces import Namespace
from nbxmpp.simplexml import Node

from .nodes import CLIENT

Part = tuple[str, str]

REACTIONS = "urn:xmpp:reactions:0"
RETRACT = "urn:xmpp:message-retract:1"

BODY: Part = ("body", CLIENT)
CORRECTION: Part = ("replace", Namespace.CORRECT)
RECEIPT_REQUEST: Part = ("request", Namespace.RECEIPTS)

CHAT_STATES: frozenset[Part] = frozenset(
    (name, Namespace.CHATSTATES)
    for name in ("active", "gone", "inactive", "paused", "composing")
)

# Requests of a text to its recipients. They say nothing about the content, so they may
# stay beside a message that older programs read too.
REQUESTS: frozenset[Part] = CHAT_STATES | {
    RECEIPT_REQUEST,
    ("markable", Namespace.CHATMARKERS),
}

# Answers to a message; each goes alone
ANSWERS: frozenset[Part] = frozenset(
    {
        ("received", Namespace.RECEIPTS),
        ("received", Namespace.CHATMARKERS),
        ("displayed", Namespace.CHATMARKERS),
        ("acknowledged", Namespace.CHATMARKERS),
    }
)

# They relate a message to another one. The legacy protocol has no other place
# for them than beside; with OMEMO 2 they count only inside the envelope.
RELATIONS: frozenset[Part] = frozenset(
    {
        CORRECTION,
        ("reply", Namespace.REPLY),
        ("fallback", Namespace.FALLBACK),
        ("thread", CLIENT),
    }
)

# They change an earlier message, and only the envelope protects that
CHANGES: frozenset[Part] = frozenset({("reactions", REACTIONS), ("retract", RETRACT)})

# What the envelope may hold besides the text. SECURITY: an allow-list. A sender
# has no business to write, say, a delay of the server or an event of a node.
INSIDE: frozenset[Part] = (
    REQUESTS | ANSWERS | RELATIONS | CHANGES | {("x", Namespace.X_OOB)}
)

# For servers, or by servers; they never belong into the envelope
HINTS: frozenset[Part] = frozenset(
    (name, Namespace.HINTS)
    for name in ("no-store", "store", "no-copy", "no-permanent-store")
)


def part_of(node: Node) -> Part:
    return node.getName(), node.getNamespace() or CLIENT
