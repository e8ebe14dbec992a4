# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private rooms: who reads, who does not, and what the room itself may do."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import is_kept
from tests.e2e.conversation import said_in_dock
from tests.e2e.conversation import secret
from tests.e2e.conversation import send_after_all
from tests.e2e.conversation import start_all
from tests.e2e.lasting import Lasting
from tests.e2e.lasting import Shared
from tests.e2e.lodging import Lodger
from tests.support.gajim.program import DrivenGajim
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.servers.prosody import Prosody
from tests.support.waiting import wait_for

ROOM = "den@rooms.localhost"

# Of three people: where they are, and what does OMEMO there
MIXTURES = [
    pytest.param("bookworm", OURS, "trixie", OURS, id="1.7-2.1"),
    pytest.param("trixie", OURS, "forky", OURS, id="2.1-2.6"),
    pytest.param("bookworm", OURS, "trixie", BUILT_IN, id="1.7-built-in"),
    pytest.param("trixie", OURS, "bookworm", GAJIM_OMEMO, id="2.1-gajim-omemo"),
]


def start_ann(scene: Scene, host: str) -> Gajim:
    ann = scene.gajim(host, "ann", OURS, accessible=True)
    ann.start()
    return ann


@pytest.fixture(scope="module")
def lasting(new_lasting_scene: Callable[..., Scene]) -> Lasting:
    names = ["cat", "cat-who-is-away", "cat-who-is-removed"]
    return Lasting(new_lasting_scene, "ann", "ben", start_ann, others=names)


@pytest.fixture
def shared(
    lasting: Lasting, host: str, has_failed: Callable[[], bool]
) -> Iterator[Shared]:
    """Ann's Gajim, and a Ben whom she has not met."""
    with lasting.of(host, has_failed) as shared:
        yield shared


def gather(owner: Gajim, *others: Gajim) -> None:
    """Everybody starts, and enters a private room of the first one's."""
    start_all((owner, *others))
    meet(ROOM, owner, *others)


def gather_with(shared: Shared, *others: Gajim) -> tuple[str, Lodger]:
    """Ben and others come to a room of Ann's. The room, and Ben."""
    ben = shared.lodger()
    for gajim in others:
        gajim.launch()
    ben.start()
    for gajim in others:
        gajim.wait_until_online()
    room = f"den-of-{ben.account.name}@rooms.localhost"
    meet(room, shared.gajim, ben, *others)
    return room, ben


def meet(room: str, owner: DrivenGajim, *others: DrivenGajim) -> None:
    """Enter a private room of the first one's."""
    owner.create_room(room)
    for other in others:
        owner.set_affiliation(room, other.account.jid, "member")
        other.join_room(room)
    for gajim in (owner, *others):
        gajim.open_room(room, "OMEMO")


def say(sender: DrivenGajim, *readers: DrivenGajim, about: str) -> str:
    """Send a text to the room and wait until all of them show it, encrypted."""
    text = secret(about)
    sender.send(text)
    for gajim in (sender, *readers):
        check_encrypted(gajim, gajim.wait_for_message(text))
    return text


def lines(gajim: Gajim) -> str:
    return " ".join(row.text for row in gajim.rows() if row.type != "chat")


@pytest.mark.parametrize(("one", "one_omemo", "other", "other_omemo"), MIXTURES)
def test_three_people(
    new_scene: Callable[..., Scene],
    one: str,
    one_omemo: str,
    other: str,
    other_omemo: str,
) -> None:
    scene = new_scene("ann", "ben", "cat")
    ann = scene.gajim(one, "ann", one_omemo)
    ben = scene.gajim(other, "ben", other_omemo)
    cat = scene.gajim("bookworm", "cat", OURS)
    gather(ann, ben, cat)
    for number in range(2):
        say(ann, ben, cat, about=f"ann {number}")
        say(cat, ann, ben, about=f"cat {number}")
        say(ben, ann, cat, about=f"ben {number}")
    check_scene(scene)


@pytest.mark.parametrize("host", ["bookworm", "trixie"])
def test_a_member_who_is_away_reads_it_later(shared: Shared, host: str) -> None:
    scene, ann = shared.scene, shared.gajim
    cat = scene.gajim("bookworm", "cat-who-is-away", OURS)
    room, ben = gather_with(shared, cat)
    say(ann, ben, cat, about="all are there")
    cat.quit()
    texts = [say(ann, ben, about="cat is away"), say(ben, ann, about="still away")]
    cat.start()
    cat.join_room(room)
    cat.open_room(room)
    for text in texts:
        check_encrypted(cat, cat.wait_for_message(text))
    say(cat, ann, ben, about="back")
    check_scene(scene)


