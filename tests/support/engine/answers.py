# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answers to an engine that has asked for something, found or not."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime

from omemo_plugin.engine.effects import Effect
from omemo_plugin.engine.effects import FetchBundle
from omemo_plugin.engine.effects import FetchDeviceList
from omemo_plugin.engine.effects import OweEmptyMessage
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import BundleRefused
from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.envelope import build_heartbeat


def answer_device_list(
    engine: OmemoEngine, asked: FetchDeviceList, found: DeviceList | None
) -> list[Effect]:
    """Hand an engine the list it asked for; return what it wants next."""
    if found is None:
        return engine.keys.device_list_unavailable(
            asked.jid, asked.protocol, permanent=True
        )
    return engine.keys.device_list_received(asked.jid, found)


def answer_bundle(
    engine: OmemoEngine, asked: FetchBundle, found: Bundle | None
) -> list[Effect]:
    """Hand an engine the bundle it asked for; return what it wants next."""
    if found is None:
        return engine.keys.bundle_unavailable(
            asked.device, asked.protocol, permanent=True
        )
    try:
        return engine.keys.bundle_received(asked.device, found)
    except BundleRefused:
        return []


def owed_message(
    engine: OmemoEngine, own_jid: str, owed: OweEmptyMessage
) -> EncryptedMessage | None:
    """Encrypt the empty message that an engine owes a device; None if it cannot."""
    envelope = None
    if owed.heartbeat and owed.protocol is Protocol.OMEMO_2:
        envelope = build_heartbeat(
            from_jid=own_jid, to_jid=owed.device.jid, stamp=datetime.now(UTC)
        )
    return engine.outgoing.encrypt_empty(owed.device, owed.protocol, envelope)
