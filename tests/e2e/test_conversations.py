# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users do, between every pair of hosts; alice always has our plugin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_nothing_leaked
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.conversation import wait_until_known
from tests.support.gajim import Gajim
from tests.support.scene import BUILT_IN
from tests.support.scene import GAJIM_OMEMO
from tests.support.scene import OURS
from tests.support.scene import Scene

# Where alice is, and where bob is and what does OMEMO for him.
PAIRS = [
    pytest.param('bookworm', 'bookworm', GAJIM_OMEMO, id='1.7-to-gajim-omemo'),
    pytest.param('bookworm', 'trixie', OURS, id='1.7-to-2.1'),
    pytest.param('trixie', 'trixie', BUILT_IN, id='2.1-to-built-in'),
    pytest.param('forky', 'bookworm', OURS, id='2.6-to-1.7'),
]

every_pair = pytest.mark.parametrize(('suite', 'bobs_suite', 'bobs_omemo'), PAIRS)

MakeScene = Callable[..., Scene]


def two(
    new_scene: MakeScene, suite: str, bobs_suite: str, bobs_omemo: str
) -> tuple[Scene, Gajim, Gajim]:
    """A server, alice and bob, both online with the chat open."""
    scene = new_scene('alice', 'bob')
    alice = scene.gajim(suite, 'alice', OURS)
    bob = scene.gajim(bobs_suite, 'bob', bobs_omemo)
    start_all([alice, bob])
    wait_until_known(scene.server, alice, bob)
    open_chats(alice, bob)
    return scene, alice, bob


@every_pair
def test_first_contact(
    new_scene: MakeScene, suite: str, bobs_suite: str, bobs_omemo: str
) -> None:
    scene, alice, bob = two(new_scene, suite, bobs_suite, bobs_omemo)
    shown = [
        tell(alice, bob, 'the first message')[1],
        tell(bob, alice, 'the first answer')[1],
        tell(alice, bob, 'the second message')[1],
        tell(bob, alice, 'the second answer')[1],
    ]
    assert shown[0].key == shown[2].key
    assert shown[1].key == shown[3].key
    assert shown[0].key != shown[1].key
    check_nothing_leaked(scene)


@every_pair
def test_an_answer_comes_first(
    new_scene: MakeScene, suite: str, bobs_suite: str, bobs_omemo: str
) -> None:
    scene, alice, bob = two(new_scene, suite, bobs_suite, bobs_omemo)
    tell(bob, alice, 'bob begins')
    tell(bob, alice, 'bob goes on before alice has answered')
    tell(alice, bob, 'alice answers')
    check_nothing_leaked(scene)


@every_pair
def test_both_start_at_once(
    new_scene: MakeScene, suite: str, bobs_suite: str, bobs_omemo: str
) -> None:
    scene, alice, bob = two(new_scene, suite, bobs_suite, bobs_omemo)
    from_alice = secret('from alice at the same moment')
    from_bob = secret('from bob at the same moment')
    alice.call('type_text', text=from_alice)
    bob.call('type_text', text=from_bob)
    alice.call('press_send')
    bob.call('press_send')
    # Gajim 2 may have refused while it looked for devices.
    for gajim, text in ((alice, from_alice), (bob, from_bob)):
        if gajim.call('typed_text') == text:
            gajim.send(text)
    for gajim, text in ((alice, from_bob), (bob, from_alice)):
        check_encrypted(gajim, gajim.wait_for_message(text))
    # Whichever of the two sessions they keep, both must go on.
    for number in range(2):
        tell(alice, bob, f'then from alice {number}')
        tell(bob, alice, f'then from bob {number}')
    check_nothing_leaked(scene)


@every_pair
def test_offline_messages(
    new_scene: MakeScene, suite: str, bobs_suite: str, bobs_omemo: str
) -> None:
    """Each in turn is away; what was sent meanwhile comes from the archive."""
    scene, alice, bob = two(new_scene, suite, bobs_suite, bobs_omemo)
    # The very first messages reach somebody who is away.
    for away, sender in ((bob, alice), (alice, bob), (bob, alice)):
        away.quit()
        texts = [secret(f'for {away.name} who is away {n}') for n in range(5)]
        for text in texts:
            sender.send(text)
            check_encrypted(sender, sender.wait_for_message(text))
        away.start()
        open_chats(away, sender)
        for text in texts:
            check_encrypted(away, away.wait_for_message(text))
        tell(away, sender, 'back again')
        tell(sender, away, 'welcome back')
    check_nothing_leaked(scene)


@every_pair
def test_restart_in_between(
    new_scene: MakeScene, suite: str, bobs_suite: str, bobs_omemo: str
) -> None:
    """A quit and a crash lose no session and no identity."""
    scene, alice, bob = two(new_scene, suite, bobs_suite, bobs_omemo)
    before = tell(alice, bob, 'before')[1], tell(bob, alice, 'before')[1]
    alice.restart()
    bob.restart()
    open_chats(alice, bob)
    tell(bob, alice, 'after a restart')
    tell(alice, bob, 'after a restart')
    alice.kill()
    alice.start()
    open_chats(alice, bob)
    after = tell(alice, bob, 'after a crash')[1], tell(bob, alice, 'after a crash')[1]
    assert [row.key for row in before] == [row.key for row in after]
    check_nothing_leaked(scene)


@every_pair
def test_second_own_device(
    new_scene: MakeScene, suite: str, bobs_suite: str, bobs_omemo: str
) -> None:
    """A device that comes later reads along, by carbons, in both directions."""
    scene, alice, bob = two(new_scene, suite, bobs_suite, bobs_omemo)
    tell(alice, bob, 'with one device')
    tell(bob, alice, 'with one device')
    laptop = scene.gajim(suite, 'alice', OURS, name='alice-laptop')
    laptop.start()
    laptop.open_chat(bob.account.jid, 'OMEMO')
    # The first message of the new device introduces it to the two others.
    tell(laptop, [bob, alice], 'from the laptop')
    tell(alice, [bob, laptop], 'from the first device')
    tell(bob, [alice, laptop], 'to both devices')
    tell(laptop, [bob, alice], 'from the laptop again')
    check_nothing_leaked(scene)


@every_pair
def test_reconnect(
    new_scene: MakeScene, suite: str, bobs_suite: str, bobs_omemo: str
) -> None:
    """A lost connection, going offline, and the account disabled and enabled."""
    scene, alice, bob = two(new_scene, suite, bobs_suite, bobs_omemo)
    key = tell(alice, bob, 'at first')[1].key
    tell(bob, alice, 'at first')
    alice.set_online(False)
    alice.set_online(True)
    tell(alice, bob, 'after going offline')
    tell(bob, alice, 'after going offline')
    alice.set_account_enabled(False)
    alice.set_account_enabled(True)
    open_chats(alice, bob)
    tell(bob, alice, 'after the account was disabled')
    assert tell(alice, bob, 'after the account was disabled')[1].key == key
    check_nothing_leaked(scene)
