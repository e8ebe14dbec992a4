# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said when the plugin has been switched off."""

from __future__ import annotations

import pytest

from omemo_plugin.ui.presenters import leaving


def test_where_gajim_has_no_omemo_nothing_is_sent() -> None:
    text = " ".join(leaving.sentences(gajim_has_omemo=False))
    assert "Encrypted chats send nothing now." in text
    assert "Disabled at the padlock" in text
    assert "Your keys stay on this computer" in text


def test_where_gajim_has_omemo_that_goes_on() -> None:
    text = " ".join(leaving.sentences(gajim_has_omemo=True))
    assert "Gajim’s own encryption goes on." in text
    assert "send nothing" not in text


def test_what_another_program_changes_is_not_said_any_more() -> None:
    text = " ".join(leaving.sentences(gajim_has_omemo=False, other_is_on=True))
    assert "send nothing" not in text
    assert "Your keys stay" in text
    text = " ".join(leaving.sentences(gajim_has_omemo=True, keys_given=True))
    assert "Gajim’s own encryption goes on." in text
    assert "Your keys stay" not in text


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["Bob"], "Encrypted chats: Bob."),
        (["Bob", "Carol", "Den"], "Encrypted chats: Bob, Carol, Den."),
        (["Bob", "Carol", "Den", "Eve"], "Encrypted chats: Bob, Carol, Den, and 1"),
        (list("ABCDEFGH"), "Encrypted chats: A, B, C, and 5 more."),
    ],
)
def test_a_few_of_the_chats_are_named(names: list[str], said: str) -> None:
    for gajim_has_omemo in (True, False):
        text = " ".join(leaving.sentences(gajim_has_omemo=gajim_has_omemo, names=names))
        assert said in text


def test_without_encrypted_chats_none_are_spoken_of() -> None:
    assert "Encrypted chats:" not in " ".join(leaving.sentences(gajim_has_omemo=True))
