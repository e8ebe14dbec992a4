# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that are gone with the session, as in a Tails without storage."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from omemo_plugin.engine.values import TemporaryDevice
from omemo_plugin.stanza.temporary import build_record
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS_FROM_SYSTEM
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import PUBSUB
from tests.support.peers.omemo_peer import xml
from tests.support.peers.raw_client import RawClient
from tests.support.servers.hostile import LEGACY_LIST
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for

every_suite = pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))

MakeScene = Callable[..., Scene]

RECORDS = "urn:x-omemo-plugin:temporary-devices:0"

# Seconds, from the login on
SAID_AFTER = 15


def listed(scene: Scene) -> dict[str, frozenset[str]]:
    """Alice's device lists as the server has them now."""
    return scene.server.listed_devices(scene.server.accounts["alice"])


def boot(scene: Scene, suite: str, number: int) -> Gajim:
    """Start Tails anew: nothing is there but the account's password."""
    alice = scene.gajim(
        suite,
        "alice",
        OURS_FROM_SYSTEM,
        name=f"boot-{number}",
        environment={"OMEMO_TEMPORARY_DEVICE": "1"},
    )
    alice.start()
    return alice


@every_suite
def test_case_49_three_amnesic_boots(new_scene: MakeScene, suite: str) -> None:
    """Quit, unplugged, gone offline: the lists are as they were. A record that the
    server made up for another device takes nothing off them."""
    scene = new_scene("alice", "bob")
    phone = scene.gajim(suite, "alice", OURS_FROM_SYSTEM, name="phone")
    bob = scene.gajim(suite, "bob", OURS_FROM_SYSTEM)
    start_all([phone, bob])
    before = listed(scene)
    assert all(len(ids) == 1 for ids in before.values()), before

    one = boot(scene, suite, 1)
    assert any(before[node] < listed(scene)[node] for node in before)
    assert scene.server.stanzas_with("label='Temporary device'")
    open_chats(one, bob)
    tell(one, bob, "from a device that will not stay")
    one.quit()
    assert listed(scene) == before

    two = boot(scene, suite, 2)
    two.kill()
    assert listed(scene) != before, "it had no time to go"

    (phones_id,) = before[LEGACY_LIST]
    make_up_record(scene, int(phones_id))
    assert phones_id in scene.server.kept_in_node(phone.account, RECORDS)

    three = boot(scene, suite, 3)
    wait_for(
        "the unplugged one is off the lists",
        lambda: all(len(ids) == 2 for ids in listed(scene).values()),
        timeout=40,
    )
    three.set_online(False)
    assert listed(scene) == before
    assert '["id"]' not in scene.server.kept_in_node(
        scene.server.accounts["alice"], RECORDS
    )
    assert phone.online()


def make_up_record(scene: Scene, device_id: int) -> None:
    """Say that a device was a temporary one, with a key that it does not have."""
    record = xml(build_record(TemporaryDevice(device_id, "ab" * 32), "gone"))
    client = RawClient(scene.server, scene.server.accounts["alice"])
    try:
        answer = client.set(
            f"<pubsub xmlns='{PUBSUB}'><publish node='{RECORDS}'>"
            f"<item id='{device_id}'>{record}</item></publish></pubsub>"
        )
        assert answer is not None
    finally:
        client.close()


@every_suite
def test_quitting_while_an_unplugged_device_is_asked(
    new_scene: MakeScene, suite: str
) -> None:
    """The session ends before the unplugged one had its time to answer.

    It takes itself off all the same, and the next session removes the other.
    """
    scene = new_scene("alice")
    alice = scene.server.accounts["alice"]
    one = boot(scene, suite, 1)
    one.kill()
    lost = listed(scene)
    assert all(len(ids) == 1 for ids in lost.values()), lost

    two = boot(scene, suite, 2)
    wait_for(
        "both are listed",
        lambda: all(len(ids) == 2 for ids in listed(scene).values()),
    )
    two.quit()
    assert listed(scene) == lost, "it did not take itself off"
    assert scene.server.kept_in_node(alice, RECORDS).count('["id"]') == 1

    three = boot(scene, suite, 3)
    wait_for(
        "only this device is listed",
        lambda: all(
            len(ids) == 1 and not ids & lost[node]
            for node, ids in listed(scene).items()
        ),
        timeout=40,
    )
    three.quit()
    assert not any(listed(scene).values())


