# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
An identity is taken over from the OMEMO programs of Debian 12, 13 and forky.

The databases are made by those programs themselves, and the contact is one of them.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from omemo_plugin.engine.backend.codec import CODECS
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import EarlierStoreDamaged
from omemo_plugin.engine.errors import EarlierStoreError
from omemo_plugin.engine.errors import EarlierStoreUnknown
from omemo_plugin.engine.errors import IdentityExists
from omemo_plugin.engine.errors import MessageKeyGone
from omemo_plugin.engine.takeover.reader import read
from omemo_plugin.engine.takeover.takeover import has_identity
from omemo_plugin.engine.takeover.takeover import take_over
from omemo_plugin.engine.takeover.values import Taken
from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.peers.earlier_program import PROGRAMS
from tests.support.peers.earlier_program import EarlierProgram
from tests.support.peers.earlier_program import ProgramError

ME = "me@example.org"
BOB = "bob@example.org"
LEGACY = Protocol.LEGACY

# As both programs write them
TRUSTS = {
    0: Trust.DISTRUSTED,
    1: Trust.VERIFIED,
    2: Trust.UNDECIDED,
    3: Trust.BLIND,
}

Start = Callable[[str], EarlierProgram]


@pytest.fixture(params=list(PROGRAMS))
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Starts the program of a Debian for an account."""
    started: list[EarlierProgram] = []

    def make(jid: str) -> EarlierProgram:
        path = tmp_path / f"omemo_{jid}.db"
        started.append(EarlierProgram(request.param, jid, path))
        return started[-1]

    yield make
    for program in started:
        program.close()


class Switched:
    """The account after the switch to this plugin."""

    def __init__(self, earlier: EarlierProgram, folder: Path) -> None:
        earlier.close()
        self.path = folder / "ours.db"
        identity = read(earlier.database)
        assert identity is not None
        self.taken: Taken = take_over(self.path, earlier.jid, identity, 1_800_000_000)
        self.engine = OmemoEngine.open(self.path, earlier.jid)
        self.device = Device(earlier.jid, self.engine.device_id)

    def encrypt(self, *jids: str, text: bytes = b"from us") -> EncryptedMessage:
        plan = self.engine.outgoing.plan(jids)
        assert plan.ready, plan
        sent = self.engine.outgoing.encrypt(jids, {LEGACY: text})
        self.engine.flush()
        return sent.messages[0]

    def decrypt(self, sender: EarlierProgram, message: EncryptedMessage) -> str:
        result = self.engine.incoming.decrypt(sender.jid, [message])
        self.engine.commit()
        assert result.plaintext is not None
        return result.plaintext.decode()

    def trust_of(self, program: EarlierProgram) -> Trust:
        return next(
            info.trust
            for info in self.engine.devices.of(program.jid)
            if info.device == program.device
        )

    def bundle(self) -> Bundle:
        return self.engine._core.prekeys[LEGACY].bundle()

    def answer(self, program: EarlierProgram) -> None:
        """Fetch the list and the bundle of a program's device."""
        listed = DeviceList(LEGACY, (ListedDevice(program.device.device_id),))
        self.engine.keys.device_list_received(program.jid, listed)
        self.engine.keys.bundle_received(program.device, program.bundle())


def _meet(one: EarlierProgram, other: EarlierProgram) -> None:
    one.meet(other.device, other.bundle())


def _talk(one: EarlierProgram, other: EarlierProgram, rounds: int = 2) -> None:
    """A conversation that began with a message of the first."""
    _meet(one, other)
    for number in range(rounds):
        text = f"{one.jid} {number}"
        assert other.decrypt(one.jid, one.encrypt(other.jid, text)) == text
        # The device list comes from the server
        if number == 0:
            other.list_device(one.device)
        text = f"{other.jid} {number}"
        assert one.decrypt(other.jid, other.encrypt(one.jid, text)) == text


@pytest.mark.parametrize("begun_by_us", [True, False])
def test_sessions_go_on_in_both_directions(
    start: Start, tmp_path: Path, begun_by_us: bool
) -> None:
    earlier, bob = start(ME), start(BOB)
    _talk(*((earlier, bob) if begun_by_us else (bob, earlier)))
    fingerprint = earlier.fingerprint()
    on_its_way = bob.encrypt(ME, "sent during the switch")

    we = Switched(earlier, tmp_path)
    assert we.engine.device_id == earlier.device.device_id
    assert we.engine.fingerprint == fingerprint
    assert we.taken == Taken(1, 0, 0)
    assert we.decrypt(bob, on_its_way) == "sent during the switch"
    for number in range(3):
        assert bob.decrypt(ME, we.encrypt(BOB)) == "from us"
        assert we.decrypt(bob, bob.encrypt(ME, f"b{number}")) == f"b{number}"
    we.engine.close()


