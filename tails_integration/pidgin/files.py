# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads Pidgin's files in ~/.purple, and never writes them.

The formats are those of Pidgin 2.14 and of its plugin for OTR.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import TreeBuilder
from xml.parsers import expat

from ..base.errors import TailsError
from ..base.i18n import _

FOLDER = ".purple"
ACCOUNTS = "accounts.xml"
BUDDIES = "blist.xml"
FINGERPRINTS = "otr.fingerprints"

_XMPP = frozenset({"prpl-jabber", "prpl-xmpp"})
_IRC = "prpl-irc"
_SIZE_MAX = 16 * 1024 * 1024
_PORTS = range(1, 65536)
_PORT = 5222
# Python converts no more than some thousand
_DIGITS_MAX = 10

# The trust values that pidgin-otr writes for a fingerprint that the user compared
_VERIFIED = frozenset({"verified", "smp"})
_FINGERPRINT_FIELDS = 5


class Unreadable(TailsError):
    """A file of Pidgin's is not as Pidgin writes it."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            _(
                "Pidgin’s file {path} cannot be read. Start Pidgin once and quit it,"
                " then try again."
            ).format(path=path)
        )


@dataclass(frozen=True)
class Account:
    """An XMPP account of Pidgin's."""

    jid: str
    alias: str
    password: str | None
    server: str
    """The server to connect to; '' for the domain of the address."""
    port: int
    security: str
    """'require_tls', 'opportunistic_tls' or 'old_ssl'."""
    own_proxy: bool
    """Pidgin goes another way than Tails' for this account."""


@dataclass(frozen=True)
class PidginRoom:
    """A room in the buddy list."""

    account: str
    jid: str
    name: str
    nick: str
    password: str
    autojoin: bool


@dataclass(frozen=True)
class Verified:
    """A contact whose OTR key was compared."""

    account: str
    contact: str


@dataclass(frozen=True)
class Pidgin:
    """All of it."""

    accounts: tuple[Account, ...] = ()
    others: tuple[str, ...] = ()
    """Names of accounts of other kinds, IRC before all."""
    irc: tuple[str, ...] = ()
    rooms: tuple[PidginRoom, ...] = ()
    verified: tuple[Verified, ...] = ()
    unreadable: tuple[Path, ...] = ()


def read(home: Path) -> Pidgin:
    """Read all of it.

    Raises:
        Unreadable: The accounts cannot be read. Of other files only the names come.
    """
    folder = home / FOLDER
    root = _load(folder / ACCOUNTS)
    accounts = []
    irc = []
    others = []
    for element in () if root is None else root.findall("account"):
        protocol = _text(element, "protocol")
        name = _text(element, "name")
        if not name:
            continue
        if protocol in _XMPP:
            account = _account(element, name)
            if account is not None:
                accounts.append(account)
        elif protocol == _IRC:
            irc.append(name)
        else:
            others.append(name)
    unreadable = []
    rooms: tuple[PidginRoom, ...] = ()
    try:
        rooms = _rooms(folder / BUDDIES)
    except Unreadable:
        unreadable.append(folder / BUDDIES)
    verified: tuple[Verified, ...] = ()
    try:
        verified = _verified(folder / FINGERPRINTS)
    except (OSError, ValueError):
        unreadable.append(folder / FINGERPRINTS)
    return Pidgin(
        tuple(accounts), tuple(others), tuple(irc), rooms, verified, tuple(unreadable)
    )


def bare(name: str) -> str:
    """The bare address in a name of Pidgin's; '' if there is none."""
    jid = name.partition("/")[0].strip().lower()
    local, at, domain = jid.partition("@")
    if not local or not at or not domain or "@" in domain or " " in jid:
        return ""
    return jid if jid.isprintable() else ""


def _account(element: Element, name: str) -> Account | None:
    jid = bare(name)
    if not jid:
        return None
    settings = {
        setting.get("name", ""): (setting.text or "").strip()
        for group in element.findall("settings")
        if group.get("ui") is None
        for setting in group.findall("setting")
    }
    port = settings.get("port", "")
    is_number = port.isascii() and port.isdigit() and len(port) < _DIGITS_MAX
    number = int(port) if is_number else _PORT
    proxy = element.find("proxy")
    return Account(
        jid,
        _text(element, "alias"),
        None if element.find("password") is None else _text(element, "password"),
        settings.get("connect_server", ""),
        number if number in _PORTS else _PORT,
        settings.get("connection_security", "require_tls"),
        proxy is not None and not _is_tails(proxy),
    )


def _is_tails(proxy: Element) -> bool:
    return _text(proxy, "type") in ("global", "envvar", "") or (
        _text(proxy, "type") in ("socks5", "tor")
        and _text(proxy, "host") in ("127.0.0.1", "localhost")
        and _text(proxy, "port") == "9050"
    )


def _rooms(path: Path) -> tuple[PidginRoom, ...]:
    root = _load(path)
    rooms = []
    for chat in () if root is None else root.iter("chat"):
        if chat.get("proto") not in _XMPP:
            continue
        parts = {
            part.get("name", ""): (part.text or "").strip()
            for part in chat.findall("component")
        }
        account = bare(chat.get("account", ""))
        jid = bare(f"{parts.get('room', '')}@{parts.get('server', '')}")
        if not account or not jid:
            continue
        autojoin = any(
            setting.get("name") == "gtk-autojoin" and setting.text == "1"
            for setting in chat.findall("setting")
        )
        rooms.append(
            PidginRoom(
                account,
                jid,
                _text(chat, "alias"),
                parts.get("handle", ""),
                parts.get("password", ""),
                autojoin,
            )
        )
    return tuple(rooms)


def _verified(path: Path) -> tuple[Verified, ...]:
    if not path.exists():
        return ()
    found: dict[Verified, None] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        if len(fields) < _FINGERPRINT_FIELDS or fields[2] not in _XMPP:
            continue
        contact, account = bare(fields[0]), bare(fields[1])
        if fields[4].strip() in _VERIFIED and contact and account:
            found[Verified(account, contact)] = None
    return tuple(found)


def _text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


def _load(path: Path) -> Element | None:
    """SECURITY: without a document type, and so without entities of its own."""
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data

    def refuse(*_what: object) -> None:
        raise Unreadable(path)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        if path.stat().st_size > _SIZE_MAX:
            raise Unreadable(path)
        parser.Parse(path.read_bytes(), True)
        return builder.close()
    except FileNotFoundError:
        return None
    except (OSError, expat.ExpatError, AssertionError, ValueError) as error:
        raise Unreadable(path) from error
