# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window "Who can read this message", for a row of a chat."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .message import MessagePage
from .message import message_of
from .message import page

if TYPE_CHECKING:
    from .window_service import WindowService


def page_of(
    service: WindowService,
    row: Sequence[str],
    writers: Callable[[], Collection[str]],
) -> MessagePage:
    """
    Args:
        row: as the menu of a row hands it on; see `message_of`.
        writers: gives the bare JIDs of all who may have written in the chat.
    """
    message = message_of(row)
    readers = None
    if message.outgoing:
        readers = service.recipients.of(message.message_id)
    senders = (service.own_jid,) if message.outgoing else writers()
    return page(
        message,
        readers=readers,
        infos=[info for one in senders for info in service.devices(one)],
        own_fingerprint=service.fingerprint,
    )
