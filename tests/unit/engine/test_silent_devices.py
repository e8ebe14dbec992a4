# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A contact's device that is not heard for long gets no keys; no reader loses any."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import pytest

from omemo_plugin.engine.effects import DeviceHeardAgain
from omemo_plugin.engine.effects import DeviceSilent
from omemo_plugin.engine.effects import FetchBundle
from omemo_plugin.engine.messages.planning import LeftOut
from omemo_plugin.engine.messages.planning import LeftOutReason
from omemo_plugin.engine.messages.receiving import HEARTBEAT
from omemo_plugin.engine.state import silence
from omemo_plugin.engine.state.silence import ASKED_AFTER
from omemo_plugin.engine.state.silence import LEFT_OUT_AFTER
from omemo_plugin.engine.state.store import SCHEMA_VERSION
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.unit.engine.trust_peers import meet
from tests.unit.engine.trust_peers import verify

BEN = "ben@test"
A_DAY = 24 * 3600

# In most of the tests
FEW = 6


class Three:
    """Ann writes to Ben, who uses a phone. His tablet lies in a drawer."""

    def __init__(self, world: FakeNetwork, protocols: tuple[Protocol, ...]) -> None:
        self.world = world
        self.ann = world.peer("ann@test", protocols=protocols)
        self.phone = world.peer(BEN, protocols=protocols)
        self.tablet = world.peer(BEN, protocols=protocols)
        meet(self.ann, self.phone, self.tablet)
        self.phone.send(b"x", self.ann)
        self.tablet.send(b"x", self.ann)
        self.tablet.auto_answer = False
        self.ann.log.clear()
        self.ann.outbox.clear()

    def write(self, count: int | None = None) -> None:
        """Ann writes, and Ben answers from his phone."""
        for _ in range(silence.MESSAGES_MIN + 1 if count is None else count):
            self.phone.decrypt(self.ann, self.ann.encrypt(b"x", BEN))
        self.phone.send(b"x", self.ann)

    def pass_by(self, seconds: int) -> None:
        """So much time passes, in which Ann and Ben's phone write."""
        self.ann.clock.now += seconds
        self.write()
        self.ann.wait(0)

    def until_silent(self) -> None:
        self.pass_by(ASKED_AFTER)
        self.pass_by(LEFT_OUT_AFTER)

    @property
    def left_out(self) -> list[LeftOut]:
        plan = self.ann.engine.outgoing.plan([BEN])
        return [one for one in plan.left_out if one.device.jid == BEN]

    def tablet_is_left_out(self) -> bool:
        sent = self.ann.encrypt(b"x", BEN)
        numbers = {key.device_id for one in sent.messages for key in one.keys}
        gets = self.tablet.engine.device_id in numbers
        # What is planned, what is said and what is on the wire is the same
        assert (self.tablet.device in sent.recipients) == gets
        expected = [] if gets else [LeftOut(self.tablet.device, LeftOutReason.SILENT)]
        assert self.left_out == expected
        assert [one for one in sent.left_out if one.device.jid == BEN] == expected
        return not gets

    def questions(self) -> int:
        """How often the tablet was asked, in each protocol."""
        asked = [
            one
            for one in self.ann.log
            if isinstance(one, FetchBundle) and one.device == self.tablet.device
        ]
        self.ann.log.clear()
        return len(asked) // len(self.ann.protocols)


