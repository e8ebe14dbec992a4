# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""An archive of a month: sessions begun while nobody was there to answer."""

from __future__ import annotations

import pytest

from omemo_plugin.engine.errors import DuplicateMessage
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork

MONTH = 35 * 24 * 3600


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("torn", [False, True], ids=["whole", "torn"])
def test_sessions_of_a_month_are_read(
    world: FakeNetwork, protocol: Protocol, torn: bool
) -> None:
    """In order and once each, also when Gajim dies half way."""
    protocols = (protocol,)
    ben = world.peer("ben@test", protocols=protocols)
    ben.auto_answer = False
    senders = [
        world.peer(f"{name}@test", protocols=protocols)
        for name in ("ann", "ann", "cat", "dan", "eve")
    ]
    sent = []
    for number in range(6):
        for index, sender in enumerate(senders):
            text = b"%d from %d" % (number, index)
            sent.append((sender, text, sender.encrypt(text, ben.jid)))

    late = world.peer("fay@test", protocols=protocols)
    held = late.encrypt(b"late", ben.jid)
    signed = world.bundles[ben.device, protocol].signed_prekey_id

    # He is back, and time passes for him before the archive is read
    ben.clock.now += MONTH
    ben.restart()
    ben.carry_out(ben.engine.connected())
    ben.wait(1)
    assert world.bundles[ben.device, protocol].signed_prekey_id == signed

    if torn:
        for sender, text, message in sent[: len(sent) // 2]:
            assert ben.decrypt(sender, message).plaintext == text
        ben.restart(commit=False)
        ben.carry_out(ben.engine.connected())
    shown = [ben.decrypt(sender, message).plaintext for sender, _, message in sent]
    assert shown == [text for _, text, _ in sent]
    ben.carry_out(ben.engine.catch_up_ended())
    for sender, _, message in sent:
        with pytest.raises(DuplicateMessage):
            ben.decrypt(sender, message)
    # The signed prekey is changed only now, and the old one is still good
    ben.wait(1)
    assert world.bundles[ben.device, protocol].signed_prekey_id != signed
    assert ben.decrypt(late, held).plaintext == b"late"
