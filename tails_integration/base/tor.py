# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tor as Tails configures it, and the SOCKS names under which Gajim uses it.

Tor uses separate circuits for different SOCKS names and passwords (IsolateSOCKSAuth,
on by default; tor(1)). So each account gets its own, and the rest of the program
another one; all of them are new in each session of Tails.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import Refused
from .i18n import _
from .system import System

HOST = "127.0.0.1"
# For applications (Tails' torrc); a name such as localhost would be tried as ::1
# first, where nothing listens
PORT = 9050

# Proxies in Gajim's settings
GLOBAL_PROXY = "Tails"

READY_FLAG = "/run/tor-has-bootstrapped/done"
READY_TARGET = "tails-tor-has-bootstrapped.target"


class TorNotReady(Refused):
    """Tor cannot be used yet."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Tails is not connected to the Tor network yet. Connect first with"
                " Tor Connection, then start Gajim again."
            )
        )

    @property
    def title(self) -> str:
        """A few words, for the top of a window."""
        return _("Tor is not ready")


@dataclass(frozen=True)
class Identity:
    """SOCKS name and password; they mean nothing but "keep apart from others"."""

    user: str
    password: str

    @classmethod
    def new(cls) -> Identity:
        """Return a new random one."""
        return cls(secrets.token_hex(8), secrets.token_hex(16))

    def as_proxy(self) -> dict[str, str | int | bool]:
        """As a proxy in Gajim's settings."""
        return {
            "type": "socks5",
            "host": HOST,
            "port": PORT,
            "useauth": True,
            "user": self.user,
            "pass": self.password,
        }


def account_proxy(account: str) -> str:
    """The name of an account's own proxy in Gajim's settings."""
    return f"{GLOBAL_PROXY} {account}"


def is_tor(proxy: Mapping[str, object]) -> bool:
    """Whether a proxy of Gajim's settings is Tor, with an identity."""
    return (
        proxy.get("type", "socks5") == "socks5"
        and proxy.get("host") == HOST
        and proxy.get("port") == PORT
        and bool(proxy.get("useauth"))
        and bool(proxy.get("user"))
        and bool(proxy.get("pass"))
    )


class Identities:
    """The identities of this session of Tails, by name of the proxy.

    They are kept where nothing survives the session, so that a Gajim that is
    closed and opened again goes on with the same circuits.
    """

    def __init__(self, system: System) -> None:
        self._path = None
        if system.runtime is not None:
            self._path = system.runtime / "identities.json"
        self._identities: dict[str, Identity] = {}
        if self._path is not None and self._path.exists():
            try:
                self._load(json.loads(self._path.read_text()))
            except (OSError, ValueError, TypeError):
                self._identities = {}

    def _load(self, loaded: Mapping[str, Sequence[str]]) -> None:
        for name, (user, password) in dict(loaded).items():
            self._identities[name] = Identity(str(user), str(password))

    def of(self, proxy: str) -> Identity:
        """The identity behind a proxy's name, the same each time."""
        if proxy not in self._identities:
            self._identities[proxy] = Identity.new()
            self._save()
        return self._identities[proxy]

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        text = json.dumps(
            {
                name: [identity.user, identity.password]
                for name, identity in self._identities.items()
            }
        )
        with os.fdopen(
            os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w"
        ) as file:
            file.write(text)
        new.replace(self._path)


def is_ready(system: System) -> bool:
    """Whether Tails says that Tor has a circuit, and its port answers."""
    if not system.file(READY_FLAG).exists():
        answer = system.run(["systemctl", "is-active", "--quiet", READY_TARGET])
        if answer.returncode != 0:
            return False
    return port_answers()


def port_answers(timeout: float = 5.0) -> bool:
    """Whether a program listens on the SOCKS port.

    :param timeout: seconds
    """
    try:
        with socket.create_connection((HOST, PORT), timeout):
            return True
    except OSError:
        return False


def require_ready(system: System) -> None:
    """Refuse while there is no Tor.

    Raises:
        TorNotReady: There is none.
    """
    if not is_ready(system):
        raise TorNotReady


def environment() -> dict[str, str]:
    """The environment that routes libraries through Tor that were given no proxy.

    GIO asks GNOME's settings, which know of none in Tails, unless it is told to
    use libproxy, which reads the environment.
    """
    proxy = f"socks5://{HOST}:{PORT}"
    environ = {"GIO_USE_PROXY_RESOLVER": "libproxy", "no_proxy": "", "NO_PROXY": ""}
    for name in ("all_proxy", "http_proxy", "https_proxy", "ftp_proxy"):
        environ[name] = proxy
        environ[name.upper()] = proxy
    return environ
