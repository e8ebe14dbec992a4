# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server does with places, devices and files that are true in themselves."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement

from omemo_plugin.engine.values import Protocol
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import secret
from tests.e2e.hostile_stage import Stage
from tests.e2e.test_hostile_devices import decide
from tests.e2e.test_hostile_devices import trust_in
from tests.support.waiting import wait_for

REACTIONS = "{urn:xmpp:reactions:0}"


def test_case_131_a_text_of_a_room_in_a_chat(stage: Stage) -> None:
    """A server gives it to its author's chat instead; in the room it is shown."""
    alice, bob = stage.alice, stage.bob
    room = f"{stage.nobody('den')}@rooms.localhost"
    alice.create_room(room)
    alice.set_affiliation(room, bob.jid, "member")
    bob.enter(room)
    alice.open_room(room, "OMEMO")
    moved, stays = (secret(f"{where} the room") for where in ("out of", "in"))
    content = bob.encrypted(bob.encrypt(moved, stage.own, to=room)[:1])
    bob.say_in_room(room, stays, stage.own)
    check_encrypted(alice, alice.wait_for_message(stays))
    stage.open_chat(bob)
    before = len(alice.messages())
    # nbxmpp drops it where it is not wrapped
    stanza = (
        f"<message xmlns='jabber:client' type='chat' from='{bob.jid}/x' to='{room}'"
        f" id='moved'>{content}</message>"
    )
    stage.hostile.from_server(stage.own, stage.hostile.carbon(stanza))
    stage.wait_for_refusal("not opened", before)
    assert alice.find(moved) is None
    alice.screenshot(f"out-of-the-room-{stage.suite}")
    stage.check("after a text of a room")


def test_case_132_a_place_for_a_file_that_is_a_text(
    stage: Stage, tmp_path: Path
) -> None:
    """The server writes it, and Gajim would send it as the user's."""
    alice, bob = stage.alice, stage.bob
    stage.open_chat(bob)
    file = tmp_path / "a picture.txt"
    file.write_text("precious")
    words = "and I will pay you"
    stage.hostile.place_files_at(f"https://files.localhost/f {words}")
    try:
        alice.send_file(bob.jid, str(alice.offer(file)))
        wait_for(
            "the place is refused",
            lambda: "named a place for a file" in alice.log.read_text(errors="replace"),
        )
    finally:
        stage.hostile.place_files_at("")
    stage.tell(bob, "after a place for a file")
    assert not [text for text in bob.read() if words in text]
    assert not [row for row in alice.messages() if words in row.text]
    alice.screenshot(f"a-place-that-is-a-text-{stage.suite}")
    stage.check("after a place for a file")


def test_case_135_a_device_of_the_server_changes_nothing(stage: Stage) -> None:
    """It is added to somebody verified, and the user has not decided about it."""
    alice, eve = stage.alice, stage.peer("eve", (Protocol.OMEMO_2,))
    stage.open_chat(eve)
    hers, _ours = stage.talk(eve, "before another device")
    decide(stage, eve, "VERIFIED")
    account = stage.server.accounts[eve.jid.partition("@")[0]]
    other = stage.device_of(account, (Protocol.OMEMO_2,))
    target = stage.id_of(eve, hers)
    reactions = Element(f"{REACTIONS}reactions", {"id": target})
    SubElement(reactions, f"{REACTIONS}reaction").text = "👎"
    opt_out = Element("{urn:xmpp:omemo:2}opt-out")
    retract = Element("{urn:xmpp:message-retract:1}retract", {"id": target})
    for element in (opt_out, reactions, retract):
        messages = other.encrypt("", stage.own, content=[element])
        other.client.send(other.stanza(stage.own, other.encrypted(messages)))
    wait_for("both changes are refused", partial(_are_refused, stage))
    assert trust_in(stage, other) == "UNDECIDED"
    row = alice.find(hers)
    assert row is not None, "taken back by another device"
    check_encrypted(alice, row)
    assert not [line for line in stage.lines() if "👎" in line]
    assert not [line for line in stage.lines() if "Nothing has changed" in line]
    alice.screenshot(f"another-device-changes-nothing-{stage.suite}")
    stage.check("after another device")


def _are_refused(stage: Stage) -> bool:
    return sum("Nothing was changed" in line for line in stage.lines()) == 2
