# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Garbage is looked for again when the modules are there, and only if it was before."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from omemo_plugin.loading import without_collecting


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    was_on = gc.isenabled()
    yield
    (gc.enable if was_on else gc.disable)()


def test_no_garbage_is_looked_for_meanwhile() -> None:
    gc.enable()
    with without_collecting():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_looked_for_after_an_error() -> None:
    gc.enable()
    with pytest.raises(ImportError), without_collecting():
        raise ImportError("a package is missing")
    assert gc.isenabled()


def test_what_was_off_stays_off() -> None:
    gc.disable()
    with without_collecting():
        pass
    assert not gc.isenabled()
