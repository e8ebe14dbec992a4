# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A message in both protocols is one message, whatever a server makes of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from omemo_plugin.engine.effects import OweEmptyMessage
from omemo_plugin.engine.errors import DuplicateMessage
from omemo_plugin.engine.messages.encrypting import SentMessage
from omemo_plugin.engine.state.prekeys import KEPT_SECONDS
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.engine.secrets_on_disk import copy_files
from tests.support.engine.secrets_on_disk import opens
from tests.support.engine.secrets_on_disk import states_of


def dual_pair(world: FakeNetwork) -> tuple[Peer, Peer]:
    """Ann writes in both protocols, because she has not heard ben in OMEMO 2; the
    sessions of both are in use."""
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    ann.send(b"hello", ben)
    only_legacy(ann, ben)
    return ann, ben


def only_legacy(ann: Peer, ben: Peer) -> None:
    record = ann.engine._core.devices.get(ben.device)
    assert record is not None
    record.speaks_omemo_2 = False
    ann.engine._core.devices.save(record)


def halves(sent: SentMessage) -> tuple[EncryptedMessage, EncryptedMessage]:
    """The elements of OMEMO 2 and of OMEMO 0.3."""
    by_protocol = {message.protocol: message for message in sent.messages}
    return by_protocol[Protocol.OMEMO_2], by_protocol[Protocol.LEGACY]


def write(ann: Peer, ben: Peer, text: bytes = b"text") -> SentMessage:
    sent = ann.encrypt(text, ben.jid)
    assert len(sent.messages) == 2
    return sent


def test_case_52_the_other_element_is_not_shown_later(world: FakeNetwork) -> None:
    ann, ben = dual_pair(world)
    sent = write(ann, ben)
    _, legacy = halves(sent)
    assert ben.decrypt(ann, sent).protocol is Protocol.OMEMO_2
    for _ in range(2):
        with pytest.raises(DuplicateMessage):
            ben.engine.incoming.decrypt(ann.jid, [legacy])
        ben.engine.commit()
        ben.restart()


def test_case_52_first_messages_too(world: FakeNetwork) -> None:
    """Both elements hold key exchanges."""
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    sent = write(ann, ben)
    _, legacy = halves(sent)
    effects = ben.decrypt(ann, sent).effects
    owed = [one.protocol for one in effects if isinstance(one, OweEmptyMessage)]
    assert owed == [Protocol.OMEMO_2, Protocol.LEGACY]
    with pytest.raises(DuplicateMessage):
        ben.engine.incoming.decrypt(ann.jid, [legacy])
    assert ann.send(b"on", ben).plaintext == b"on"


def test_case_52_no_file_derives_its_key(world: FakeNetwork, tmp_path: Path) -> None:
    ann, ben = dual_pair(world)
    for peer in (ann, ben):
        peer.wait(KEPT_SECONDS + 60)
    sent = [write(ann, ben, b"%d" % number) for number in range(10)]
    for one in sent:
        ben.decrypt(ann, one)
    ben.engine.commit()
    ben.engine.journal.empty()
    copy = copy_files(ben.path, tmp_path / "copy")
    for state in states_of(copy, tmp_path / "states"):
        for one in sent:
            assert not opens(state, ann.device, one.messages, ben.engine.device_id)


def test_case_52_both_in_one_transaction(world: FakeNetwork) -> None:
    """A crash leaves both unread, or both read."""
    ann, ben = dual_pair(world)
    sent = write(ann, ben)
    ben.decrypt(ann, sent)
    ben.restart(commit=False)
    assert ben.decrypt(ann, sent).plaintext == b"text"
    ben.engine.commit()
    ben.restart(commit=False)
    for half in halves(sent):
        with pytest.raises(DuplicateMessage):
            ben.engine.incoming.decrypt(ann.jid, [half])