@pytest.mark.parametrize("host", ["bookworm", "trixie", "forky"])
def test_whoever_enters_a_room_is_not_asked_about_its_members(
    new_scene: Callable[..., Scene], host: str
) -> None:
    """Those who are there when the encryption begins are not new, also if some are
    away and the chat was on the screen before."""
    scene = new_scene("ann", "ben", "cat")
    accounts = scene.server.accounts
    ben, cat = (
        OmemoPeer(scene.server, accounts[name], scene.folder / f"peer-{name}")
        for name in ("ben", "cat")
    )
    cat.close()
    try:
        ann = scene.gajim(host, "ann", OURS)
        ann.start()
        ben.make_room(ROOM, ann.account.jid, accounts["cat"].jid)
        ann.join_room(ROOM)
        ann.open_room(ROOM, "OMEMO")
        wait_for(
            "it says who can read",
            lambda: "Encrypted for 2 people" in said_in_dock(ann),
        )
        text = secret("from whom has just come")
        ann.send(text)
        check_encrypted(ann, ann.wait_for_message(text))
        assert "can read this group chat" not in said_in_dock(ann) + lines(ann)
        wait_for("ben reads it", lambda: text in ben.read())
    finally:
        ben.close()


@pytest.mark.parametrize(
    ("host", "guest"),
    [("bookworm", "trixie"), ("trixie", "forky"), ("forky", "bookworm")],
)
def test_an_invited_member_reads_from_the_invitation_on(
    new_scene: Callable[..., Scene], host: str, guest: str
) -> None:
    scene = new_scene("ann", "ben", "cat")
    ann = scene.gajim(host, "ann", OURS)
    ben = scene.gajim("bookworm", "ben", OURS)
    cat = scene.gajim(guest, "cat", OURS)
    cat.launch()
    gather(ann, ben)
    cat.wait_until_online()
    early = say(ann, ben, about="before")
    ann.call("invite", account=ann.account_name, room=ROOM, jid=cat.account.jid)
    texts = [say(ann, ben, about="cat is invited"), say(ben, ann, about="come in")]
    wait_for(
        "cat is invited",
        lambda: cat.call("open_invitation", account=cat.account_name),
    )
    cat.screenshot(f"invitation-{guest}")
    cat.call("accept_invitation")
    wait_for("cat is in", lambda: in_room(cat))
    cat.open_room(ROOM, "OMEMO")
    for text in texts:
        check_encrypted(cat, cat.wait_for_message(text))
    say(cat, ann, ben, about="here I am")
    say(ann, ben, cat, about="welcome")
    say(ben, ann, cat, about="welcome")
    assert cat.find(early) is None
    check_scene(scene)


@pytest.mark.parametrize("host", ["bookworm", "trixie"])
def test_case_37_a_removed_member_reads_nothing_more(shared: Shared, host: str) -> None:
    scene, ann = shared.scene, shared.gajim
    cat = scene.gajim("bookworm", "cat-who-is-removed", OURS)
    room, ben = gather_with(shared, cat)
    say(ann, ben, cat, about="with cat")
    ann.set_affiliation(room, cat.account.jid, "outcast")
    wait_for("cat is out", lambda: not in_room(cat, room))
    device = device_id(scene.server, cat)
    assert device in scene.server.wire_log.read_text(errors="replace")
    before = scene.server.wire_log.stat().st_size
    say(ann, ben, about="without cat")
    say(ben, ann, about="without cat either")
    with scene.server.wire_log.open() as log:
        log.seek(before)
        sent = log.read()
    assert "rid=" in sent
    assert device not in sent, "encrypted for somebody who was banned"


def in_room(gajim: DrivenGajim, room: str = ROOM) -> bool:
    return bool(gajim.call("room_is_joined", account=gajim.account_name, room=room))


def device_id(server: Prosody, gajim: Gajim) -> str:
    """The device id in the header of a message."""
    published = re.findall(
        rf"from='{re.escape(gajim.account.jid)}[^>]*>.*?<device id='(\d+)'",
        server.wire_log.read_text(errors="replace"),
    )
    assert published, f"{gajim.name} has published no device"
    return f"rid='{published[-1]}'"


