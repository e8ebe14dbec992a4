# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Building the URIs of XEP-0434, which the plugin reads and does not write."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import quote

from omemo_plugin.engine.values import Protocol


def build_trust_message_uri(
    jid: str,
    protocol: Protocol,
    trusted: Collection[str],
    distrusted: Collection[str] = (),
) -> str:
    """
    The URI of XEP-0434, "URI Query Types".

    Args:
        trusted, distrusted: 64 hex digits each.
    """
    pairs = ["trust-message", f"encryption={protocol.namespace}"]
    pairs += [f"trust={key}" for key in trusted]
    pairs += [f"distrust={key}" for key in distrusted]
    return f"xmpp:{quote(jid, safe='@')}?{';'.join(pairs)}"
