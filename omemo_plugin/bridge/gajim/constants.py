# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, trust levels and account state as each supported version of Gajim has them."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from gajim.common import app
from gajim.common.const import Trust as GajimTrust

from ...engine.values import Trust

if TYPE_CHECKING:
    from .nbxmpp_protocols import Jid
    from .protocols import Client


# What the user sees, and the key under which Gajim knows an encryption
ENCRYPTION_NAME = "OMEMO"

HAS_BUILTIN_OMEMO = importlib.util.find_spec("gajim.common.modules.omemo") is not None

try:
    from nbxmpp.exceptions import StanzaDecrypted as _StanzaDecrypted
except ImportError:
    _StanzaDecrypted = None

# Raised by a handler that decrypted a stanza: nbxmpp then looks at its new
# content. None where that does not exist.
StanzaDecrypted: type[Exception] | None = _StanzaDecrypted

_TO_GAJIM = {
    Trust.DISTRUSTED: GajimTrust.UNTRUSTED,
    Trust.UNDECIDED: GajimTrust.UNDECIDED,
    Trust.BLIND: GajimTrust.BLIND,
    Trust.VERIFIED: GajimTrust.VERIFIED,
}

_FROM_GAJIM = {value.name: key for key, value in _TO_GAJIM.items()}


def gajim_trust(trust: Trust) -> GajimTrust:
    """The level that Gajim has for a trust level."""
    return _TO_GAJIM[trust]


def trust_from_gajim(value: GajimTrust) -> Trust:
    """The trust level for one of Gajim's."""
    return trust_from_name(GajimTrust(value).name)


def trust_from_name(name: str) -> Trust:
    """By name: Gajim's own stores number the levels differently."""
    return _FROM_GAJIM[name]


def own_jid(client: Client) -> str:
    """The bare JID of an account."""
    return bare(client.get_own_jid())


def bare(jid: Jid) -> str:
    """The bare JID of an address, as text."""
    return jid.bare


def is_available(client: Client) -> bool:
    """Whether the account can send at this moment."""
    return client.state.is_available


def client_of(account: str) -> Client | None:
    """Gajim's client of an account; None if the account is not enabled."""
    try:
        found: Client = app.get_client(account)
    except KeyError:
        return None
    return found
