# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine.fake_network import FakeNetwork


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FakeNetwork]:
    world = FakeNetwork(tmp_path)
    yield world
    world.close()
