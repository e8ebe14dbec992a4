# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The identifiers of message keys that an observer sees: the ratchet key of a chain and
the counter in it, which stand in clear in each message. If both are the same in two
messages, these were encrypted with one key.
"""

from __future__ import annotations

from collections.abc import Iterable

from oldmemo.oldmemo_pb2 import OMEMOKeyExchange as LegacyKeyExchange  # type: ignore[attr-defined]
from oldmemo.oldmemo_pb2 import OMEMOMessage as LegacyMessage  # type: ignore[attr-defined]
from twomemo.twomemo_pb2 import OMEMOAuthenticatedMessage  # type: ignore[attr-defined]
from twomemo.twomemo_pb2 import OMEMOKeyExchange  # type: ignore[attr-defined]
from twomemo.twomemo_pb2 import OMEMOMessage  # type: ignore[attr-defined]

from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import is_key_exchange

# Protocol, ratchet key, counter
Step = tuple[Protocol, bytes, int]


def step_of(protocol: Protocol, data: bytes) -> Step:
    """The step of the ratchet that made a key element."""
    exchange = is_key_exchange(protocol, data)
    if protocol is Protocol.LEGACY:
        if exchange:
            data = LegacyKeyExchange.FromString(data[1:]).message
        message = LegacyMessage.FromString(data[1:-8])
    else:
        authenticated = (
            OMEMOKeyExchange.FromString(data).message
            if exchange
            else OMEMOAuthenticatedMessage.FromString(data)
        )
        message = OMEMOMessage.FromString(authenticated.message)
    return protocol, message.dh_pub, message.n


def steps_of(messages: Iterable[EncryptedMessage]) -> list[Step]:
    """The positions of all key elements of a stanza."""
    return [
        step_of(message.protocol, key.data)
        for message in messages
        for key in message.keys
    ]
