# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over from Pidgin; the files are as Pidgin 2.14.12 wrote them."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from types import SimpleNamespace
from typing import Any

import pytest

from tails_integration import cli
from tails_integration.base.dialog import DialogButton
from tails_integration.base.errors import Refused
from tails_integration.gajim_patches import rooms
from tails_integration.persistence.bindings import KEPT
from tails_integration.pidgin import files
from tails_integration.pidgin import importer
from tails_integration.pidgin import startup
from tails_integration.settings import profile

from .storage import TailsWithStorage
from .test_launcher import Person

ACCOUNTS = """\
<?xml version='1.0' encoding='UTF-8' ?>

<account version='1.0'>
	<account>
		<protocol>prpl-jabber</protocol>
		<name>Alice@example.org/Home</name>
		<password>p&amp;ss&lt;w&gt;</password>
		<alias>Work &amp; &quot;play&quot;</alias>
		<settings>
			<setting name='connection_security'>opportunistic_tls</setting>
			<setting name='port' type='int'>5299</setting>
			<setting name='connect_server' type='string'>xmpp.example.org</setting>
		</settings>
		<settings ui='gtk-gaim'>
			<setting name='port' type='int'>1</setting>
		</settings>
		<current_error/>
	</account>
	<account>
		<protocol>prpl-jabber</protocol>
		<name>bob@example.net</name>
		<settings>
			<setting name='connection_security' type='string'>old_ssl</setting>
			<setting name='port' type='int'>5223</setting>
		</settings>
		<proxy>
			<type>http</type>
			<host>proxy.example</host>
			<port>3128</port>
		</proxy>
	</account>
	<account>
		<protocol>prpl-jabber</protocol>
		<name>plain@example.com</name>
	</account>
	<account>
		<protocol>prpl-jabber</protocol>
		<name>no address</name>
	</account>
	<account>
		<protocol>prpl-irc</protocol>
		<name>amnesia@irc.oftc.net</name>
	</account>
	<account>
		<protocol>prpl-novell</protocol>
		<name>somebody</name>
	</account>
</account>
"""
BUDDIES = """\
<?xml version='1.0' encoding='UTF-8' ?>

<purple version='1.0'>
	<blist>
		<group name='Rooms'>
			<chat proto='prpl-jabber' account='alice@example.org/Home'>
				<alias>Tails chat</alias>
				<component name='handle'>al</component>
				<component name='password'>s3cret</component>
				<component name='room'>tails</component>
				<component name='server'>conference.example.org</component>
				<setting name='gtk-autojoin' type='bool'>1</setting>
			</chat>
			<chat proto='prpl-jabber' account='bob@example.net'>
				<component name='room'>other</component>
				<component name='server'>conference.example.net</component>
			</chat>
			<chat proto='prpl-irc' account='amnesia@irc.oftc.net'>
				<component name='channel'>#tails</component>
			</chat>
		</group>
	</blist>
</purple>
"""
FINGERPRINTS = (
    "carol@example.org\talice@example.org/Home\tprpl-jabber\t"
    + "ab" * 20
    + "\tverified\n"
    + "dave@example.org\talice@example.org/Home\tprpl-jabber\t"
    + "cd" * 20
    + "\t\n"
    + "erin@example.org\tbob@example.net\tprpl-jabber\t"
    + "ef" * 20
    + "\tsmp\n"
    + "nick\tamnesia@irc.oftc.net\tprpl-irc\t"
    + "01" * 20
    + "\tverified\n"
)
XMPP = ["alice@example.org", "bob@example.net", "plain@example.com"]


@pytest.fixture
def tails(tmp_path: Path) -> TailsWithStorage:
    machine = TailsWithStorage(tmp_path)
    put(machine, "accounts.xml", ACCOUNTS)
    put(machine, "blist.xml", BUDDIES)
    put(machine, "otr.fingerprints", FINGERPRINTS)
    return machine


def put(machine: TailsWithStorage, name: str, text: str) -> Path:
    return machine.write(f"/home/amnesia/.purple/{name}", text)


def keep(machine: TailsWithStorage) -> None:
    machine.bound = [str(binding.target) for binding in KEPT]
    machine._mounts()


def account(machine: TailsWithStorage, name: str) -> dict[str, Any]:
    loaded = profile.read(machine.system())
    assert loaded is not None
    return dict(loaded.accounts[name]["account"])


def take(machine: TailsWithStorage, *, passwords: bool = False) -> None:
    system = machine.system()
    plan = importer.plan(system)
    importer.carry_out(system, plan, passwords=passwords)


