# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian 13's Dino, which Tails' documentation names as a candidate, where Gajim would
be: what the table in upstream/MERGE-REQUEST.md says of it.

A test that fails says that the table is wrong, and not that anything of ours is.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from omemo_plugin.engine.values import Protocol
from tests.e2e.conversation import secret
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.peers.raw_client import RawClient
from tests.support.servers.hosts import debian_root
from tests.support.servers.prosody import XmppAccount
from tests.support.tails.dino import DOMAIN
from tests.support.tails.dino import LISTS
from tests.support.tails.dino import SUITE
from tests.support.tails.dino import DinoMachine
from tests.support.waiting import wait_for

# Asked for at each login, for calls
STUN = "stun.dino.im"

# Of Dino's databases: what is thought of a device, and what can be set
TRUST = "SELECT address_name, device_id, trust_level FROM identity_meta"
COLUMNS = "SELECT name FROM pragma_table_info('account')"
WRITTEN = "SELECT body FROM message"
KEY = "SELECT identity_key_private_base64 FROM identity"
TRUSTED = 1
# Its libraries, and those of its plugins
LIBRARIES = "ldd /usr/bin/dino /usr/lib/*/dino-im/plugins/*.so"

MakePeer = Callable[[str, str], OmemoPeer]


@pytest.fixture
def dino(
    namespaces: None, request: pytest.FixtureRequest, artefacts: Path
) -> Iterator[DinoMachine]:
    """Dino has run once, and does not run; Alice and Amy have no account in it yet."""
    if not any(Path(__file__).name in word for word in request.config.args):
        pytest.skip("measures another program: tools/test dino")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        debian_root(SUITE, LISTS)
    names = ("alice", "amy", "bob", "carol")
    with DinoMachine(names, artefacts) as machine:
        machine.start(proxied=True)
        wait_for("Dino has made its files", (machine.data / "dino.db").exists)
        wait_for("it has tables", lambda: _has_accounts(machine))
        machine.stop()
        yield machine
        machine.picture(artefacts / "end.png")


def _has_accounts(machine: DinoMachine) -> bool:
    names = machine.rows("dino.db", "SELECT name FROM sqlite_master")
    return ("account",) in names and ("conversation",) in names


@pytest.fixture
def make_peer(dino: DinoMachine, tmp_path: Path) -> Iterator[MakePeer]:
    """Makes a device of an account that speaks OMEMO; the second word tells those of
    one account apart."""
    with ExitStack() as stack:

        def make(name: str, device: str) -> OmemoPeer:
            account = dino.server.accounts[name]
            peer = OmemoPeer(dino.server, account, tmp_path / f"{name}-{device}")
            stack.callback(peer.close)
            return peer

        yield make


def go_online(dino: DinoMachine, *names: str, proxied: bool) -> None:
    """Start Dino with accounts that are new in it."""
    accounts = [dino.server.accounts[name] for name in names]
    dino.add_accounts(accounts)
    dino.start(proxied=proxied)
    for account in accounts:
        wait_for(f"{account.jid} is online", partial(dino.is_online, account))


def test_without_a_proxy_it_asks_the_dns_and_connects_itself(dino: DinoMachine) -> None:
    go_online(dino, "alice", proxied=False)
    assert dino.direct() == 1
    assert dino.proxied() == []
    asked = set(dino.names_asked())
    assert {f"_xmpp-client._tcp.{DOMAIN}", f"_xmpps-client._tcp.{DOMAIN}"} <= asked


def test_through_a_proxy_two_accounts_are_one_to_tor(
    dino: DinoMachine, artefacts: Path
) -> None:
    """The connections go through it, and the DNS does not."""
    go_online(dino, "alice", "amy", proxied=True)
    wait_for("both have connected", lambda: len(dino.proxied()) >= 2)
    wait_for("the server for calls is looked up", lambda: STUN in dino.names_asked())
    dino.picture(artefacts / "two-accounts.png")
    assert dino.direct() == 0
    users, hosts, _ports = zip(*dino.proxied(), strict=True)
    assert set(users) == {"-"}, "there is something to tell the accounts apart"
    assert set(hosts) == {DOMAIN}
    asked = set(dino.names_asked())
    assert {f"_xmpp-client._tcp.{DOMAIN}", f"_xmpps-client._tcp.{DOMAIN}"} <= asked
    # Neither has a column for one
    columns = {str(name) for (name,) in dino.rows("dino.db", COLUMNS)}
    assert "password" in columns
    assert not any("proxy" in name for name in columns), columns


