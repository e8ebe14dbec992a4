# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""persistence.conf: our lines go in and out, and nothing else changes."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tails_integration import cli
from tails_integration.base.errors import Refused
from tails_integration.base.errors import TailsError
from tails_integration.persistence import conf_file
from tails_integration.persistence import root_helper
from tails_integration.persistence import startup
from tails_integration.persistence import user
from tails_integration.persistence.bindings import HISTORY
from tails_integration.persistence.bindings import KEPT

from .storage import OWNER
from .storage import TailsWithStorage
from .test_launcher import Person

USERS = """\
# my own lines; do not touch
/home/amnesia/.gnupg\tsource=gnupg

/home/amnesia/Persistent\tsource=Persistent
"/home/amnesia/My notes"\tsource=notes  # with a remark
/home/amnesia\tsource=dotfiles,link
/home/amnesia/old\tsource=old,union
"""
OURS = """\
/home/amnesia/.config/gajim\tsource=gajim/config
/home/amnesia/.local/share/gajim/plugins_data\tsource=gajim/plugins_data
/home/amnesia/.local/share/gajim/cert_store\tsource=gajim/cert_store
"""


@pytest.fixture
def tails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TailsWithStorage:
    monkeypatch.setattr(root_helper, "owner_of_conf", lambda: OWNER)
    return TailsWithStorage(tmp_path, USERS)


def enable(tails: TailsWithStorage) -> bool:
    return user.change(tails.system(), root_helper.ENABLE)


def test_enable_adds_our_lines_and_loses_nothing(tails: TailsWithStorage) -> None:
    assert enable(tails)
    assert tails.conf.read_text() == USERS + OURS
    assert tails.bound == [str(binding.target) for binding in KEPT]
    now = user.status(tails.system())
    assert now.kept
    assert not now.history


def test_the_file_is_as_tails_wants_it(tails: TailsWithStorage) -> None:
    enable(tails)
    state = tails.conf.lstat()
    assert stat.S_ISREG(state.st_mode)
    assert stat.S_IMODE(state.st_mode) == 0o600
    assert (state.st_uid, state.st_gid) == OWNER
    assert not [name for name in os.listxattr(tails.conf) if "acl" in name]
    assert [path.name for path in tails.conf.parent.iterdir()] == [tails.conf.name]


def test_twice_is_as_good_as_once(tails: TailsWithStorage) -> None:
    enable(tails)
    tails.ran.clear()
    assert enable(tails)
    assert tails.conf.read_text() == USERS + OURS
    assert not [words for words in tails.ran if "activate" in words]


def test_disable_takes_only_ours(tails: TailsWithStorage) -> None:
    enable(tails)
    assert user.change(tails.system(), root_helper.DISABLE)
    assert tails.conf.read_text() == USERS
    assert tails.bound == []


def test_history_is_asked_for_by_itself(tails: TailsWithStorage) -> None:
    user.change(tails.system(), root_helper.ENABLE_HISTORY)
    assert user.status(tails.system()).history
    user.change(tails.system(), root_helper.DISABLE_HISTORY)
    assert tails.conf.read_text() == USERS + OURS
    assert user.status(tails.system()).kept


def test_a_service_that_does_not_know_yet(tails: TailsWithStorage) -> None:
    """The lines are there, and hold from the next start on."""
    tails.knows_features = False
    assert not enable(tails)
    assert tails.conf.read_text() == USERS + OURS


@pytest.mark.parametrize(
    "line",
    [
        "/home/amnesia/.config\tsource=config",
        "/home/amnesia/.config/gajim\tsource=elsewhere",
        "/home/amnesia/.config/gajim/theme\tsource=theme",
        "/home/amnesia/.config/gajim\tsource=gajim/config,link",
        "/home/amnesia/other\tsource=gajim/plugins_data",
        "/home/amnesia/.local/share/gajim\tsource=everything",
    ],
)
def test_a_line_of_the_users_in_the_way(tails: TailsWithStorage, line: str) -> None:
    tails.conf.write_text(f"{line}\n")
    with pytest.raises(conf_file.Conflict, match="is in the way"):
        root_helper.enable(tails.system(), OWNER, KEPT)
    assert tails.conf.read_text() == f"{line}\n"