def test_what_it_would_do(tails: TailsWithStorage) -> None:
    plan = importer.plan(tails.system())
    assert [one.jid for one in plan.accounts] == XMPP
    text = importer.describe(plan)
    assert "xmpp.example.org:5299" in text
    assert "Room Tails chat, joined at login" in text
    assert "IRC stays in Pidgin: amnesia@irc.oftc.net" in text
    assert "proxy is left out" in text
    assert "Gajim does not" in text
    assert "carol@example.org" in text
    assert "dave" not in text, "nobody has verified that one"
    assert "s3cret" not in text
    assert "ss<w>" not in text
    assert not tails.system().config.exists(), "nothing was written"


def test_servers_ports_and_aliases(tails: TailsWithStorage) -> None:
    take(tails)
    alice = account(tails, "alice@example.org")
    assert alice["account_label"] == 'Work & "play"'
    assert (alice["custom_host"], alice["custom_port"]) == ("xmpp.example.org", 5299)
    assert (alice["name"], alice["hostname"]) == ("alice", "example.org")
    bob = account(tails, "bob@example.net")
    assert (bob["custom_host"], bob["custom_port"]) == ("example.net", 5223)
    assert bob["custom_type"] == "DIRECT TLS"
    assert "use_custom_host" not in account(tails, "plain@example.com")


def test_never_a_plain_connection(tails: TailsWithStorage) -> None:
    take(tails)
    for name in XMPP:
        settings = account(tails, name)
        assert settings["use_plain_connection"] is False
        assert settings.get("custom_type") in (None, "START TLS", "DIRECT TLS")
    assert account(tails, "alice@example.org")["custom_type"] == "START TLS"


def test_passwords_only_when_asked_and_only_where_they_are_kept(
    tails: TailsWithStorage,
) -> None:
    with pytest.raises(Refused, match="Persistent Storage"):
        take(tails, passwords=True)
    assert profile.read(tails.system()) is None
    take(tails)
    assert "password" not in account(tails, "alice@example.org")


def test_passwords(tails: TailsWithStorage) -> None:
    keep(tails)
    take(tails, passwords=True)
    alice = account(tails, "alice@example.org")
    assert (alice["password"], alice["savepass"]) == ("p&ss<w>", True)
    assert "password" not in account(tails, "bob@example.net")


def test_nothing_of_pidgins_is_written(tails: TailsWithStorage) -> None:
    folder = tails.home / ".purple"
    for path in folder.iterdir():
        path.chmod(0o400)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir()}
    take(tails)
    after = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir()}
    assert before == after


def test_twice_is_as_good_as_once(tails: TailsWithStorage) -> None:
    take(tails)
    plan = importer.plan(tails.system())
    assert plan.accounts == ()
    assert list(plan.already) == XMPP
    assert plan.rooms == ()
    assert importer.remembered(tails.system()) == "success"


def test_an_account_that_gajim_has_is_left_as_it_is(tails: TailsWithStorage) -> None:
    with profile.edit(tails.system()) as edited:
        edited.add_account("mine", {"name": "alice", "hostname": "example.org"})
        edited.add_account("other", {"address": "bob@example.net", "priority": 7})
    take(tails)
    loaded = profile.read(tails.system())
    assert loaded is not None
    assert set(loaded.accounts) == {"mine", "other", "plain@example.com"}
    assert "custom_host" not in loaded.accounts["mine"]["account"]


def test_not_while_pidgin_runs(tails: TailsWithStorage) -> None:
    tails.add_process(99, "pidgin")
    with pytest.raises(importer.PidginRuns, match="Quit it"):
        importer.plan(tails.system())


def test_tails_own_note_counts(tails: TailsWithStorage) -> None:
    tails.write(
        "/live/persistence/TailsData_unlocked/.tails/migrations/PidginToGajim/success",
        "",
    )
    person = Person("take")
    assert startup.step(tails.system(), person) == {}
    assert not person.asked


def test_the_note_is_made_where_tails_looks(tails: TailsWithStorage) -> None:
    folder = tails.root / (
        "live/persistence/TailsData_unlocked/.tails/migrations/PidginToGajim"
    )
    folder.mkdir(parents=True)
    take(tails)
    assert (folder / "success").exists()


def test_otr_is_never_trust(tails: TailsWithStorage) -> None:
    take(tails)
    contacts = [one.contact for one in importer.to_verify(tails.system())]
    assert contacts == ["carol@example.org", "erin@example.org"]
    for path in tails.system().config.rglob("*"):
        if path.is_file():
            assert b"abab" not in path.read_bytes(), path


def test_a_window_has_an_end() -> None:
    many = tuple(files.Verified("a@b", f"{n}@example.org") for n in range(99))
    pidgin = files.Pidgin(verified=many)
    text = importer.describe(importer.Plan((), (), (), pidgin))
    assert len(text.splitlines()) < 20
    assert "import-pidgin --verify-again" in text
    assert len(importer.verify_again(many).splitlines()) == 100


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><account>&b;</account>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><account/>',
        "<account>",
        "<account>&#x7;</account>",
        "",
        "\x00",
    ],
)
def test_files_that_pidgin_did_not_write(tails: TailsWithStorage, text: str) -> None:
    put(tails, "accounts.xml", text)
    with pytest.raises(files.Unreadable):
        importer.plan(tails.system())


