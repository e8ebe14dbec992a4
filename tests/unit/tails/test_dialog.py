# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window that asks, where there is no screen; tests/tails looks at it on one."""

from __future__ import annotations

import pytest

from tails_integration.base.dialog import DialogButton
from tails_integration.base.dialog import ask


def test_without_a_screen_the_answer_is_the_safe_one(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    buttons = [DialogButton("open", "Open “it”"), DialogButton("cancel", "Cancel")]
    assert ask("A title", "A text “in quotes”", buttons) == "cancel"
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "A title\nA text “in quotes”\n" in printed.err
