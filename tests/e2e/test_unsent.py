# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that wait to be sent when Gajim ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.support.hosts import GAJIM_VERSIONS
from tests.support.scene import OURS
from tests.support.scene import Scene
from tests.support.waiting import wait_for


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_they_are_given_back(new_scene: Callable[..., Scene], suite: str) -> None:
    """The user was told that they go by themselves, so they are not lost."""
    scene = new_scene("ann", "ben")
    ann = scene.gajim(suite, "ann", OURS)
    ben = scene.gajim("bookworm", "ben", OURS)
    ann.start()
    ann.open_chat(ben.account.jid, "OMEMO")
    texts = [secret("waits"), secret("waits too")]
    for text in texts:
        ann.call("type_text", text=text)
        ann.call("press_send")
    # Ben has no device yet, and may be signing in at this moment
    assert ann.call("typed_text") == ""
    ann.quit()
    ann.start()
    ann.open_chat(ben.account.jid)
    wait_for(
        "they are in the input", lambda: ann.call("typed_text") == "\n".join(texts)
    )
    wait_for(
        "it says why",
        lambda: any("Gajim ended before it was sent" in r.text for r in ann.rows()),
    )
    ann.screenshot(f"unsent-{suite}")
    ben.start()
    ben.open_chat(ann.account.jid)
    ann.call("press_send")
    check_encrypted(ben, ben.wait_for_message("\n".join(texts)))
    check_scene(scene)
