# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from omemo_plugin.bridge.state.paths import file_stem
from omemo_plugin.bridge.state.paths import store_path


def test_an_ordinary_address_is_readable() -> None:
    path = store_path(Path("/folder"), "alice@example.org")
    assert path == Path("/folder/alice@example.org.db")


@pytest.mark.parametrize(
    "jid",
    ["..", ".", "../x@example.org", "a/b@c", "/etc/passwd", "a\0b@c", "a\\b@c", ".x@c"],
)
def test_no_address_leaves_the_folder(jid: str) -> None:
    path = store_path(Path("/folder"), jid)
    assert path.parent == Path("/folder")
    assert not path.name.startswith(".")
    assert "\0" not in path.name


def test_different_addresses_have_different_files() -> None:
    jids = ["a/b@c", "a%2Fb@c", "a_b@c", ".a@c", "%2Ea@c", "A@c", "a@c", "ä@c", "ae@c"]
    assert len({file_stem(jid) for jid in jids}) == len(jids)


def test_a_long_address_fits_a_file_system() -> None:
    one, other = ("ä" * 1000 + end + "@example.org" for end in "xy")
    assert len(file_stem(one).encode()) <= 200
    assert file_stem(one) != file_stem(other)
