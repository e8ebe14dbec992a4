# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making the identity key of an account, which stays the same."""

from __future__ import annotations

from pathlib import Path

import xeddsa

from omemo_plugin.engine.backend import speedups
from omemo_plugin.engine.state.identity import load_identity
from omemo_plugin.engine.state.storage import KeyStorage
from omemo_plugin.engine.state.store import Store


def test_the_sign_of_a_new_identity_key_is_clear(tmp_path: Path) -> None:
    """libomemo.js refuses OMEMO 2 bundles of the others."""
    for number in range(16):
        store = Store(tmp_path / f"{number}.db")
        assert not load_identity(store).identity_key[31] & 0x80
        store.close()


def test_an_identity_key_that_exists_stays(tmp_path: Path) -> None:
    seed = next(
        seed
        for seed in (bytes([number]) * 32 for number in range(50))
        if xeddsa.seed_to_ed25519_pub(seed)[31] & 0x80
    )
    store = Store(tmp_path / "keys.db")
    storage = KeyStorage(store)
    speedups.run(storage.store("/ikp/is_seed", True))
    speedups.run(storage.store_bytes("/ikp/key", seed))
    assert load_identity(store).identity_key == xeddsa.seed_to_ed25519_pub(seed)
    store.close()
