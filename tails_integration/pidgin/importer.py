# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and carries out the import of accounts from Pidgin."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import Refused
from ..base.i18n import _
from ..base.i18n import ngettext
from ..base.system import System
from ..persistence.bindings import STORAGE
from ..persistence.user import status
from ..settings import profile
from .files import Account
from .files import Pidgin
from .files import PidginRoom
from .files import Verified
from .files import read

DIRECT_TLS = "DIRECT TLS"
START_TLS = "START TLS"

_PROCESS = "pidgin"
# A window has to fit on the screen
_SHOWN = 8
_MIGRATION = STORAGE / ".tails/migrations/PidginToGajim"
_STATE = "pidgin.json"
# Read by Gajim's own process, see gajim_patches/rooms.py
ROOMS = "pidgin-rooms.json"


class PidginRuns(Refused):
    """Pidgin writes its files when it ends."""

    def __init__(self) -> None:
        super().__init__(_("Pidgin is running. Quit it first, then try again."))


@dataclass(frozen=True)
class Plan:
    """The changes that an import would make."""

    accounts: tuple[Account, ...]
    already: tuple[str, ...]
    """Addresses that Gajim has."""
    rooms: tuple[PidginRoom, ...]
    pidgin: Pidgin

    @property
    def passwords(self) -> tuple[str, ...]:
        """Addresses of the accounts whose password Pidgin has."""
        return tuple(a.jid for a in self.accounts if a.password)


