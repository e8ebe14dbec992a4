# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three people with two devices each: all Gajims and both protocols at once."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.support.gajim import Gajim
from tests.support.scene import BUILT_IN
from tests.support.scene import GAJIM_OMEMO
from tests.support.scene import OURS
from tests.support.scene import Scene
from tests.support.waiting import wait_for

ROOM = 'den@rooms.localhost'
NAME = 'the-hidden-entrance.png'
THUMB = '\N{THUMBS UP SIGN}'

# Six programs on one machine take their time
PATIENCE = 90.0

# Whose device, where it is, and what does OMEMO on it
DEVICES = {
    'ann': ('ann', 'bookworm', OURS),
    'ann-laptop': ('ann', 'trixie', OURS),
    'ben': ('ben', 'trixie', OURS),
    'ben-old': ('ben', 'bookworm', GAJIM_OMEMO),
    'cat': ('cat', 'forky', OURS),
    'cat-laptop': ('cat', 'trixie', BUILT_IN),
}


def say(sender: Gajim, readers: Sequence[Gajim], about: str) -> str:
    """Send to the shown chat, and wait until it is there, encrypted."""
    text = secret(about)
    sender.send(text, PATIENCE)
    for gajim in readers:
        check_encrypted(gajim, gajim.wait_for_message(text, PATIENCE))
    return text


def test_six_devices(new_scene: Callable[..., Scene], tmp_path: Path) -> None:
    scene = new_scene('ann', 'ben', 'cat')
    devices = {
        name: scene.gajim(suite, user, omemo, name=name, trusts_server=True)
        for name, (user, suite, omemo) in DEVICES.items()
    }
    # One after the other: each takes the whole machine
    for gajim in devices.values():
        gajim.start()
    ann, ben, cat = (devices[name] for name in ('ann', 'ben', 'cat'))
    pair = [gajim for name, gajim in devices.items() if not name.startswith('cat')]

    # Ann and Ben alone
    for gajim in pair:
        other = 'ben' if gajim.account.jid.startswith('ann') else 'ann'
        gajim.open_chat(f'{other}@localhost', 'OMEMO')
    texts = [say(ann, pair, 'to ben')]
    # Whoever has not written yet is known to the others from the first message
    texts += [say(gajim, pair, f'from {gajim.name}') for gajim in pair]
    texts += [say(gajim, pair, f'again from {gajim.name}') for gajim in pair]

    draw(tmp_path / NAME)
    ann.send_file(ben.account.jid, str(ann.offer(tmp_path / NAME)))
    link = ben.wait_for_file(PATIENCE)
    check_encrypted(ben, link)

    # All of them in a room
    ann.create_room(ROOM)
    for name in ('ben', 'cat'):
        ann.set_affiliation(ROOM, f'{name}@localhost', 'member')
    for gajim in devices.values():
        if gajim is not ann:
            gajim.join_room(ROOM)
    for gajim in devices.values():
        gajim.open_room(ROOM, 'OMEMO')
    everybody = list(devices.values())
    texts.append(say(ann, everybody, 'to the room'))
    texts += [say(one, everybody, f'{one.name} in the room') for one in everybody]

    answered = texts[-1]
    cat.call('react', text=answered, emoji=THUMB)
    wait_for(
        'ann is told of the reaction',
        lambda: any(f'earlier message: {THUMB}' in row.text for row in ann.rows()),
        PATIENCE,
    )
    wait_for(
        'ben sees the reaction',
        lambda: THUMB in ben.call('reactions', text=answered),
        PATIENCE,
    )
    for hidden in (*texts, NAME, THUMB, link.text.partition('#')[2]):
        assert not scene.server.leaks(hidden), hidden
    check_scene(scene)


def draw(path: Path) -> None:
    """A picture that is worth keeping."""
    from PIL import Image

    Image.effect_noise((320, 200), 60).save(path, format='PNG')