def test_case_148_a_port_of_thousands_of_digits(tails: TailsWithStorage) -> None:
    put(
        tails,
        "accounts.xml",
        "<account><account><protocol>prpl-jabber</protocol><name>a@b.example</name>"
        f"<settings><setting name='port'>{'9' * 5000}</setting></settings>"
        "</account></account>",
    )
    (account,) = files.read(tails.home).accounts
    assert account.port == 5222


def test_broken_rooms_do_not_keep_accounts_back(tails: TailsWithStorage) -> None:
    put(tails, "blist.xml", BUDDIES.replace("<blist>", "<blist>&#x7;"))
    plan = importer.plan(tails.system())
    assert len(plan.accounts) == 3
    assert plan.rooms == ()
    assert "Cannot be read" in importer.describe(plan)


@pytest.mark.parametrize(
    "name", ["", "/", "@", "a@", "@b", "a b@c", "a@b@c", "a@b\n<c>"]
)
def test_names_that_are_no_address(name: str) -> None:
    assert files.bare(name) == ""


def test_nothing_there(tmp_path: Path) -> None:
    machine = TailsWithStorage(tmp_path)
    person = Person()
    assert startup.step(machine.system(), person) == {}
    assert not person.asked
    assert importer.plan(machine.system()).accounts == ()


def test_the_assistant_asks_once(tails: TailsWithStorage) -> None:
    later = Person("later")
    startup.step(tails.system(), later)
    ((title, text, buttons),) = later.asked
    assert title == "Take over your accounts from Pidgin?"
    assert "Pidgin keeps everything" in text
    assert buttons == ["take", "never", "later"], "passwords would not be kept"
    startup.step(tails.system(), Person("take"))
    assert set(XMPP) <= set(profile.read(tails.system()).accounts)  # type: ignore[union-attr]
    again = Person()
    startup.step(tails.system(), again)
    assert not again.asked


def test_the_assistant_with_passwords(tails: TailsWithStorage) -> None:
    keep(tails)
    startup.step(tails.system(), Person("passwords"))
    assert account(tails, "alice@example.org")["password"]


def test_the_assistant_is_not_wanted(tails: TailsWithStorage) -> None:
    startup.step(tails.system(), Person("never"))
    assert profile.read(tails.system()) is None
    again = Person()
    startup.step(tails.system(), again)
    assert not again.asked


def test_the_assistant_says_that_pidgin_runs(tails: TailsWithStorage) -> None:
    tails.add_process(99, "pidgin")
    seen: list[str] = []

    def ask(_title: str, text: str, _buttons: Sequence[DialogButton]) -> str:
        seen.append(text)
        return "go-on"

    assert startup.step(tails.system(), ask) == {}
    assert "Pidgin is running" in seen[0]


def test_the_command(
    tails: TailsWithStorage, capsys: pytest.CaptureFixture[str]
) -> None:
    system = tails.system()
    assert cli.main(["tails-gajim", "import-pidgin", "--dry-run"], system) == 0
    assert "alice@example.org" in capsys.readouterr().out
    assert profile.read(system) is None
    assert cli.main(["tails-gajim", "import-pidgin"], system) == 0
    assert "Nothing in Pidgin was changed" in capsys.readouterr().out
    assert cli.main(["tails-gajim", "import-pidgin", "--verify-again"], system) == 0
    assert "erin@example.org" in capsys.readouterr().out
    assert cli.main(["tails-gajim", "import-pidgin", "--passwords"], system) == 0
    assert "nothing to take over" in capsys.readouterr().out


def test_rooms_wait_for_their_account(
    tails: TailsWithStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(tails)
    path = tails.system().state / importer.ROOMS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    added: list[tuple[str, dict[str, Any]]] = []
    bookmarks = SimpleNamespace(
        is_bookmark=lambda _jid: False,
        add_or_modify=lambda jid, **what: added.append((str(jid), what)),
    )
    address = SimpleNamespace(new_as_bare=lambda: "alice@example.org")
    client = SimpleNamespace(
        get_own_jid=lambda: address, get_module=lambda _name: bookmarks
    )
    package, common, app = map(ModuleType, ("gajim", "gajim.common", "app"))
    app.get_client = lambda _account: client  # type: ignore[attr-defined]
    common.app = app  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gajim", package)
    monkeypatch.setitem(sys.modules, "gajim.common", common)
    rooms._add(path, "alice")
    assert added == [
        (
            "tails@conference.example.org",
            {
                "name": "Tails chat",
                "nick": "al",
                "password": "s3cret",
                "autojoin": True,
            },
        )
    ]
    left = json.loads(path.read_text())["rooms"]
    assert [room["account"] for room in left] == ["bob@example.net"]
    rooms._add(path, "alice")
    assert len(added) == 1