@pytest.fixture(params=[(Protocol.LEGACY,), (Protocol.OMEMO_2,), tuple(Protocol)])
def three(
    world: FakeNetwork, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Three:
    monkeypatch.setattr(silence, "MESSAGES_MIN", FEW)
    return Three(world, request.param)


def silent_news(peer: Peer) -> list[Device]:
    return [one.device for one in peer.news if isinstance(one, DeviceSilent)]


def heard_news(peer: Peer) -> list[Device]:
    return [one.device for one in peer.news if isinstance(one, DeviceHeardAgain)]


def test_case_120_it_is_asked_and_then_left_out(three: Three) -> None:
    three.pass_by(ASKED_AFTER - A_DAY)
    assert three.questions() == 0
    three.pass_by(A_DAY)
    assert three.questions() == 1
    three.pass_by(LEFT_OUT_AFTER - A_DAY)
    assert not three.tablet_is_left_out()
    assert silent_news(three.ann) == []
    three.pass_by(A_DAY)
    assert three.tablet_is_left_out()
    # Said once, asked once
    three.pass_by(A_DAY)
    assert silent_news(three.ann) == [three.tablet.device]
    assert three.questions() == 0


def test_twice_as_many_messages_as_omemo_2_leaves_unanswered(
    world: FakeNetwork,
) -> None:
    assert silence.MESSAGES_MIN == 2 * HEARTBEAT
    three = Three(world, tuple(Protocol))
    three.until_silent()
    assert three.tablet_is_left_out()


def test_it_stays_so_after_a_restart(three: Three) -> None:
    three.until_silent()
    three.ann.restart()
    three.ann.online()
    assert three.tablet_is_left_out()
    three.pass_by(A_DAY)
    assert silent_news(three.ann) == [three.tablet.device]


def test_heard_again_it_gets_keys_at_once(three: Three) -> None:
    three.until_silent()
    assert three.tablet_is_left_out()
    assert three.tablet.send(b"back", three.ann).plaintext == b"back"
    assert not three.tablet_is_left_out()
    assert heard_news(three.ann) == [three.tablet.device]
    assert three.ann.send(b"welcome", three.tablet).plaintext == b"welcome"
    # Its time begins anew
    three.pass_by(ASKED_AFTER - A_DAY)
    assert not three.tablet_is_left_out()


def test_a_device_that_only_reads_loses_nothing(three: Three) -> None:
    """It never writes, and answers the question by itself."""
    three.tablet.auto_answer = True
    for _ in range(4):
        three.pass_by(ASKED_AFTER)
        assert not three.tablet_is_left_out()
    assert silent_news(three.ann) == []


def test_the_question_lies_in_the_archive_until_it_is_read(three: Three) -> None:
    """The device was away for a year, and answers without its user."""
    world, tablet = three.world, three.tablet
    world.peers.remove(tablet)
    three.until_silent()
    assert three.tablet_is_left_out()
    questions = [one for device, one in three.ann.outbox if device == tablet.device]
    assert len(questions) == len(three.ann.protocols)
    world.peers.append(tablet)
    tablet.auto_answer = True
    for question in questions:
        world.deliver(three.ann, tablet.device, question)
    assert not three.tablet_is_left_out()
    assert heard_news(three.ann) == [tablet.device]


def test_a_device_that_was_never_heard_goes_on_getting_keys(three: Three) -> None:
    """It may read all of it, and answer nobody that it does not know."""
    added = three.world.peer(BEN, protocols=three.ann.protocols)
    added.auto_answer = False
    three.until_silent()
    three.until_silent()
    sent = three.ann.encrypt(b"x", BEN)
    assert added.device in sent.recipients
    assert three.tablet.device not in sent.recipients


@pytest.mark.parametrize("count", [0, 1, FEW - 2])
def test_time_alone_leaves_nobody_out(three: Three, count: int) -> None:
    for _ in range(8):
        three.ann.clock.now += ASKED_AFTER
        three.phone.send(b"x", three.ann)
        three.ann.wait(0)
    three.write(count)
    three.ann.wait(0)
    assert three.questions() == 0
    assert not three.tablet_is_left_out()


def test_messages_alone_leave_nobody_out(three: Three) -> None:
    three.write(3 * FEW)
    three.pass_by(A_DAY)
    assert not three.tablet_is_left_out()


def test_many_messages_before_the_question_do_not_count(three: Three) -> None:
    three.write(3 * FEW)
    three.pass_by(ASKED_AFTER)
    three.ann.clock.now += LEFT_OUT_AFTER
    three.write(FEW // 2)
    three.ann.wait(0)
    assert not three.tablet_is_left_out()


def test_case_120_the_last_device_is_never_left_out(three: Three) -> None:
    """Ben has only the two devices, and writes from none."""
    ann = three.ann
    three.phone.auto_answer = False
    for _ in range(6):
        ann.clock.now += ASKED_AFTER
        for _ in range(FEW + 1):
            ann.encrypt(b"x", BEN)
        ann.wait(0)
    assert three.left_out == []
    assert not three.tablet_is_left_out()
    assert silent_news(ann) == []


@pytest.mark.parametrize("how", ["refused", "gone", "forgotten", "without keys"])
def test_the_last_one_that_may_read_gets_keys_again(three: Three, how: str) -> None:
    three.until_silent()
    assert three.tablet_is_left_out()
    ann, phone, world = three.ann, three.phone.device, three.world
    if how == "refused":
        ann.engine.trust.set_trust(phone, Trust.DISTRUSTED)
    elif how == "forgotten":
        ann.engine.devices.forget(phone)
    elif how == "without keys":
        for protocol in ann.protocols:
            ann.engine._core.sessions[protocol].forget(phone)
            del world.bundles[phone, protocol]
        ann.restart()
        ann.online()
    else:
        for protocol in ann.protocols:
            listed = world.lists[BEN, protocol]
            kept = [one for one in listed.devices if one.device_id != phone.device_id]
            shown = type(listed)(protocol, tuple(kept))
            ann.carry_out(ann.engine.keys.device_list_received(BEN, shown))
    assert three.tablet.device in ann.encrypt(b"x", BEN).recipients


def test_a_repair_of_the_other_one_changes_nothing(three: Three) -> None:
    three.until_silent()
    ann = three.ann
    ann.engine.tick()
    for effect in ann.engine.keys.replace_session(three.phone.device):
        # What follows from the answer is not done yet
        assert isinstance(effect, FetchBundle)
        bundle = three.world.bundles[effect.device, effect.protocol]
        ann.engine.keys.bundle_received(effect.device, bundle)
    assert three.tablet_is_left_out()


def test_case_120_a_device_that_was_never_heard_stands_in_for_none(
    three: Three,
) -> None:
    """A server could invent one."""
    three.until_silent()
    three.world.peer(BEN, protocols=three.ann.protocols).auto_answer = False
    three.ann.prepare(BEN)
    three.ann.engine.trust.set_trust(three.phone.device, Trust.DISTRUSTED)
    assert three.tablet.device in three.ann.encrypt(b"x", BEN).recipients


def test_verified_devices_too_and_they_stay_verified(three: Three) -> None:
    verify(three.ann, three.phone, three.tablet)
    three.until_silent()
    assert three.tablet_is_left_out()
    assert three.ann.info(three.tablet).trust is Trust.VERIFIED
    # Nor does it get what this device tells of others
    three.ann.told.clear()
    added = three.world.peer("ann@test", protocols=three.ann.protocols)
    three.ann.prepare("ann@test")
    verify(three.ann, added)
    assert all(three.tablet.device not in one.devices for one in three.ann.told)


def own_devices(peer: Peer, other: Peer) -> tuple[bool, bool]:
    """Whether another own device gets messages, and whether it is offered for
    removal."""
    gets = other.device in peer.encrypt(b"x", BEN).recipients
    return gets, peer.info(other).unused


def test_an_own_device_is_offered_for_removal_once(three: Three) -> None:
    own = three.world.peer("ann@test", protocols=three.ann.protocols)
    three.ann.prepare("ann@test")
    own.auto_answer = False
    three.pass_by(ASKED_AFTER)
    assert own_devices(three.ann, own) == (True, False)
    three.pass_by(LEFT_OUT_AFTER)
    # It still gets everything: only the user removes it
    assert own_devices(three.ann, own) == (True, True)
    assert not any(info.unused for info in three.ann.engine.devices.of(BEN))
    three.ann.restart()
    three.ann.online()
    assert own_devices(three.ann, own) == (True, True)
    # The user says "Not now", and is not asked again
    three.ann.engine.devices.write_again(own.device)
    assert own_devices(three.ann, own) == (True, False)
    three.ann.restart()
    three.ann.online()
    three.until_silent()
    three.until_silent()
    assert own_devices(three.ann, own) == (True, False)


def test_an_own_device_that_is_heard_is_not_offered_any_more(three: Three) -> None:
    own = three.world.peer("ann@test", protocols=three.ann.protocols)
    three.ann.prepare("ann@test")
    own.prepare("ann@test")
    own.decrypt(three.ann, three.ann.encrypt(b"x", BEN))
    own.auto_answer = False
    three.until_silent()
    assert own_devices(three.ann, own) == (True, True)
    three.ann.decrypt(own, own.encrypt(b"x", "ann@test"))
    assert own_devices(three.ann, own) == (True, False)


def test_an_own_device_that_only_reads_is_not_offered(three: Three) -> None:
    own = three.world.peer("ann@test", protocols=three.ann.protocols)
    three.ann.prepare("ann@test")
    for _ in range(3):
        three.pass_by(ASKED_AFTER)
    assert own_devices(three.ann, own) == (True, False)


def test_a_verified_own_device_is_told_of_decisions_all_the_same(three: Three) -> None:
    if Protocol.OMEMO_2 not in three.ann.protocols:
        pytest.skip("OMEMO 0.3 has no trust messages")
    own = three.world.peer("ann@test", protocols=three.ann.protocols)
    three.ann.prepare("ann@test")
    own.auto_answer = False
    verify(three.ann, own)
    three.until_silent()
    assert own_devices(three.ann, own) == (True, True)
    three.ann.told.clear()
    verify(three.ann, three.phone)
    assert any(own.device in one.devices for one in three.ann.told)


def test_the_user_writes_for_it_again(three: Three) -> None:
    three.until_silent()
    three.ann.engine.devices.write_again(three.tablet.device)
    assert not three.tablet_is_left_out()
    three.ann.restart()
    three.ann.online()
    three.pass_by(ASKED_AFTER - A_DAY)
    assert not three.tablet_is_left_out()
    # Its time has begun anew, and it is said anew
    three.until_silent()
    assert three.tablet_is_left_out()
    assert silent_news(three.ann) == [three.tablet.device] * 2


def test_its_owner_is_told_once(three: Three) -> None:
    devices, tablet = three.ann.engine.devices, three.tablet.device
    assert devices.untold([tablet]) == []
    three.until_silent()
    assert devices.untold([tablet, three.phone.device]) == [tablet]
    three.ann.restart()
    three.ann.online()
    devices = three.ann.engine.devices
    assert devices.untold([tablet]) == [tablet]
    devices.note_told([tablet, Device(BEN, 1)])
    three.ann.restart()
    three.ann.online()
    assert three.ann.engine.devices.untold([tablet]) == []
    three.tablet.send(b"x", three.ann)
    three.until_silent()
    assert three.ann.engine.devices.untold([tablet]) == [tablet]


def test_the_user_may_write_for_an_unknown_one(three: Three) -> None:
    three.ann.engine.devices.write_again(Device(BEN, 1))
    assert not three.tablet_is_left_out()


def test_nothing_is_decided_before_the_archive_is_read(three: Three) -> None:
    three.pass_by(ASKED_AFTER)
    ann = three.ann
    ann.clock.now += LEFT_OUT_AFTER
    ann.carry_out(ann.engine.connected())
    three.write()
    ann.wait(0)
    assert not three.tablet_is_left_out()
    # An answer was in the archive
    three.tablet.send(b"x", ann)
    ann.carry_out(ann.engine.catch_up_ended())
    ann.wait(0)
    assert not three.tablet_is_left_out()
    assert silent_news(ann) == []


def test_a_clock_that_was_set_back_decides_nothing(three: Three) -> None:
    three.pass_by(ASKED_AFTER)
    three.ann.clock.now -= 10 * ASKED_AFTER
    three.write()
    three.ann.wait(0)
    assert not three.tablet_is_left_out()


def test_a_question_that_cannot_be_asked_leaves_nobody_out(three: Three) -> None:
    """The keys of the tablet are not on the server."""
    for protocol in three.ann.protocols:
        del three.world.bundles[three.tablet.device, protocol]
    three.until_silent()
    three.pass_by(LEFT_OUT_AFTER)
    assert not three.tablet_is_left_out()
    assert silent_news(three.ann) == []


def test_a_message_is_not_torn_by_the_decision(three: Three) -> None:
    """It is decided between two messages, so what was planned for one holds."""
    three.pass_by(ASKED_AFTER)
    three.ann.clock.now += LEFT_OUT_AFTER
    three.write()
    sent = three.ann.encrypt(b"x", BEN)
    assert three.tablet.device in sent.recipients
    assert three.ann.engine.outgoing.may_leave(sent)
    three.ann.wait(0)
    assert three.tablet_is_left_out()
    # It waits for the disk, and is encrypted anew
    assert not three.ann.engine.outgoing.may_leave(sent)


def test_a_store_of_before(three: Three) -> None:
    """The store of an earlier version says nothing of silence, and opens as it is."""
    ann = three.ann
    ann.engine.close()
    with contextlib.closing(sqlite3.connect(ann.path)) as store, store:
        assert store.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        rows = store.execute(
            "SELECT key, value FROM kv WHERE key LIKE '/gajim/devices/%'"
        ).fetchall()
        assert rows
        for key, value in rows:
            fields = json.loads(value)
            for name in ("asked", "silent", "kept", "told"):
                del fields[name]
            store.execute(
                "UPDATE kv SET value = ? WHERE key = ?", (json.dumps(fields), key)
            )
    ann.engine = type(ann.engine).open(
        ann.path, ann.jid, ann.clock, ann.rollback_marker
    )
    ann.online()
    assert not three.tablet_is_left_out()
    three.until_silent()
    assert three.tablet_is_left_out()