def require_closed(system: System) -> None:
    """Refuse while Pidgin runs.

    Raises:
        PidginRuns: It does.
    """
    for folder in system.file("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            name = (folder / "comm").read_text().strip()
            owner = folder.stat().st_uid
        except OSError:
            continue  # it has ended meanwhile
        if owner == system.uid and name.startswith(_PROCESS):
            raise PidginRuns


def plan(system: System) -> Plan:
    """Plan an import; nothing is changed.

    Raises:
        PidginRuns: Pidgin has to be closed first.
        TailsError: A file cannot be read.
    """
    require_closed(system)
    pidgin = read(system.home)
    known = _addresses(system)
    accounts: dict[str, Account] = {}
    for account in pidgin.accounts:
        if account.jid not in known:
            accounts.setdefault(account.jid, account)
    already = dict.fromkeys(a.jid for a in pidgin.accounts if a.jid in known)
    rooms = tuple(room for room in pidgin.rooms if room.account in accounts)
    return Plan(tuple(accounts.values()), tuple(already), rooms, pidgin)


def carry_out(system: System, plan: Plan, *, passwords: bool) -> None:
    """Do it. Nothing of Pidgin's is touched.

    Raises:
        Refused: Gajim runs; or passwords are asked for and would not be kept.
        TailsError: Nothing was changed.
    """
    if passwords and not status(system).kept:
        raise Refused(
            _(
                "Passwords are only taken over to a Persistent Storage. Choose"
                " “tails-gajim persistence enable” first, or import without them."
            )
        )
    require_closed(system)
    if plan.rooms:
        # First, so that no account is there whose rooms were forgotten
        _write(system, ROOMS, {"rooms": [asdict(room) for room in plan.rooms]})
    with profile.edit(system) as edited:
        for account in plan.accounts:
            name = account.jid
            while name in edited.accounts:
                name += " (Pidgin)"
            edited.add_account(name, settings_of(account, passwords=passwords))
    remember(system, "success", plan.pidgin.verified)


def settings_of(account: Account, *, passwords: bool) -> dict[str, object]:
    """An account in Gajim's settings. It never connects in clear."""
    local, _at, domain = account.jid.partition("@")
    direct = account.security == "old_ssl"
    settings: dict[str, object] = {
        "address": account.jid,
        "name": local,
        "hostname": domain,
        "account_label": account.alias,
        "active": True,
        "use_plain_connection": False,
        "confirm_unencrypted_connection": True,
    }
    if account.server or direct or account.port != 5222:
        settings |= {
            "use_custom_host": True,
            "custom_host": account.server or domain,
            "custom_port": account.port,
            "custom_type": DIRECT_TLS if direct else START_TLS,
        }
    if passwords and account.password:
        settings |= {"password": account.password, "savepass": True}
    return settings


def describe(plan: Plan) -> str:
    """Describe a plan to the user."""
    lines = []
    for account in plan.accounts:
        line = f"• {account.jid}"
        if account.server or account.port != 5222:
            line += f" ({account.server or account.jid.partition('@')[2]}"
            line += f":{account.port})"
        lines.append(line)
        if account.security == "opportunistic_tls":
            lines.append(
                "   " + _("Pidgin could connect without encryption; Gajim does not.")
            )
        if account.own_proxy:
            lines.append("   " + _("Its proxy is left out; Gajim uses Tor."))
    for room in plan.rooms:
        joined = _("joined at login") if room.autojoin else _("not joined at login")
        words = _("Room {room}, {joined}")
        lines.append("• " + words.format(room=room.name or room.jid, joined=joined))
    lines += [
        "• " + _("{jid} is in Gajim already").format(jid=jid) for jid in plan.already
    ]
    if plan.pidgin.irc:
        names = ", ".join(plan.pidgin.irc)
        lines.append(_("IRC stays in Pidgin: {names}").format(names=names))
    if plan.pidgin.others:
        names = ", ".join(plan.pidgin.others)
        lines.append(_("Not for Gajim: {names}").format(names=names))
    lines += [
        _("Cannot be read: {path}").format(path=path) for path in plan.pidgin.unreadable
    ]
    if plan.pidgin.verified:
        lines += ["", verify_again(plan.pidgin.verified, _SHOWN)]
    return "\n".join(lines)


def verify_again(verified: tuple[Verified, ...], most: int | None = None) -> str:
    """Whom to verify, because OTR's keys say nothing about OMEMO's.

    :param most: how many are named; all of them otherwise
    """
    head = ngettext(
        "You had verified this contact with OTR. Verify again by QR code:",
        "You had verified these contacts with OTR. Verify again by QR code:",
        len(verified),
    )
    lines = [f"• {one.contact} ({one.account})" for one in verified[:most]]
    if len(lines) < len(verified):
        lines.append(
            _("All of them: {command}").format(
                command="tails-gajim import-pidgin --verify-again"
            )
        )
    return "\n".join([head, *lines])


# Files in which we keep our own state


def remembered(system: System) -> str | None:
    """'success', 'not_needed' or 'never'; None if nothing was decided."""
    for outcome in ("success", "not_needed"):
        if system.file(str(_MIGRATION / outcome)).exists():
            return outcome
    try:
        loaded = json.loads((system.state / _STATE).read_text())
    except (OSError, ValueError):
        return None
    noted = loaded.get("outcome") if isinstance(loaded, dict) else None
    return noted if isinstance(noted, str) else None


def remember(system: System, outcome: str, verified: tuple[Verified, ...] = ()) -> None:
    """Note the outcome, where Tails looks for it if that is allowed, and with us."""
    _write(
        system,
        _STATE,
        {"outcome": outcome, "verify_again": [asdict(one) for one in verified]},
    )
    folder = system.file(str(_MIGRATION))
    try:
        if folder.is_dir():
            (folder / outcome).touch()
    except OSError:
        return  # it is Tails' to write; ours counts as well


def to_verify(system: System) -> tuple[Verified, ...]:
    """Whom the last import left to be verified again."""
    try:
        loaded = json.loads((system.state / _STATE).read_text())
        return tuple(Verified(**one) for one in loaded["verify_again"])
    except (OSError, ValueError, TypeError, KeyError):
        return ()


def _addresses(system: System) -> frozenset[str]:
    loaded = profile.read(system)
    found = set()
    for account in {} if loaded is None else loaded.accounts.values():
        settings = account["account"]
        jid = settings.get("address")
        if not jid:
            jid = f"{settings.get('name', '')}@{settings.get('hostname', '')}"
        found.add(str(jid).lower())
    return frozenset(found)


def _write(system: System, name: str, value: object) -> None:
    path: Path = system.state / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(number)
    new.replace(path)
