# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that several scenarios share."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from tests.e2e.lodging import Lodger
from tests.support.gajim.program import DrivenGajim
from tests.support.gajim.program import Gajim
from tests.support.gajim.program import Row
from tests.support.gajim.scene import Scene
from tests.support.servers.prosody import Prosody
from tests.support.waiting import PATIENCE
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for

TRUSTED = ("BLIND", "VERIFIED")

_numbers = itertools.count(1)


def secret(about: str) -> str:
    """A text that occurs nowhere else, so that it can be searched for."""
    return f"secret {next(_numbers):03d} {about}"


def start_all(gajims: Iterable[Gajim]) -> None:
    """Start several Gajims at the same time and wait for all of them."""
    gajims = list(gajims)
    for gajim in gajims:
        gajim.launch()
    for gajim in gajims:
        gajim.wait_until_online()


def wait_until_known(server: Prosody, owner: Gajim, reader: Gajim | Lodger) -> None:
    """Wait until a Gajim without our plugin has heard of somebody's devices.

    Before that, gajim-omemo empties the input and sends nothing.
    """
    if not reader.has_our_plugin:
        wait_for(
            f"{reader.name} knows the devices of {owner.name}",
            lambda: server.delivered_device_list(owner.account.jid, reader.account.jid),
        )


def open_chats(one: DrivenGajim, other: DrivenGajim) -> None:
    """Open the chat on both sides and choose OMEMO in the menu."""
    one.open_chat(other.account.jid, "OMEMO")
    other.open_chat(one.account.jid, "OMEMO")


def tell(
    sender: DrivenGajim, receivers: DrivenGajim | Sequence[DrivenGajim], about: str
) -> list[Row]:
    """Send a new text and wait until it is shown everywhere, encrypted.

    :returns: the sender's row, then one for each receiver
    """
    if isinstance(receivers, DrivenGajim):
        receivers = [receivers]
    text = secret(about)
    sender.send(text)
    rows = [gajim.wait_for_message(text) for gajim in (sender, *receivers)]
    for gajim, row in zip((sender, *receivers), rows, strict=True):
        check_encrypted(gajim, row)
    assert rows[0].outgoing
    for gajim, row in zip(receivers, rows[1:], strict=True):
        own = gajim.account == sender.account
        assert row.outgoing is own, f"{gajim.name}: {row}"
    return rows


def correct(
    sender: DrivenGajim, *readers: DrivenGajim, timeout: float = PATIENCE
) -> str:
    """Correct the last message; everybody shows the new text alone."""
    text = secret("corrected")

    def old_text() -> str:
        # Not before Gajim knows the message by all its names
        sender.call("correct")
        return str(sender.call("typed_text"))

    before = wait_for("the old text is there", old_text, timeout, 0.5)
    sender.send(text, timeout)
    for gajim in (sender, *readers):
        check_encrypted(gajim, gajim.wait_for_message(text, timeout))
        assert gajim.find(before) is None, f"{gajim.name} shows both"
    return text


def is_kept(gajim: DrivenGajim, text: str) -> bool:
    """Whether a text that was not sent is in the input, or waits above it."""
    waiting = [row["text"] for row in gajim.call("waiting_messages")]
    return gajim.call("typed_text") == text or text in waiting


def has_come_back(gajim: DrivenGajim, text: str) -> bool:
    """Whether the plugin has given up to send a text: it is in the input again, or
    the user chooses what becomes of it."""
    waiting = [
        row["text"]
        for row in gajim.call("waiting_messages")
        if "Delete" in row["buttons"]
    ]
    return gajim.call("typed_text") == text or text in waiting


def send_after_all(gajim: DrivenGajim, text: str) -> None:
    """Send a text that was kept, unless it goes by itself: one that still waited
    when the reason was gone needs nobody."""

    def sent() -> bool:
        if gajim.find(text) is not None:
            return True
        if gajim.call("typed_text") == text:
            gajim.call("press_send")
            return True
        for row in gajim.call("waiting_messages"):
            if row["text"] == text and "Send again" in row["buttons"]:
                gajim.call("press_waiting", text=text, label="Send again")
                return True
        return False

    wait_for(f"{gajim.name} sends what was kept", sent)


def said_in_dock(gajim: DrivenGajim) -> str:
    """The texts above the input."""
    return "\n".join(gajim.call("dock")["texts"])


def wait_for_history(
    gajim: DrivenGajim, other: DrivenGajim, texts: Collection[str]
) -> list[dict[str, Any]]:
    """Wait until Gajim's archive has all texts, and return what it has of them."""

    def kept() -> list[dict[str, Any]]:
        history = gajim.history(other.account.jid)
        return [message for message in history if message["text"] in texts]

    def missing() -> list[str]:
        return sorted(set(texts) - {message["text"] for message in kept()})

    try:
        wait_for(f"{gajim.name} has {len(texts)} messages", lambda: not missing())
    except TooLate as error:
        raise TooLate(f"{error}; missing: {missing()}") from None
    return kept()


def check_encrypted(gajim: DrivenGajim, row: Row) -> None:
    """The row is shown as encrypted with OMEMO by a trusted device."""
    assert row.encryption is not None, f"{gajim.name} shows in clear: {row}"
    assert row.encryption["name"] == "OMEMO", row
    assert row.trust in TRUSTED, row
    # Ours says how far the device is trusted, Gajim's own what it is encrypted with
    word = {"VERIFIED": "Verified\n", "BLIND": "Not verified\n"}[str(row.trust)]
    assert row.shield.startswith((word, "Encrypted (OMEMO)")), row
    if not row.outgoing:
        assert len(row.key or "") == 64, row


def check_no_leak(scene: Scene) -> set[str]:
    """No secret leaked, neither to the server nor into a log of ours.

    :returns: the secrets
    """
    texts = {
        row.text
        for gajim in scene.gajims
        if gajim.running
        for row in gajim.messages()
        if row.text.startswith("secret ")
    }
    assert texts, "no secret was sent"
    for text in texts:
        leaks = scene.server.leaks(text)
        assert not leaks, f"the server saw {text!r}: {leaks}"
    # Debian's gajim-omemo does write plaintexts to its debug log.
    for gajim in (g for g in scene.gajims if g.has_our_plugin):
        log = gajim.log.read_text(errors="replace")
        assert not [text for text in texts if text in log], gajim.log
    return texts


def check_scene(scene: Scene) -> None:
    """No secret leaked, and our plugin logged neither a secret nor an error."""
    check_no_leak(scene)
    for gajim in (g for g in scene.gajims if g.has_our_plugin):
        log = gajim.log.read_text(errors="replace")
        assert not errors_of_our_plugin(log), errors_of_our_plugin(log)


def errors_of_our_plugin(log: str) -> list[str]:
    """The errors in Gajim's log that were raised in our plugin, or logged by it."""
    return [
        line
        for line in log.splitlines()
        if ("(E)" in line and "omemo_plugin" in line)
        or ("/plugins/omemo_plugin/" in line and line.lstrip().startswith('File "'))
    ]
