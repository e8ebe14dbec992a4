# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The user's own names for devices, and their order."""

from __future__ import annotations

from pathlib import Path

from omemo_plugin.engine.state.device_names import DeviceNames
from omemo_plugin.engine.state.store import Store
from omemo_plugin.engine.values import Device

BOB = "bob@example.org"


def test_a_name_is_kept_until_it_is_taken_away(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    names = DeviceNames(store)
    names.set(Device(BOB, 1), "Work\n\u202ephone")
    names.set(Device(BOB, 2), "Home")
    store.commit()
    store.close()
    names = DeviceNames(Store(tmp_path / "store"))
    # One line, in one direction
    assert names.of(BOB) == {1: "Work phone", 2: "Home"}
    names.set(Device(BOB, 1), "  ")
    names.set(Device(BOB, 2), "")
    assert names.of(BOB) == {}
    assert names.of("carol@example.org") == {}