@pytest.mark.parametrize("host", ["bookworm", "trixie", "forky"])
def test_a_member_without_omemo(shared: Shared, host: str) -> None:
    """Nobody is left out without the user's word."""
    ann = shared.gajim
    room, ben = gather_with(shared)
    say(ann, ben, about="before")
    ann.set_affiliation(room, "cat@localhost", "member")
    text = secret("cat cannot read")
    ann.call("type_text", text=text)
    ann.call("press_send")
    wait_for("it says who", lambda: "cannot read this group chat" in said_in_dock(ann))
    wait_for("it is kept", lambda: is_kept(ann, text))
    assert ben.find(text) is None
    ann.screenshot(f"left-out-{host}")
    title = "Gajim"
    keyboard = ann.accessibility()
    button = next(
        node.name
        for node in keyboard.read(title)
        if node.name.startswith("Send without them")
    )
    keyboard.press(title, button)
    wait_for("she is left out", lambda: "Encrypted for 1 person" in said_in_dock(ann))
    send_after_all(ann, text)
    for gajim in (ann, ben):
        check_encrypted(gajim, gajim.wait_for_message(text))


@pytest.mark.parametrize("host", ["bookworm", "trixie", "forky"])
def test_case_8_a_room_that_is_opened(shared: Shared, host: str) -> None:
    """Sending stops, and encryption stays on."""
    scene, ann = shared.scene, shared.gajim
    room, ben = gather_with(shared)
    say(ann, ben, about="private")
    ann.call(
        "configure_room",
        account=ann.account_name,
        room=room,
        values={"muc#roomconfig_membersonly": False},
    )
    wait_for("Gajim knows it", lambda: not ann.call("encryption_can_be_chosen"))
    text = secret("must not leave")
    ann.call("type_text", text=text)
    ann.call("press_send")
    wait_for(
        "it says why",
        lambda: (
            "Nothing is sent: anyone can join this group chat now" in said_in_dock(ann)
        ),
    )
    assert not scene.server.leaks(text)
    # Gajim 2.6 shows it as switched off; that changes nothing
    ann.call("clear_input")
    again = secret("must not leave either")
    ann.call("type_text", text=again)
    ann.call("press_send")
    wait_for("it is given back", lambda: ann.call("typed_text") == again)
    assert not scene.server.leaks(again)


@pytest.mark.parametrize(
    ("one", "other"), [("bookworm", "trixie"), ("trixie", "forky")]
)
def test_a_private_message_in_a_room(
    new_scene: Callable[..., Scene], one: str, other: str
) -> None:
    """Encrypted for whoever has the nickname, and for nobody who takes it over."""
    scene = new_scene("ann", "ben", "cat")
    ann = scene.gajim(one, "ann", OURS)
    ben = scene.gajim(other, "ben", OURS)
    cat = scene.gajim("bookworm", "cat", OURS)
    gather(ann, ben, cat)
    say(ann, ben, cat, about="everybody")
    ann.open_chat(f"{ROOM}/ben", "OMEMO")
    text = secret("for ben alone")
    ann.send(text)
    check_encrypted(ann, ann.wait_for_message(text))
    assert "Encrypted for ben@localhost" in lines(ann)
    ben.open_chat(f"{ROOM}/ann", "OMEMO")
    check_encrypted(ben, ben.wait_for_message(text))
    answer = secret("for ann alone")
    ben.send(answer)
    for gajim in (ben, ann):
        check_encrypted(gajim, gajim.wait_for_message(answer))
    assert cat.find(text) is None
    ann.screenshot(f"private-message-{one}")

    def has_ben() -> bool:
        # Gajim itself sends nothing to somebody who is not there
        return "ben" in ann.call("nicknames", account=ann.account_name, room=ROOM)

    for gajim in (ben, cat):
        gajim.call("leave_room", account=gajim.account_name, room=ROOM)
    wait_for("ben is out", lambda: not has_ben())
    wait_for("cat is out", lambda: not in_room(cat))
    cat.join_room(ROOM, nick="ben")
    wait_for("cat is ben", has_ben)
    late = secret("not for cat")
    ann.call("type_text", text=late)
    ann.call("press_send")
    wait_for("it says who", lambda: "nickname is cat@localhost now" in lines(ann))
    assert ann.call("typed_text") == late
    check_scene(scene)
