# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Bare JIDs out of codes and links, in the one form in which they can be compared
with those of the roster: RFC 7622.
"""

from __future__ import annotations

import ipaddress

import idna
from precis_i18n import get_profile

_PART_BYTES_MAX = 1023
_LABEL_MAX = 63
_HOST_MAX = 253
_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")

# RFC 7622, 3.3.1: what a localpart must not have though its profile allows it
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
    Whether two bare JIDs are one account. Rosters may have a domain in its
    ASCII form, which `prepare_bare_jid` never returns. What is not an address
    is nobody's.
    """
    try:
        return prepare_bare_jid(one) == prepare_bare_jid(other)
    except ValueError:
        return False


def ascii_form(jid: str) -> str:
    """A canonical bare JID with its domain in ASCII, as rosters may have it."""
    local, _, domain = jid.partition("@")
    try:
        labels = [
            label if label.isascii() else idna.alabel(label).decode("ascii")
            for label in domain.split(".")
        ]
    except ValueError:
        return jid
    return f"{local}@{'.'.join(labels)}"


def _prepare_domain(domain: str) -> str:
    if domain.startswith("[") and domain.endswith("]"):
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
    # To ASCII and back: refuses what no registry would take, and what would
    # look the same but be another name. Its errors are ValueErrors.
    return idna.ulabel(idna.alabel(idna.uts46_remap(lower)))
