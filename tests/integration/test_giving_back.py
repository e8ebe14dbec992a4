# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
An identity is given to the OMEMO programs of Debian 12, 13 and forky, and taken over
again. They are the real programs, also as the contact, who goes on talking.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from omemo_plugin.bridge.state.earlier_store import EarlierState
from omemo_plugin.bridge.state.earlier_store import EarlierStore
from omemo_plugin.engine.backend.codec import CODECS
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.ratchets import Step
from tests.support.engine.ratchets import steps_of
from tests.support.peers.earlier_program import PROGRAMS
from tests.support.peers.earlier_program import EarlierProgram
from tests.support.peers.earlier_program import ProgramError

ME = "me@example.org"
BOB = "bob@example.org"
LEGACY = Protocol.LEGACY

Start = Callable[[str], EarlierProgram]


@pytest.fixture(params=list(PROGRAMS))
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Starts the program of a Debian for an account, with the file that is there."""
    started: list[EarlierProgram] = []

    def make(jid: str) -> EarlierProgram:
        path = tmp_path / f"omemo_{jid}.db"
        started.append(EarlierProgram(request.param, jid, path))
        return started[-1]

    yield make
    for program in started:
        program.close()


class Me:
    """The account, which changes from one program to the other and back."""

    def __init__(self, folder: Path, start: Start) -> None:
        self.store = folder / "ours.db"
        self.marker = folder / "ours.generation"
        self._folder = folder
        self._start = start
        self.files = EarlierStore(ME, folder, self.store, self.marker)
        self._engine: OmemoEngine | None = None
        self._other: EarlierProgram | None = None
        # Of every message for Bob
        self.sent: list[Step] = []

    def plugin(self) -> OmemoEngine:
        """Go on with the plugin, which takes over what there is."""
        if self._other is not None:
            self._other.close()
            self._other = None
            assert self.files.state() is EarlierState.ASK
            self.files.take()
        if self._engine is None:
            self._engine = OmemoEngine.open(self.store, ME, rollback_marker=self.marker)
        return self._engine

    def other(self) -> EarlierProgram:
        """Go on with the other program, which gets what there is."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
            self.files.give()
        if self._other is None:
            self._other = self._start(ME)
        return self._other

    @property
    def device(self) -> Device:
        if self._engine is not None:
            return Device(ME, self._engine.device_id)
        assert self._other is not None
        return self._other.device

    def encrypt(self, text: str = "from me") -> EncryptedMessage:
        if self._engine is not None:
            plan = self._engine.outgoing.plan((BOB,))
            assert plan.ready, plan
            sent = self._engine.outgoing.encrypt((BOB,), {LEGACY: text.encode()})
            self._engine.flush()
            message = sent.messages[0]
        else:
            assert self._other is not None
            message = self._other.encrypt(BOB, text)
        for step in steps_of([message]):
            assert step not in self.sent, "a key of a ratchet is used twice"
            self.sent.append(step)
        return message

    def decrypt(self, message: EncryptedMessage) -> str:
        if self._engine is None:
            assert self._other is not None
            return self._other.decrypt(BOB, message)
        result = self._engine.incoming.decrypt(BOB, [message])
        self._engine.commit()
        assert result.plaintext is not None
        return result.plaintext.decode()

    def meet(self, bob: EarlierProgram) -> None:
        """Fetch Bob's device list and bundle."""
        if self._engine is None:
            assert self._other is not None
            self._other.meet(bob.device, bob.bundle())
            return
        listed = DeviceList(LEGACY, (ListedDevice(bob.device.device_id),))
        self._engine.keys.device_list_received(BOB, listed)
        self._engine.keys.bundle_received(bob.device, bob.bundle())
        self._engine.commit()

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()


@pytest.fixture
def me(tmp_path: Path, start: Start) -> Iterator[Me]:
    found = Me(tmp_path, start)
    yield found
    found.close()


def both_ways(me: Me, bob: EarlierProgram, rounds: int = 2) -> None:
    """Bob and the account write to each other, several messages in a row."""
    for number in range(rounds):
        for text in (f"to Bob {number}", "and one more"):
            assert bob.decrypt(ME, me.encrypt(text)) == text
        bob.list_device(me.device)
        for text in (f"from Bob {number}", "and another"):
            assert me.decrypt(bob.encrypt(ME, text)) == text


def begin(me: Me, bob: EarlierProgram) -> None:
    """The account writes first, with the plugin."""
    me.plugin()
    me.meet(bob)
    both_ways(me, bob)


def test_sessions_go_on_there_and_back(me: Me, start: Start) -> None:
    """With an identity that the plugin has made."""
    bob = start(BOB)
    begin(me, bob)
    engine = me.plugin()
    device, fingerprint = engine.device_id, engine.fingerprint
    on_its_way = bob.encrypt(ME, "sent during the change")
    other = me.other()
    assert not me.store.exists()
    assert other.device.device_id == device
    assert other.fingerprint() == fingerprint
    assert me.decrypt(on_its_way) == "sent during the change"
    both_ways(me, bob)
    on_its_way = bob.encrypt(ME, "sent during the second change")
    again = me.plugin()
    assert (again.device_id, again.fingerprint) == (device, fingerprint)
    assert me.decrypt(on_its_way) == "sent during the second change"
    both_ways(me, bob)
    me.other()
    both_ways(me, bob)