@every_suite
def test_what_was_written_to_an_unplugged_device_is_said(
    new_scene: MakeScene, suite: str
) -> None:
    """Bob goes on writing after the plug was pulled. When the next session has asked
    for that device, Bob learns what may not have been read, once; and nothing about
    what was read. What was written meanwhile says in the new session that it is not
    for it."""
    scene = new_scene("alice", "bob")
    bob = scene.gajim(suite, "bob", OURS_FROM_SYSTEM)
    one = boot(scene, suite, 1)
    bob.start()
    open_chats(one, bob)
    tell(bob, one, "that is answered")
    tell(one, bob, "an answer")
    dead = listed(scene)
    one.kill()
    lost = [secret("that nobody reads") for _number in range(2)]
    for text in lost:
        bob.send(text)
        bob.wait_for_message(text)
    two = boot(scene, suite, 2)
    bob.open_chat(two.account.jid, "OMEMO")

    def told() -> list[str]:
        return [text for text in lines(bob) if "may not have read" in text]

    (line,) = wait_for("Bob is told", told)
    assert "may not have read your last 2 messages." in line
    check_in_time(scene, {number for ids in dead.values() for number in ids})
    bob.screenshot(f"not-read-{suite}")
    two.open_chat(bob.account.jid, "OMEMO")
    wait_for(
        "Alice sees that there was something",
        lambda: [
            row.text
            for row in two.messages()
            if row.text.startswith("[Message from")
            and "It was not encrypted for this device" in row.text
        ],
    )
    assert not any(two.find(text) for text in lost)
    tell(bob, two, "once more")
    two.quit()
    wait_for("the lists are empty", lambda: not any(listed(scene).values()))
    assert told() == [line]
    check_scene(scene)


def check_in_time(scene: Scene, dead: set[str]) -> None:
    """Bob has the device list without these devices in time after the last login.

    By the server's clock, and of what the server sees: how long the windows of this
    machine take says nothing about the promise. The only wait in it is the one for the
    answer to a ping, which does not come (`tests/unit/bridge/test_temporary_devices.py`
    has its length by a clock of its own); it is looked at that there was one. The rest
    are round trips. On a machine on which they take seconds this is only too late.
    """
    alice, bob = (scene.server.accounts[name].jid for name in ("alice", "bob"))
    wire = scene.server.timed_wire()
    logins = [
        number
        for number, (_time, line) in enumerate(wire)
        if line.startswith(f"> {alice}/") and "urn:ietf:params:xml:ns:xmpp-bind" in line
    ]
    wire = wire[logins[-1] :]
    (login, first), *rest = wire
    resource = first.split()[1]

    def is_told(line: str) -> bool:
        return (
            line.startswith(f"> {bob}/")
            and "axolotl.devicelist'" in line
            and "<device " in line
            and not any(f"id='{number}'" in line for number in dead)
        )

    told = next(number for number, (_time, line) in enumerate(rest) if is_told(line))
    asked = [
        line
        for _time, line in rest[:told]
        if line.startswith(f"< {resource} ") and "urn:xmpp:ping" in line
    ]
    assert any(f"to='{alice}/" in line for line in asked), "nobody was asked"
    needed = rest[told][0] - login
    if needed > SAID_AFTER:
        raise TooLate(f"{needed:.1f} s after the login")


def lines(gajim: Gajim) -> list[str]:
    """What is written into the shown chat that is no message."""
    return [row.text for row in gajim.rows() if row.type != "chat"]
