# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said when the plugin has been switched off."""

from __future__ import annotations

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
