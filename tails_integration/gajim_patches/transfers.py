# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches off connections between two users' machines: they reveal addresses.

Calls and the file transfers of Jingle and SOCKS5 (XEP-0166, XEP-0065) cannot go
through Tor. Gajim neither offers, starts nor answers them; a contact that asks for
one gets the error of a client without the feature. Files go through the server.
"""

from __future__ import annotations

from .patching import log
from .patching import replace_method


def install() -> None:
    """Switch them off."""
    from gajim.common.const import COMMON_FEATURES
    from gajim.common.modules.bytestream import Bytestream
    from gajim.common.modules.jingle import Jingle
    from nbxmpp.namespaces import Namespace

    shut = {
        value
        for name, value in vars(Namespace).items()
        if name.startswith("JINGLE") or name == "BYTESTREAM"
    }
    COMMON_FEATURES[:] = [feature for feature in COMMON_FEATURES if feature not in shut]

    # nbxmpp answers with an error when no handler has processed a request
    for class_, name in (
        (Jingle, "_on_jingle_iq"),
        (Bytestream, "_on_bytestream_set"),
        (Bytestream, "_on_bytestream_result"),
    ):
        replace_method(class_, name, _ignore)
    for name in (
        "start_audio",
        "start_video",
        "start_audio_video",
        "start_file_transfer",
    ):
        replace_method(Jingle, name, _refuse)


def _ignore(*_stanza: object) -> None:
    return


def _refuse(*_call: object) -> str:
    log.warning("Calls and direct file transfers do not go through Tor")
    return ""
