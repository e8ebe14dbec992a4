# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trust messages that come before their key or their sender is known, in the wrong
order, and twice (XEP-0450, "Storing Trust Message Information")."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime

import pytest

from omemo_plugin.engine.effects import Effect
from omemo_plugin.engine.effects import TrustChanged
from omemo_plugin.engine.errors import ReceiveError
from omemo_plugin.engine.values import KeyDecision
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.stanza.envelope import build_envelope
from omemo_plugin.stanza.trust_message import build_trust_message
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.unit.engine.trust_peers import ALICE
from tests.unit.engine.trust_peers import BOB
from tests.unit.engine.trust_peers import Four
from tests.unit.engine.trust_peers import four as four  # noqa: PLC0414
from tests.unit.engine.trust_peers import meet
from tests.unit.engine.trust_peers import told
from tests.unit.engine.trust_peers import trust
from tests.unit.engine.trust_peers import verify

# What is said of a key, and how many seconds ago; the refusal is the latest
SAID = ((Trust.VERIFIED, 30), (Trust.DISTRUSTED, 10), (Trust.VERIFIED, 20))

every_order = pytest.mark.parametrize(
    "order", tuple(itertools.permutations(range(len(SAID))))
)


def key_of(peer: Peer) -> bytes:
    return peer.engine.identity_key


def say(
    reader: Peer, sender: Peer, about: Peer, statement: tuple[Trust, int]
) -> list[Effect]:
    """Take a statement of a sender about a key."""
    decision, ago = statement
    key = KeyDecision(about.jid, key_of(about), decision)
    stamp = int(reader.clock.now) - ago
    return reader.engine.trust_messages.received(sender.device, [key], stamp)


@every_order
def test_case_46_in_any_order_the_latest_counts(
    four: Four, order: Sequence[int]
) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    for number in order:
        say(a1, a2, b1, SAID[number])
    assert trust(a1, b1) is Trust.DISTRUSTED


@every_order
def test_case_46_in_any_order_before_the_key_is_known(
    four: Four, order: Sequence[int]
) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    b2 = a1.world.peer(BOB, online=False)
    for number in order:
        assert say(a1, a2, b2, SAID[number]) == []
    a1.restart()
    b2.online()
    meet(a1, b1)
    assert trust(a1, b2) is Trust.DISTRUSTED


@every_order
def test_case_46_in_any_order_before_the_sender_is_verified(
    four: Four, order: Sequence[int]
) -> None:
    a1, a2, _, b1 = four
    for number in order:
        assert say(a1, a2, b1, SAID[number]) == []
    assert trust(a1, b1) is Trust.BLIND
    verify(a1, a2)
    assert trust(a1, b1) is Trust.DISTRUSTED


def test_case_46_said_twice_it_counts_once(four: Four) -> None:
    """Also when the user was told of it once already."""
    a1, a2, a3, b1 = four
    verify(a1, a2, a3)
    changed = TrustChanged(BOB, (b1.device,), Trust.DISTRUSTED, told_by=a2.device)
    assert say(a1, a2, b1, (Trust.DISTRUSTED, 10)) == [changed]
    for ago in (10, 5):
        assert say(a1, a2, b1, (Trust.DISTRUSTED, ago)) == []
        assert say(a1, a3, b1, (Trust.DISTRUSTED, ago)) == []
    told(a1)
    a1.wait(60)
    assert told(a1) == []
    assert trust(a1, b1) is Trust.DISTRUSTED


def test_case_46_the_same_message_twice(four: Four) -> None:
    """As from an archive: it is not even read again."""
    a1, a2, _, b1 = four
    verify(a1, a2)
    envelope = build_envelope(
        [build_trust_message([KeyDecision(BOB, key_of(b1), Trust.VERIFIED)])],
        from_jid=ALICE,
        to_jid=ALICE,
        stamp=datetime.fromtimestamp(int(a1.clock.now), UTC),
    )
    verify(a2, a1)
    sent = a2.engine.trust_messages.encrypt([a1.device], envelope)
    a1.hear(a2, sent)
    assert trust(a1, b1) is Trust.VERIFIED
    a1.engine.trust.set_trust(b1.device, Trust.DISTRUSTED)
    a1.wait(60)
    with pytest.raises(ReceiveError):
        a1.hear(a2, sent)
    assert trust(a1, b1) is Trust.DISTRUSTED


def test_case_46_a_first_message_from_a_device_on_no_list(
    four: Four, world: FakeNetwork
) -> None:
    """It begins a session with a device that nobody here has met, and counts as soon
    as that is verified."""
    a1, _, _, b1 = four
    new = world.peer(ALICE, online=False)
    for protocol in Protocol:
        own = world.lists[ALICE, protocol]
        new.carry_out(new.engine.keys.device_list_received(ALICE, own))
    new.prepare(BOB)
    verify(new, a1)
    told(new)
    assert not [one for one in a1.engine.devices.of(ALICE) if one.device == new.device]
    verify(new, b1)
    assert (a1.device,) in [devices for devices, _ in told(new)]
    assert trust(a1, b1) is Trust.BLIND
    a1.restart()
    new.online()
    meet(a1, new)
    assert trust(a1, new) is Trust.BLIND
    verify(a1, new)
    assert trust(a1, b1) is Trust.VERIFIED


def test_case_46_a_code_makes_all_that_was_said_count(four: Four) -> None:
    a1, a2, a3, b1 = four
    carol = a1.world.peer("carol@example.net")
    meet(a1, carol)
    say(a1, a2, b1, (Trust.VERIFIED, 10))
    say(a1, a3, carol, (Trust.DISTRUSTED, 10))
    verify(a1, a2, a3)
    for peer, decision in ((b1, Trust.VERIFIED), (carol, Trust.DISTRUSTED)):
        assert trust(a1, peer) is decision
        assert TrustChanged(peer.jid, (peer.device,), decision) in a1.news


def test_case_46_a_code_ends_the_time_to_undo(four: Four) -> None:
    a1, a2, _, b1 = four
    a1.engine.trust.set_trust(a2.device, Trust.VERIFIED)
    say(a1, a2, b1, (Trust.VERIFIED, 10))
    assert trust(a1, b1) is Trust.BLIND
    verify(a1, a2)
    say(a1, a2, b1, (Trust.VERIFIED, 5))
    assert trust(a1, b1) is Trust.VERIFIED
