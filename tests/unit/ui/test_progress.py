# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from omemo_plugin.ui.presenters.progress import WORTH_SAYING
from omemo_plugin.ui.presenters.progress import catching_up


def test_a_long_archive_is_counted() -> None:
    assert catching_up(True, 1200) == (
        "Opening what came while you were away: 1200 messages so far…"
    )


def test_a_short_one_is_not_worth_a_line() -> None:
    assert not catching_up(True, WORTH_SAYING - 1)
    assert catching_up(True, WORTH_SAYING)


def test_the_line_goes_away() -> None:
    assert not catching_up(False, 1200)
