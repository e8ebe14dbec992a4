# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Bare JIDs in their canonical form (RFC 7622), and the only comparison of JIDs in the
project.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

import idna
from precis_i18n import get_profile

_PART_BYTES_MAX = 1023
_LABEL_MAX = 63
_HOST_MAX = 253
_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")

# RFC 7622, 3.1: both parts and the at sign
_JID_BYTES_MAX = 2 * _PART_BYTES_MAX + 1

# RFC 7622, 3.3.1: characters that the profile allows and a localpart must not have
_NOT_LOCAL = frozenset("\"&'/:<>@")

_LOCAL_PROFILE = get_profile("UsernameCaseMapped")


def prepare_bare_jid(text: str) -> str:
    """
    The canonical form of a bare JID of an account.

    Raises:
        ValueError: it is not one.
    """
    local, at, domain = text.partition("@")
    if not at or not local or not domain:
        raise ValueError("not an address of an account")
    if not _NOT_LOCAL.isdisjoint(local):
        raise ValueError("a character that no address has")
    # Its errors are ValueErrors
    local = _LOCAL_PROFILE.enforce(local)
    if len(local.encode()) > _PART_BYTES_MAX:
        raise ValueError("too long an account")
    return f"{local}@{_prepare_domain(domain)}"


def same_account(one: str, other: str) -> bool:
    """
    Whether two bare JIDs are the same account (RFC 7622, 3.2 and 3.3): the case of
    letters, the width of characters and the form of the domain (Unicode or ASCII)
    do not matter. A server or a component is an account without a local part. A text
    that is not a bare JID is the same as itself and nothing else; an empty text and a
    JID with a resource are not even that.
    """
    if one == other:
        return bool(one) and "/" not in one
    canonical = canonical_jid(one)
    return canonical is not None and canonical == canonical_jid(other)


def canonical_jid(text: str) -> str | None:
    """The canonical form of a bare JID of an account, a server or a component; None
    if the text is not one."""
    # An attacker chooses the text: a long one is not kept in the cache
    return _prepare(text) if len(text) <= _JID_BYTES_MAX else None


@lru_cache(1024)
def _prepare(text: str) -> str | None:
    try:
        return prepare_bare_jid(text) if "@" in text else _prepare_domain(text)
    except ValueError:
        return None


def ascii_form(jid: str) -> str:
    """Turn the domain of a canonical bare JID into ASCII: rosters may have it so."""
    local, at, domain = jid.rpartition("@")
    try:
        labels = [
            label if label.isascii() else idna.alabel(label).decode("ascii")
            for label in domain.split(".")
        ]
    except ValueError:
        return jid
    return f"{local}{at}{'.'.join(labels)}"


def _prepare_domain(domain: str) -> str:
    if domain.startswith("[") and domain.endswith("]"):
        if "%" in domain:
            # RFC 7622, 3.2: an address without a zone, which may be any text
            raise ValueError("a zone in an address")
        return f"[{ipaddress.IPv6Address(domain[1:-1]).compressed}]"
    labels = domain.removesuffix(".").split(".")
    prepared = ".".join(_prepare_label(label) for label in labels)
    if len(prepared) > _HOST_MAX:
        raise ValueError("too long a domain")
    return prepared


def _prepare_label(label: str) -> str:
    lower = label.lower()
    if lower.isascii() and not lower.startswith("xn--"):
        # Not for idna to check: there are names with underscores
        if not 0 < len(lower) <= _LABEL_MAX or not _LABEL.issuperset(lower):
            raise ValueError("not a domain")
        return lower
    # To ASCII and back: idna refuses labels that no registry would take, and labels
    # that look like another one. Its errors are ValueErrors
    return idna.ulabel(idna.alabel(idna.uts46_remap(lower)))
