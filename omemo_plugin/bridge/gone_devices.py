# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Messages whose only device is gone, as after a session of Tails that was unplugged: the
user is told that they may not have been read.
"""

from __future__ import annotations

from collections import Counter

from ..engine.values import Device
from .incoming.catch_up import CatchUp
from .log import guard
from .notices import texts
from .notices.chat_notices import ChatNotices
from .notices.engine_notices import EngineNotices
from .state.account_state import AccountState
from .values import Recipient


class GoneDevices:
    """The devices of one account's contacts that are off the lists. Nothing raises."""

    def __init__(
        self,
        state: AccountState,
        notices: ChatNotices,
        catch_up: CatchUp,
        engine_notices: EngineNotices,
    ) -> None:
        """
        Args:
            catch_up: while it goes on, something of a device may still come.
            engine_notices: tell of each of them.
        """
        self._keystore = state.keystore
        self._recipients = state.recipients
        self._notices = notices
        self._catch_up = catch_up
        self._gone: set[Device] = set()
        # The messages the user knows about
        self._told: set[str] = set()
        engine_notices.device_gone.connect(self._device_gone)

    def _device_gone(self, device: Device) -> None:
        self._gone.add(device)
        if not self._catch_up.running:
            self.look()

    def look(self) -> None:
        """Look at what was written for them; the archive has been read."""
        gone, self._gone = self._gone, set()
        for device in sorted(gone):
            with guard("looking for messages that nobody has read"):
                self._look(device)

    def _look(self, device: Device) -> None:
        engine = self._keystore.get()
        unanswered = engine.devices.unanswered(device)
        if not unanswered.count:
            return
        active = {info.device for info in engine.devices.of(device.jid) if info.active}
        last = [
            (message_id, conversation, able)
            for message_id, conversation, readers in self._recipients.since(
                unanswered.since
            )
            if device in (able := _able(readers, device.jid))
        ][: unanswered.count]
        counts: Counter[str] = Counter()
        for message_id, conversation, able in last:
            if message_id not in self._told and not able & active:
                self._told.add(message_id)
                counts[conversation] += 1
        for conversation, count in counts.items():
            line = texts.perhaps_not_read(device.jid, count)
            self._notices.show(conversation, line)


def _able(readers: tuple[Recipient, ...], jid: str) -> set[Device]:
    """The devices of an account that could read a message."""
    return {one.device for one in readers if one.device.jid == jid and not one.left_out}
