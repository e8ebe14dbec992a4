# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The labels of devices (XEP-0384 0.9.1, "Devices"). A server writes device lists, so a
label counts only if the device has signed it.
"""

from __future__ import annotations

from functools import lru_cache

import xeddsa

from ...foreign_text import clean
from ..state.devices import DeviceRecord
from ..state.store import Store

# XEP-0384, "Device List": the length that all programs can show, in code points
LABEL_MAX = 53

_OWN = "/gajim/own_label"


def chosen_label(store: Store) -> str | None:
    """The name that the user has chosen for this device, for others to see; None for
    none."""
    label: str | None = store.get(_OWN)
    return label


def choose_label(store: Store, text: str) -> None:
    """
    Keep such a name, as others will see it. Nothing here commits.

    Args:
        text: '' for none. Control characters, and what is too much, are left out.
    """
    label = clean(text, LABEL_MAX)
    if label:
        store.put(_OWN, label)
    else:
        store.delete(_OWN)


def signed_label(record: DeviceRecord) -> str:
    """The label that a device has given itself; '' for none, or one of others."""
    label, signature, key = record.label, record.label_signature, record.identity_key
    if label and signature and key is not None and record.sign_known:
        return label if _is_signed(label, signature, key) else ""
    return ""


# One for each device of a list that is shown
@lru_cache(maxsize=1024)
def _is_signed(label: str, signature: bytes, identity_key: bytes) -> bool:
    try:
        valid: bool = xeddsa.ed25519_verify(signature, identity_key, label.encode())
    except Exception:  # noqa: BLE001 - keys of any form
        return False
    return valid
