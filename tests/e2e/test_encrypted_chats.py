# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""An encrypted conversation stays one, whoever sends and whatever fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_no_leak
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.program import OURS as SHORT_NAME
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for


def send_past_the_window(sender: Gajim, reader: Gajim, text: str) -> None:
    """Send a message as gajim-remote and other plugins do."""
    sender.call(
        "send_past_the_window",
        account=sender.account_name,
        jid=reader.account.jid,
        text=text,
    )


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_a_choice_survives_a_crash(new_scene: Callable[..., Scene], suite: str) -> None:
    """Gajim writes its settings down a moment later."""
    scene = new_scene("ann", "ben")
    ann = scene.gajim(suite, "ann", OURS)
    ben = scene.gajim("bookworm", "ben", OURS)
    start_all([ann, ben])
    open_chats(ben, ann)
    ann.kill()
    ann.launch()
    ann.wait_until_running()
    wait_for("ann is online", ann.online)
    text = secret("before the chat is opened")
    send_past_the_window(ann, ben, text)
    check_encrypted(ben, ben.wait_for_message(text))
    ann.open_chat(ben.account.jid)
    assert ann.call("encryption") == "OMEMO"
    # And back, which is the user's choice as well
    ann.set_encryption("")
    plain = "not secret"
    ann.send(plain)
    assert ben.wait_for_message(plain).encryption is None
    check_no_leak(scene)


def gajim_remote(gajim: Gajim, *arguments: str) -> str:
    """Run gajim-remote, which comes with Gajim, and return its output."""
    gajim.call("start_remote", arguments=arguments)
    answer = wait_for("it has answered", lambda: gajim.call("remote_answer"))
    return str(answer).strip()


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_gajim_remote(new_scene: Callable[..., Scene], suite: str) -> None:
    """A message of gajim-remote is encrypted. If the setting of the chat has been lost,
    the message stays here and the setting is restored."""
    scene = new_scene("ann", "ben")
    ann = scene.gajim(suite, "ann", OURS, app_settings={"remote_control": True})
    ben = scene.gajim("bookworm", "ben", OURS)
    start_all([ann, ben])
    open_chats(ann, ben)
    # Gajim lets it in some seconds after its start
    wait_for("it is let in", lambda: gajim_remote(ann, "list_accounts") == "['ann']")
    command = ("send_chat_message", ben.account.jid)
    text = secret("from a script")
    assert gajim_remote(ann, *command, text, ann.account_name) == "True"
    for gajim in (ann, ben):
        check_encrypted(gajim, gajim.wait_for_message(text))
    chat = {"account": ann.account_name, "jid": ben.account.jid}
    ann.call("lose_encryption_setting", **chat)
    assert ann.call("encryption") == ""
    lost = secret("while nothing is chosen")
    gajim_remote(ann, *command, lost, ann.account_name)

    def refused() -> bool:
        assert not scene.server.leaks(lost)
        return any(
            "Encryption was lost for this chat" in row.text for row in ann.rows()
        )

    wait_for("ann is told why", refused)
    assert ann.call("encryption") == "OMEMO"
    ann.screenshot(f"setting-lost-{suite}")
    # A message that was sent would be there before this
    tell(ann, ben, "after it was lost")
    assert ben.find(lost) is None
    assert not scene.server.leaks(lost)
    check_no_leak(scene)


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_a_plugin_that_does_not_load(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """Gajim 2 goes on with its own OMEMO; Gajim 1 sends nothing before the user
    has switched encryption off."""
    scene = new_scene("ann", "ben")
    ann = scene.gajim(suite, "ann", OURS)
    ben = scene.gajim("bookworm", "ben", OURS)
    start_all([ann, ben])
    open_chats(ann, ben)
    tell(ann, ben, "first")
    tell(ben, ann, "second")
    text = secret("past the window")
    send_past_the_window(ann, ben, text)
    for gajim in (ann, ben):
        check_encrypted(gajim, gajim.wait_for_message(text))

    # As after an upgrade that took a library away
    ann.quit()
    ann.hide_library("twomemo")
    ann.launch()
    ann.wait_until_running()
    wait_for("ann is online", ann.online)
    assert not ann.plugins()[SHORT_NAME]["active"]
    ann.open_chat(ben.account.jid)
    assert ann.call("encryption") == "OMEMO"
    if suite != "bookworm":
        ann.wait_for_message(text)
        tell(ann, ben, "with what Gajim has built in")
        check_no_leak(scene)
        return
    texts = [secret("typed"), secret("past the window again")]
    ann.call("type_text", text=texts[0])
    ann.call("press_send")
    send_past_the_window(ann, ben, texts[1])
    assert ann.call("typed_text") == texts[0]
    # A message that was sent would be there before this
    later = secret("from ben")
    ben.send(later)
    ben.wait_for_message(later)
    for text in texts:
        assert not scene.server.leaks(text)
    ann.set_encryption("")
    ann.call("clear_input")
    plain = "not secret any more"
    ann.send(plain)
    ben.open_chat(ann.account.jid)
    row = ben.wait_for_message(plain)
    assert row.encryption is None
    check_no_leak(scene)
