# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hostile server against a running Gajim, with the cases' own numbers.

Each case ends with honest messages both ways: nothing was lost, and nothing
stopped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import is_kept
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import said_in_dock
from tests.e2e.conversation import secret
from tests.e2e.conversation import send_after_all
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.conversation import wait_until_known
from tests.e2e.lasting import Lasting
from tests.e2e.lasting import Shared
from tests.e2e.lodging import Lodger
from tests.support.gajim.program import Gajim
from tests.support.gajim.program import Row
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.hostile import BROKEN
from tests.support.servers.hostile import LEGACY_LIST
from tests.support.servers.hostile import MODULE
from tests.support.servers.hostile import NEW_LIST
from tests.support.servers.hostile import HostileServer
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

every_suite = pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))

MALLORY = "mallory@localhost"
# Nobody has a device with this id
NOBODY = 666666


class Hostile:
    """Two honest Gajims, one of which is the victim of its server."""

    def __init__(self, shared: Shared) -> None:
        self.scene = shared.scene
        self.alice = shared.gajim
        self.bob = shared.lodger()
        self.bob.start()
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

    def devices(self, gajim: Gajim | Lodger, node: str) -> list[int]:
        """The devices on a user's list on the server."""
        listed = self.scene.server.listed_devices(gajim.account)[node]
        return sorted(int(device) for device in listed)


def start_alice(scene: Scene, suite: str) -> Gajim:
    alice = scene.gajim(suite, "alice", OURS)
    alice.start()
    return alice


@pytest.fixture(scope="module")
def lasting(new_lasting_scene: Callable[..., Scene]) -> Lasting:
    return Lasting(
        new_lasting_scene,
        "alice",
        "bob",
        start_alice,
        others=["mallory"],
        more_modules=[MODULE],
    )


@pytest.fixture
def stage(
    lasting: Lasting, suite: str, has_failed: Callable[[], bool]
) -> Iterator[Hostile]:
    """Alice's Gajim, and a Bob whom she has not met."""
    with lasting.of(suite, has_failed) as shared:
        yield Hostile(shared)


@every_suite
def test_case_05_06_07_messages_in_clear(stage: Hostile, suite: str) -> None:
    """Plain text is shown as such; no hint and no broken element changes that."""
    alice, bob, hostile = stage.alice, stage.bob, stage.hostile

    def answers() -> list[str]:
        sent = stage.scene.server.stanzas_with("<received ")
        return [line for line in sent if line.startswith("< alice")]

    answered = answers()
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
    hints = hints.replace("again", "by another name").replace("OMEMO", "the server")
    hostile.send(hostile.message(bob.account.jid, hints.format("urn:example:other")))
    wait_for("four rows", lambda: len(alice.messages()) == before + 4)
    rows = alice.messages()[before:]
    assert [row.text for row in rows] == [
        f"case {number} in clear"
        for number in ("five", "seven", "seven again", "seven by another name")
    ]
    for row in rows:
        assert row.encryption is None, row
        assert "Not encrypted" in row.shield, row
    stage.talk("after plain text")
    # Gajim itself would have answered it by now
    assert answers() == answered

    rid = stage.devices(alice, LEGACY_LIST)[0]
    body = "<body>case six in clear</body>"
    before = len(alice.messages())
    hostile.send(hostile.message(bob.account.jid, body + BROKEN.format(rid=rid)))
    row = wait_for("a row", lambda: alice.messages()[before:])[0]
    assert "not opened]" in row.text, row
    assert row.trust not in ("BLIND", "VERIFIED"), row
    stage.talk("after a broken element")
    assert alice.find("case six in clear") is None
    alice.screenshot(f"what-is-not-encrypted-{suite}")
    check_scene(stage.scene)


@every_suite
def test_case_16_17_18_19_who_may_speak_for_whom(stage: Hostile, suite: str) -> None:
    """Carbons, archives and rosters of others are nothing at all."""
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
    # The same from the right sender counts, so the lies above were well-formed
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
def test_case_09_15_36_device_lists(stage: Hostile, suite: str) -> None:
    """Lists of others, empty ones and endless ones stop no honest message."""
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
        lambda: "no longer offers encryption" in said_in_dock(alice),
    )
    assert bob.find(text) is None
    assert not server.leaks(text)
    for node, devices in honest.items():
        hostile.device_list(bob.account.jid, devices, node)
    # Sent by itself, or still there to be sent
    if is_kept(alice, text):
        wait_for("bob can read again", lambda: "Encrypted for" in said_in_dock(alice))
        send_after_all(alice, text)
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
def test_case_14_a_list_without_us(stage: Hostile, suite: str) -> None:
    """It is mended at most three times a connection, and messages go on."""
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


