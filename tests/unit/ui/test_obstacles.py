# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said when the plugin cannot be switched on."""

from __future__ import annotations

from omemo_plugin.ui.presenters.obstacles import cannot_start
from omemo_plugin.ui.presenters.obstacles import other_is_on
from omemo_plugin.ui.presenters.obstacles import programs_missing


def test_missing_programs_come_with_the_command() -> None:
    obstacle = programs_missing("python3-oldmemo python3-twomemo")
    assert obstacle.command == "sudo apt install python3-oldmemo python3-twomemo"
    assert f"“{obstacle.command}”" in obstacle.text
    assert not obstacle.is_other_plugin


def test_another_plugin_can_be_switched_off() -> None:
    obstacle = other_is_on("2.9.0")
    assert obstacle.is_other_plugin
    assert "(version 2.9.0)" in obstacle.text
    assert not obstacle.command


def test_a_bug_is_named() -> None:
    obstacle = cannot_start("KeyError: 1")
    assert obstacle.text.endswith("KeyError: 1")
    assert not obstacle.command
    assert not obstacle.is_other_plugin