def test_a_session_that_waits_for_an_answer_goes_on(
    start: Start, tmp_path: Path
) -> None:
    earlier, bob = start(ME), start(BOB)
    _meet(earlier, bob)
    first = earlier.encrypt(BOB, "first")
    we = Switched(earlier, tmp_path)
    second = we.encrypt(BOB)
    assert bob.decrypt(ME, second) == "from us"
    assert bob.decrypt(ME, first) == "first"
    bob.list_device(we.device)
    assert we.decrypt(bob, bob.encrypt(ME, "answer")) == "answer"
    assert bob.decrypt(ME, we.encrypt(BOB)) == "from us"
    we.engine.close()


def test_the_other_side_waits_for_an_answer(start: Start, tmp_path: Path) -> None:
    """It sends the key exchange of the session again, until it is answered."""
    earlier, bob = start(ME), start(BOB)
    _meet(bob, earlier)
    assert earlier.decrypt(BOB, bob.encrypt(ME, "1")) == "1"
    we = Switched(earlier, tmp_path)
    assert we.decrypt(bob, bob.encrypt(ME, "2")) == "2"
    we.answer(bob)
    assert bob.decrypt(ME, we.encrypt(BOB)) == "from us"
    assert we.decrypt(bob, bob.encrypt(ME, "3")) == "3"
    we.engine.close()


def test_a_bundle_from_before_can_be_used(start: Start, tmp_path: Path) -> None:
    """Somebody has fetched it, and writes for the first time."""
    earlier, bob = start(ME), start(BOB)
    _meet(bob, earlier)
    first = bob.encrypt(ME, "first")
    we = Switched(earlier, tmp_path)
    assert we.decrypt(bob, first) == "first"
    we.engine.close()


def test_the_bundle_stays(start: Start, tmp_path: Path) -> None:
    earlier = start(ME)
    before = earlier.bundle()
    we = Switched(earlier, tmp_path)
    after = we.bundle()
    assert after.identity_key == before.identity_key
    # Still a signature of the same key
    CODECS[LEGACY].backend_bundle(ME, we.engine.device_id, after)
    assert after.signed_prekey == before.signed_prekey
    assert after.signed_prekey_id == before.signed_prekey_id
    assert before.prekeys.items() <= after.prekeys.items()
    we.engine.close()


def test_decisions_stay(start: Start, tmp_path: Path) -> None:
    earlier = start(ME)
    contacts = {}
    for number, trust in TRUSTS.items():
        jid = f"{trust.value}@example.org"
        contacts[trust] = start(jid)
        _talk(earlier, contacts[trust], rounds=1)
        earlier.set_trust(jid, number)
    we = Switched(earlier, tmp_path)
    for trust, contact in contacts.items():
        assert we.trust_of(contact) is trust
        # Its bundle tells the sign of the key, and changes nothing
        we.answer(contact)
        assert we.trust_of(contact) is trust
    we.engine.close()


def test_a_decision_on_a_device_without_a_session_stays(
    start: Start, tmp_path: Path
) -> None:
    earlier, bob = start(ME), start(BOB)
    _talk(earlier, bob)
    earlier.set_trust(BOB, 1)
    earlier.close()
    with sqlite3.connect(earlier.database) as connection:
        connection.execute("DELETE FROM sessions")
    connection.close()
    we = Switched(earlier, tmp_path)
    we.answer(bob)
    assert we.trust_of(bob) is Trust.VERIFIED
    we.engine.close()


@pytest.mark.parametrize(("number", "blind"), [(2, False), (3, True)])
def test_whoever_was_asked_is_asked_again(
    start: Start, tmp_path: Path, number: int, blind: bool
) -> None:
    """The setting of the other program is told by what it has decided."""
    earlier, bob = start(ME), start(BOB)
    _talk(earlier, bob, rounds=1)
    earlier.set_trust(BOB, number)
    we = Switched(earlier, tmp_path)
    assert we.engine.trust.blind_trust is blind
    we.engine.close()