def test_a_key_that_was_taken_over_is_given_back(me: Me, start: Start) -> None:
    bob = start(BOB)
    me.other()
    me.meet(bob)
    both_ways(me, bob)
    me.plugin()
    both_ways(me, bob)
    me.other()
    both_ways(me, bob)
    me.plugin()
    both_ways(me, bob)


def test_the_contact_has_begun(me: Me, start: Start) -> None:
    bob = start(BOB)
    bundle = me.plugin()._core.prekeys[LEGACY].bundle()
    bob.meet(me.device, bundle)
    me.meet(bob)
    assert me.decrypt(bob.encrypt(ME, "first")) == "first"
    # It is not answered before the change, and sends the key exchange again
    me.other()
    assert me.decrypt(bob.encrypt(ME, "second")) == "second"
    bob.list_device(me.device)
    both_ways(me, bob)
    me.plugin()
    both_ways(me, bob)


def test_a_session_that_waits_for_an_answer_goes_on(me: Me, start: Start) -> None:
    bob = start(BOB)
    me.plugin()
    me.meet(bob)
    first = me.encrypt("first")
    me.other().list_device(bob.device)
    second = me.encrypt("second")
    # Nor is it answered before the way back
    me.plugin()
    third = me.encrypt("third")
    for text, message in (("third", third), ("first", first), ("second", second)):
        assert bob.decrypt(ME, message) == text
    bob.list_device(me.device)
    assert me.decrypt(bob.encrypt(ME, "answer")) == "answer"
    both_ways(me, bob)


def test_messages_that_come_late_are_opened(me: Me, start: Start) -> None:
    """Their keys are in the chain that goes on, and in one that has ended."""
    bob = start(BOB)
    begin(me, bob)
    ended = [bob.encrypt(ME, f"ended {number}") for number in range(3)]
    assert me.decrypt(bob.encrypt(ME, "in time")) == "in time"
    assert bob.decrypt(ME, me.encrypt()) == "from me"
    newest = [bob.encrypt(ME, f"newest {number}") for number in range(3)]
    assert me.decrypt(bob.encrypt(ME, "in time")) == "in time"
    me.other()
    for number in (1, 0, 2):
        assert me.decrypt(newest[number]) == f"newest {number}"
        assert me.decrypt(ended[number]) == f"ended {number}"
    with pytest.raises(ProgramError, match="Duplicate"):
        me.decrypt(ended[0])
    both_ways(me, bob)


def test_the_bundle_stays(me: Me, start: Start) -> None:
    """Somebody has fetched it before the change, and writes for the first time."""
    bob = start(BOB)
    begin(me, bob)
    carol = start("carol@example.org")
    before = me.plugin()._core.prekeys[LEGACY].bundle()
    carol.meet(me.device, before)
    first = carol.encrypt(ME, "first")
    other = me.other()
    after = other.bundle()
    assert after.identity_key == before.identity_key
    assert after.signed_prekey == before.signed_prekey
    assert after.signed_prekey_id == before.signed_prekey_id
    assert after.signature == before.signature
    assert after.prekeys == before.prekeys
    CODECS[LEGACY].backend_bundle(ME, me.device.device_id, after)
    assert other.decrypt(carol.jid, first) == "first"


def test_a_prekey_that_was_used_is_not_offered(me: Me, start: Start) -> None:
    """The plugin keeps it for a while."""
    bob = start(BOB)
    bundle = me.plugin()._core.prekeys[LEGACY].bundle()
    bob.meet(me.device, bundle)
    assert me.decrypt(bob.encrypt(ME, "first")) == "first"
    offered = me.plugin()._core.prekeys[LEGACY].bundle().prekeys
    (used,) = bundle.prekeys.items() - offered.items()
    assert used not in me.other().bundle().prekeys.items()


def test_an_earlier_session_still_decrypts(me: Me, start: Start) -> None:
    """Both have begun at once: a message on the older one comes after the change."""
    bob = start(BOB)
    begin(me, bob)
    on_the_old_one = bob.encrypt(ME, "on the old one")
    bundle = me.plugin()._core.prekeys[LEGACY].bundle()
    bob.meet(me.device, bundle)
    assert me.decrypt(bob.encrypt(ME, "on the new one")) == "on the new one"
    me.other()
    assert me.decrypt(on_the_old_one) == "on the old one"
    both_ways(me, bob)


def test_an_old_store_that_was_put_back_gives_no_session(me: Me, start: Start) -> None:
    """Nothing is sent on its sessions here, and nothing there."""
    bob = start(BOB)
    begin(me, bob)
    me.close()
    copy = me.store.read_bytes()
    me._engine = None
    me.plugin()
    both_ways(me, bob)
    me.close()
    me._engine = None
    me.store.write_bytes(copy)
    engine = me.plugin()
    (info,) = engine.devices.of(BOB)
    assert info.identity_key is not None
    engine._core.devices.set_trust(BOB, info.identity_key, Trust.VERIFIED)
    # Healed: there is no session to send on
    assert not engine._core.sessions[LEGACY].has_current(bob.device)
    other = me.other()
    with pytest.raises(ProgramError):
        other.encrypt(BOB, "on no session")
