# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hostile server against a running Gajim, with the cases' own numbers.

Each case ends with honest messages both ways: nothing was lost, and nothing
stopped.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_scene
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim import Gajim
from tests.support.hostile import BROKEN
from tests.support.hostile import LEGACY_LIST
from tests.support.hostile import MODULE
from tests.support.hostile import NEW_LIST
from tests.support.hostile import HostileServer
from tests.support.hosts import GAJIM_VERSIONS
from tests.support.scene import OURS
from tests.support.scene import Scene
from tests.support.waiting import wait_for

every_suite = pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))

MALLORY = "mallory@localhost"
# Nobody has a device with this id
NOBODY = 666666


class Stage:
    """Two honest Gajims, one of which is the victim of its server."""

    def __init__(self, new_scene: Callable[..., Scene], suite: str) -> None:
        self.scene = new_scene("alice", "bob", "mallory", more_modules=[MODULE])
        self.alice = self.scene.gajim(suite, "alice", OURS)
        self.bob = self.scene.gajim("bookworm", "bob", OURS)
        start_all([self.alice, self.bob])
        open_chats(self.alice, self.bob)
        self.hostile = HostileServer(self.scene.server, self.alice)
        self.talk("before")

    def talk(self, about: str) -> None:
        """Honest messages both ways."""
        tell(self.bob, self.alice, f"{about}, to the victim")
        tell(self.alice, self.bob, f"{about}, from the victim")

    def forged(self, text: str) -> str:
        """A message that bob never wrote."""
        return self.hostile.message(self.bob.account.jid, f"<body>{text}</body>")

    def devices(self, gajim: Gajim, node: str) -> list[int]:
        """What is on somebody's list on the server."""
        listed = self.scene.server.listed_devices(gajim.account)[node]
        return sorted(int(device) for device in listed)