def test_messages_that_were_skipped_are_counted(start: Start, tmp_path: Path) -> None:
    earlier, bob = start(ME), start(BOB)
    _talk(earlier, bob)
    late = bob.encrypt(ME, "late")
    assert earlier.decrypt(BOB, bob.encrypt(ME, "in time")) == "in time"
    we = Switched(earlier, tmp_path)
    assert we.taken.skipped == 1
    # It comes from the archive once more
    for _ in range(2):
        with pytest.raises(MessageKeyGone) as caught:
            we.decrypt(bob, late)
        # Nobody is told that the keys are lost
        assert not caught.value.effects
    # The session is as it was
    assert we.decrypt(bob, bob.encrypt(ME, "later")) == "later"
    assert bob.decrypt(ME, we.encrypt(BOB)) == "from us"
    we.engine.close()


def test_an_archived_session_still_decrypts(start: Start, tmp_path: Path) -> None:
    """Both have begun at once: a message on the older session comes after the
    switch."""
    earlier, bob = start(ME), start(BOB)
    _talk(earlier, bob)
    on_the_old_one = bob.encrypt(ME, "on the old one")
    late = bob.encrypt(ME, "late")
    assert earlier.decrypt(BOB, bob.encrypt(ME, "in time")) == "in time"
    _meet(earlier, bob)
    earlier.encrypt(BOB, "on the new one")
    we = Switched(earlier, tmp_path)
    assert we.taken.skipped == 2
    with pytest.raises(MessageKeyGone) as caught:
        we.decrypt(bob, late)
    assert not caught.value.effects
    with pytest.raises(MessageKeyGone):
        we.decrypt(bob, on_the_old_one)
    assert we.decrypt(bob, bob.encrypt(ME, "on the old one")) == "on the old one"
    we.engine.close()


def test_no_key_is_used_twice(start: Start, tmp_path: Path) -> None:
    earlier, bob = start(ME), start(BOB)
    _talk(earlier, bob)
    messages = [earlier.encrypt(BOB, str(number)) for number in range(3)]
    we = Switched(earlier, tmp_path)
    messages += [we.encrypt(BOB) for _ in range(3)]
    # The other side takes no counter of a chain twice
    for message in messages:
        bob.decrypt(ME, message)
    with pytest.raises(ProgramError, match="Duplicate"):
        bob.decrypt(ME, messages[2])
    we.engine.close()


def test_only_into_an_empty_store(start: Start, tmp_path: Path) -> None:
    earlier = start(ME)
    we = Switched(earlier, tmp_path)
    we.engine.close()
    assert has_identity(we.path)
    identity = read(earlier.database)
    assert identity is not None
    before = we.path.read_bytes()
    with pytest.raises(IdentityExists):
        take_over(we.path, ME, identity, 1_800_000_000)
    assert we.path.read_bytes() == before


def test_the_file_is_only_read(start: Start, tmp_path: Path) -> None:
    """Also while the program has it open."""
    earlier, bob = start(ME), start(BOB)
    _talk(earlier, bob)
    before = earlier.database.read_bytes()
    identity = read(earlier.database)
    assert identity is not None
    assert identity.device_id == earlier.device.device_id
    assert earlier.database.read_bytes() == before
    assert sorted(path.name for path in tmp_path.glob("omemo_me*")) == [
        earlier.database.name
    ]


def test_another_schema_is_refused(start: Start, tmp_path: Path) -> None:
    earlier = start(ME)
    earlier.close()
    for version in (11, 13):
        with sqlite3.connect(earlier.database) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        with pytest.raises(EarlierStoreUnknown):
            read(earlier.database)


def test_damaged_files_are_refused(start: Start, tmp_path: Path) -> None:
    """Each with a typed error, or what is left of it is taken over whole."""
    earlier, bob = start(ME), start(BOB)
    _talk(earlier, bob)
    earlier.close()
    good = earlier.database.read_bytes()
    damaged = tmp_path / "damaged.db"
    for number, place in enumerate(range(0, len(good), 997)):
        broken = bytearray(good)
        broken[place : place + 7] = bytes(7) if number % 2 else b"\xff" * 7
        damaged.write_bytes(broken)
        target = tmp_path / f"ours-{number}.db"
        try:
            identity = read(damaged)
            if identity is not None:
                take_over(target, ME, identity, 1_800_000_000)
        except EarlierStoreError:
            assert not has_identity(target)
        target.unlink(missing_ok=True)
    damaged.write_bytes(b"no database" * 100)
    with pytest.raises(EarlierStoreDamaged):
        read(damaged)
    damaged.write_bytes(b"")
    assert read(damaged) is None
    assert read(tmp_path / "missing.db") is None
    shutil.copy(earlier.database, damaged)
    assert read(damaged) is not None
