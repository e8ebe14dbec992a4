# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and changing Gajim's settings."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing

import pytest

from tails_integration.base.errors import GajimRuns
from tails_integration.settings import profile

from .machine import Machine


def test_there_is_none(machine: Machine) -> None:
    assert profile.read(machine.system()) is None


def test_new_one(machine: Machine) -> None:
    system = machine.system()
    with profile.edit(system) as edited:
        edited.app["sounds_on"] = False
        edited.add_account("alice", {"name": "alice"})
    path = profile.settings_file(system)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = profile.read(system)
    assert found is not None
    assert found.app == {"sounds_on": False}
    assert found.accounts['alice'] == {
        'account': {'name': 'alice'}, 'contact': {}, 'group_chat': {},
    }  # fmt: skip
    assert len(found.kinds["workspaces"]) == 1
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (5,)


def test_nothing_is_lost(machine: Machine) -> None:
    system = machine.system()
    with profile.edit(system) as edited:
        edited.add_account("alice", {"password": "secret"})
        edited.kinds["of a later Gajim"] = {"x": [1]}
    with profile.edit(system) as edited:
        edited.app["x"] = 1
    found = profile.read(system)
    assert found is not None
    assert found.accounts["alice"]["account"] == {"password": "secret"}
    assert found.kinds["of a later Gajim"] == {"x": [1]}


def test_backups_are_kept_and_private(machine: Machine) -> None:
    system = machine.system()
    for number in range(6):
        with profile.edit(system) as edited:
            edited.app["number"] = number
    kept = profile.backups(system)
    assert len(kept) == profile.BACKUPS_KEPT
    with closing(sqlite3.connect(kept[-1] / "settings.sqlite")) as database:
        (text,) = database.execute(
            'SELECT settings FROM settings WHERE name = "app"'
        ).fetchone()
    assert text == '{"number": 4}', "as it was before the last change"
    for folder in kept:
        mode = (folder / "settings.sqlite").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_no_change_no_write(machine: Machine) -> None:
    system = machine.system()
    with profile.edit(system):
        pass
    before = profile.settings_file(system).stat().st_mtime_ns
    with profile.edit(system) as edited:
        edited.app["x"] = 1
        del edited.app["x"]
    assert profile.settings_file(system).stat().st_mtime_ns == before
    assert profile.backups(system) == []


def test_an_error_within_changes_nothing(machine: Machine) -> None:
    system = machine.system()
    with pytest.raises(ZeroDivisionError), profile.edit(system) as edited:
        edited.app["x"] = 1 // 0
    assert profile.read(system) is None


def test_refused_while_gajim_runs(machine: Machine) -> None:
    machine.add_process(4_000_001, "gajim")
    with pytest.raises(GajimRuns), profile.edit(machine.system()):
        pytest.fail("not entered")
    assert profile.read(machine.system()) is None


def test_somebody_elses_gajim_does_not_matter(machine: Machine) -> None:
    machine.add_process(4_000_001, "gajim")
    machine.uid += 1
    with profile.edit(machine.system()) as edited:
        edited.app["x"] = 1


def test_a_damaged_one_is_left_as_it_is(machine: Machine) -> None:
    system = machine.system()
    path = profile.settings_file(system)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is not SQLite" * 100)
    with pytest.raises(profile.ProfileError, match="damaged"):
        profile.read(system)
    with pytest.raises(profile.ProfileError), profile.edit(system):
        pytest.fail("not entered")
    assert path.read_bytes() == b"this is not SQLite" * 100


@pytest.mark.parametrize(
    ("table", "name", "value"),
    [
        ("settings", "app", "[]"),
        ("settings", "app", "{"),
        ("settings", "app", None),
        ("settings", "proxies", '{"Tails": 5}'),
        ("settings", "plugins", '{"omemo_plugin": true}'),
        ("settings", None, "{}"),
        ("account_settings", "alice", "[]"),
        ("account_settings", "alice", '{"account": []}'),
        ("account_settings", "alice", '{"contact": {"bob@example.org": 5}}'),
        ("account_settings", "alice", '{"group_chat": []}'),
    ],
)
def test_case_148_settings_of_another_form_are_damaged(
    machine: Machine, table: str, name: str | None, value: str | None
) -> None:
    system = machine.system()
    with profile.edit(system) as edited:
        edited.add_account("alice", {"name": "alice"})
    path = profile.settings_file(system)
    column = "name" if table == "settings" else "account"
    with closing(sqlite3.connect(path)) as database, database:
        # The names are those above
        database.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,))  # noqa: S608
        database.execute(f"INSERT INTO {table} VALUES (?, ?)", (name, value))  # noqa: S608
    with pytest.raises(profile.ProfileError, match="damaged"):
        profile.read(system)