def test_behind_the_firewall_of_tails_its_questions_are_refused(
    dino: DinoMachine,
) -> None:
    firewall = dino.put_up_firewall()
    go_online(dino, "alice", proxied=True)
    counts = firewall.counts()
    assert counts.socks >= 1
    assert counts.dns > 0
    assert dino.direct() == 0


def test_it_draws_codes_and_reads_none(dino: DinoMachine) -> None:
    libraries = dino.machine.run(["sh", "-c", LIBRARIES]).stdout
    assert "libqrencode" in libraries
    for decoder in ("zbar", "zxing", "quirc", "opencv"):
        assert decoder not in libraries.lower()


def test_what_is_encrypted_trusted_and_kept(
    dino: DinoMachine, make_peer: MakePeer, artefacts: Path
) -> None:
    server = dino.server
    alice, bob, carol = (server.accounts[name] for name in ("alice", "bob", "carol"))
    phone = make_peer("bob", "phone")
    other = RawClient(server, carol)
    go_online(dino, "alice", proxied=True)
    # It has published its device
    wait_for("its list is there", lambda: any(server.listed_devices(alice).values()))
    lists = server.listed_devices(alice)
    (legacy,) = [node for node, ids in lists.items() if ids]
    assert "axolotl" in legacy, "it speaks OMEMO 2"

    # OMEMO by default, and nobody is asked whether Bob's device is Bob's
    dino.show_chat(bob.jid)
    text = secret("written by somebody who has changed no setting")
    dino.type(text)
    wait_for("Bob reads it", lambda: text in phone.read())
    dino.picture(artefacts / "encrypted.png")
    assert not server.leaks(text)
    assert trust(dino, bob) == {phone.device.device_id: TRUSTED}

    # Nor when there is another one
    tablet = make_peer("bob", "tablet")
    text = secret("also for the new one")

    number = tablet.device.device_id
    wait_for("the new one is trusted", lambda: trust(dino, bob).get(number) == TRUSTED)
    dino.type(text)
    wait_for("both read it", lambda: text in phone.read() and text in tablet.read())
    assert not server.leaks(text)

    # A link with a fingerprint, as the code on a screen has it, verifies nothing
    legacy_key = phone.bundle(Protocol.LEGACY).identity_key.hex()
    number = phone.device.device_id
    dino.open(f"xmpp:{bob.jid}?omemo-sid-{number}={legacy_key}")
    dino.show_chat(bob.jid)
    answer = secret("an answer")
    phone.say(alice.jid, answer)
    wait_for("it is kept", lambda: bool(dino.files_with(answer)))
    assert trust(dino, bob)[number] == TRUSTED

    # To somebody without OMEMO nothing is sent: it stays where it was written
    dino.show_chat(carol.jid)
    text = secret("to somebody without keys")
    dino.type(text)
    dino.picture(artefacts / "to-somebody-without-keys.png")
    # What is written afterwards is sent
    dino.show_chat(bob.jid)
    after = secret("to Bob again")
    dino.type(after)
    wait_for("Bob reads that", lambda: after in phone.read())
    assert not server.leaks(text)
    written = dino.rows("dino.db", WRITTEN)
    assert (after,) in written
    assert (text,) not in written
    other.close()

    # What is found on the disk afterwards
    dino.stop()
    assert dino.files_with(answer) & {"dino.db", "dino.db-wal"}
    assert dino.files_with(alice.password) & {"dino.db", "dino.db-wal"}
    ((private,),) = dino.rows("omemo.db", KEY)
    assert private


def trust(dino: DinoMachine, account: XmppAccount) -> dict[int, int]:
    """What Dino thinks of an account's devices."""
    return {
        int(str(device)): int(str(level))
        for jid, device, level in dino.rows("omemo.db", TRUST)
        if jid == account.jid
    }
