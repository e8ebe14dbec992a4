# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a device is called, in windows and in sentences."""

from __future__ import annotations

from .engine.keys.device_info import DeviceInfo
from .foreign_text import quoted
from .i18n import _


def title(info: DeviceInfo, owner: str = "") -> str:
    """
    The name of a device: the user's for it, its own, or its place among the devices of
    its owner.

    Args:
        owner: what the user calls the owner; '' for the address.
    """
    if info.name:
        return info.name
    if info.label and info.label.strip():
        return info.label.strip()
    return _placed(info.rank).format(name=owner or info.device.jid, count=info.rank)


def in_sentence(info: DeviceInfo, owner: str) -> str:
    """
    The same for a sentence of ours, which the name that a device has given itself must
    not go on with.

    Args:
        owner: what the user calls the owner.
    """
    name = title(info, owner)
    return quoted(name) if info.name or info.label else name


def _placed(rank: int) -> str:
    names = {
        1: _("{name}’s first device"),
        2: _("{name}’s second device"),
        3: _("{name}’s third device"),
        4: _("{name}’s fourth device"),
    }
    return names.get(rank, _("{name}’s device number {count}"))