@every_suite
def test_case_05_06_07_what_is_not_encrypted(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """Plain text is shown as such; no hint and no broken element changes that."""
    stage = Stage(new_scene, suite)
    alice, bob, hostile = stage.alice, stage.bob, stage.hostile

    before = len(alice.messages())
    text = '<body>case five in clear</body><request xmlns="urn:xmpp:receipts"/>'
    hostile.send(hostile.message(bob.account.jid, text))
    hints = (
        "<body>case seven in clear</body><encryption xmlns='urn:xmpp:eme:0'"
        " name='OMEMO' namespace='{}'/>"
    )
    legacy = "eu.siacs.conversations.axolotl"
    hostile.send(hostile.message(bob.account.jid, hints.format(legacy)))
    hints = hints.replace("seven", "seven again")
    hostile.send(hostile.message(bob.account.jid, hints.format("urn:xmpp:omemo:2")))
    wait_for("three rows", lambda: len(alice.messages()) == before + 3)
    rows = alice.messages()[before:]
    assert [row.text for row in rows] == [
        f"case {number} in clear" for number in ("five", "seven", "seven again")
    ]
    for row in rows:
        assert row.encryption is None, row
        assert "Not encrypted" in row.shield, row
    stage.talk("after plain text")
    # Gajim itself would have answered it by now
    answers = stage.scene.server.stanzas_with("<received ")
    assert not [line for line in answers if line.startswith("< alice")]

    rid = stage.devices(alice, LEGACY_LIST)[0]
    body = "<body>case six in clear</body>"
    before = len(alice.messages())
    hostile.send(hostile.message(bob.account.jid, body + BROKEN.format(rid=rid)))
    row = wait_for("a row", lambda: alice.messages()[before:])[0]
    assert "could not be decrypted" in row.text, row
    assert row.trust not in ("BLIND", "VERIFIED"), row
    stage.talk("after a broken element")
    assert alice.find("case six in clear") is None
    alice.screenshot(f"what-is-not-encrypted-{suite}")
    check_scene(stage.scene)


@every_suite
def test_case_16_17_18_19_who_may_speak_for_whom(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """Carbons, archives and rosters of others are nothing at all."""
    stage = Stage(new_scene, suite)
    alice, bob, hostile = stage.alice, stage.bob, stage.hostile
    full = f"{hostile.own}/elsewhere"
    rid = stage.devices(alice, LEGACY_LIST)[0]
    before = len(alice.messages())

    for sender in (MALLORY, f"{MALLORY}/x", "localhost", full, bob.account.jid):
        for kind in ("received", "sent"):
            forged = stage.forged("case sixteen")
            hostile.from_server(sender, hostile.carbon(forged, kind))
        broken = hostile.message(bob.account.jid, BROKEN.format(rid=rid))
        hostile.from_server(sender, hostile.carbon(broken))

    def around(content: str) -> str:
        return f"<message xmlns='jabber:client' from='{MALLORY}'>{content}</message>"

    nested = around(hostile.carbon(stage.forged("case seventeen")))
    hostile.from_server(hostile.own, hostile.carbon(nested))
    hostile.from_server(hostile.own, hostile.archived(nested, "nobody-asked"))

    for sender in (hostile.own, MALLORY, bob.account.jid, "localhost"):
        forged = stage.forged("case eighteen")
        hostile.from_server(sender, hostile.archived(forged, "nobody-asked"))
        broken = hostile.message(bob.account.jid, BROKEN.format(rid=rid))
        hostile.from_server(sender, hostile.archived(broken, "nobody-asked"))

    for sender in (MALLORY, "localhost", f"{MALLORY}/x"):
        hostile.send(
            f"<iq type='set' id='push' from='{sender}'>"
            "<query xmlns='jabber:iq:roster'>"
            "<item jid='case-19@localhost' subscription='both'/></query></iq>"
        )
    tell(bob, alice, "after lies about senders")
    shown = [row for row in alice.messages()[before:] if "secret" not in row.text]
    assert not shown, shown
    contacts = alice.call("contacts", account=alice.account_name)
    assert bob.account.jid in contacts
    assert "case-19@localhost" not in contacts
    # What comes from the right sender counts, so the lies above were well-formed
    hostile.from_server(hostile.own, hostile.carbon(stage.forged("a true carbon")))
    assert alice.wait_for_message("a true carbon").encryption is None
    hostile.send(
        f"<iq type='set' id='push' from='{hostile.own}'>"
        "<query xmlns='jabber:iq:roster'>"
        "<item jid='true@localhost' subscription='both'/></query></iq>"
    )
    wait_for(
        "the true contact",
        lambda: "true@localhost" in alice.call("contacts", account=alice.account_name),
    )
    stage.talk("after lies")
    check_scene(stage.scene)


@every_suite
def test_case_09_15_36_device_lists(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """Lists of others, empty ones and endless ones stop no honest message."""
    stage = Stage(new_scene, suite)
    alice, bob, hostile = stage.alice, stage.bob, stage.hostile
    server = stage.scene.server
    honest = {node: stage.devices(bob, node) for node in (LEGACY_LIST, NEW_LIST)}
    assert all(honest.values()), honest

    # 15: of mallory, and nested
    event = (
        f"<message xmlns='jabber:client' from='{bob.account.jid}'>"
        "<event xmlns='http://jabber.org/protocol/pubsub#event'>"
        f"<items node='{LEGACY_LIST}'><item id='current'>"
        "<list xmlns='eu.siacs.conversations.axolotl'>"
        f"<device id='{NOBODY}'/></list></item></items></event></message>"
    )
    hostile.from_server(MALLORY, hostile.forwarded(event))
    hostile.from_server(MALLORY, hostile.carbon(event))
    for node in honest:
        hostile.device_list(f"{MALLORY}/x", [NOBODY], node)
    stage.talk("after lists of others")

    def asked_for_nobody() -> list[str]:
        return [
            line
            for line in server.stanzas_with(f"to='{bob.account.jid}'")
            if str(NOBODY) in line and line.startswith(f"< {hostile.own}")
        ]

    assert not asked_for_nobody()
    # The same list as bob's own is one
    hostile.device_list(bob.account.jid, [*honest[LEGACY_LIST], NOBODY], LEGACY_LIST)
    wait_for("keys of a listed device are asked for", asked_for_nobody)
    hostile.device_list(bob.account.jid, honest[LEGACY_LIST], LEGACY_LIST)

    # 9: emptied, withdrawn, nonsense
    for node in honest:
        hostile.event(
            bob.account.jid, node, "<item id='current'><no xmlns='x'/></item>"
        )
        hostile.event(bob.account.jid, node, "<retract id='current'/>")
        hostile.device_list(bob.account.jid, [], node)
    tell(bob, alice, "while the list is empty")
    text = secret("while the list is empty")
    alice.call("type_text", text=text)
    alice.call("press_send")
    tell(bob, alice, "still while the list is empty")
    wait_for(
        "alice is told why",
        lambda: [
            row
            for row in alice.rows()
            if "Not sent" in row.text and "no longer lists" in row.text
        ],
    )
    assert bob.find(text) is None
    assert not server.leaks(text)
    for node, devices in honest.items():
        hostile.device_list(bob.account.jid, devices, node)
    # Sent by itself, or still there to be sent
    if alice.call("typed_text") == text:
        alice.call("press_send")
    bob.wait_for_message(text)
    stage.talk("after empty lists")

    # 36
    many = range(1_000_000, 1_020_000)
    for node, devices in honest.items():
        hostile.device_list(bob.account.jid, [*devices, *many], node)
    # So many are refused as a whole, and the last list stays
    wait_for(
        "alice is told of an endless list",
        lambda: [row for row in alice.rows() if "more devices than" in row.text],
    )
    alice.screenshot(f"an-endless-list-{suite}")
    stage.talk("beside 20,000 devices")
    # Of fewer, the first 200 count
    hostile.device_list(bob.account.jid, [*many[:900]], LEGACY_LIST)
    wait_for(
        "alice is told of devices that are left out",
        lambda: [row for row in alice.rows() if "too many devices" in row.text],
    )
    for node, devices in honest.items():
        hostile.device_list(bob.account.jid, devices, node)
    stage.talk("after 20,000 devices")
    check_scene(stage.scene)


@every_suite
def test_case_14_a_list_without_us(new_scene: Callable[..., Scene], suite: str) -> None:
    """It is mended at most three times a connection, and messages go on."""
    stage = Stage(new_scene, suite)
    hostile = stage.hostile
    server = stage.scene.server

    def published() -> int:
        stanzas = server.stanzas_with(f"<publish node='{LEGACY_LIST}'")
        return len([line for line in stanzas if line.startswith(f"< {hostile.own}/")])

    before = published()
    hostile.device_list(hostile.own, [NOBODY], LEGACY_LIST)
    wait_for("the list is mended", lambda: published() > before)
    for _ in range(5):
        hostile.device_list(hostile.own, [NOBODY], LEGACY_LIST)
        stage.talk("under a list without us")
    assert 1 <= published() - before <= 3
    check_scene(stage.scene)
