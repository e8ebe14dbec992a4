# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from omemo_plugin.bridge.files import save as saving_module
from omemo_plugin.bridge.files.save import FileSaver
from omemo_plugin.bridge.files.save import free_path

KEY = "ab" * 44


@pytest.mark.parametrize(
    ("link", "name"),
    [
        (f"aesgcm://files.example.org/a/list.txt#{KEY}", "list.txt"),
        (f"aesgcm://files.example.org/..%2F..%2F.bashrc#{KEY}", "bashrc"),
        ("aesgcm://files.example.org/a/list.txt", ""),
        (f"AESGCM://files.example.org/list.txt#{KEY}", ""),
    ],
)
def test_the_name_that_is_proposed(link: str, name: str) -> None:
    assert FileSaver.name_of(link) == name


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    assert free_path(path) == path
    path.symlink_to(tmp_path / "gone")
    assert free_path(path) == tmp_path / "list (1).txt"


def test_case_41_a_bad_link_is_reported_and_not_fetched(tmp_path: Path) -> None:
    told: list[str] = []
    saving = FileSaver("account", told.append)
    saving.save("aesgcm://files.example.org/list.txt#12", tmp_path / "list.txt")
    (line,) = told
    assert "#" not in line
    assert not list(tmp_path.iterdir())


class FakeFetch:
    """The part of a download that the user is told of."""

    error = None
    done = 0
    total: int | None = 8 << 20

    def __init__(self, target: Path) -> None:
        self.target = target


def test_a_long_download_says_now_and_then_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    clock = SimpleNamespace(now=0.0)
    fetch: Any = FakeFetch(tmp_path / "list.txt")
    saving = FileSaver("account", told.append)
    monkeypatch.setattr(saving_module, "route_of", lambda _account: None)
    monkeypatch.setattr(saving._downloads, "start", lambda *_args: fetch)
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    saving.save(f"aesgcm://files.example.org/list.txt#{KEY}", fetch.target)
    for clock.now in range(40):
        fetch.done += 100_000
        saving._progressed(fetch)
    fetch.total = None
    clock.now = 50
    saving._progressed(fetch)
    saving._finished(fetch)
    assert told == [
        "Saving “list.txt”…",
        "Saving “list.txt”… 19 % (1 MiB)",
        "Saving “list.txt”… 36 % (2 MiB)",
        "Saving “list.txt”… 3 MiB",
        f"Saved: {fetch.target}",
    ]
