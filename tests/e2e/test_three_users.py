# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three people with two devices each: all Gajims and both protocols at once."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import correct
from tests.e2e.conversation import secret
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

ROOM = "den@rooms.localhost"
NAME = "the-hidden-entrance.png"
OTHER_NAME = "the-way-out.png"
THUMB = "\N{THUMBS UP SIGN}"

# Six programs on one machine take their time
PATIENCE = 90.0

# The owner of each device, its host, and its OMEMO program
DEVICES = {
    "ann": ("ann", "bookworm", OURS),
    "ann-laptop": ("ann", "trixie", OURS),
    "ben": ("ben", "trixie", OURS),
    "ben-old": ("ben", "bookworm", GAJIM_OMEMO),
    "cat": ("cat", "forky", OURS),
    "cat-laptop": ("cat", "trixie", BUILT_IN),
}


def say(sender: Gajim, readers: Sequence[Gajim], about: str) -> str:
    """Send to the shown chat, and wait until it is there, encrypted."""
    text = secret(about)
    sender.send(text, PATIENCE)
    for gajim in readers:
        check_encrypted(gajim, gajim.wait_for_message(text, PATIENCE))
    return text


def test_six_devices(new_scene: Callable[..., Scene], tmp_path: Path) -> None:
    scene = new_scene("ann", "ben", "cat")
    devices = {
        name: scene.gajim(suite, user, omemo, name=name, trusts_server=True)
        for name, (user, suite, omemo) in DEVICES.items()
    }
    # One after the other: each takes the whole machine
    for gajim in devices.values():
        gajim.start()
    ann, ben, cat = (devices[name] for name in ("ann", "ben", "cat"))
    pair = [gajim for name, gajim in devices.items() if not name.startswith("cat")]

    # Ann and Ben alone
    for gajim in pair:
        other = "ben" if gajim.account.jid.startswith("ann") else "ann"
        gajim.open_chat(f"{other}@localhost", "OMEMO")
    texts = [say(ann, pair, "to ben")]
    # Whoever has not written yet is known to the others from the first message
    texts += [say(gajim, pair, f"from {gajim.name}") for gajim in pair]
    texts += [say(gajim, pair, f"again from {gajim.name}") for gajim in pair]

    texts.append(correct(ann, *others(ann, pair), timeout=PATIENCE))
    texts += replied(ben, pair, texts[-1])
    ben.call("react", text=texts[-2], emoji=THUMB)
    wait_for_row(ann, f"earlier message: “{THUMB}”")
    links = [sent_file(ann, ben, draw(tmp_path / NAME))]

    # All of them in a room
    ann.create_room(ROOM)
    for name in ("ben", "cat"):
        ann.set_affiliation(ROOM, f"{name}@localhost", "member")
    for gajim in devices.values():
        if gajim is not ann:
            gajim.join_room(ROOM)
    for gajim in devices.values():
        gajim.open_room(ROOM, "OMEMO")
    everybody = list(devices.values())
    texts.append(say(ann, everybody, "to the room"))
    texts += [say(one, everybody, f"{one.name} in the room") for one in everybody]
    texts.append(correct(cat, *others(cat, everybody), timeout=PATIENCE))
    texts += replied(ben, everybody, texts[-1])
    answered = texts[-1]
    cat.call("react", text=answered, emoji=THUMB)
    wait_for_row(ann, f"earlier message: “{THUMB}”")
    wait_for(
        "ben sees the reaction",
        lambda: THUMB in ben.call("reactions", text=answered),
        PATIENCE,
    )
    texts.append(say(cat, everybody, "to be taken back"))
    cat.call("retract", text=texts[-1])
    # Gajim 2.6 writes a text for those who do not know of it
    wait_for_row(ann, "retracted a previous message")
    wait_for("cat knows", lambda: cat.call("retractions") == 1, PATIENCE)
    links.append(sent_file(cat, ann, draw(tmp_path / OTHER_NAME), ROOM))

    fragments = [link.partition("#")[2] for link in links]
    for hidden in (*texts, NAME, OTHER_NAME, THUMB, *links, *fragments):
        assert not scene.server.leaks(hidden), hidden
    check_scene(scene)


def others(one: Gajim, all_of_them: Sequence[Gajim]) -> list[Gajim]:
    return [gajim for gajim in all_of_them if gajim is not one]


def wait_for_row(gajim: Gajim, words: str) -> None:
    """Wait until something with these words stands in the chat."""
    wait_for(
        f"{gajim.name} says {words!r}",
        lambda: any(words in row.text for row in gajim.rows()),
        PATIENCE,
    )


def replied(sender: Gajim, readers: Sequence[Gajim], to: str) -> list[str]:
    """Reply to a message; older Gajims show it with a quotation."""
    text = secret("a reply")
    sender.call("reply", text=to)
    sender.send(text, PATIENCE)
    for gajim in readers:
        wait_for_row(gajim, text)
    return [text]


def sent_file(sender: Gajim, reader: Gajim, file: Path, room: str = "") -> str:
    """Send a file; somebody else gets a link that is encrypted."""
    sender.send_file(room or reader.account.jid, str(sender.offer(file)))
    link = reader.wait_for_file(PATIENCE)
    check_encrypted(reader, link)
    return link.text


def draw(path: Path) -> Path:
    """A picture that is worth keeping."""
    from PIL import Image

    Image.effect_noise((320, 200), 60).save(path, format="PNG")
    return path
