# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices with made-up fingerprints."""

from __future__ import annotations

from dataclasses import dataclass

from omemo_plugin.engine.keys.device_info import DeviceInfo


@dataclass(frozen=True)
class MadeUpDevice(DeviceInfo):
    """One whose fingerprint is not that of its key."""

    fingerprint: str | None = None