def test_a_file_without_an_end_of_line() -> None:
    text = conf_file.with_bindings("/a\tsource=b", KEPT)
    assert text.startswith("/a\tsource=b\n")
    assert conf_file.without_bindings(text, KEPT) == "/a\tsource=b\n"


def break_mode(conf: Path) -> None:
    conf.chmod(0o644)


def break_kind(conf: Path) -> None:
    conf.rename(conf.with_name("elsewhere"))
    conf.symlink_to("elsewhere")


def break_coding(conf: Path) -> None:
    conf.write_bytes(b"\xff\xfe")


@pytest.mark.parametrize("spoil", [break_mode, break_kind, break_coding])
def test_a_file_tails_would_refuse_is_left_alone(
    tails: TailsWithStorage, spoil: object
) -> None:
    assert callable(spoil)
    spoil(tails.conf)
    before = tails.conf.read_bytes()
    with pytest.raises(root_helper.ConfUnusable):
        root_helper.enable(tails.system(), OWNER, KEPT)
    assert tails.conf.read_bytes() == before


def test_somebody_elses_file_is_left_alone(tails: TailsWithStorage) -> None:
    with pytest.raises(root_helper.ConfUnusable):
        root_helper.enable(tails.system(), (OWNER[0] + 1, OWNER[1]), KEPT)


