# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads Gajim's profile at any time, and changes it while Gajim is closed.

`settings.sqlite` keeps JSON in two tables, the same in Gajim 1.7 to 2.6
(gajim/common/settings.py): `settings` has one row for each kind of setting,
`account_settings` one for each account.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any
from typing import TypeVar

from ..base.errors import TailsError
from ..base.i18n import _
from ..base.processes import require_closed
from ..base.system import System

# Settings as Gajim keeps them. Any: JSON of whatever shape, which mypy cannot describe
Json = dict[str, Any]

KINDS = ("app", "soundevents", "status_presets", "proxies", "plugins", "workspaces")
BACKUPS_KEPT = 3

# Kinds whose values are settings themselves
_OF_SETTINGS = ("proxies", "plugins")
_PARTS = ("account", "contact", "group_chat")

T = TypeVar("T")

# As Gajim 1.7 makes it; later ones bring it up to date when they open it
_SCHEMA_VERSION = 5
_SCHEMA = """
CREATE TABLE settings (name TEXT UNIQUE, settings TEXT);
CREATE TABLE account_settings (account TEXT UNIQUE, settings TEXT);
"""


class ProfileError(TailsError):
    """Gajim's settings cannot be read or written."""


@dataclass
class Profile:
    """The content of `settings.sqlite`, as JSON."""

    kinds: dict[str, Json] = field(default_factory=dict)
    accounts: dict[str, dict[str, Json]] = field(default_factory=dict)
    """By account: 'account', 'contact' and 'group_chat'."""

    def _kind(self, name: str) -> Json:
        return self.kinds.setdefault(name, {})

    @property
    def app(self) -> Json:
        """Settings of the program."""
        return self._kind("app")

    @property
    def proxies(self) -> Json:
        """Proxies by name."""
        return self._kind("proxies")

    @property
    def plugins(self) -> Json:
        """Settings of plugins by short name."""
        return self._kind("plugins")

    def add_account(self, name: str, settings: Json) -> None:
        """Add an account.

        :param settings: Gajim 1.7 needs `name` and `hostname`, 2.x `address`; each
            ignores the other's
        """
        if name in self.accounts:
            raise ValueError(f"there is an account {name!r} already")
        self.accounts[name] = {
            "account": dict(settings),
            "contact": {},
            "group_chat": {},
        }


def settings_file(system: System) -> Path:
    """The file in which Gajim keeps its settings."""
    return system.config / "settings.sqlite"


def read(system: System) -> Profile | None:
    """Read the profile, also while Gajim runs.

    Returns:
        None if there is none yet.

    Raises:
        ProfileError: It cannot be read.
    """
    path = settings_file(system)
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            return _load(database)
    except (sqlite3.Error, ValueError, TypeError, RecursionError) as error:
        raise _unreadable(path) from error


@contextmanager
def edit(system: System) -> Iterator[Profile]:
    """Change the profile; make it if there is none.

    It is written when the block ends, in one transaction, after a copy of it went
    to the backups; not at all if nothing changed or the block raised.

    Raises:
        GajimRuns: Gajim runs.
        ProfileError: It cannot be read or written.
    """
    require_closed(system)
    path = settings_file(system)
    profile = read(system) or Profile()
    before = _as_text(profile)
    yield profile
    if path.exists() and _as_text(profile) == before:
        return
    require_closed(system)
    try:
        _back_up(system, path)
        _write(path, profile)
    except (sqlite3.Error, OSError) as error:
        raise ProfileError(
            _("Gajim’s settings in {path} cannot be written: {error}").format(
                path=path, error=error
            )
        ) from error


def backups(system: System) -> list[Path]:
    """The copies that were kept, oldest first."""
    folder = system.state / "backups"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _load(database: sqlite3.Connection) -> Profile:
    """
    Raises:
        sqlite3.Error, ValueError, TypeError, RecursionError: It is not as Gajim
            writes it.
    """
    profile = Profile()
    for name, text in database.execute("SELECT name, settings FROM settings"):
        kind = profile.kinds[_checked(name, str)] = _checked(json.loads(text), dict)
        if name in _OF_SETTINGS:
            _check_values(kind)
    for name, text in database.execute(
        "SELECT account, settings FROM account_settings"
    ):
        loaded = _checked(json.loads(text), dict)
        for part in _PARTS:
            loaded.setdefault(part, {})
            _checked(loaded[part], dict)
        for part in ("contact", "group_chat"):
            _check_values(loaded[part])
        profile.accounts[_checked(name, str)] = loaded
    return profile


def _checked(value: T, kind: type) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} in the place of {kind.__name__}")
    return value


def _check_values(settings: Json) -> None:
    for value in settings.values():
        _checked(value, dict)


def _as_text(profile: Profile) -> str:
    return json.dumps([profile.kinds, profile.accounts], sort_keys=True)


def _back_up(system: System, path: Path) -> None:
    if not path.exists():
        return
    now = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%S.%f")
    folder = system.state / "backups" / now
    folder.mkdir(parents=True, mode=0o700)
    copy = folder / path.name
    copy.touch(mode=0o600)
    # SQLite's own copying takes what is still in a journal along
    with (
        closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    for old in backups(system)[:-BACKUPS_KEPT]:
        shutil.rmtree(old)


def _write(path: Path, profile: Profile) -> None:
    is_new = not path.exists()
    if is_new:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # It may contain passwords, so it is private from the moment it exists
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        for kind in KINDS:
            profile.kinds.setdefault(kind, {})
        # Gajim wants one to begin with
        if not profile.kinds["workspaces"]:
            profile.kinds["workspaces"] = {str(uuid.uuid4()): {}}
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA secure_delete = ON")
        if is_new:
            for statement in _SCHEMA.strip().split("\n"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        database.executemany(
            "INSERT INTO settings VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET settings = excluded.settings",
            [(name, json.dumps(value)) for name, value in profile.kinds.items()],
        )
        database.executemany(
            "INSERT INTO account_settings VALUES (?, ?)"
            " ON CONFLICT (account) DO UPDATE SET settings = excluded.settings",
            [(name, json.dumps(value)) for name, value in profile.accounts.items()],
        )


def _unreadable(path: Path) -> ProfileError:
    return ProfileError(
        _(
            "Gajim’s settings in {path} are damaged. Move this file away, or put a"
            " copy from “tails/backups” beside it in its place."
        ).format(path=path)
    )