def test_case_52_torn_apart(world: FakeNetwork) -> None:
    """The server delivers one element, and later both."""
    ann, ben = dual_pair(world)
    for first in (0, 1):
        sent = write(ann, ben)
        result = ben.engine.incoming.decrypt(ann.jid, [halves(sent)[first]])
        assert result.plaintext == b"text"
        with pytest.raises(DuplicateMessage):
            ben.engine.incoming.decrypt(ann.jid, sent.messages)
        for half in halves(sent):
            with pytest.raises(DuplicateMessage):
                ben.engine.incoming.decrypt(ann.jid, [half])
    assert ann.send(b"on", ben).plaintext == b"on"


def test_case_52_a_damaged_payload_does_not_save_the_key(world: FakeNetwork) -> None:
    """The server damages the other element, to show the true one later."""
    ann, ben = dual_pair(world)
    sent = write(ann, ben)
    omemo_2, legacy = halves(sent)
    damaged = dataclasses.replace(legacy, payload=b"\0" + (legacy.payload or b""))
    ben.engine.incoming.decrypt(ann.jid, [omemo_2, damaged])
    with pytest.raises(DuplicateMessage):
        ben.engine.incoming.decrypt(ann.jid, [legacy])


def test_case_54_what_came_in_0_3_alone_forces_nothing(world: FakeNetwork) -> None:
    """As long as ben has not heard ann in OMEMO 2 he writes in both. A server that
    takes one element away makes him look like a program that writes in 0.3 alone."""
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    first = write(ben, ann)
    assert ann.engine.incoming.decrypt(ben.jid, first.messages).protocol is (
        Protocol.OMEMO_2
    )
    for _ in range(3):
        # Nothing of hers gets through
        assert [one.protocol for one in ann.encrypt(b"answer", ben.jid).messages] == [
            Protocol.OMEMO_2
        ]
        _, legacy = halves(write(ben, ann))
        result = ann.engine.incoming.decrypt(ben.jid, [legacy])
        assert (result.protocol, result.alone) == (Protocol.LEGACY, True)
    assert [one.protocol for one in ann.encrypt(b"answer", ben.jid).messages] == [
        Protocol.OMEMO_2
    ]


def test_an_element_that_came_alone_is_said_to(world: FakeNetwork) -> None:
    """So that the other one can be recognized when it comes, whatever junk the
    server puts beside it."""
    ann, ben = dual_pair(world)
    sent = write(ann, ben)
    assert ben.engine.incoming.decrypt(ann.jid, sent.messages).alone is False
    omemo_2, legacy = halves(write(ann, ben))
    keys = tuple(dataclasses.replace(key, data=b"3\x0a\x01") for key in legacy.keys)
    junk = dataclasses.replace(legacy, keys=keys)
    assert ben.engine.incoming.decrypt(ann.jid, [omemo_2, junk]).alone
    omemo_2, legacy = halves(write(ann, ben))
    assert ben.engine.incoming.decrypt(ann.jid, [legacy]).alone
    assert ben.engine.incoming.decrypt(ann.jid, [omemo_2]).alone


def test_an_element_that_cannot_be_used_up_does_no_harm(world: FakeNetwork) -> None:
    ann, ben = dual_pair(world)
    omemo_2, legacy = halves(write(ann, ben))
    junk = tuple(dataclasses.replace(key, data=b"3\x0a\x01") for key in legacy.keys)
    broken = dataclasses.replace(legacy, keys=junk)
    result = ben.engine.incoming.decrypt(ann.jid, [omemo_2, broken])
    assert result.plaintext == b"text"
    assert ben.engine.incoming.decrypt(ann.jid, [legacy]).plaintext == b"text"


def test_an_element_of_another_device_is_left_alone(world: FakeNetwork) -> None:
    ann, ben = dual_pair(world)
    other = world.peer("ann@test", protocols=(Protocol.LEGACY,))
    foreign = other.encrypt(b"mine", ben.jid).messages[0]
    omemo_2, legacy = halves(write(ann, ben))
    result = ben.engine.incoming.decrypt(ann.jid, [omemo_2, foreign, legacy])
    assert result.plaintext == b"text"
    # Nor does it save the one behind it
    with pytest.raises(DuplicateMessage):
        ben.engine.incoming.decrypt(ann.jid, [legacy])
    assert ben.engine.incoming.decrypt(ann.jid, [foreign]).plaintext == b"mine"