def test_a_power_cut_leaves_the_old_file(
    tails: TailsWithStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it left lying about is in nobody's way."""

    def cut(_number: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", cut)
        with pytest.raises(KeyboardInterrupt):
            root_helper.enable(tails.system(), OWNER, KEPT)
    assert tails.conf.read_text() == USERS
    assert enable(tails)
    assert tails.conf.read_text() == USERS + OURS
    assert len(list(tails.conf.parent.iterdir())) == 1


def test_a_link_in_the_way(tails: TailsWithStorage) -> None:
    (tails.root / "elsewhere").mkdir()
    (tails.home / ".config").symlink_to(tails.root / "elsewhere")
    with pytest.raises(Refused, match="link"):
        root_helper.enable(tails.system(), OWNER, KEPT)
    assert tails.conf.read_text() == USERS


def test_it_takes_one_word_and_nothing_else(
    tails: TailsWithStorage, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ([], ["/etc/passwd"], ["enable", "/etc"], ["ENABLE"], ["enable;id"]):
        assert root_helper.main(["helper", *words], tails.system()) == 2
    assert tails.conf.read_text() == USERS
    assert capsys.readouterr().err


def test_not_without_pkexec(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PKEXEC_UID", raising=False)
    assert root_helper.main(["helper", "enable"]) == 2
    monkeypatch.setenv("PKEXEC_UID", "1001")
    assert root_helper.main(["helper", "enable"]) == 2
    assert capsys.readouterr().err


def test_no_storage(tails: TailsWithStorage) -> None:
    tails.created = tails.unlocked = False
    with pytest.raises(user.NoStorage, match="Create one"):
        enable(tails)


def test_a_locked_storage(tails: TailsWithStorage) -> None:
    tails.unlocked = False
    with pytest.raises(user.Locked, match="unlock it"):
        enable(tails)


@pytest.mark.parametrize("password", ["L", "NP"])
def test_no_administration_password(tails: TailsWithStorage, password: str) -> None:
    tails.password = password
    with pytest.raises(user.NoPassword, match="set one"):
        enable(tails)


def test_pkexec_says_no(tails: TailsWithStorage) -> None:
    tails.pkexec_code = 127
    with pytest.raises(Refused, match="not accepted"):
        enable(tails)
    tails.pkexec_code = 126
    with pytest.raises(Refused, match="Nothing was changed"):
        enable(tails)
    tails.pkexec_code = 4
    with pytest.raises(TailsError, match="failed"):
        enable(tails)
    assert tails.conf.read_text() == USERS


def test_not_while_gajim_runs(tails: TailsWithStorage) -> None:
    tails.add_process(77, "gajim")
    with pytest.raises(Refused, match="running"):
        enable(tails)


def test_the_command(
    tails: TailsWithStorage, capsys: pytest.CaptureFixture[str]
) -> None:
    system = tails.system()
    assert cli.main(["tails-gajim", "persistence", "enable"], system) == 0
    capsys.readouterr()
    words = ["tails-gajim", "persistence", "status", "--json"]
    assert cli.main(words, system) == 0
    assert json.loads(capsys.readouterr().out) == {
        "storage": "unlocked",
        "kept": True,
        "history": False,
    }
    tails.created = tails.unlocked = False
    assert cli.main(["tails-gajim", "persistence", "enable"], system) == 3
    assert "Create one" in capsys.readouterr().err


# Before Gajim starts


def test_nothing_is_said_when_all_is_kept(tails: TailsWithStorage) -> None:
    enable(tails)
    person = Person()
    assert startup.step(tails.system(), person) == {}
    assert not person.asked


def test_the_warning(tails: TailsWithStorage) -> None:
    tails.created = tails.unlocked = False
    person = Person("start")
    for _again in range(2):
        environment = startup.step(tails.system(), person)
        assert environment == {"OMEMO_TEMPORARY_DEVICE": "1"}
    ((title, text, buttons),) = person.asked
    assert title == "Nothing in Gajim will be kept"
    assert "new device" in text
    assert "create a Persistent Storage" in text
    assert buttons == ["start", "quit"]


def test_not_now(tails: TailsWithStorage) -> None:
    with pytest.raises(Refused):
        startup.step(tails.system(), Person("quit"))


def test_keeping_from_the_warning(tails: TailsWithStorage) -> None:
    assert startup.step(tails.system(), Person("keep")) == {}
    assert tails.conf.read_text() == USERS + OURS


def test_keeping_is_not_possible(tails: TailsWithStorage) -> None:
    tails.password = "L"

    class Stubborn(Person):
        def __call__(self, title: str, text: str, buttons: object) -> str:
            self.asked.append((title, text, []))
            return "keep" if len(self.asked) == 1 else "start"

    person = Stubborn()
    assert startup.step(tails.system(), person)
    assert "administration password" in person.asked[1][1]


# History


def history(tails: TailsWithStorage) -> Path:
    return tails.system().data / "logs.db"


def test_history_is_moved_to_where_it_is_kept(tails: TailsWithStorage) -> None:
    database = history(tails)
    (database.parent / "history").mkdir(parents=True)
    database.write_text("rows")
    database.with_name("logs.db-wal").write_text("newer rows")
    user.link_history(tails.system())
    assert not database.is_symlink(), "it is not asked for"
    user.change(tails.system(), root_helper.ENABLE_HISTORY)
    user.link_history(tails.system())
    assert database.resolve() == database.parent / "history" / "logs.db"
    assert database.read_text() == "rows"
    assert (database.parent / "history" / "logs.db-wal").exists()
    user.change(tails.system(), root_helper.DISABLE_HISTORY)
    user.link_history(tails.system())
    assert not database.is_symlink()


def test_two_histories_are_not_mixed(tails: TailsWithStorage) -> None:
    user.change(tails.system(), root_helper.ENABLE_HISTORY)
    database = history(tails)
    (database.parent / "history").mkdir(parents=True)
    database.write_text("here")
    (database.parent / "history" / "logs.db").write_text("there")
    with pytest.raises(TailsError, match="another"):
        user.link_history(tails.system())
    assert database.read_text() == "here"


def test_bindings_are_folders_beside_each_other() -> None:
    """SQLite's journals have to be with their database, and plain text outside."""
    targets = [binding.target for binding in (*KEPT, HISTORY)]
    for one in targets:
        assert one.suffix == ""
        for other in targets:
            assert one == other or not one.is_relative_to(other)
