# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""No connections from machine to machine: they tell both ends' addresses.

Calls and Jingle's or SOCKS5's file transfers (XEP-0166, XEP-0065) cannot go through
Tor. They are not offered, not started and not answered; who asks for one is told
that it is not available, as by any client that cannot. Files go by way of the server.
"""

from __future__ import annotations

from typing import Any

from .patching import log


def install() -> None:
    """Shut them."""
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

    # nbxmpp refuses what no handler has taken
    for class_, name in (
        (Jingle, "_on_jingle_iq"),
        (Bytestream, "_on_bytestream_set"),
        (Bytestream, "_on_bytestream_result"),
    ):
        setattr(class_, name, _leave_alone)
    for name in ("start_audio", "start_video", "start_audio_video"):
        setattr(Jingle, name, _refuse)
    Jingle.start_file_transfer = _refuse


def _leave_alone(*_stanza: Any) -> None:
    return


def _refuse(*_call: Any) -> str:
    log.warning("Calls and direct file transfers do not go through Tor")
    return ""