def around(earlier: str) -> list[str]:
    """Everything that could change a text, its place or its time, in Gajim's
    eyes.

    :param earlier: the id of an earlier message of the sender
    """
    fallback = "urn:xmpp:fallback:0"
    return [
        f"<fallback xmlns='{fallback}' for='urn:xmpp:reply:0'>"
        "<body start='0' end='9'/></fallback>",
        f"<fallback xmlns='{fallback}' for='urn:xmpp:reactions:0'/>",
        f"<fallback xmlns='{fallback}' for='urn:xmpp:message-retract:1'/>",
        f"<replace xmlns='urn:xmpp:message-correct:0' id='{earlier}'/>",
        f"<reply xmlns='urn:xmpp:reply:0' id='{earlier}' to='bob@localhost/x'/>",
        f"<reactions xmlns='urn:xmpp:reactions:0' id='{earlier}'>"
        "<reaction>x</reaction></reactions>",
        f"<retract xmlns='urn:xmpp:message-retract:1' id='{earlier}'/>",
        "<body xml:lang='de'>forged beside</body>",
        "<body>forged beside</body>",
        "<subject>forged beside</subject>",
        "<thread>forged beside</thread>",
        "<html xmlns='http://jabber.org/protocol/xhtml-im'>"
        "<body xmlns='http://www.w3.org/1999/xhtml'>forged beside</body></html>",
        "<x xmlns='jabber:x:oob'><url>https://forged.example/beside</url></x>",
        "<x xmlns='http://jabber.org/protocol/rosterx'/>",
        "<openpgp xmlns='urn:xmpp:openpgp:0'>AAAA</openpgp>",
        "<no-store xmlns='urn:xmpp:hints'/>",
        "<no-permanent-store xmlns='urn:xmpp:hints'/>",
        "<encryption xmlns='urn:xmpp:eme:0' namespace='x' name='forged beside'/>",
        "<delay xmlns='urn:xmpp:delay' from='eve@localhost'"
        " stamp='2019-01-01T00:00:00Z'/>",
    ]


@every_suite
def test_case_53_nothing_beside_a_message_changes_it(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """One-to-one in both protocols, in a room, and from the archive."""
    scene = new_scene("alice", "bob", "old", more_modules=[MODULE])
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim("bookworm", "bob", OURS)
    old = scene.gajim("bookworm", "old", GAJIM_OMEMO)
    start_all([alice, bob, old])
    hostile = HostileServer(scene.server, alice)

    def last_id() -> str:
        """The id of the last message for the victim."""
        ids = re.findall(
            r"^> alice.*<message [^>]*\bid='([^']+)'", wire(), re.MULTILINE
        )
        return str(ids[-1])

    def wire() -> str:
        return scene.server.wire_log.read_text(errors="replace")

    shown: list[str] = []

    def check(gajim: Gajim, row: Row) -> None:
        check_encrypted(gajim, row)
        for text in shown:
            # Neither cut, nor replaced, nor taken back
            check_encrypted(gajim, gajim.wait_for_message(text))
        assert gajim.find("forged beside") is None

    for sender in (bob, old):
        wait_until_known(scene.server, alice, sender)
        open_chats(alice, sender)
        shown = [tell(sender, alice, "before")[1].text]
        tell(alice, sender, "answer")
        shown.append(tell(sender, alice, "honest")[1].text)
        hostile.add_to_encrypted(*around(last_id()))
        for about in ("first", "second"):
            row = tell(sender, alice, about)[1]
            check(alice, row)
            shown.append(row.text)
        if sender is old:
            wait_for(
                "alice is told of the correction",
                lambda: [row for row in alice.rows() if "as a correction" in row.text],
            )
            alice.screenshot(f"a-correction-in-the-older-protocol-{suite}")
        # The archive adds them, too
        alice.quit()
        away = secret("while the victim is away")
        sender.send(away)
        alice.start()
        open_chats(alice, sender)
        check(alice, alice.wait_for_message(away))
        hostile.add_to_encrypted()
        tell(sender, alice, "after")
    assert "forged beside" in wire()

    room = "den@rooms.localhost"
    alice.create_room(room)
    for gajim in (bob, old):
        alice.set_affiliation(room, gajim.account.jid, "member")
        gajim.join_room(room)
    for gajim in (alice, bob, old):
        gajim.open_room(room, "OMEMO")
    shown = []
    for sender in (alice, bob, old):
        text = secret(f"{sender.name} in the room")
        sender.send(text)
        check(alice, alice.wait_for_message(text))
        shown.append(text)
    hostile.add_to_encrypted(*around(last_id()))
    for sender in (bob, old, alice):
        text = secret(f"{sender.name} in the hostile room")
        sender.send(text)
        check(alice, alice.wait_for_message(text))
        shown.append(text)
    check_scene(scene)


@every_suite
def test_case_60_an_answer_in_clear_ticks_nothing(stage: Hostile, suite: str) -> None:
    """A server cannot make a message that it keeps pass for one that has come."""
    alice, bob, hostile = stage.alice, stage.bob, stage.hostile

    def ticked(text: str) -> bool:
        row = alice.find(text)
        return row is not None and row.receipt

    honest = tell(alice, bob, "bob is here")[0].text
    wait_for("bob's program answers", lambda: ticked(honest))
    bob.quit()
    kept = secret("kept by the server")
    alice.send(kept)
    alice.wait_for_message(kept)
    log = stage.scene.server.wire_log
    ids = re.findall(
        r"^< alice.*<message [^>]*\bid='([^']+)'",
        log.read_text(errors="replace"),
        re.MULTILINE,
    )
    for namespace, name in (
        ("urn:xmpp:receipts", "received"),
        ("urn:xmpp:chat-markers:0", "received"),
        ("urn:xmpp:chat-markers:0", "displayed"),
    ):
        answer = f"<{name} xmlns='{namespace}' id='{ids[-1]}'/>"
        hostile.send(hostile.message(bob.account.jid, answer))
    # They have been looked at when what comes after them has
    hostile.send(hostile.message(bob.account.jid, "<body>in clear</body>"))
    alice.wait_for_message("in clear")
    assert not ticked(kept)
    assert ticked(honest)
    bob.start()
    open_chats(alice, bob)
    bob.wait_for_message(kept)
    stage.talk("after answers in clear")
    check_scene(stage.scene)
