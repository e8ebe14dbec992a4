# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from omemo_plugin.bridge.saving import Saving
from omemo_plugin.bridge.saving import file_name
from omemo_plugin.bridge.saving import free_path

KEY = 'ab' * 44


@pytest.mark.parametrize(
    ('link', 'name'),
    [
        (f'aesgcm://files.example.org/a/list.txt#{KEY}', 'list.txt'),
        (f'aesgcm://files.example.org/..%2F..%2F.bashrc#{KEY}', 'bashrc'),
        ('aesgcm://files.example.org/a/list.txt', ''),
        (f'AESGCM://files.example.org/list.txt#{KEY}', ''),
    ],
)
def test_the_name_that_is_proposed(link: str, name: str) -> None:
    assert file_name(link) == name


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / 'list.txt'
    assert free_path(path) == path
    path.symlink_to(tmp_path / 'gone')
    assert free_path(path) == tmp_path / 'list (1).txt'


def test_case_41_what_is_no_link_is_told_and_not_asked_for(tmp_path: Path) -> None:
    told: list[str] = []
    saving = Saving('account', told.append)
    saving.save('aesgcm://files.example.org/list.txt#12', tmp_path / 'list.txt')
    (line,) = told
    assert '#' not in line
    assert not list(tmp_path.iterdir())
