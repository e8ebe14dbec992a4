# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an engine is told when it has asked for something, found or not."""

from __future__ import annotations

from omemo_plugin.engine.effects import Effect
from omemo_plugin.engine.effects import FetchBundle
from omemo_plugin.engine.effects import FetchDeviceList
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import BundleRefused
from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import DeviceList


def answer_device_list(
    engine: OmemoEngine, asked: FetchDeviceList, found: DeviceList | None
) -> list[Effect]:
    """Hand an engine the list it asked for; return what it wants next."""
    if found is None:
        return engine.device_list_unavailable(asked.jid, asked.protocol, permanent=True)
    return engine.device_list_received(asked.jid, found)


def answer_bundle(
    engine: OmemoEngine, asked: FetchBundle, found: Bundle | None
) -> list[Effect]:
    """Hand an engine the bundle it asked for; return what it wants next."""
    if found is None:
        return engine.bundle_unavailable(asked.device, asked.protocol, permanent=True)
    try:
        return engine.bundle_received(asked.device, found)
    except BundleRefused:
        return []
